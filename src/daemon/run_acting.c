/* run_acting.c - tasks of runs through verdict-runner: arguments and environment filled in, ends turned into
 * results, what they reported into outputs.
 * SPDX-License-Identifier: MIT */
#include "config/stack_variables.h"
#include "daemon/live_log.h"
#include "daemon/run_conditions.h"
#include "daemon/run_looks.h"
#include "daemon/run_stacks.h"
#include "daemon/secrets.h"
#include "daemon/settling.h"
#include "daemon/tracing.h"
#include "io/iac_protocol.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXIT_TRY_AGAIN = 75,
    KEY_SIZE = 64,
    PAIR_SIZE = JOURNAL_OUTPUT_NAME_MAX + JOURNAL_OUTPUT_VALUE_MAX + 32,
    PAIRS_OWN = 17,
    PAIRS_MAX = RUNNER_ENVIRONMENT_MAX,
    ARGUMENT_SIZE = 1024
};

static_assert((int)PAIR_SIZE <= (int)RUNNER_ARGUMENT_MAX, "a pair fits the protocol");

/* One command on its way: from the engine's order to exactly one result. */
struct run_acting {
    struct run_acting *next, *before;
    struct daemon *daemon;
    uint64_t run;
    struct run_action action;
    enum run_result deferred;
    struct settling *settling; /* until Vault has answered; NULL: nothing is waited for */
    bool has_settled;
    char why[DAEMON_WHY_MAX];
};

struct task_texts {
    char key[KEY_SIZE];
    char arguments[DEFINITION_ARGUMENTS_MAX][ARGUMENT_SIZE];
    char environment[PAIRS_MAX][PAIR_SIZE];
    char variables[STACK_VARIABLES_MAX + sizeof("VERDICT_VARIABLES=")];
    char baggage[RUNNER_ARGUMENT_MAX];
    const char *argv[DEFINITION_ARGUMENTS_MAX + 1];
    const char *envp[PAIRS_MAX + 1];
};

static struct run_acting *acting_new(struct daemon *daemon, uint64_t run, const struct run_action *action)
{
    struct run_acting *acting = memory_take_array(1, sizeof(*acting));

    acting->daemon = daemon;
    acting->run = run;
    acting->action = *action;
    acting->next = daemon->run_actings;
    if (acting->next != NULL)
        acting->next->before = acting;
    daemon->run_actings = acting;
    return acting;
}

static void acting_free(struct run_acting *acting)
{
    settling_stop(acting->settling);
    if (acting->before == NULL)
        acting->daemon->run_actings = acting->next;
    else
        acting->before->next = acting->next;
    if (acting->next != NULL)
        acting->next->before = acting->before;
    free(acting);
}

void run_actings_drop(struct daemon *daemon)
{
    struct run_acting *acting = daemon->run_actings;

    daemon->run_actings = NULL;
    while (acting != NULL) {
        struct run_acting *next = acting->next;
        settling_stop(acting->settling);
        free(acting);
        acting = next;
    }
}

static void end(struct run_acting *acting, enum run_result result, uint64_t version_key)
{
    struct daemon *daemon = acting->daemon;

    if (!engine_run_result(daemon->engine, acting->run, &acting->action, result, version_key))
        run_live_log_of(daemon, acting->run, LOG_LEVEL_ERROR,
                        "the engine's queue is full: a result is lost until its deadline");
    daemon_wants_turn(daemon);
    acting_free(acting);
}

static void deferred(void *data)
{
    struct run_acting *acting = data;
    struct run_live *live = run_live_find(acting->daemon, acting->run);

    if (live != NULL && acting->why[0] != '\0')
        run_live_report(live, &acting->action, "", acting->why, NULL);
    end(acting, acting->deferred, 0);
}

/* An order that fails at once still ends a turn later: the engine is never called from its own dispatch. */
static void defer(struct run_acting *acting, enum run_result result, const char *why)
{
    acting->deferred = result;
    (void)snprintf(acting->why, sizeof(acting->why), "%.250s", why);
    loop_defer(acting->daemon->loop, deferred, acting);
}

static enum run_result result_of_end(const struct runner_outcome *outcome, bool is_stack, char *why,
                                     size_t size)
{
    const struct runner_result *result = &outcome->result;
    const char *text = is_stack ? iac_exit_text(result->exit_status) : NULL;

    if (result->timed_out)
        (void)snprintf(why, size, "its command ran past its deadline and was stopped");
    else if (result->signal != 0)
        (void)snprintf(why, size, "its command was ended by signal %d", result->signal);
    else if (text != NULL)
        (void)snprintf(why, size, "%s", text);
    else if (result->exit_status != 0)
        (void)snprintf(why, size, "its command ended with status %d", result->exit_status);
    else
        return RUN_RESULT_DONE;
    return result->exit_status == EXIT_TRY_AGAIN ? RUN_RESULT_AGAIN : RUN_RESULT_FAILED;
}

static enum run_result result_of(const struct runner_outcome *outcome, bool is_stack, char *why, size_t size)
{
    (void)snprintf(why, size, "%.200s", outcome->reason);
    switch (outcome->kind) {
    case RUNNER_ENDED:
        return result_of_end(outcome, is_stack, why, size);
    case RUNNER_NOT_RUN:
        return outcome->code == ERR_LIMIT || outcome->code == ERR_UNAVAILABLE ? RUN_RESULT_AGAIN
                                                                              : RUN_RESULT_FAILED;
    case RUNNER_UNKNOWN:
    case RUNNER_STILL_RUNS:
    case RUNNER_NEVER_RAN:
        return RUN_RESULT_UNKNOWN;
    }
    return RUN_RESULT_UNKNOWN;
}

/* One line of what the command wrote to $VERDICT_OUTPUT; false: it is none that may be kept. */
static bool take_value(struct run_live *live, char *line, bool is_stack, uint64_t *version_key)
{
    char *equals = strchr(line, '=');

    if (equals == NULL)
        return line[0] == '\0';
    *equals = '\0';
    if (strcmp(line, "digest") == 0) {
        if (!text_is_digest(equals + 1))
            return false;
        *version_key = journal_version_key(live->daemon->journal, live->version, equals + 1);
    }
    /* There may be more outputs of stacks than a run keeps: they stand in the state. */
    return run_live_put(live, line, equals + 1) ||
           (is_stack && strncmp(line, IAC_OUTPUT_OF, strlen(IAC_OUTPUT_OF)) == 0);
}

static bool take_values(struct run_live *live, const char *values, bool is_stack, uint64_t *version_key,
                        char *why, size_t size)
{
    CLEANUP(memory_free_at) char *copy = memory_copy_text(values);
    char *rest = copy;

    redaction_apply(live->daemon->log.redaction,
                    copy); /* they are kept, shown, and given to other commands */
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        if (!take_value(live, line, is_stack, version_key)) {
            (void)snprintf(why, size, "it reported a line that is no name=value that can be kept: %.60s",
                           line);
            return false;
        }
    return true;
}

/* A scanner that found something may say so by its status as well. */
static bool has_report(const struct run_live *live, const struct run_acting *acting, enum run_result result,
                       const struct runner_outcome *outcome)
{
    return live->definition->tasks[acting->action.task].parse != SCAN_NONE && outcome->kind == RUNNER_ENDED &&
           outcome->result.exit_status >= 0 && outcome->result.error == 0 && result != RUN_RESULT_AGAIN &&
           !outcome->result.timed_out && !outcome->result.cancelled;
}

/* What looks at a plan is a policy; a report of something else is its task's own. */
static enum run_result refuse(struct run_live *live, const struct run_acting *acting)
{
    if (live->definition->tasks[acting->action.task].stack != NULL)
        live->refused |= UINT32_C(1) << acting->action.task;
    return RUN_RESULT_FAILED;
}

static void ended(void *data, const struct runner_outcome *outcome)
{
    struct run_acting *acting = data;
    struct run_live *live = run_live_find(acting->daemon, acting->run);
    char why[DAEMON_WHY_MAX] = "";
    uint64_t version_key = 0;
    bool is_stack = live != NULL && run_task_is_of_stack(&live->definition->tasks[acting->action.task]);
    enum run_result result = result_of(outcome, is_stack, why, sizeof(why));

    /* What a stack's command found is told whether it is good or not. */
    if (live != NULL && (result == RUN_RESULT_DONE || (is_stack && outcome->kind == RUNNER_ENDED)) &&
        !take_values(live, outcome->values, is_stack, &version_key, why, sizeof(why)))
        result = RUN_RESULT_FAILED;
    if (is_stack && run_task_is_plan(&live->definition->tasks[acting->action.task]))
        run_stack_planned(live);
    if (live != NULL && result == RUN_RESULT_DONE &&
        !run_stack_passes(live, acting->action.task, why, sizeof(why)))
        result = refuse(live, acting);
    if (live != NULL && has_report(live, acting, result, outcome) &&
        !run_report_passes(live, acting->action.task, outcome, why, sizeof(why)))
        result = refuse(live, acting);
    if (live != NULL)
        live->has_drifted =
            is_stack && outcome->kind == RUNNER_ENDED && outcome->result.exit_status == IAC_EXIT_DRIFTED;
    if (live != NULL)
        run_live_report(live, &acting->action, outcome->output, result == RUN_RESULT_DONE ? "" : why,
                        run_look_new(live, acting->action.task, outcome, result));
    if (result != RUN_RESULT_DONE)
        run_live_log_of(acting->daemon, acting->run, LOG_LEVEL_WARN, "run %llu: task %u, try %u: %s",
                        (unsigned long long)acting->run, acting->action.task, acting->action.tries, why);
    end(acting, result, version_key);
}

static void make_key(char key[KEY_SIZE], uint64_t run, const struct run_action *action)
{
    (void)snprintf(key, KEY_SIZE, "r%llu-%u.%u", (unsigned long long)run, action->task, action->tries);
}

static size_t add(struct task_texts *texts, size_t count, const char *name, const char *value)
{
    (void)snprintf(texts->environment[count], PAIR_SIZE, "VERDICT_%s=%s", name, value);
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

/* The plan stands there however many outputs there are. */
static size_t add_stack(struct task_texts *texts, size_t count, const struct run_live *live,
                        const struct stack_place *place)
{
    const char *plan = run_live_output(live, IAC_OUTPUT_PLAN);

    static_assert((int)STACK_VARIABLES_MAX <= (int)IAC_VARIABLES_MAX, "verdict-iac takes them");
    count = add(texts, count, "STACK", place->name);
    count = add(texts, count, "ENVIRONMENT", place->environment);
    count = add(texts, count, "OUT_PLAN", plan == NULL ? "" : plan);
    (void)snprintf(texts->variables, sizeof(texts->variables), "VERDICT_VARIABLES=%s", place->variables);
    texts->envp[count] = texts->variables;
    return count + 1;
}

static void fill_environment(const struct run_live *live, const struct run_state *state,
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
    if (definition->tasks[action->task].stack != NULL)
        count = add_stack(texts, count, live, definition->tasks[action->task].stack);
    static_assert((int)PAIRS_OWN < (int)PAIRS_MAX, "outputs have room");
    for (size_t i = 0; i < live->output_count && count < PAIRS_MAX; i++)
        count = add_output(texts, count, &live->outputs[i]);
    texts->envp[count] = NULL;
}

static bool fill_arguments(const struct run_live *live, const struct run_task_definition *task,
                           struct task_texts *texts, struct err *err)
{
    const char *pairs[] = {"version", live->version};

    for (size_t i = 0; i < task->argument_count; i++) {
        if (!template_fill(task->arguments[i], pairs, 1, TEMPLATE_PLAIN, texts->arguments[i], ARGUMENT_SIZE,
                           err))
            return false;
        texts->argv[i] = texts->arguments[i];
    }
    texts->argv[task->argument_count] = NULL;
    return true;
}

static void run_command(struct run_live *live, const struct run_state *state, struct run_acting *acting);

static void settled(void *data)
{
    struct run_acting *acting = data;
    struct daemon *daemon = acting->daemon;
    struct run_live *live = run_live_find(daemon, acting->run);
    const struct run_state *state = engine_run_state(daemon->engine, acting->run);

    acting->settling = NULL;
    if (live == NULL || state == NULL || state->tasks[acting->action.task].phase != TASK_RUNNING)
        end(acting, RUN_RESULT_UNKNOWN, 0);
    else
        run_command(live, state, acting);
}

/* A secret that Vault was not asked for before is there in a moment: that is no failure of the task. */
static void secrets_missing(struct run_acting *acting, const struct err *err)
{
    bool is_passing = err->code == ERR_UNAVAILABLE || err->code == ERR_TIMEOUT || err->code == ERR_CONFLICT;

    if (err->code == ERR_CONFLICT && !acting->has_settled) {
        acting->has_settled = true;
        acting->settling = settling_start(acting->daemon, settled, acting);
        return;
    }
    defer(acting, is_passing ? RUN_RESULT_AGAIN : RUN_RESULT_FAILED, err->text);
}

static void run_command(struct run_live *live, const struct run_state *state, struct run_acting *acting)
{
    const struct run_task_definition *task = &live->definition->tasks[acting->action.task];
    CLEANUP(memory_free_at) struct task_texts *texts = memory_take(sizeof(*texts));
    CLEANUP(command_secrets_drop) struct command_secrets secrets = {0};
    struct err err = {0};

    make_key(texts->key, live->id, &acting->action);
    if (!daemon_take_secrets(live->daemon, task->secrets, task->secret_count, &secrets, &err)) {
        secrets_missing(acting, &err);
        return;
    }
    if (!fill_arguments(live, task, texts, &err)) {
        defer(acting, RUN_RESULT_FAILED, err.text);
        return;
    }
    fill_environment(live, state, &acting->action, texts);
    struct runner_command command = {.key = texts->key,
                                     .argv = texts->argv,
                                     .environment = texts->envp,
                                     .secrets = secrets.texts,
                                     .directory = task->directory[0] == '\0' ? NULL : task->directory,
                                     .deadline_ms = task->timeout_ms,
                                     .grace_ms = task->stack == NULL ? 0 : task->stack->grace_ms,
                                     .wants_report = task->parse != SCAN_NONE};
    if (!runner_run(live->daemon->runner, &command, ended, acting, &err))
        defer(acting, err.code == ERR_LIMIT ? RUN_RESULT_AGAIN : RUN_RESULT_FAILED, err.text);
}

/* Not needed; but where it has begun already (we were restarted meanwhile) its end counts. */
static void asked_whether_it_began(void *data, const struct runner_outcome *outcome)
{
    struct run_acting *acting = data;
    struct daemon *daemon = acting->daemon;
    struct run_live *live = run_live_find(daemon, acting->run);
    const struct run_state *state = engine_run_state(daemon->engine, acting->run);

    if (live == NULL || state == NULL || state->tasks[acting->action.task].phase != TASK_RUNNING) {
        end(acting, RUN_RESULT_UNKNOWN, 0);
    } else if (outcome->kind == RUNNER_NEVER_RAN) {
        run_live_report(live, &acting->action, "", "skip_when holds", NULL);
        end(acting, RUN_RESULT_SKIPPED, 0);
    } else {
        run_command(live, state, acting);
    }
}

/* The condition is asked before the first try only. */
static void start_command(struct run_live *live, const struct run_state *state, struct run_acting *acting)
{
    char key[KEY_SIZE];
    struct err err = {0};

    if (acting->action.tries != 1 || !run_task_is_needless(live, acting->action.task)) {
        run_command(live, state, acting);
        return;
    }
    make_key(key, live->id, &acting->action);
    if (!runner_query(live->daemon->runner, key, asked_whether_it_began, acting, &err))
        defer(acting, RUN_RESULT_AGAIN, err.text);
}

/* Ended, or never started: either way it is not going on. */
static void cancelled(void *data, const struct runner_outcome *outcome)
{
    bool is_over = outcome->kind == RUNNER_ENDED || outcome->kind == RUNNER_NEVER_RAN;

    end(data, is_over ? RUN_RESULT_FAILED : RUN_RESULT_STILL, 0);
}

static void cancel_command(struct run_acting *acting)
{
    char key[KEY_SIZE];
    struct err err = {0};

    make_key(key, acting->run, &acting->action);
    if (!runner_cancel(acting->daemon->runner, key, cancelled, acting, &err))
        defer(acting, RUN_RESULT_STILL, "");
}

void run_act(void *data, const struct run_state *state, const struct run_action *action)
{
    struct daemon *daemon = data;
    struct run_live *live = run_live_find(daemon, state->id);

    if (live == NULL)
        return;
    struct run_acting *acting = acting_new(daemon, live->id, action);
    switch (action->kind) {
    case RUN_ACTION_COMMAND:
        start_command(live, state, acting);
        return;
    case RUN_ACTION_CANCEL:
        cancel_command(acting);
        return;
    case RUN_ACTION_DEPLOY:
    case RUN_ACTION_ABORT:
        acting_free(acting); /* the engine's own */
        return;
    }
}
