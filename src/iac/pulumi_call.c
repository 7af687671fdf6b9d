/* pulumi_call.c - environment, start and end of one call.
 * SPDX-License-Identifier: MIT */
#include "iac/pulumi_call.h"

#include "base/text.h"
#include "iac/pulumi_preview.h"
#include "iac/surroundings.h"
#include "io/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* PULUMI_OPTION_* are flags by another way. */
static const char *const without[] = {"PULUMI_STACK=",
                                      "PULUMI_OPTION_",
                                      "PULUMI_SKIP_UPDATE_CHECK=",
                                      "PULUMI_SKIP_CONFIRMATIONS=",
                                      "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=",
                                      "PULUMI_DEBUG_COMMANDS=",
                                      NULL};

void pulumi_words_add(struct pulumi_words *words, const char *word)
{
    assert(words->count < PULUMI_WORDS_MAX);
    words->at[words->count++] = word;
    words->at[words->count] = NULL;
}

void pulumi_words_begin(struct pulumi_words *words, const struct job *job, const char *const *command)
{
    const char *const common[] = {"--non-interactive", "--color", "never", "--stack", job->environment};

    words->count = 0;
    pulumi_words_add(words, job->tool->program);
    for (; *command != NULL; command++)
        pulumi_words_add(words, *command);
    for (size_t i = 0; i < ARRAY_LENGTH(common); i++)
        pulumi_words_add(words, common[i]);
}

void pulumi_words_add_config(struct pulumi_words *words, const struct job *job)
{
    (void)snprintf(words->config, sizeof(words->config), "%s/" PULUMI_CONFIG, job->work.run_path);
    if (access(words->config, F_OK) != 0)
        return;
    pulumi_words_add(words, "--config-file");
    pulumi_words_add(words, words->config);
}

/* What went wrong, by what it said: its status is the same for everything. */
static enum iac_exit classify(int said, int output, const char *what, int status)
{
    static const char *const held[] = {"Another update is currently in progress",
                                       "the stack is currently locked by"};

    for (size_t i = 0; i < ARRAY_LENGTH(held); i++)
        if (invocation_said(said, held[i]) || invocation_said(output, held[i]))
            return IAC_EXIT_AGAIN;
    (void)fprintf(stderr, "verdict-iac: pulumi %s ended with status %d\n", what, status);
    return IAC_EXIT_FAILED;
}

static enum iac_exit run(struct job *job, const struct invocation *asked, const struct pulumi_words *words)
{
    CLEANUP(surroundings_free_at) struct surroundings *around = surroundings_new(without, job->hidden);
    struct invocation invocation = *asked;
    char program[WORK_PATH_MAX];
    struct err err = {0};
    int status = 0;

    invocation.said = work_create(&job->work, "said", &err);
    bool is_good = invocation.said >= 0 && surroundings_program(job->tool->program, program, &err) &&
                   surroundings_add_secrets(around, &err) &&
                   surroundings_add(around, "PULUMI_SKIP_UPDATE_CHECK", "true", &err);
    invocation.program = program;
    invocation.arguments = words->at;
    invocation.environment = surroundings_pairs(around);
    invocation.hidden = job->hidden;
    is_good = is_good && invocation_run(&job->signals, &invocation, &status, &err);
    enum iac_exit end = IAC_EXIT_DONE;
    if (!is_good)
        end = surroundings_lack_secret(around) ? job_lacks_secret(job, &err) : job_complain(job, &err);
    else if (status != 0)
        end = classify(invocation.said, invocation.output, words->at[1], status);
    if (invocation.said >= 0)
        (void)close(invocation.said);
    work_remove(&job->work, "said");
    return end;
}

enum iac_exit pulumi_write(struct job *job, const struct pulumi_words *words, int output)
{
    struct invocation invocation = {.output = output};

    return run(job, &invocation, words);
}

static void show(void *data, const char *message)
{
    const struct job *job = data;
    CLEANUP(memory_free_at) char *shown = memory_copy_text(message);

    redaction_apply(job->hidden, shown);
    (void)printf("%s\n", shown);
}

enum iac_exit pulumi_read(struct job *job, const struct pulumi_words *words, const char *name,
                          char **ret_text, size_t *ret_length)
{
    struct err err = {0};
    int fd = work_create(&job->work, name, &err);

    if (fd < 0)
        return job_complain(job, &err);
    enum iac_exit end = pulumi_write(job, words, fd);
    if (!work_load(&job->work, name, PLAN_JSON_MAX, ret_text, ret_length, &err))
        end = end == IAC_EXIT_DONE ? job_complain(job, &err) : end;
    else if (end == IAC_EXIT_FAILED)
        pulumi_preview_complaints(*ret_text, *ret_length, show, job);
    (void)close(fd);
    return end;
}

enum iac_exit pulumi_watch(struct job *job, const struct pulumi_words *words,
                           bool (*hear)(void *data, const char *line, size_t length), void *data)
{
    struct err err = {0};
    struct invocation invocation = {
        .output = work_create(&job->work, "events", &err), .hear = hear, .data = data};

    if (invocation.output < 0)
        return job_complain(job, &err);
    enum iac_exit end = run(job, &invocation, words);
    (void)close(invocation.output);
    work_remove(&job->work, "events");
    return end;
}
