/* pulumi.c - plan, apply, verify, drift and destroy by pulumi.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi.h"

#include "iac/approved.h"
#include "iac/pulumi_config.h"
#include "iac/pulumi_watch.h"
#include "iac/report.h"
#include "io/buffer.h"
#include "io/digest.h"
#include "io/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE = 128, CONFIG_MAX = 1024 * 1024, HEAD_SIZE = 256 };

#define SAVED  "saved" /* pulumi's own plan */
#define AGAIN  "again.json"
#define ANSWER "answer"

/* What is previewed, and how it is then done. */
struct purpose {
    const char *name;
    const char *preview[4], *act[6];
};

static const struct purpose making = {
    "up", {"preview", "--json", NULL}, {"up", "--yes", "--skip-preview", "--json", NULL}};
static const struct purpose taking_away = {"destroy",
                                           {"destroy", "--preview-only", "--json", NULL},
                                           {"destroy", "--yes", "--skip-preview", "--json", NULL}};
static const struct purpose looking = {"refresh", {"refresh", "--preview-only", "--json", NULL}, {NULL}};

/* ---- configuration ---- */

/* The code's own, which pulumi would write to. *ret_is_there false: it has none. */
static bool copy_config(const struct job *job, bool *ret_is_there, struct err *err)
{
    CLEANUP(memory_free_at) char *bytes = memory_take(CONFIG_MAX + 1);
    char name[NAME_SIZE];

    (void)snprintf(name, sizeof(name), "Pulumi.%s.yaml", job->environment);
    int from = open(name, O_RDONLY | O_CLOEXEC);
    *ret_is_there = from >= 0;
    if (from < 0)
        return errno == ENOENT || err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
    ssize_t length = read(from, bytes, CONFIG_MAX + 1);
    (void)close(from);
    if (length < 0 || length > CONFIG_MAX)
        return err_set(err, ERR_LIMIT, "%s: cannot be read, or is longer than %d bytes", name, CONFIG_MAX);
    int to = work_create(&job->work, PULUMI_CONFIG, err);
    if (to < 0)
        return false;
    bool is_good = write(to, bytes, (size_t)length) == length;
    (void)close(to);
    return is_good || err_set(err, ERR_IO, "%s could not be copied", name);
}

static enum iac_exit set_values(struct job *job, const struct pulumi_config *config)
{
    static const char *const command[] = {"config", "set-all", "--path", NULL};
    CLEANUP(memory_free_at) struct pulumi_words *words = memory_take(sizeof(*words));
    CLEANUP(memory_free_at) char *answer = NULL;
    size_t length = 0;

    pulumi_words_begin(words, job, command);
    pulumi_words_add_config(words, job);
    for (size_t i = 0; i < config->count; i++) {
        pulumi_words_add(words, "--plaintext");
        pulumi_words_add(words, config->words[i]);
    }
    enum iac_exit end = pulumi_read(job, words, ANSWER, &answer, &length);
    work_remove(&job->work, ANSWER);
    return end;
}

static bool read_config(const struct job *job, struct pulumi_config *config, struct err *err)
{
    bool is_there = false;

    if (!pulumi_config_read(job->variables, config, err) || !copy_config(job, &is_there, err))
        return false;
    return is_there || config->count == 0 ||
           err_set(err, ERR_NOT_FOUND,
                   "variables need a Pulumi.%s.yaml beside the code, be it an empty one: make it with "
                   "`pulumi stack init %s`",
                   job->environment, job->environment);
}

/* The code's own configuration with the stack's variables, in the run's folder. */
static enum iac_exit configure(struct job *job)
{
    struct pulumi_config config = {.count = 0};
    struct err err = {0};
    enum iac_exit end = IAC_EXIT_DONE;

    work_remove(&job->work, PULUMI_CONFIG);
    if (!read_config(job, &config, &err))
        end = job_complain(job, &err);
    else if (config.count > 0)
        end = set_values(job, &config);
    pulumi_config_done(&config);
    return end;
}

/* ---- previews ---- */

static void drop_plan(const struct job *job)
{
    static const char *const files[] = {APPROVED_PLAN, APPROVED_JSON, PULUMI_CONFIG, SAVED, AGAIN, ANSWER};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        work_remove(&job->work, files[i]);
}

/* `saves`: pulumi's own plan, too. `shown` NULL: nobody is told. */
static enum iac_exit preview(struct job *job, const struct purpose *purpose, const char *file, bool saves,
                             struct report_shown *shown, struct pulumi_preview *ret_preview)
{
    CLEANUP(memory_free_at) struct pulumi_words *words = memory_take(sizeof(*words));
    CLEANUP(memory_free_at) char *json = NULL;
    const struct plan_reader reader = report_reader(shown);
    char path[PULUMI_OPTION_SIZE];
    struct err err = {0};
    size_t length = 0;

    pulumi_words_begin(words, job, purpose->preview);
    pulumi_words_add_config(words, job);
    (void)snprintf(path, sizeof(path), "%s/" SAVED, job->work.run_path);
    if (saves) {
        pulumi_words_add(words, "--save-plan");
        pulumi_words_add(words, path);
    }
    enum iac_exit end = pulumi_read(job, words, file, &json, &length);
    if (end != IAC_EXIT_DONE)
        return end;
    return pulumi_preview_read(json, length, job->is_saved ? PULUMI_VALUES_SAVED : PULUMI_VALUES_COMPARED,
                               shown == NULL ? NULL : &reader, ret_preview, &err)
               ? IAC_EXIT_DONE
               : job_complain(job, &err);
}

static size_t change_count(const struct plan_counts *counts)
{
    size_t sum = 0;

    for (int i = 0; i < PLAN_ACTION_COUNT; i++)
        sum += counts->of[i];
    return sum;
}

/* ---- what is approved ---- */

/* "none" where there is no such file. */
static bool digest_of(const struct job *job, const char *name, char to[DIGEST_SHA256_HEX_SIZE],
                      struct err *err)
{
    CLEANUP(memory_free_at) char *bytes = NULL;
    size_t length = 0;
    struct err missing = {0};

    (void)snprintf(to, DIGEST_SHA256_HEX_SIZE, "none");
    if (!work_load(&job->work, name, PLAN_JSON_MAX, &bytes, &length, &missing))
        return missing.code == ERR_NOT_FOUND || err_set(err, missing.code, "%s", missing.text);
    digest_sha256_hex(bytes, length, to);
    return true;
}

/* What it is for, with which configuration and saved plan, and what it wants. */
static bool write_out(const struct job *job, const struct purpose *purpose,
                      const struct pulumi_preview *preview, char **ret_text, struct err *err)
{
    char config[DIGEST_SHA256_HEX_SIZE];
    char saved[DIGEST_SHA256_HEX_SIZE];
    char head[HEAD_SIZE];
    struct buffer whole;

    if (!digest_of(job, PULUMI_CONFIG, config, err) || !digest_of(job, SAVED, saved, err))
        return false;
    (void)snprintf(head, sizeof(head), "pulumi %s\nconfig %s\nsaved %s\n", purpose->name, config, saved);
    buffer_init(&whole, strlen(head) + strlen(preview->text));
    bool is_good =
        buffer_add(&whole, head, strlen(head)) && buffer_add(&whole, preview->text, strlen(preview->text));
    *ret_text = buffer_take(&whole);
    return is_good;
}

static bool save_plan(const struct job *job, const struct purpose *purpose,
                      const struct pulumi_preview *preview, struct err *err)
{
    CLEANUP(memory_free_at) char *text = NULL;

    return write_out(job, purpose, preview, &text, err) &&
           work_save(&job->work, APPROVED_PLAN, text, strlen(text), err);
}

static enum iac_exit plan(struct job *job, const struct purpose *purpose)
{
    struct pulumi_preview made = {.text = NULL};
    struct report_shown shown = {0};
    struct err err = {0};

    work_sweep(&job->work);
    enum iac_exit end = configure(job);
    if (end == IAC_EXIT_DONE)
        end = preview(job, purpose, APPROVED_JSON, job->is_saved && purpose == &making, &shown, &made);
    if (end == IAC_EXIT_DONE && !save_plan(job, purpose, &made, &err))
        end = job_complain(job, &err);
    if (end == IAC_EXIT_DONE) {
        report_summary(job, &shown, &made.counts);
        end = approved_tell(job);
    }
    if (end == IAC_EXIT_DONE)
        report_counts(job, &made.counts, false);
    else
        drop_plan(job);
    pulumi_preview_done(&made);
    return end;
}

enum iac_exit pulumi_plan(struct job *job)
{
    return plan(job, &making);
}

enum iac_exit pulumi_plan_destroy(struct job *job)
{
    return plan(job, &taking_away);
}

/* ---- apply and destroy ---- */

/* The state as it is, its secrets encrypted as in pulumi's backend. */
static enum iac_exit archive(struct job *job)
{
    static const char *const command[] = {"stack", "export", NULL};
    CLEANUP(memory_free_at) struct pulumi_words *words = memory_take(sizeof(*words));
    struct err err = {0};
    int fd = work_archive(&job->work, job->run, &err);

    if (fd < 0)
        return job_complain(job, &err);
    pulumi_words_begin(words, job, command);
    enum iac_exit end = pulumi_write(job, words, fd);
    (void)close(fd);
    if (end == IAC_EXIT_DONE)
        (void)printf("the state is kept as archive/%s of %s/%s\n", job->run, job->stack, job->environment);
    return end;
}

/* Is what pulumi wants now what was approved? */
static enum iac_exit compare(struct job *job, const struct purpose *purpose, const struct pulumi_preview *now)
{
    CLEANUP(memory_free_at) char *wanted = NULL;
    CLEANUP(memory_free_at) char *approved = NULL;
    struct err err = {0};
    size_t length = 0;

    if (!work_load(&job->work, APPROVED_PLAN, PLAN_JSON_MAX, &approved, &length, &err) ||
        !write_out(job, purpose, now, &wanted, &err))
        return job_complain(job, &err);
    if (strcmp(wanted, approved) == 0)
        return IAC_EXIT_DONE;
    (void)fprintf(stderr,
                  "verdict-iac: a second preview wants something else than the approved one (where the code "
                  "gives new values each time, let pulumi save its plan: save_plan = true)\n");
    return IAC_EXIT_STALE;
}

static enum iac_exit act(struct job *job, const struct purpose *purpose,
                         const struct pulumi_preview *approved)
{
    CLEANUP(memory_free_at) struct pulumi_words *words = memory_take(sizeof(*words));
    char path[PULUMI_OPTION_SIZE];

    pulumi_words_begin(words, job, purpose->act);
    pulumi_words_add_config(words, job);
    (void)snprintf(path, sizeof(path), "%s/" SAVED, job->work.run_path);
    if (job->is_saved && purpose == &making) {
        pulumi_words_add(words, "--plan");
        pulumi_words_add(words, path);
    }
    return pulumi_work(job, words, approved);
}

/* Once it was begun, the plan is used up; where somebody holds the stack it was not. */
static enum iac_exit apply_plan(struct job *job, const struct purpose *purpose)
{
    struct pulumi_preview now = {.text = NULL};

    enum iac_exit end = approved_check(job);
    if (end == IAC_EXIT_DONE)
        end = preview(job, purpose, AGAIN, false, NULL, &now);
    if (end == IAC_EXIT_DONE)
        end = compare(job, purpose, &now);
    if (end == IAC_EXIT_DONE)
        end = act(job, purpose, &now);
    pulumi_preview_done(&now);
    if (end != IAC_EXIT_AGAIN)
        drop_plan(job);
    return end;
}

/* What a command answers, which is nowhere else afterwards. */
static enum iac_exit ask(struct job *job, const char *const *command, char **ret_json, size_t *ret_length)
{
    CLEANUP(memory_free_at) struct pulumi_words *words = memory_take(sizeof(*words));

    pulumi_words_begin(words, job, command);
    enum iac_exit end = pulumi_read(job, words, ANSWER, ret_json, ret_length);
    work_remove(&job->work, ANSWER);
    return end;
}

static enum iac_exit tell_outputs(struct job *job)
{
    static const char *const command[] = {"stack", "output", "--json", NULL};
    CLEANUP(memory_free_at) char *json = NULL;
    struct err err = {0};
    size_t length = 0;

    enum iac_exit end = ask(job, command, &json, &length);
    if (end != IAC_EXIT_DONE)
        return end;
    return report_values(job, json, length, &err) ? IAC_EXIT_DONE : job_complain(job, &err);
}

/* What was made stays made, whether or not its state could be archived. */
enum iac_exit pulumi_apply(struct job *job)
{
    enum iac_exit end = apply_plan(job, &making);

    if (end != IAC_EXIT_DONE)
        return end;
    if (archive(job) != IAC_EXIT_DONE)
        (void)fprintf(stderr, "verdict-iac: the state is in pulumi's backend alone\n");
    return tell_outputs(job);
}

/* As the state has them. */
static enum iac_exit count_resources(struct job *job, size_t *ret_count)
{
    static const char *const command[] = {"stack", "export", NULL};
    CLEANUP(memory_free_at) char *json = NULL;
    struct err err = {0};
    size_t length = 0;

    enum iac_exit end = ask(job, command, &json, &length);
    if (end != IAC_EXIT_DONE)
        return end;
    if (!pulumi_export_count(json, length, ret_count, &err))
        return job_complain(job, &err);
    job_tell_number(job, IAC_OUTPUT_RESOURCES, *ret_count);
    return IAC_EXIT_DONE;
}

static enum iac_exit check_nothing_left(struct job *job)
{
    size_t left = 0;

    enum iac_exit end = count_resources(job, &left);
    if (end != IAC_EXIT_DONE || left == 0)
        return end;
    (void)fprintf(stderr, "verdict-iac: %zu resources are left\n", left);
    return IAC_EXIT_NOT_EMPTY;
}

enum iac_exit pulumi_destroy(struct job *job)
{
    enum iac_exit end = archive(job);

    if (end == IAC_EXIT_DONE)
        end = apply_plan(job, &taking_away);
    return end == IAC_EXIT_DONE ? check_nothing_left(job) : end;
}

/* ---- verify and drift ---- */

static enum iac_exit look(struct job *job, const struct purpose *purpose, struct plan_counts *ret_counts)
{
    struct pulumi_preview found = {.text = NULL};
    struct report_shown shown = {0};

    enum iac_exit end = configure(job);
    if (end == IAC_EXIT_DONE)
        end = preview(job, purpose, APPROVED_JSON, false, &shown, &found);
    *ret_counts = found.counts;
    pulumi_preview_done(&found);
    drop_plan(job);
    return end;
}

enum iac_exit pulumi_verify(struct job *job)
{
    struct plan_counts counts = {.outputs = 0};
    size_t resources = 0;

    enum iac_exit end = look(job, &making, &counts);
    if (end == IAC_EXIT_DONE)
        end = count_resources(job, &resources);
    if (end != IAC_EXIT_DONE)
        return end;
    return change_count(&counts) > 0 ? IAC_EXIT_NOT_EMPTY : tell_outputs(job);
}

enum iac_exit pulumi_drift(struct job *job)
{
    struct plan_counts counts = {.outputs = 0};

    enum iac_exit end = look(job, &looking, &counts);
    if (end != IAC_EXIT_DONE)
        return end;
    job_tell_number(job, IAC_OUTPUT_DRIFTS, counts.drifts);
    (void)printf("%zu resources drifted\n", counts.drifts);
    return counts.drifts > 0 ? IAC_EXIT_DRIFTED : IAC_EXIT_DONE;
}
