/* run_texts.c - what a task's command is told: its key, its words, its environment.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_texts.h"

#include "daemon/run_live.h"
#include "daemon/tracing.h"
#include "io/iac_protocol.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>

enum { PAIRS_OWN = 22, NUMBER_SIZE = 24 };

static_assert((int)RUN_PAIR_SIZE <= (int)RUNNER_ARGUMENT_MAX, "a pair fits the protocol");

void run_texts_key(char key[RUN_KEY_SIZE], uint64_t run, const struct run_action *action)
{
    (void)snprintf(key, RUN_KEY_SIZE, "r%llu-%u.%u", (unsigned long long)run, action->task, action->tries);
}

static size_t add(struct task_texts *texts, size_t count, const char *name, const char *value)
{
    (void)snprintf(texts->environment[count], RUN_PAIR_SIZE, "VERDICT_%s=%s", name, value);
    texts->envp[count] = texts->environment[count];
    return count + 1;
}

/* VERDICT_OUT_NAME: what tasks before it reported. */
static size_t add_output(struct task_texts *texts, size_t count, const struct run_output *output)
{
    char name[JOURNAL_OUTPUT_NAME_MAX + sizeof("OUT_")];
    size_t length = (size_t)snprintf(name, sizeof(name), "OUT_%s", output->name);

    for (size_t i = 0; i < length; i++)
        name[i] = isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i]) : '_';
    return add(texts, count, name, output->value);
}

static size_t add_seconds(struct task_texts *texts, size_t count, const char *name, int64_t ms)
{
    char seconds[NUMBER_SIZE];

    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)(ms / 1000));
    return add(texts, count, name, seconds);
}

/* The plan stands there however many outputs there are. */
static size_t add_stack(struct task_texts *texts, size_t count, const struct run_live *live,
                        const struct run_task_definition *task)
{
    const struct stack_place *place = task->stack;
    const char *plan = run_live_output(live, IAC_OUTPUT_PLAN);

    static_assert((int)STACK_VARIABLES_MAX <= (int)IAC_VARIABLES_MAX, "verdict-iac takes them");
    count = add(texts, count, "STACK", place->name);
    count = add(texts, count, "ENVIRONMENT", place->environment);
    count = add(texts, count, "OUT_PLAN", plan == NULL ? "" : plan);
    count = add_seconds(texts, count, "TIMEOUT_S", task->timeout_ms);
    count = add_seconds(texts, count, "GRACE_S", place->grace_ms);
    (void)snprintf(texts->variables, sizeof(texts->variables), "VERDICT_VARIABLES=%s", place->variables);
    texts->envp[count] = texts->variables;
    return count + 1;
}

/* What a command of a deployment has, too; a stack says its environment itself. */
static size_t add_recovery(struct task_texts *texts, size_t count, const struct run_definition *definition,
                           uint8_t task)
{
    count = add(texts, count, "COMMAND", definition->tasks[task].name);
    if (definition->tasks[task].stack == NULL)
        count = add(texts, count, "ENVIRONMENT", definition->environment);
    return definition->is_rehearsal ? add(texts, count, "REHEARSAL", "1") : count;
}

void run_texts_environment(const struct run_live *live, const struct run_state *state,
                           const struct run_action *action, struct task_texts *texts)
{
    const struct run_definition *definition = live->definition;
    char traceparent[TRACEPARENT_SIZE];
    char id[32];
    size_t count = 0;

    (void)snprintf(id, sizeof(id), "run_%llu", (unsigned long long)live->id);
    count = add(texts, count, "SERVICE", definition->service);
    count = add(texts, count, "VERSION", live->version);
    count = add(texts, count, "DIGEST", run_live_digest(live, state->version_key));
    count = add(texts, count, "RUN", id);
    count = add(texts, count, "PIPELINE", definition->pipeline);
    count = add(texts, count, "STAGE", definition->stages[state->stage]);
    count = add(texts, count, "TASK", definition->tasks[action->task].name);
    count = add(texts, count, "COMMIT", live->commit);
    count = add(texts, count, "KEY", texts->key);
    count = add(texts, count, "REASON", live->reason);
    tracing_of_task(live, live->id, action, traceparent);
    if (traceparent[0] != '\0')
        count = add(texts, count, "TRACEPARENT", traceparent);
    if (traceparent[0] != '\0' && live->trace_lists.tracestate != NULL)
        count = add(texts, count, "TRACESTATE", live->trace_lists.tracestate);
    if (trace_list_fit("VERDICT_BAGGAGE=", live->trace_lists.baggage, texts->baggage,
                       sizeof(texts->baggage))[0] != '\0')
        texts->envp[count++] = texts->baggage;
    if (definition->environment != NULL)
        count = add_recovery(texts, count, definition, action->task);
    if (definition->tasks[action->task].stack != NULL)
        count = add_stack(texts, count, live, &definition->tasks[action->task]);
    static_assert((int)PAIRS_OWN < (int)RUN_PAIRS_MAX, "outputs have room");
    for (size_t i = 0; i < live->output_count && count < RUN_PAIRS_MAX; i++)
        count = add_output(texts, count, &live->outputs[i]);
    texts->envp[count] = NULL;
}

bool run_texts_arguments(const struct run_live *live, const struct run_task_definition *task,
                         struct task_texts *texts, struct err *err)
{
    const char *pairs[] = {"version", live->version};

    for (size_t i = 0; i < task->argument_count; i++) {
        if (!template_fill(task->arguments[i], pairs, 1, TEMPLATE_PLAIN, texts->arguments[i],
                           RUN_ARGUMENT_SIZE, err))
            return false;
        texts->argv[i] = texts->arguments[i];
    }
    texts->argv[task->argument_count] = NULL;
    return true;
}
