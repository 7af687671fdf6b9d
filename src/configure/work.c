/* work.c - all files of a job looked at, written beside, checked, and only then put in place.
 * SPDX-License-Identifier: MIT */
#include "configure/work.h"

#include "configure/checking.h"
#include "configure/kept.h"
#include "configure/place.h"
#include "configure/rendering.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One file on its way. */
struct task {
    const struct job_file *file;
    struct place place;
    struct kept kept;
    struct place_content there, wanted;
    bool is_same; /* it is as it shall be */
};

struct tasks {
    size_t count;
    struct task of[JOB_FILES_MAX];
};

static void say(const struct task *task, const char *what)
{
    (void)printf("%s: %s\n", task->file->to, what);
}

static enum work_exit exit_of(const struct err *err)
{
    (void)fprintf(stderr, "verdict-configure: %s\n", err->text);
    return err->code == ERR_CONFLICT ? WORK_AGAIN : err->code == ERR_EXISTS ? WORK_CHANGED : WORK_FAILED;
}

static bool begin(const struct job *job, size_t index, struct task *task, struct err *err)
{
    *task = (struct task){
        .file = &job->files[index], .place = {.folder = -1}, .kept = {.folder = -1, .lock = -1}};
    return kept_open(job->keep, task->file->to, job->key, &task->kept, err) &&
           place_open(task->file->to, &task->place, err) && place_read(&task->place, &task->there, err);
}

static void end(struct task *task)
{
    place_drop(&task->there);
    place_drop(&task->wanted);
    place_close(&task->place);
    kept_close(&task->kept);
}

static void end_all(struct tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++)
        end(&tasks->of[i]);
}

static bool is_same(const struct place_content *a, const struct place_content *b)
{
    return strcmp(a->hash, b->hash) == 0 && a->look.mode == b->look.mode && a->look.uid == b->look.uid &&
           a->look.gid == b->look.gid;
}

/* A deployment that was here before: what stands there is what it found, or what it left. */
static bool is_known(const struct task *task, const struct kept_record *record)
{
    return strcmp(task->there.hash, record->before) == 0 || strcmp(task->there.hash, record->after) == 0;
}

static bool refuse_change(const struct task *task, struct err *err)
{
    if (task->file->overwrites || strcmp(task->there.hash, task->wanted.hash) == 0)
        return true;
    return err_set(err, ERR_EXISTS,
                   "somebody changed it since it was written here; put the change into its template, or say "
                   "overwrite = true");
}

/* Another try may render something else; what was there before the first one stays kept. */
static bool keep_again(const struct task *task, const struct kept_record *record, struct err *err)
{
    struct place_content before = {.is_there = false};
    bool is_good = (is_known(task, record) || refuse_change(task, err)) &&
                   kept_before(&task->kept, record, &before, err) &&
                   kept_write(&task->kept, &before, task->wanted.hash, err);

    place_drop(&before);
    return is_good;
}

static bool keep_new(const struct task *task, bool is_ours, bool is_first, struct err *err)
{
    if (!is_ours && !is_first && !refuse_change(task, err))
        return false;
    if (is_first && task->there.is_there)
        say(task, "was there already; it is kept, and comes back with a rollback");
    return kept_write(&task->kept, &task->there, task->wanted.hash, err);
}

/* Keeps what is there, where this deployment has not yet done so. A record that another one of the same id
 * left, before the journal began anew, knows nothing of what we left there since: it goes. */
static bool keep(const struct task *task, struct err *err)
{
    struct kept_record record;
    struct err missing = {0};
    bool is_ours = false, is_first = false;

    if (!kept_is_ours(&task->kept, task->there.hash, &is_ours, &is_first, err))
        return false;
    bool is_there = kept_read(&task->kept, &record, &missing);
    if (!is_there && missing.code != ERR_NOT_FOUND)
        return err_set(err, missing.code, "%s", missing.text);
    if (is_there && (is_known(task, &record) || !is_ours))
        return keep_again(task, &record, err);
    return (!is_there || kept_forget(&task->kept, err)) && keep_new(task, is_ours, is_first, err);
}

static bool look(size_t index, struct task *task, struct err *err)
{
    if (!rendering_make(task->file, index, &task->there, &task->wanted, err))
        return false;
    task->is_same = task->there.is_there && is_same(&task->there, &task->wanted);
    return keep(task, err);
}

static struct runner_bytes bytes_of(const struct place_content *content)
{
    return (struct runner_bytes){(const unsigned char *)content->bytes, content->length};
}

static bool check(const struct task *task, struct err *err)
{
    char beside[NAME_MAX + 1], path[PATH_MAX];
    int length = (int)(task->place.name - task->file->to);

    if (task->file->check_count == 0)
        return true;
    if (!replace_beside_name(task->place.name, beside) ||
        snprintf(path, sizeof(path), "%.*s%s", length, task->file->to, beside) >= (int)sizeof(path))
        return err_set(err, ERR_LIMIT, "its name is too long");
    return checking_run(task->file, path, err);
}

/* Beside what is there, and looked at. */
static bool write_beside(const struct task *task, struct err *err)
{
    if (task->is_same)
        return true;
    if (!replace_write(task->place.folder, task->place.name, &task->wanted.look, bytes_of(&task->wanted)))
        return err_set(err, ERR_IO, "cannot be written: %s", strerror(errno));
    return check(task, err) && kept_note_ours(&task->kept, task->there.hash, task->wanted.hash, err);
}

static bool move(const struct task *task, struct err *err)
{
    if (!task->is_same && !replace_move(task->place.folder, task->place.name))
        return err_set(err, ERR_IO, "cannot be replaced: %s", strerror(errno));
    say(task, task->is_same ? "is as it shall be" : "written");
    return kept_note_ours(&task->kept, task->wanted.hash, NULL, err);
}

static bool for_all(const struct tasks *tasks, bool (*act)(const struct task *task, struct err *err),
                    struct err *err)
{
    for (size_t i = 0; i < tasks->count; i++)
        if (!act(&tasks->of[i], err))
            return err_wrap(err, "%s", tasks->of[i].file->to);
    return true;
}

static bool begin_all(const struct job *job, struct tasks *tasks, struct err *err)
{
    for (; tasks->count < job->count; tasks->count++)
        if (!begin(job, tasks->count, &tasks->of[tasks->count], err)) {
            end(&tasks->of[tasks->count]);
            return err_wrap(err, "%s", job->files[tasks->count].to);
        }
    return true;
}

static bool look_all(struct tasks *tasks, struct err *err)
{
    for (size_t i = 0; i < tasks->count; i++)
        if (!look(i, &tasks->of[i], err))
            return err_wrap(err, "%s", tasks->of[i].file->to);
    return true;
}

enum work_exit work_apply(const struct job *job)
{
    struct tasks tasks = {.count = 0};
    struct err err = {0};

    bool is_ready = begin_all(job, &tasks, &err) && look_all(&tasks, &err);
    bool is_written = is_ready && for_all(&tasks, write_beside, &err);
    if (is_ready && !is_written)
        for (size_t i = 0; i < tasks.count; i++)
            replace_drop(tasks.of[i].place.folder, tasks.of[i].place.name);
    bool is_done = is_written && for_all(&tasks, move, &err);
    end_all(&tasks);
    return is_done ? WORK_DONE : exit_of(&err);
}

/* What stands there is neither what the deployment put there nor what was there before. */
static bool keep_found(const struct task *task, const struct kept_record *record, struct err *err)
{
    if (is_known(task, record))
        return true;
    if (task->there.is_there)
        say(task, "somebody changed it; the change is kept, and what was there before comes back");
    return kept_keep_found(&task->kept, &task->there, err);
}

static bool restore(struct task *task, struct err *err)
{
    struct kept_record record;
    struct err missing = {0};

    if (!kept_read(&task->kept, &record, &missing)) {
        say(task, "was not written by this deployment");
        return missing.code == ERR_NOT_FOUND || err_set(err, missing.code, "%s", missing.text);
    }
    if (!kept_before(&task->kept, &record, &task->wanted, err) || !keep_found(task, &record, err))
        return false;
    task->is_same = task->there.is_there == task->wanted.is_there &&
                    (!task->there.is_there || is_same(&task->there, &task->wanted));
    if (!task->is_same && (!kept_note_ours(&task->kept, task->there.hash, task->wanted.hash, err) ||
                           !place_put(&task->place, &task->wanted, err)))
        return false;
    replace_drop(task->place.folder, task->place.name); /* of a writer that was killed */
    say(task, task->wanted.is_there ? "is as it was before" : "is gone, as it was before");
    return kept_note_ours(&task->kept, task->wanted.hash, NULL, err);
}

enum work_exit work_restore(const struct job *job)
{
    struct tasks tasks = {.count = 0};
    struct err err = {0};
    bool is_done = begin_all(job, &tasks, &err);

    for (size_t i = 0; i < tasks.count && is_done; i++)
        is_done = restore(&tasks.of[i], &err) || err_wrap(&err, "%s", tasks.of[i].file->to);
    end_all(&tasks);
    return is_done ? WORK_DONE : exit_of(&err);
}
