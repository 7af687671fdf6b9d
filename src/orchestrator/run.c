/* run.c - the machine of runs: stages one after the other, and how a run ends.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/run.h"

#include "orchestrator/run_machine.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct run_state) <= 1024, "a run is at most 1 KiB");

#define EDGE(phase) (1U << (phase))

/* From (row) to (bits). */
static const uint32_t edges[RUN_PHASE_COUNT] = {
    [RUN_QUEUED] = EDGE(RUN_RUNNING) | EDGE(RUN_ABORTED),
    [RUN_RUNNING] = EDGE(RUN_WAITING) | EDGE(RUN_STOPPING) | EDGE(RUN_RELEASED),
    [RUN_WAITING] = EDGE(RUN_RUNNING) | EDGE(RUN_STOPPING) | EDGE(RUN_RELEASED),
    [RUN_STOPPING] = EDGE(RUN_FAILED) | EDGE(RUN_ABORTED),
};

bool run_phase_is_terminal(enum run_phase phase)
{
    return phase >= RUN_RELEASED;
}

bool run_phase_is_active(enum run_phase phase)
{
    return phase != RUN_QUEUED && !run_phase_is_terminal(phase);
}

bool run_task_is_over(enum run_task_phase phase)
{
    return phase >= TASK_DONE;
}

uint8_t run_stage_of(const struct run_plan *plan, uint8_t task)
{
    uint8_t stage = 0;

    while (stage + 1 < plan->stage_count && task >= plan->stages[stage + 1].first)
        stage++;
    return stage;
}

int run_exit_code(const struct run_state *state)
{
    if (state->phase == RUN_RELEASED)
        return 0;
    if (run_phase_is_terminal(state->phase))
        return state->exit_code == 0 ? 5 : state->exit_code;
    if (state->is_escalated)
        return 4;
    return state->phase == RUN_WAITING ? 5 : -1;
}

void run_init(uint64_t id, int64_t now_ms, uint8_t first_stage, uint64_t version_key, bool is_fixed,
              struct run_state *ret_state)
{
    memset(ret_state, 0, sizeof(*ret_state));
    ret_state->id = id;
    ret_state->phase = ret_state->goal = RUN_QUEUED;
    ret_state->stage = ret_state->first_stage = first_stage;
    ret_state->failed_task = UINT8_MAX;
    ret_state->version_key = version_key;
    ret_state->is_fixed = is_fixed;
    ret_state->phase_entered_ms = ret_state->stage_entered_ms = ret_state->last_seen_ms = now_ms;
    ret_state->stop_limit_ms = DEPLOYMENT_NEVER;
    for (size_t i = 0; i < RUN_TASKS_MAX; i++)
        ret_state->tasks[i].at_ms = DEPLOYMENT_NEVER;
}

static void enter_phase(struct run_machine *machine, enum run_phase phase)
{
    struct run_state *state = machine->state;
    bool is_legal = (edges[state->phase] & EDGE(phase)) != 0;

    assert(is_legal);
    (void)is_legal; /* the coverage build asserts nothing */
    state->phase = phase;
    state->phase_entered_ms = machine->event->now_ms;
    run_machine_trace(machine, RUN_TRACE_PHASE, phase, state->stage);
}

static const struct run_plan_stage *current_stage(const struct run_machine *machine)
{
    return &machine->plan->stages[machine->state->stage];
}

/* What takes a place of those that the stage has. */
static bool is_busy(enum run_task_phase phase)
{
    return phase == TASK_RUNNING || phase == TASK_RESTING;
}

static uint8_t count_busy(const struct run_machine *machine)
{
    const struct run_plan_stage *stage = current_stage(machine);
    uint8_t count = 0;

    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        count = (uint8_t)(count + is_busy(machine->state->tasks[i].phase));
    return count;
}

static void start_tasks(struct run_machine *machine)
{
    const struct run_plan_stage *stage = current_stage(machine);

    for (uint8_t i = stage->first; i < stage->first + stage->count; i++) {
        bool is_idle = machine->state->tasks[i].phase == TASK_IDLE;
        bool is_free =
            machine->plan->tasks[i].kind == RUN_TASK_AWAIT || count_busy(machine) < stage->parallel;
        if (is_idle && is_free)
            run_task_start(machine, i);
    }
}

static void enter_stage(struct run_machine *machine, uint8_t stage)
{
    machine->state->stage = stage;
    machine->state->stage_entered_ms = machine->event->now_ms;
    run_machine_trace(machine, RUN_TRACE_STAGE, stage, 0);
    start_tasks(machine);
}

/* The task of the stage that is in this phase, or UINT8_MAX. */
static uint8_t find_task(const struct run_machine *machine, enum run_task_phase phase)
{
    const struct run_plan_stage *stage = current_stage(machine);

    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        if (machine->state->tasks[i].phase == phase)
            return i;
    return UINT8_MAX;
}

static void settle_stop(struct run_machine *machine)
{
    if (find_task(machine, TASK_STOPPING) == UINT8_MAX)
        enter_phase(machine, machine->state->goal);
}

static void stop(struct run_machine *machine, enum run_phase goal)
{
    const struct run_plan_stage *stage = current_stage(machine);

    machine->state->goal = goal;
    machine->state->stop_limit_ms = machine->event->now_ms + RUN_STOP_LIMIT_MS;
    enter_phase(machine, RUN_STOPPING);
    for (uint8_t i = (uint8_t)(stage->first + stage->count); i > stage->first; i--)
        run_task_stop(machine, (uint8_t)(i - 1)); /* what began last goes back first */
    settle_stop(machine);
}

static bool is_stage_over(const struct run_machine *machine)
{
    const struct run_plan_stage *stage = current_stage(machine);

    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        if (!run_task_is_over(machine->state->tasks[i].phase))
            return false;
    return true;
}

static void show_waiting(struct run_machine *machine)
{
    bool is_waiting = count_busy(machine) == 0;
    enum run_phase phase = is_waiting ? RUN_WAITING : RUN_RUNNING;

    if (machine->state->phase != phase)
        enter_phase(machine, phase);
}

/* What the tasks' changes mean for the stage, and that for the run. */
static void settle(struct run_machine *machine)
{
    struct run_state *state = machine->state;
    uint8_t failed = find_task(machine, TASK_FAILED);

    if (failed != UINT8_MAX && current_stage(machine)->on_failure != RUN_OUTCOME_GO_ON)
        state->failed_task = failed;
    if (state->failed_task != UINT8_MAX) {
        stop(machine, RUN_FAILED);
        return;
    }
    if (!is_stage_over(machine)) {
        start_tasks(machine);
        show_waiting(machine);
        return;
    }
    if (state->stage + 1 == machine->plan->stage_count) {
        enter_phase(machine, RUN_RELEASED);
        return;
    }
    enter_stage(machine, (uint8_t)(state->stage + 1));
    show_waiting(machine);
}

static void settle_all(struct run_machine *machine)
{
    if (machine->state->phase == RUN_STOPPING)
        settle_stop(machine);
    else
        settle(machine);
}

static void take_turn(struct run_machine *machine)
{
    if (machine->state->phase != RUN_QUEUED)
        return;
    enter_phase(machine, RUN_RUNNING);
    enter_stage(machine, machine->state->first_stage);
}

static enum answer abort_run(struct run_machine *machine)
{
    struct run_state *state = machine->state;

    switch (state->phase) {
    case RUN_QUEUED:
        enter_phase(machine, RUN_ABORTED);
        return ANSWER_DONE;
    case RUN_RUNNING:
    case RUN_WAITING:
        stop(machine, RUN_ABORTED);
        return ANSWER_DONE;
    case RUN_STOPPING:
        return ANSWER_ALREADY;
    case RUN_RELEASED:
    case RUN_FAILED:
    case RUN_ABORTED:
    case RUN_PHASE_COUNT:
        break;
    }
    return ANSWER_CONFLICT;
}

static void each_task(struct run_machine *machine, void (*visit)(struct run_machine *machine, uint8_t task))
{
    const struct run_plan_stage *stage = current_stage(machine);

    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        visit(machine, i);
}

/* A command slept as we did, or its result waits: it keeps the time that it had. */
static void skip_gap(struct run_machine *machine, uint8_t task)
{
    struct run_task *of = &machine->state->tasks[task];

    if (of->phase == TASK_RUNNING && of->at_ms != DEPLOYMENT_NEVER)
        of->at_ms += machine->event->gap_ms;
}

static enum answer take_answer(struct run_machine *machine)
{
    if (machine->event->task >= machine->plan->task_count)
        return ANSWER_CONFLICT;
    return run_task_answer(machine, machine->event->task);
}

static void take_for_task(struct run_machine *machine)
{
    const struct run_event *event = machine->event;
    const struct run_plan_stage *stage = current_stage(machine);
    bool is_of_stage = event->task >= stage->first && event->task < stage->first + stage->count;

    if (!is_of_stage || run_task_is_over(machine->state->tasks[event->task].phase))
        return;
    if (event->kind == RUN_EVENT_RESULT)
        run_task_result(machine, event->task);
    else if (event->kind == RUN_EVENT_STARTED)
        run_task_started(machine, event->task);
    else
        run_task_deployment(machine, event->task);
}

static void take(struct run_machine *machine)
{
    struct run_decision *decision = machine->decision;

    switch (machine->event->kind) {
    case RUN_EVENT_TURN:
        take_turn(machine);
        return;
    case RUN_EVENT_TICK:
        each_task(machine, run_task_tick);
        return;
    case RUN_EVENT_GAP:
        each_task(machine, skip_gap);
        return;
    case RUN_EVENT_RECOVERED:
        each_task(machine, run_task_recover);
        return;
    case RUN_EVENT_RESULT:
    case RUN_EVENT_STARTED:
    case RUN_EVENT_DEPLOYMENT:
        take_for_task(machine);
        return;
    case RUN_EVENT_ANSWER:
        decision->answer = take_answer(machine);
        return;
    case RUN_EVENT_ABORT:
        decision->answer = abort_run(machine);
        return;
    }
}

void run_step(const struct run_plan *plan, const struct run_state *before, const struct run_event *event,
              struct run_state *ret_after, struct run_decision *ret_decision)
{
    struct run_machine machine = {.plan = plan, .event = event, .state = ret_after, .decision = ret_decision};

    assert(ret_after != before);
    *ret_after = *before;
    ret_after->last_seen_ms = event->now_ms;
    ret_decision->answer = ANSWER_NONE;
    ret_decision->is_durable = false;
    ret_decision->action_count = 0;
    ret_decision->trace_count = 0;
    take(&machine);
    if (run_phase_is_active(ret_after->phase) && ret_decision->trace_count > 0)
        settle_all(&machine);
}

int64_t run_deadline(const struct run_plan *plan, const struct run_state *state)
{
    const struct run_plan_stage *stage = &plan->stages[state->stage];
    int64_t at_ms = DEPLOYMENT_NEVER;

    if (!run_phase_is_active(state->phase))
        return at_ms;
    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        if (run_task_due_ms(plan, state, i) < at_ms)
            at_ms = run_task_due_ms(plan, state, i);
    return at_ms;
}
