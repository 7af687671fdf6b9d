/* unsaved.c - found, kept, pushed.
 * SPDX-License-Identifier: MIT */
#include "iac/unsaved.h"

#include "iac/complaint.h"
#include "iac/errored_file.h"
#include "iac/keeper.h"
#include "iac/printed_state.h"
#include "iac/terraform_call.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE "unsaved.tfstate"
#define LOCK  "unsaved.lock"

bool unsaved_is_there(const struct job *job)
{
    struct stat status;

    return fstatat(job->work.stack, STATE, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool find(const char *said, size_t length, const char **ret_state, size_t *ret_length)
{
    static const char member[] = "\"lineage\"";

    return printed_state_find(said, length, ret_state, ret_length) &&
           memmem(*ret_state, *ret_length, member, strlen(member)) != NULL;
}

bool unsaved_take(const struct job *job, const char *said, size_t length, struct err *err)
{
    const char *state = NULL;
    size_t state_length = 0;
    char lock[COMPLAINT_FIELD_SIZE];

    if (!find(said, length, &state, &state_length))
        return false;
    work_remove_of_stack(&job->work, LOCK);
    if (complaint_lock(state + state_length, lock) &&
        !work_save_of_stack(&job->work, LOCK, lock, strlen(lock), err))
        return false;
    return work_save_of_stack(&job->work, STATE, state, state_length, err);
}

/* ---- what others left ---- */

struct collecting {
    const struct job *job;
    bool is_busy; /* one of them is still at work */
    struct err err;
};

/* Whoever wrote there holds a lock on it as long as terraform does. */
static void collect(void *data, const char *run, int fd)
{
    struct collecting *collecting = data;
    CLEANUP(memory_free_at) char *said = NULL;
    size_t length = 0;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        collecting->is_busy = true;
        return;
    }
    said = invocation_heard(fd, &length);
    if (unsaved_is_there(collecting->job) || !unsaved_take(collecting->job, said, length, &collecting->err))
        return;
    (void)printf("%s left a state that is not saved yet\n", run);
    (void)!ftruncate(fd, 0);
}

static enum iac_exit collect_all(const struct job *job)
{
    struct collecting collecting = {.job = job};

    work_each(&job->work, TERRAFORM_SAID, collect, &collecting);
    if (collecting.err.code != ERR_NONE)
        return job_complain(job, &collecting.err);
    if (!collecting.is_busy)
        return IAC_EXIT_DONE;
    job_say(job, "a terraform whose run was interrupted still works on %s/%s", job->stack, job->environment);
    return IAC_EXIT_AGAIN;
}

bool unsaved_is_in_run(const struct job *job)
{
    CLEANUP(memory_free_at) char *said = NULL;
    const char *state = NULL;
    struct err err = {0};
    size_t length = 0;
    int fd = work_read(&job->work, TERRAFORM_SAID, &err);

    if (fd < 0)
        return false;
    bool is_busy = flock(fd, LOCK_EX | LOCK_NB) != 0;
    said = invocation_heard(fd, &length);
    (void)close(fd);
    return is_busy || find(said, length, &state, &length);
}

/* ---- saved after all ---- */

static enum iac_exit push(struct job *job, const char *lock)
{
    char path[WORK_PATH_MAX + sizeof(STATE)];
    const char *const arguments[] = {
        "state", "push", "-no-color", lock == NULL ? "-lock=true" : "-lock=false", path, NULL};

    (void)snprintf(path, sizeof(path), "%s/" STATE, job->work.stack_path);
    job->lock = lock;
    enum iac_exit end = terraform_call(job, arguments, 0, NULL);
    job->lock = NULL;
    return end;
}

/* Under the lock of the terraform that made it, which is no more; where somebody broke that one, under one
 * of its own. */
static enum iac_exit push_under(struct job *job, const char *lock)
{
    struct err err = {0};

    enum iac_exit end = push(job, lock);
    if (end == IAC_EXIT_DONE && !keeper_unlock(job, lock, &err))
        return job_complain(job, &err);
    return end == IAC_EXIT_REFUSED ? push(job, NULL) : end;
}

enum iac_exit unsaved_settle(struct job *job)
{
    CLEANUP(memory_free_at) char *lock = NULL;
    struct err err = {0};
    size_t length = 0;

    enum iac_exit end = errored_file_check(job);
    if (end == IAC_EXIT_DONE)
        end = collect_all(job);
    if (end != IAC_EXIT_DONE || !unsaved_is_there(job))
        return end;
    bool has_lock = job->state == JOB_STATE_DAEMON &&
                    work_load_of_stack(&job->work, LOCK, COMPLAINT_FIELD_SIZE, &lock, &length, &err);
    end = has_lock ? push_under(job, lock) : push(job, NULL);
    if (end == IAC_EXIT_FAILED) {
        job_say(
            job,
            "the state of an earlier run that could not be saved is kept, and still cannot be saved; nothing "
            "is done before it is, try again later; what %s said is in the log",
            job->tool->program);
        end = IAC_EXIT_UNSAVED;
    }
    if (end != IAC_EXIT_DONE)
        return end;
    work_remove_of_stack(&job->work, STATE);
    work_remove_of_stack(&job->work, LOCK);
    (void)printf("the state of %s/%s that could not be saved is saved now\n", job->stack, job->environment);
    return IAC_EXIT_DONE;
}
