/* run_stacks.c - plans judged, empty ones waived, approvals bound to hashes, work folders forgotten.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_stacks.h"
#include "daemon/live_log.h"

#include "daemon/request.h"
#include "daemon/run_conditions.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORGET_MS = 90 * 1000, TEXT_SIZE = 128, NUMBERS_SIZE = 160 };

/* ---- who is at work ---- */

static bool is_of(const struct run_task_definition *task, const char *stack, const char *environment)
{
    return task->stack != NULL && strcmp(task->stack->name, stack) == 0 &&
           strcmp(task->stack->environment, environment) == 0;
}

bool run_stack_is_busy(const struct run_live *live, const char *stack, const char *environment)
{
    const struct run_definition *definition = live->definition;
    const struct run_state *state = engine_run_state(live->daemon->engine, live->id);
    bool has_begun = definition->stack != NULL;
    bool is_left = false;

    for (uint8_t i = 0; i < definition->plan.task_count; i++) {
        enum run_task_phase phase = state == NULL ? TASK_IDLE : state->tasks[i].phase;
        if (!is_of(&definition->tasks[i], stack, environment))
            continue;
        has_begun = has_begun || phase != TASK_IDLE;
        is_left = is_left || !run_task_is_over(phase);
    }
    return has_begun && is_left;
}

uint64_t run_stack_at_work(void *data, const char *stack, const char *environment)
{
    const struct daemon *daemon = data;
    const struct run_live *live = daemon->runs;

    while (live != NULL && !run_stack_is_busy(live, stack, environment))
        live = live->next;
    return live == NULL ? 0 : live->id;
}

/* ---- what is refused ---- */

/* "deletes 2, monthly_cost not known": what the condition looked at. */
static const char *numbers_of(const struct run_live *live, const struct task_skip *refuse,
                              char to[NUMBERS_SIZE])
{
    struct text text;

    text_init(&text, to, NUMBERS_SIZE);
    for (uint8_t i = 0; i < refuse->extract_count; i++) {
        const char *value = run_live_output(live, refuse->extracts[i].path);
        text_add(&text, "%s%s %.20s", i == 0 ? "" : ", ", refuse->extracts[i].path,
                 value == NULL || value[0] == '\0' ? "not known" : value);
    }
    return to;
}

bool run_stack_passes(const struct run_live *live, uint8_t index, char *why, size_t size)
{
    const struct run_task_definition *task = &live->definition->tasks[index];
    char numbers[NUMBERS_SIZE];

    if (task->refuse == NULL)
        return true;
    enum verdict verdict = run_condition(live, task->refuse);
    if (verdict == VERDICT_FAIL) /* it does not hold */
        return true;
    (void)snprintf(why, size, "%s %.90s: %s",
                   verdict == VERDICT_PASS ? "the plan is refused:" : "nobody can tell", task->refuse_text,
                   numbers_of(live, task->refuse, numbers));
    return false;
}

void run_stack_planned(struct run_live *live)
{
    static const enum stack_fact costs[] = {FACT_COST, FACT_COST_BEFORE};

    for (size_t i = 0; i < ARRAY_LENGTH(costs); i++)
        if (run_live_output(live, stack_fact_name(costs[i])) != NULL)
            (void)!run_live_put(live, stack_fact_name(costs[i]), ""); /* that is no number */
}

/* ---- what nobody needs to be asked ---- */

struct waiving {
    struct daemon *daemon;
    uint64_t run;
};

static void answered(void *data, bool is_done, bool is_new, uint64_t run, const struct err *err)
{
    (void)data;
    (void)is_done;
    (void)is_new;
    (void)run;
    (void)err; /* it waits on, and people can answer */
}

static void waive(struct daemon *daemon, uint64_t run, uint8_t task)
{
    struct request *request = request_new(
        daemon, "verdictd", "there is nothing to approve: the plan changes nothing", answered, NULL);

    if (request == NULL)
        return;
    if (!engine_run_answer(daemon->engine, request->token, run, task, true, 0))
        request_answered(daemon, request->token, ENGINE_FULL, 0);
    daemon_wants_turn(daemon);
}

static bool is_waived(const struct run_live *live, const struct run_state *state, uint8_t task)
{
    return state->tasks[task].phase == TASK_AWAITING && run_task_is_needless(live, task);
}

static void waive_all(void *data)
{
    struct waiving *waiving = data;
    struct daemon *daemon = waiving->daemon;
    struct run_live *live = run_live_find(daemon, waiving->run);
    const struct run_state *state = engine_run_state(daemon->engine, waiving->run);

    free(waiving);
    for (uint8_t i = 0; live != NULL && state != NULL && i < live->definition->plan.task_count; i++)
        if (is_waived(live, state, i))
            waive(daemon, live->id, i);
}

void run_stacks_waive(struct daemon *daemon, const struct run_state *state)
{
    const struct run_live *live = run_live_find(daemon, state->id);

    for (uint8_t i = 0; live != NULL && i < live->definition->plan.task_count; i++) {
        if (!is_waived(live, state, i))
            continue;
        struct waiving *waiving = memory_take(sizeof(*waiving));
        *waiving = (struct waiving){.daemon = daemon, .run = live->id};
        loop_defer(daemon->loop, waive_all, waiving);
        return;
    }
}

/* ---- what was approved ---- */

bool run_stack_reviewed(const struct run_live *live, uint8_t task, const struct api_run_answer *answer,
                        struct err *err)
{
    const struct task_review *review = live->definition->tasks[task].review;
    bool has_output = review != NULL && review->output != NULL;
    const char *value = has_output ? run_live_output(live, review->output) : NULL;

    if (review == NULL || !answer->is_good)
        return true;
    if (!has_output)
        return answer->output_count == 0 ||
               err_set(err, ERR_INVALID, "outputs: an approval of a run has none");
    for (size_t i = 0; i < answer->output_count && value != NULL; i++)
        if (strcmp(answer->outputs[i].name, review->output) == 0 &&
            strcmp(answer->outputs[i].value, value) == 0)
            return answer->output_count == 1 ||
                   err_set(err, ERR_INVALID, "outputs: an approval says nothing but its %s", review->output);
    return err_set(err, ERR_CONFLICT, "this does not approve the %s that there is: %.80s", review->output,
                   value == NULL ? "none" : value);
}

const char *run_stack_reason(const struct run_live *live, uint8_t task, const struct api_run_answer *answer,
                             char to[DAEMON_WHY_MAX])
{
    const struct task_review *review = live->definition->tasks[task].review;

    if (review == NULL || !answer->is_good)
        return answer->reason;
    bool has_output = review->output != NULL;
    (void)snprintf(to, DAEMON_WHY_MAX, "approves %s %.80s%s%.120s", has_output ? review->output : "version",
                   has_output ? run_live_output(live, review->output) : live->version,
                   answer->reason[0] == '\0' ? "" : ": ", answer->reason);
    return to;
}

/* ---- the end ---- */

static void forgotten(void *data, const struct runner_outcome *outcome)
{
    (void)data;
    (void)outcome; /* what is left then goes with a later plan */
}

static void forget(const struct run_live *live, const struct stack_place *place)
{
    struct daemon *daemon = live->daemon;
    char key[TEXT_SIZE];
    char run[TEXT_SIZE];
    const char *const argv[] = {place->program, "forget", place->tool, place->name, place->environment, NULL};
    const char *const environment[] = {run, NULL};
    struct err err = {0};

    (void)snprintf(run, sizeof(run), "VERDICT_RUN=run_%llu", (unsigned long long)live->id);
    (void)snprintf(key, sizeof(key), "r%llu-forget-%.40s", (unsigned long long)live->id, place->name);
    const struct runner_command command = {.key = key,
                                           .argv = argv,
                                           .environment = environment,
                                           .directory = place->directory,
                                           .deadline_ms = FORGET_MS};
    if (!runner_run(daemon->runner, &command, forgotten, daemon, &err))
        run_live_log(live, LOG_LEVEL_WARN, "run %llu: its work folder stays: %s",
                     (unsigned long long)live->id, err.text);
}

static bool is_first(const struct run_definition *definition, uint8_t task)
{
    for (uint8_t i = 0; i < task; i++)
        if (definition->tasks[i].stack == definition->tasks[task].stack)
            return false;
    return true;
}

void run_stacks_forget(const struct run_live *live)
{
    const struct run_definition *definition = live->definition;

    for (uint8_t i = 0; live->id != 0 && i < definition->plan.task_count; i++)
        if (definition->tasks[i].stack != NULL && is_first(definition, i))
            forget(live, definition->tasks[i].stack);
}
