/* terraform_call.c - environment, start and end of one call.
 * SPDX-License-Identifier: MIT */
#include "iac/terraform_call.h"

#include "base/text.h"
#include "iac/complaint.h"
#include "iac/keeper.h"
#include "iac/printed_state.h"
#include "iac/surroundings.h"
#include "iac/unsaved.h"
#include "io/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    ARGUMENTS_MAX = 32,
    NUMBER_SIZE = 24,
    UNLOCKING_SIZE = 180,
    RETRY_WAIT_MIN_S = 1,
    RETRY_WAIT_MAX_S = 5, /* 1, 2, 4, 5, 5, ... */
    RETRIES_MIN = 2,      /* they take 3 s */
    RETRIES_SHORT_S = 3
};

#define USER_NAME "verdict-iac" /* the daemon looks at the password alone */

/* What is said below, and what would change what we ask for. */
static const char *const without[] = {
    "TF_DATA_DIR=",        "TF_INPUT=",     "TF_HTTP_",    "TF_IN_AUTOMATION=",
    "CHECKPOINT_DISABLE=", "TF_WORKSPACE=", "TF_CLI_ARGS", NULL};

/* An apply that is told to end saves its state twice: at once, and when it has ended. Where it can do
 * neither, it prints it before its grace is over. */
static bool add_retries(const struct job *job, struct surroundings *around, struct err *err)
{
    int64_t patience_s = job->grace_s * 3 / 8 - RETRIES_SHORT_S;
    int64_t retries = RETRIES_MIN;
    char number[NUMBER_SIZE];

    if (patience_s > 0 && job->lock == NULL)
        retries += (patience_s + RETRY_WAIT_MAX_S - 1) / RETRY_WAIT_MAX_S;
    (void)snprintf(number, sizeof(number), "%lld", (long long)retries);
    if (!surroundings_add(around, "TF_HTTP_RETRY_MAX", number, err))
        return false;
    (void)snprintf(number, sizeof(number), "%d", RETRY_WAIT_MIN_S);
    if (!surroundings_add(around, "TF_HTTP_RETRY_WAIT_MIN", number, err))
        return false;
    (void)snprintf(number, sizeof(number), "%d", RETRY_WAIT_MAX_S);
    return surroundings_add(around, "TF_HTTP_RETRY_WAIT_MAX", number, err);
}

static bool add_state(const struct job *job, struct surroundings *around, struct err *err)
{
    static const char *const addresses[] = {"TF_HTTP_ADDRESS", "TF_HTTP_LOCK_ADDRESS",
                                            "TF_HTTP_UNLOCK_ADDRESS"};
    char rest[sizeof("/state?ID=") + COMPLAINT_FIELD_SIZE] = "/state";
    char url[WORK_PATH_MAX];

    if (job->state != JOB_STATE_DAEMON)
        return true;
    if (job->lock != NULL)
        (void)snprintf(rest, sizeof(rest), "/state?ID=%.*s", COMPLAINT_FIELD_SIZE - 1, job->lock);
    if (!keeper_url(job, rest, url, err) || !add_retries(job, around, err))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(addresses); i++)
        if (!surroundings_add(around, addresses[i], url, err))
            return false;
    return surroundings_add(around, "TF_HTTP_USERNAME", USER_NAME, err) &&
           (surroundings_add_secret(around, "TF_HTTP_PASSWORD", job->token, err) ||
            err_wrap(err, "IAC_TOKEN"));
}

static bool surround(const struct job *job, struct surroundings *around, struct err *err)
{
    char data[WORK_PATH_MAX];

    if (snprintf(data, sizeof(data), "%.4000s/data", job->work.run_path) >= (int)sizeof(data))
        return err_set(err, ERR_LIMIT, "the path of the work folder is too long");
    return surroundings_add_secrets(around, err) && surroundings_add(around, "TF_DATA_DIR", data, err) &&
           surroundings_add(around, "TF_INPUT", "0", err) &&
           surroundings_add(around, "TF_IN_AUTOMATION", "1", err) &&
           surroundings_add(around, "CHECKPOINT_DISABLE", "1", err) && add_state(job, around, err);
}

/* IAC_EXIT_DONE: it ended, with *ret_status. */
static enum iac_exit run(struct job *job, const char *const *arguments, int output, int said, int *ret_status)
{
    CLEANUP(surroundings_free_at) struct surroundings *around = surroundings_new(without, job->hidden);
    const char *all[ARGUMENTS_MAX + 2] = {job->tool->program};
    char program[WORK_PATH_MAX];
    struct err err = {0};

    for (size_t i = 0; arguments[i] != NULL && i < ARGUMENTS_MAX; i++)
        all[i + 1] = arguments[i];
    if (!surroundings_program(job->tool->program, program, &err))
        return job_complain(job, &err);
    if (!surround(job, around, &err))
        return surroundings_lack_secret(around) ? job_lacks_secret(job, &err) : job_complain(job, &err);
    const struct invocation invocation = {.program = program,
                                          .arguments = all,
                                          .environment = surroundings_pairs(around),
                                          .input = job->bar, /* nothing is read there */
                                          .output = output,
                                          .said = said,
                                          .hides_states = true,
                                          .hidden = job->hidden};
    return invocation_run(&job->signals, &invocation, ret_status, &err) ? IAC_EXIT_DONE
                                                                        : job_complain(job, &err);
}

/* ---- how it ended ---- */

/* With what a lock goes whose holder is gone. */
static const char *unlocking(const struct job *job, const char *lock, char to[UNLOCKING_SIZE])
{
    if (job->state == JOB_STATE_DAEMON)
        (void)snprintf(to, UNLOCKING_SIZE, "verdict iac unlock %.63s %.63s --reason WHY", job->stack,
                       job->environment);
    else
        (void)snprintf(to, UNLOCKING_SIZE, "%s force-unlock %.80s", job->tool->program,
                       lock[0] == '\0' ? "ID" : lock);
    return to;
}

static enum iac_exit tell_holder(const struct job *job, const char *said)
{
    struct complaint_holder holder;
    char command[UNLOCKING_SIZE];

    if (!keeper_holder(job, &holder))
        complaint_holder(said, &holder);
    job_say(job,
            "the lock of its state is held by %.60s (%.24s, since %.24s); if nobody is at work there: %s",
            holder.who[0] == '\0' ? "somebody" : holder.who,
            holder.operation[0] == '\0' ? "not said for what" : holder.operation,
            holder.since[0] == '\0' ? "not said when" : holder.since, unlocking(job, holder.id, command));
    return IAC_EXIT_AGAIN;
}

static enum iac_exit tell_unsaved(const struct job *job, enum complaint_kind kind, const char *said)
{
    static const char upload[] = "upload state: ";
    const char *at = strstr(said, upload);
    const char *error = at == NULL ? said : at + strlen(upload);

    if (kind == COMPLAINT_REFUSED) {
        job_say(
            job,
            "the state is refused: another one is kept, of another lineage or newer (%.60s); what was made "
            "is in unsaved.tfstate of %s/%s in IAC_WORK: push it by hand or remove it",
            error, job->stack, job->environment);
        return IAC_EXIT_REFUSED;
    }
    job_say(job,
            "the state could not be saved (%.90s); it is kept, and the next plan saves it first: verdict iac "
            "plan %s %s",
            error, job->stack, job->environment);
    return IAC_EXIT_UNSAVED;
}

static enum iac_exit tell_unreleased(const struct job *job)
{
    char command[UNLOCKING_SIZE];

    job_say(job, "what was done is saved, but the lock of the state could not be given back: %s",
            unlocking(job, "", command));
    return IAC_EXIT_FAILED;
}

/* Its status is 1 for everything. */
static enum iac_exit tell(const struct job *job, const char *said, const char *what)
{
    enum complaint_kind kind = complaint_read(said);
    char error[COMPLAINT_SIZE];

    complaint_error(said, error);
    switch (kind) {
    case COMPLAINT_STALE:
        return IAC_EXIT_STALE;
    case COMPLAINT_HELD:
        return tell_holder(job, said);
    case COMPLAINT_UNHEARD:
        job_say(job, "the lock of its state cannot be asked for: %s", error);
        return IAC_EXIT_AGAIN;
    case COMPLAINT_UNSAVED:
    case COMPLAINT_REFUSED:
        return tell_unsaved(job, kind, error);
    case COMPLAINT_UNRELEASED:
        return tell_unreleased(job);
    case COMPLAINT_OTHER:
        job_say(job, "%s %s: %s", job->tool->program, what, error[0] == '\0' ? "it did not say why" : error);
        return IAC_EXIT_FAILED;
    }
    return IAC_EXIT_FAILED;
}

/* A state is kept before anything else is looked at, however it ended. */
static enum iac_exit judge(struct job *job, int said, const char *what, enum iac_exit end)
{
    struct printed_state_veil veil = {0};
    struct err err = {0};
    size_t length = 0;
    CLEANUP(memory_free_at) char *text = invocation_heard(said, &length);

    bool is_kept = unsaved_take(job, text, length, &err);
    length = printed_state_hide(&veil, text, length);
    text[length] = '\0';
    job->lacks_state_alone = is_kept && end == IAC_EXIT_FAILED && complaint_is_of_state_alone(text);
    if (end == IAC_EXIT_FAILED)
        end = tell(job, text, what);
    if (is_kept || err.code == ERR_NONE)
        return end;
    job_say(job,
            "the state could not be saved, nor be kept (%.100s); it is in " TERRAFORM_SAID
            " of the run in IAC_WORK",
            err.text);
    return IAC_EXIT_UNSAVED;
}

enum iac_exit terraform_call(struct job *job, const char *const *arguments, int status_max, int *ret_status)
{
    struct err err = {0};
    int status = 0;
    int said = work_create(&job->work, TERRAFORM_SAID, &err);

    if (said < 0)
        return job_complain(job, &err);
    (void)flock(said,
                LOCK_EX | LOCK_NB); /* terraform has it as long as it writes there, whatever becomes of us */
    enum iac_exit end = run(job, arguments, said, said, &status);
    if (end == IAC_EXIT_DONE && (status == 1 || status > status_max))
        end = IAC_EXIT_FAILED;
    if (end != IAC_EXIT_DONE)
        end = judge(job, said, arguments[0], end);
    (void)close(said);
    work_remove(&job->work, TERRAFORM_SAID);
    if (end == IAC_EXIT_DONE && ret_status != NULL)
        *ret_status = status;
    return end;
}

enum iac_exit terraform_write(struct job *job, const char *const *arguments, int output)
{
    struct err err = {0};
    int status = 0;

    enum iac_exit end = run(job, arguments, output, -1, &status);
    if (end != IAC_EXIT_DONE || status == 0)
        return end;
    (void)err_set(&err, ERR_INTERNAL, "%s ended with status %d", arguments[0], status);
    return job_complain(job, &err);
}

enum iac_exit terraform_read(struct job *job, const char *const *arguments, const char *name, char **ret_text,
                             size_t *ret_length)
{
    struct err err = {0};
    int fd = work_create(&job->work, name, &err);

    if (fd < 0)
        return job_complain(job, &err);
    enum iac_exit end = terraform_write(job, arguments, fd);
    (void)close(fd);
    if (end != IAC_EXIT_DONE)
        return end;
    return work_load(&job->work, name, PLAN_JSON_MAX, ret_text, ret_length, &err) ? IAC_EXIT_DONE
                                                                                  : job_complain(job, &err);
}
