/* terraform_call.c - environment, start and end of one call.
 * SPDX-License-Identifier: MIT */
#include "iac/terraform_call.h"

#include "base/text.h"
#include "iac/surroundings.h"
#include "io/secret.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32 };

#define USER_NAME "verdict-iac" /* the daemon looks at the password alone */

/* What is said below, and what would change what we ask for. */
static const char *const without[] = {
    "TF_DATA_DIR=",        "TF_INPUT=",     "TF_HTTP_",    "TF_IN_AUTOMATION=",
    "CHECKPOINT_DISABLE=", "TF_WORKSPACE=", "TF_CLI_ARGS", NULL};

static bool add_state(const struct job *job, struct surroundings *around, struct err *err)
{
    static const char *const addresses[] = {"TF_HTTP_ADDRESS", "TF_HTTP_LOCK_ADDRESS",
                                            "TF_HTTP_UNLOCK_ADDRESS"};
    CLEANUP(secret_drop) struct secret token = {0};
    char url[WORK_PATH_MAX];

    if (job->state != JOB_STATE_DAEMON)
        return true;
    (void)snprintf(url, sizeof(url), "%s/v1/iac/%s/%s/state", job->url, job->stack, job->environment);
    for (size_t i = 0; i < ARRAY_LENGTH(addresses); i++)
        if (!surroundings_add(around, addresses[i], url, err))
            return false;
    return secret_load(NULL, job->token, &token, err) &&
           surroundings_add(around, "TF_HTTP_USERNAME", USER_NAME, err) &&
           surroundings_add_hidden(around, "TF_HTTP_PASSWORD", &token, err);
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

static bool run(struct job *job, const char *const *arguments, int output, int said, int *ret_status,
                struct err *err)
{
    CLEANUP(surroundings_free_at) struct surroundings *around = surroundings_new(without, job->hidden);
    const char *all[ARGUMENTS_MAX + 2] = {job->tool->program};
    char program[WORK_PATH_MAX];

    for (size_t i = 0; arguments[i] != NULL && i < ARGUMENTS_MAX; i++)
        all[i + 1] = arguments[i];
    if (!surroundings_program(job->tool->program, program, err) || !surround(job, around, err))
        return false;
    const struct invocation invocation = {.program = program,
                                          .arguments = all,
                                          .environment = surroundings_pairs(around),
                                          .output = output,
                                          .said = said,
                                          .hidden = job->hidden};
    return invocation_run(&job->signals, &invocation, ret_status, err);
}

/* What went wrong, by what it said: its status is 1 for everything. */
static enum iac_exit classify(int said, const char *what, int status)
{
    if (invocation_said(said, "Saved plan is stale"))
        return IAC_EXIT_STALE;
    if (invocation_said(said, "Error acquiring the state lock"))
        return IAC_EXIT_AGAIN;
    (void)fprintf(stderr, "verdict-iac: %s ended with status %d\n", what, status);
    return IAC_EXIT_FAILED;
}

enum iac_exit terraform_call(struct job *job, const char *const *arguments, int status_max, int *ret_status)
{
    struct err err = {0};
    int status = 0;
    int said = work_create(&job->work, "said", &err);

    if (said < 0)
        return job_complain(job, &err);
    enum iac_exit end = IAC_EXIT_DONE;
    if (!run(job, arguments, said, said, &status, &err))
        end = job_complain(job, &err);
    else if (status == 1 || status > status_max)
        end = classify(said, arguments[0], status);
    (void)close(said);
    work_remove(&job->work, "said");
    if (end == IAC_EXIT_DONE && ret_status != NULL)
        *ret_status = status;
    return end;
}

enum iac_exit terraform_write(struct job *job, const char *const *arguments, int output)
{
    struct err err = {0};
    int status = 0;

    if (!run(job, arguments, output, -1, &status, &err))
        return job_complain(job, &err);
    if (status == 0)
        return IAC_EXIT_DONE;
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
