/* runs_stepping.c - one event of a run: step, write down what must be durable, and what it wants of
 * deployments.
 * SPDX-License-Identifier: MIT */
#include "engine/runs_state.h"
#include "engine/stepping.h"
#include "engine/together.h"

#include <assert.h>
#include <string.h>

static struct batch_row *add_row(struct engine *engine, const struct engine_run *run, enum row_kind kind)
{
    struct batch_row *row = stepping_add_row(engine, NULL, kind);

    row->run = &run->after;
    return row;
}

static bool has_changed(const struct run_task *before, const struct run_task *after)
{
    return before->phase != after->phase || before->deployment != after->deployment;
}

static void add_rows(struct engine *engine, struct engine_run *run, const struct run_state *before,
                     const struct run_decision *decision, uint64_t token)
{
    if (!run->has_row)
        (void)add_row(engine, run, ROW_RUN);
    run->has_row = true;
    for (uint8_t i = 0; i < decision->trace_count; i++) {
        struct batch_row *row = add_row(engine, run, ROW_RUN_TRACE);
        row->run_trace = decision->traces[i];
        row->token = token;
    }
    for (uint8_t i = 0; i < run->start.plan->task_count; i++)
        if (has_changed(&before->tasks[i], &run->after.tasks[i]))
            add_row(engine, run, ROW_TASK)->task = i;
}

static void dispatch(struct engine *engine, const struct engine_run *run, const struct run_action *action)
{
    struct engine_runs *runs = engine->runs;

    assert(runs->dispatch_count < RUNS_DISPATCH_MAX);
    runs->dispatch[runs->dispatch_count++] =
        (struct runs_dispatch){.run = (uint32_t)(run - runs->slots), .action = *action};
}

/* The version is the run's: what passed one environment is what enters the next. */
static uint64_t start_deployment(struct engine *engine, const struct engine_run *run, uint8_t task)
{
    struct engine_start start = {0};
    uint64_t deployment = 0;
    const struct engine_run_env *env = &engine->runs->env;

    if (!env->deployment(env->data, &run->after, run->start.token, task, &start))
        return 0;
    start.version_key = run->after.version_key;
    enum engine_answer answer = admission_try(engine, &start, &deployment);
    engine_answer_own(engine, start.token, answer, deployment);
    return deployment;
}

static void deploy(struct engine *engine, struct engine_run *run, uint8_t task)
{
    struct run_event event = {.kind = RUN_EVENT_STARTED, .task = task};

    /* One beside it was refused meanwhile, or begun with it. */
    if (run->after.tasks[task].phase != TASK_RUNNING || run->after.tasks[task].deployment != 0)
        return;
    if (run->start.plan->stages[run->after.stage].is_together) {
        together_start(engine, run);
        return;
    }
    event.deployment = start_deployment(engine, run, task);
    runs_event(engine, run, &event, 0);
    /* Whose place it took may have let another run go on, which took its own already. */
    const struct engine_slot *slot = roster_find(engine, event.deployment);
    if (slot != NULL && phase_is_terminal(slot->after.phase))
        runs_deployment_changed(engine, slot);
}

static void take_back(struct engine *engine, uint64_t deployment, bool is_asked_for)
{
    struct event event = {
        .kind = is_asked_for ? EVENT_VERB : EVENT_FALLS, .now_ms = engine->batch.now_ms, .verb = VERB_ABORT};
    struct engine_slot *slot = roster_find(engine, deployment);

    assert(slot != NULL);
    stepping_event(engine, slot, &event, 0);
}

static void act(struct engine *engine, struct engine_run *run, const struct run_action *action,
                const struct run_event *cause)
{
    switch (action->kind) {
    case RUN_ACTION_COMMAND:
    case RUN_ACTION_CANCEL:
        dispatch(engine, run, action);
        return;
    case RUN_ACTION_DEPLOY:
        deploy(engine, run, action->task);
        return;
    case RUN_ACTION_ABORT:
        take_back(engine, action->deployment, cause->kind == RUN_EVENT_ABORT);
        return;
    }
}

/* Gives the turn to the run that waits longest, once none of its pipeline is before it. */
static void next_of(struct engine *engine, uint64_t pipeline)
{
    struct engine_run *next = NULL;
    struct run_event event = {.kind = RUN_EVENT_TURN};
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;) {
        if (run->start.pipeline != pipeline || run_phase_is_terminal(run->after.phase))
            continue;
        if (run->after.phase != RUN_QUEUED)
            return;
        if (next == NULL || run->id < next->id)
            next = run;
    }
    if (next != NULL)
        runs_event(engine, next, &event, 0);
}

void runs_event(struct engine *engine, struct engine_run *run, const struct run_event *event, uint64_t token)
{
    struct run_state before = run->after;
    struct run_event stamped = *event;
    struct run_decision decision;

    stamped.now_ms = engine->batch.now_ms;
    run_step(run->start.plan, &before, &stamped, &run->after, &decision);
    if (decision.answer != ANSWER_NONE)
        engine_answer(engine, token, stepping_answer(decision.answer), run->id);
    if (decision.is_durable)
        add_rows(engine, run, &before, &decision, token);
    for (uint8_t i = 0; i < decision.action_count; i++)
        act(engine, run, &decision.actions[i], event);
    if (run_phase_is_terminal(run->after.phase) && !run_phase_is_terminal(before.phase))
        next_of(engine, run->start.pipeline);
}

static struct engine_run *same_version(const struct engine *engine, const struct engine_run_start *start)
{
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;)
        if (run->start.pipeline == start->pipeline && run->start.version_key == start->version_key &&
            !run_phase_is_terminal(run->after.phase))
            return run;
    return NULL;
}

static struct engine_run *free_run(struct engine *engine)
{
    struct engine_runs *runs = engine->runs;

    for (uint32_t i = 0; i < runs->used; i++)
        if (runs->slots[i].id == 0)
            return &runs->slots[i];
    return runs->used < runs->max ? &runs->slots[runs->used++] : NULL;
}

static void create(struct engine *engine, struct engine_run *run, const struct engine_run_start *start)
{
    memset(run, 0, sizeof(*run));
    run->id = engine->runs->next_run++;
    run->start = *start;
    run_init(run->id, engine->batch.now_ms, start->first_stage, start->version_key, start->is_fixed,
             &run->after);
    run->before = run->after;
    run->has_row = run->is_new = true;
    struct batch_row *row = add_row(engine, run, ROW_RUN);
    row->is_new = true;
    row->token = start->token;
    row = add_row(engine, run, ROW_RUN_TRACE);
    row->token = start->token;
    row->run_trace = (struct run_trace){.kind = RUN_TRACE_PHASE, .a = RUN_QUEUED, .b = start->first_stage};
}

static bool is_under_way(const struct engine *engine, uint64_t pipeline)
{
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;)
        if (run->start.pipeline == pipeline && !run_phase_is_terminal(run->after.phase))
            return true;
    return false;
}

void runs_accept(struct engine *engine, const struct input *input)
{
    const struct engine_run_start *start = &input->run_start;
    const struct engine_run *same = same_version(engine, start);
    struct engine_run *run = same == NULL ? free_run(engine) : NULL;
    uint8_t task = 0;
    enum engine_answer refusal = run == NULL ? ENGINE_FULL : together_refusal(engine, start, &task);

    /* Who waits behind another run of its pipeline may meet nobody any more at its turn. */
    if (refusal == ENGINE_CONFLICT && is_under_way(engine, start->pipeline))
        refusal = ENGINE_DONE;

    if (same != NULL) {
        engine_answer(engine, input->token, ENGINE_ALREADY, same->id);
    } else if (refusal != ENGINE_DONE) {
        engine_answer(engine, input->token, refusal, run == NULL ? 0 : task + UINT64_C(1));
    } else {
        create(engine, run, start);
        engine_answer(engine, input->token, ENGINE_DONE, run->id);
        next_of(engine, start->pipeline);
    }
}

/* Whose deployment is it? By hand somebody may have started it before, and several runs attached to it. */
void runs_deployment_changed(struct engine *engine, const struct engine_slot *slot)
{
    struct run_event event = {.kind = RUN_EVENT_DEPLOYMENT,
                              .has_ended = phase_is_terminal(slot->after.phase),
                              .falls = slot->after.ending != ENDING_PASSED &&
                                       (slot->after.phase == PHASE_ROLLING_BACK || slot->after.is_escalated),
                              .is_escalated =
                                  slot->after.is_escalated && !phase_is_terminal(slot->after.phase),
                              .exit_code = (uint8_t)deployment_exit_code(&slot->after)};
    uint32_t index = 0;

    for (struct engine_run *run = NULL; (run = runs_next(engine, &index)) != NULL;)
        for (uint8_t task = 0; task < run->start.plan->task_count; task++) {
            event.task = task;
            if (run->after.tasks[task].deployment == slot->id)
                runs_event(engine, run, &event, 0);
        }
}
