/* run_acting.c - tasks of runs through verdict-runner: ends turned into results, what they reported into
 * outputs.
 * SPDX-License-Identifier: MIT */
#include "daemon/live_log.h"
#include "daemon/run_conditions.h"
#include "daemon/run_health.h"
#include "daemon/run_looks.h"
#include "daemon/run_restoring.h"
#include "daemon/run_stacks.h"
#include "daemon/run_texts.h"
#include "daemon/secrets.h"
#include "daemon/settling.h"
#include "io/iac_protocol.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_TRY_AGAIN = 75 };

/* One command on its way: from the engine's order to exactly one result. */
struct run_acting {
    struct run_acting *next, *before;
    struct daemon *daemon;
    uint64_t run;
    struct run_action action;
    enum run_result deferred;
    struct settling *settling;       /* until Vault has answered; NULL: nothing is waited for */
    struct run_health *health;       /* NULL: no smoke test is under way */
    struct run_restoring *restoring; /* NULL: no state is written back */
    bool has_settled;
    char why[DAEMON_WHY_MAX];
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
    run_restoring_drop(acting->restoring);
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
        run_restoring_drop(acting->restoring);
        free(acting->health);
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

/* The last sentence that verdict-iac says of itself; false: none. */
static bool take_sentence(const char *values, char *to, size_t size)
{
    static const char name[] = IAC_OUTPUT_WHY "=";
    bool is_there = false;

    for (const char *line = values; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        if (strncmp(line, name, strlen(name)) != 0)
            continue;
        line += strlen(name);
        (void)snprintf(to, size, "%.*s", (int)strcspn(line, "\n"), line);
        is_there = to[0] != '\0';
    }
    return is_there;
}

static enum run_result result_of_end(const struct runner_outcome *outcome, bool is_stack, char *why,
                                     size_t size)
{
    const struct runner_result *result = &outcome->result;
    const char *text = is_stack ? iac_exit_text(result->exit_status) : NULL;
    char sentence[IAC_WHY_SIZE] = "";
    bool is_said = is_stack && take_sentence(outcome->values, sentence, sizeof(sentence));

    if (result->timed_out)
        (void)snprintf(why, size, "its command ran past its deadline and was stopped%s%.180s",
                       is_said ? ": " : "", sentence);
    else if (result->signal != 0)
        (void)snprintf(why, size, "its command was ended by signal %d", result->signal);
    else if (result->exit_status != 0 && is_said)
        (void)snprintf(why, size, "%s", sentence);
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

/* There may be more outputs of stacks than a run keeps: they stand in the state. What tasks report has a
 * place of its own. */
static bool is_left_out(const struct run_live *live, const char *name, bool is_stack)
{
    enum { KEPT_MAX = JOURNAL_RUN_OUTPUTS_MAX * 3 / 8 };
    size_t length = strlen(IAC_OUTPUT_OF);
    size_t kept = 0;

    for (size_t i = 0; i < live->output_count; i++)
        kept += strncmp(live->outputs[i].name, IAC_OUTPUT_OF, length) == 0;
    return is_stack && strncmp(name, IAC_OUTPUT_OF, length) == 0 && run_live_output(live, name) == NULL &&
           (kept >= KEPT_MAX || live->output_count == JOURNAL_RUN_OUTPUTS_MAX);
}

/* One line of what the command wrote to $VERDICT_OUTPUT; false: it cannot be kept. */
static bool take_value(struct run_live *live, char *line, bool is_stack, uint64_t *version_key, char *why,
                       size_t size)
{
    char *equals = strchr(line, '=');

    if (equals == NULL && line[0] == '\0')
        return true;
    if (equals != NULL)
        *equals = '\0';
    if (is_stack && equals != NULL && strcmp(line, IAC_OUTPUT_WHY) == 0)
        return true;
    bool is_digest = equals != NULL && strcmp(line, "digest") == 0;
    if (is_digest && text_is_digest(equals + 1))
        *version_key = journal_version_key(live->daemon->journal, live->version, equals + 1);
    else if (is_digest)
        equals = NULL;
    if (equals != NULL && (is_left_out(live, line, is_stack) || run_live_put(live, line, equals + 1)))
        return true;
    if (live->output_count == JOURNAL_RUN_OUTPUTS_MAX && run_live_output(live, line) == NULL)
        (void)snprintf(why, size, "%.60s is one output too many: a run keeps %d", line,
                       JOURNAL_RUN_OUTPUTS_MAX);
    else
        (void)snprintf(why, size, "it reported a line that is no name=value that can be kept: %.60s", line);
    return false;
}

static bool take_values(struct run_live *live, const char *values, bool is_stack, uint64_t *version_key,
                        char *why, size_t size)
{
    CLEANUP(memory_free_at) char *copy = memory_copy_text(values);
    char *rest = copy;

    redaction_apply(live->daemon->log.redaction,
                    copy); /* they are kept, shown, and given to other commands */
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        if (!take_value(live, line, is_stack, version_key, why, size))
            return false;
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

/* Scanners end with 1 for what they found: where a rule says which findings count, that is no other failure.
 */
static bool is_explained(const struct run_task_definition *task, const struct runner_outcome *outcome,
                         bool has_findings)
{
    return task->fail_when != NULL && has_findings && outcome->kind == RUNNER_ENDED &&
           outcome->result.exit_status == 1;
}

/* What it reported, and what conditions and limits make of that. What a stack's command found is told whether
 * it is good or not. */
static enum run_result look_at(struct run_live *live, const struct run_acting *acting,
                               const struct runner_outcome *outcome, enum run_result result,
                               uint64_t *version_key, char why[DAEMON_WHY_MAX])
{
    const struct run_task_definition *task = &live->definition->tasks[acting->action.task];
    bool is_stack = run_task_is_of_stack(task);
    bool has_ended = is_stack && outcome->kind == RUNNER_ENDED;
    bool is_told = has_report(live, acting, result, outcome);
    bool is_cost = task->parse == SCAN_INFRACOST;
    bool has_findings = false;
    bool passes = !is_told || is_cost ||
                  run_report_passes(live, acting->action.task, outcome, &has_findings, why, DAEMON_WHY_MAX);

    if (result == RUN_RESULT_FAILED && is_explained(task, outcome, has_findings))
        result = RUN_RESULT_DONE;
    if ((result == RUN_RESULT_DONE || has_ended) &&
        !take_values(live, outcome->values, is_stack, version_key, why, DAEMON_WHY_MAX))
        result = RUN_RESULT_FAILED;
    if (is_cost && result == RUN_RESULT_DONE && !run_report_keeps_costs(live, outcome, why, DAEMON_WHY_MAX))
        result = RUN_RESULT_FAILED;
    if (is_stack && run_task_is_plan(task))
        run_stack_planned(live);
    if (!passes ||
        (result == RUN_RESULT_DONE && !run_stack_passes(live, acting->action.task, why, DAEMON_WHY_MAX)))
        result = refuse(live, acting);
    live->has_drifted = has_ended && outcome->result.exit_status == IAC_EXIT_DRIFTED;
    return result;
}

static void ended(void *data, const struct runner_outcome *outcome)
{
    struct run_acting *acting = data;
    struct run_live *live = run_live_find(acting->daemon, acting->run);
    char why[DAEMON_WHY_MAX] = "";
    uint64_t version_key = 0;
    bool is_stack = live != NULL && run_task_is_of_stack(&live->definition->tasks[acting->action.task]);
    enum run_result result = result_of(outcome, is_stack, why, sizeof(why));

    if (live != NULL) {
        result = look_at(live, acting, outcome, result, &version_key, why);
        run_live_report(live, &acting->action, outcome->output, result == RUN_RESULT_DONE ? "" : why,
                        run_look_new(live, acting->action.task, outcome, result));
    }
    if (result != RUN_RESULT_DONE)
        run_live_log_of(acting->daemon, acting->run, LOG_LEVEL_WARN, "run %llu: task %u, try %u: %s",
                        (unsigned long long)acting->run, acting->action.task, acting->action.tries, why);
    end(acting, result, version_key);
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

static void health_told(void *data, bool is_good, const char *why)
{
    struct run_acting *acting = data;
    struct run_live *live = run_live_find(acting->daemon, acting->run);

    acting->health = NULL;
    if (live != NULL)
        run_live_report(live, &acting->action, "", why, NULL);
    end(acting, is_good ? RUN_RESULT_DONE : RUN_RESULT_AGAIN, 0);
}

static void ask_health(struct run_acting *acting, const char *sealed)
{
    struct err err = {0};

    acting->health = run_health_start(acting->daemon, sealed, acting->run, health_told, acting, &err);
    if (acting->health == NULL)
        defer(acting, RUN_RESULT_FAILED, err.text);
}

static void restored(void *data, enum run_result result, const char *why)
{
    struct run_acting *acting = data;
    struct run_live *live = run_live_find(acting->daemon, acting->run);

    acting->restoring = NULL;
    if (live != NULL)
        run_live_report(live, &acting->action, "", why, NULL);
    end(acting, result, 0);
}

static void restore(struct run_live *live, struct run_acting *acting)
{
    struct err err = {0};

    acting->restoring = run_restoring_start(live, acting->action.task, restored, acting, &err);
    if (acting->restoring == NULL)
        defer(acting, RUN_RESULT_AGAIN, err.text);
}

static void run_command(struct run_live *live, const struct run_state *state, struct run_acting *acting)
{
    const struct run_task_definition *task = &live->definition->tasks[acting->action.task];
    CLEANUP(memory_free_at) struct task_texts *texts = memory_take(sizeof(*texts));
    CLEANUP(command_secrets_drop) struct command_secrets secrets = {0};
    struct err err = {0};

    run_texts_key(texts->key, live->id, &acting->action);
    if (!daemon_take_secrets(live->daemon, task->secrets, task->secret_count, &secrets, &err)) {
        secrets_missing(acting, &err);
        return;
    }
    if (!run_texts_arguments(live, task, texts, &err)) {
        defer(acting, RUN_RESULT_FAILED, err.text);
        return;
    }
    run_texts_environment(live, state, &acting->action, texts);
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
    char key[RUN_KEY_SIZE];
    struct err err = {0};

    const char *health = live->definition->tasks[acting->action.task].health;

    if (health != NULL) {
        ask_health(acting, health);
        return;
    }
    if (live->definition->tasks[acting->action.task].restores) {
        restore(live, acting);
        return;
    }
    if (acting->action.tries != 1 || !run_task_is_needless(live, acting->action.task)) {
        run_command(live, state, acting);
        return;
    }
    run_texts_key(key, live->id, &acting->action);
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
    char key[RUN_KEY_SIZE];
    struct err err = {0};

    run_texts_key(key, acting->run, &acting->action);
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
