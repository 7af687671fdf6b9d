/* terraform_call.c - environment, start and end of one call.
 * SPDX-License-Identifier: MIT */
#include "iac/terraform_call.h"

#include "base/text.h"
#include "io/buffer.h"
#include "io/memory.h"
#include "io/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAIRS_MAX = 256, PAIR_SIZE = 4096 + 64, OWN_MAX = 10, ARGUMENTS_MAX = 32, PIECE = 64 * 1024 };

#define USER_NAME "verdict-iac" /* the daemon looks at the password alone */

extern char **environ;

struct surroundings {
    char program[WORK_PATH_MAX];
    char own[OWN_MAX][PAIR_SIZE];
    size_t own_count;
    const char *pairs[PAIRS_MAX + 1];
    size_t count;
};

static enum iac_exit complain(const struct err *err)
{
    (void)fprintf(stderr, "verdict-iac: %s\n", err->text);
    return err->code == ERR_UNAVAILABLE ? IAC_EXIT_INTERRUPTED
           : err->code == ERR_CONFLICT  ? IAC_EXIT_AGAIN
                                        : IAC_EXIT_FAILED;
}

static bool find_program(const char *name, char to[WORK_PATH_MAX], struct err *err)
{
    const char *path = getenv("PATH");

    for (const char *at = path == NULL ? "/usr/bin:/bin" : path; at != NULL && *at != '\0';) {
        int length = (int)strcspn(at, ":");
        if (length > 0 && at[0] == '/' &&
            snprintf(to, WORK_PATH_MAX, "%.*s/%s", length, at, name) < WORK_PATH_MAX && access(to, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return err_set(err, ERR_NOT_FOUND, "%s is not in PATH (`environment` of the runner's configuration)",
                   name);
}

static bool add(struct surroundings *around, const char *name, const char *value, struct err *err)
{
    char *pair = around->own[around->own_count];

    if (around->count == PAIRS_MAX || around->own_count == OWN_MAX ||
        snprintf(pair, PAIR_SIZE, "%s=%s", name, value) >= PAIR_SIZE)
        return err_set(err, ERR_LIMIT, "%s: too long, or too many variables of the environment", name);
    around->own_count++;
    around->pairs[around->count++] = pair;
    return true;
}

/* Ours, and what is said below, are not passed on. */
static bool is_passed_on(const char *pair)
{
    static const char *const without[] = {"VERDICT_",
                                          "IAC_",
                                          "TF_DATA_DIR=",
                                          "TF_INPUT=",
                                          "TF_HTTP_",
                                          "TF_IN_AUTOMATION=",
                                          "CHECKPOINT_DISABLE=",
                                          "TF_WORKSPACE=",
                                          "TF_CLI_ARGS"};

    for (size_t i = 0; i < ARRAY_LENGTH(without); i++)
        if (strncmp(pair, without[i], strlen(without[i])) == 0)
            return false;
    return true;
}

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
        if (!add(around, addresses[i], url, err))
            return false;
    return secret_load(NULL, job->token, &token, err) && add(around, "TF_HTTP_USERNAME", USER_NAME, err) &&
           add(around, "TF_HTTP_PASSWORD", token.bytes, err);
}

static bool surround(const struct job *job, struct surroundings *around, struct err *err)
{
    char data[WORK_PATH_MAX];

    for (char **pair = environ; *pair != NULL && around->count < PAIRS_MAX - OWN_MAX; pair++)
        if (is_passed_on(*pair))
            around->pairs[around->count++] = *pair;
    if (snprintf(data, sizeof(data), "%.4000s/data", job->work.run_path) >= (int)sizeof(data))
        return err_set(err, ERR_LIMIT, "the path of the work folder is too long");
    return find_program(job->tool->program, around->program, err) && add(around, "TF_DATA_DIR", data, err) &&
           add(around, "TF_INPUT", "0", err) && add(around, "TF_IN_AUTOMATION", "1", err) &&
           add(around, "CHECKPOINT_DISABLE", "1", err) && add_state(job, around, err);
}

static void forget(struct surroundings *around)
{
    explicit_bzero(around->own, sizeof(around->own));
    free(around);
}

static bool run(struct job *job, const char *const *arguments, int output, bool is_followed, int *ret_status,
                struct err *err)
{
    struct surroundings *around = memory_take(sizeof(*around));
    const char *all[ARGUMENTS_MAX + 2] = {job->tool->program};
    bool is_good = surround(job, around, err);

    for (size_t i = 0; arguments[i] != NULL && i < ARGUMENTS_MAX; i++)
        all[i + 1] = arguments[i];
    const struct invocation invocation = {.program = around->program,
                                          .arguments = all,
                                          .environment = around->pairs,
                                          .output = output,
                                          .is_followed = is_followed};
    is_good = is_good && invocation_run(&job->signals, &invocation, ret_status, err);
    forget(around);
    return is_good;
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
        return complain(&err);
    enum iac_exit end = IAC_EXIT_DONE;
    if (!run(job, arguments, said, true, &status, &err))
        end = complain(&err);
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

    if (!run(job, arguments, output, false, &status, &err))
        return complain(&err);
    if (status == 0)
        return IAC_EXIT_DONE;
    (void)err_set(&err, ERR_INTERNAL, "%s ended with status %d", arguments[0], status);
    return complain(&err);
}

static bool read_all(int fd, struct buffer *buffer, struct err *err)
{
    CLEANUP(memory_free_at) char *piece = memory_take(PIECE);
    ssize_t length = 0;

    if (lseek(fd, 0, SEEK_SET) != 0)
        return err_set(err, ERR_IO, "what it said cannot be read");
    while ((length = read(fd, piece, PIECE)) > 0)
        if (!buffer_add(buffer, piece, (size_t)length))
            return err_set(err, ERR_LIMIT, "what it said is longer than %zu bytes", buffer->length_max);
    return length == 0 || err_set(err, ERR_IO, "what it said cannot be read");
}

enum iac_exit terraform_read(struct job *job, const char *const *arguments, const char *name, char **ret_text,
                             size_t *ret_length)
{
    struct buffer buffer;
    struct err err = {0};
    int fd = work_create(&job->work, name, &err);

    if (fd < 0)
        return complain(&err);
    buffer_init(&buffer, PLAN_JSON_MAX);
    enum iac_exit end = terraform_write(job, arguments, fd);
    if (end == IAC_EXIT_DONE && !read_all(fd, &buffer, &err))
        end = complain(&err);
    (void)close(fd);
    if (end == IAC_EXIT_DONE) {
        *ret_length = buffer.length;
        *ret_text = buffer_take(&buffer);
    }
    buffer_done(&buffer);
    return end;
}
