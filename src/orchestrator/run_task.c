/* run_task.c - one task of a run: its tries, its wait, its deployment, its end.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/deployment.h"
#include "orchestrator/run_machine.h"

#include <assert.h>
#include <stddef.h>

static const struct run_plan_task *planned(const struct run_machine *machine, uint8_t task)
{
    return &machine->plan->tasks[task];
}

static const struct run_plan_stage *stage_of(const struct run_machine *machine)
{
    return &machine->plan->stages[machine->state->stage];
}

void run_machine_trace(struct run_machine *machine, enum run_trace_kind kind, uint32_t a, uint32_t b)
{
    struct run_decision *decision = machine->decision;

    assert(decision->trace_count < RUN_TRACES_MAX);
    decision->traces[decision->trace_count++] = (struct run_trace){.kind = kind, .a = a, .b = b};
    decision->is_durable = true;
}

static void act(struct run_machine *machine, enum run_action_kind kind, uint8_t task)
{
    struct run_decision *decision = machine->decision;
    const struct run_task *of = &machine->state->tasks[task];

    assert(decision->action_count < RUN_ACTIONS_MAX);
    decision->actions[decision->action_count++] =
        (struct run_action){.kind = kind, .task = task, .tries = of->tries, .deployment = of->deployment};
}

void run_task_enter(struct run_machine *machine, uint8_t task, enum run_task_phase phase, int64_t at_ms)
{
    struct run_task *of = &machine->state->tasks[task];

    assert(!run_task_is_over(of->phase));
    if (of->phase == TASK_AWAITING)
        of->cause = CAUSE_NONE; /* whether people were reminded is history */
    of->phase = phase;
    of->at_ms = at_ms;
    run_machine_trace(machine, RUN_TRACE_TASK, task, phase);
}

/* The runner ends a command at its limit and then says so. */
static int64_t try_deadline(const struct run_machine *machine, uint8_t task)
{
    return machine->event->now_ms + planned(machine, task)->limit_ms + RUN_COMMAND_SLACK_MS;
}

void run_task_start(struct run_machine *machine, uint8_t task)
{
    switch (planned(machine, task)->kind) {
    case RUN_TASK_COMMAND:
        machine->state->tasks[task].tries = 1;
        run_task_enter(machine, task, TASK_RUNNING, try_deadline(machine, task));
        act(machine, RUN_ACTION_COMMAND, task);
        return;
    case RUN_TASK_AWAIT:
        run_task_enter(machine, task, TASK_AWAITING,
                       machine->event->now_ms + planned(machine, task)->limit_ms);
        return;
    case RUN_TASK_DEPLOY:
        run_task_enter(machine, task, TASK_RUNNING, DEPLOYMENT_NEVER);
        machine->state->is_fixed = true;
        act(machine, RUN_ACTION_DEPLOY, task);
        return;
    }
}

static void fail(struct run_machine *machine, uint8_t task, enum run_cause cause)
{
    if (stage_of(machine)->on_failure == RUN_OUTCOME_ASK)
        run_task_enter(machine, task, TASK_ASKING, machine->event->now_ms + stage_of(machine)->ask_limit_ms);
    else
        run_task_enter(machine, task, TASK_FAILED, DEPLOYMENT_NEVER);
    machine->state->tasks[task].cause = (uint8_t)cause;
}

/* The first digest is the artifact's, unless a deployment began without any: what passed one environment is
 * what enters the next. */
static bool takes_digest(struct run_machine *machine)
{
    struct run_state *state = machine->state;
    uint64_t version_key = machine->event->version_key;

    if (version_key == 0 || version_key == state->version_key)
        return true;
    if (state->is_fixed)
        return false;
    state->is_fixed = true;
    state->version_key = version_key;
    return true;
}

static void finish(struct run_machine *machine, uint8_t task)
{
    if (takes_digest(machine))
        run_task_enter(machine, task, TASK_DONE, DEPLOYMENT_NEVER);
    else
        fail(machine, task, CAUSE_DIGEST);
}

static int64_t pause_after(uint16_t tries)
{
    int64_t pause_ms = RUN_BACKOFF_FIRST_MS;

    for (uint16_t i = 1; i < tries && pause_ms < RUN_BACKOFF_MAX_MS; i++)
        pause_ms *= 2;
    return pause_ms < RUN_BACKOFF_MAX_MS ? pause_ms : RUN_BACKOFF_MAX_MS;
}

static void rest(struct run_machine *machine, uint8_t task)
{
    uint16_t tries = machine->state->tasks[task].tries;

    run_task_enter(machine, task, TASK_RESTING, machine->event->now_ms + pause_after(tries));
    run_machine_trace(machine, RUN_TRACE_TRY, task, tries);
}

static void fail_try(struct run_machine *machine, uint8_t task, enum run_cause cause)
{
    const struct run_task *of = &machine->state->tasks[task];
    bool is_repeatable = cause == CAUSE_COMMAND || planned(machine, task)->repeat == REPEAT_IDEMPOTENT;

    if (!is_repeatable || of->tries >= planned(machine, task)->tries_max) {
        fail(machine, task, cause);
        return;
    }
    rest(machine, task);
}

/* What could not begin changed nothing, and waits for its turn where it has the patience. */
static void try_later(struct run_machine *machine, uint8_t task)
{
    int64_t patience_ms = planned(machine, task)->patience_ms;
    bool is_patient = machine->event->now_ms < machine->state->stage_entered_ms + patience_ms;

    if (is_patient && machine->state->tasks[task].tries < UINT16_MAX)
        rest(machine, task);
    else
        fail_try(machine, task, CAUSE_COMMAND);
}

static void end_try(struct run_machine *machine, uint8_t task, enum run_result result)
{
    switch (result) {
    case RUN_RESULT_DONE:
        finish(machine, task);
        return;
    case RUN_RESULT_SKIPPED:
        run_task_enter(machine, task, TASK_SKIPPED, DEPLOYMENT_NEVER);
        return;
    case RUN_RESULT_AGAIN:
        try_later(machine, task);
        return;
    case RUN_RESULT_FAILED:
        fail_try(machine, task, CAUSE_COMMAND);
        return;
    case RUN_RESULT_UNKNOWN:
        fail_try(machine, task, CAUSE_UNKNOWN);
        return;
    case RUN_RESULT_STILL:
        return;
    }
}

/* While it is being stopped every end is one; only "not yet" and "nobody knows" are none. */
void run_task_result(struct run_machine *machine, uint8_t task)
{
    const struct run_task *of = &machine->state->tasks[task];
    enum run_result result = machine->event->result;
    bool has_ended = result != RUN_RESULT_STILL && result != RUN_RESULT_UNKNOWN;

    if (planned(machine, task)->kind != RUN_TASK_COMMAND || of->tries != machine->event->tries)
        return;
    if (of->phase == TASK_RUNNING)
        end_try(machine, task, result);
    else if (of->phase == TASK_STOPPING && has_ended)
        run_task_enter(machine, task, TASK_STOPPED, DEPLOYMENT_NEVER);
}

static void try_again(struct run_machine *machine, uint8_t task)
{
    machine->state->tasks[task].tries++;
    run_task_enter(machine, task, TASK_RUNNING, try_deadline(machine, task));
    act(machine, RUN_ACTION_COMMAND, task);
}

static void end_silence(struct run_machine *machine, uint8_t task)
{
    if (planned(machine, task)->passes_silent)
        run_task_enter(machine, task, TASK_DONE, DEPLOYMENT_NEVER);
    else
        fail(machine, task, CAUSE_SILENCE);
}

static void stop_again(struct run_machine *machine, uint8_t task)
{
    if (machine->event->now_ms >= machine->state->stop_limit_ms) {
        run_machine_trace(machine, RUN_TRACE_GIVEN_UP, task, 0);
        run_task_enter(machine, task, TASK_STOPPED, DEPLOYMENT_NEVER);
        return;
    }
    machine->state->tasks[task].at_ms = machine->event->now_ms + RUN_CANCEL_AGAIN_MS;
    act(machine, RUN_ACTION_CANCEL, task);
}

static void lose_try(struct run_machine *machine, uint8_t task)
{
    fail_try(machine, task, CAUSE_UNKNOWN);
}

static void end_question(struct run_machine *machine, uint8_t task)
{
    run_task_enter(machine, task, TASK_FAILED, DEPLOYMENT_NEVER);
}

/* The other phases have no time of their own. */
static void (*const due[TASK_PHASE_COUNT])(struct run_machine *, uint8_t) = {
    [TASK_RUNNING] = lose_try,    [TASK_RESTING] = try_again,   [TASK_AWAITING] = end_silence,
    [TASK_ASKING] = end_question, [TASK_STOPPING] = stop_again,
};

static int64_t reminder_ms(const struct run_plan *plan, const struct run_state *state, uint8_t task)
{
    const struct run_task *of = &state->tasks[task];
    bool is_wanted = of->phase == TASK_AWAITING && plan->tasks[task].need > 0 && of->cause == CAUSE_NONE;

    return is_wanted ? of->at_ms - plan->tasks[task].limit_ms / 2 : DEPLOYMENT_NEVER;
}

int64_t run_task_due_ms(const struct run_plan *plan, const struct run_state *state, uint8_t task)
{
    int64_t at_ms = run_task_is_over(state->tasks[task].phase) ? DEPLOYMENT_NEVER : state->tasks[task].at_ms;
    int64_t remind_ms = reminder_ms(plan, state, task);

    return remind_ms < at_ms ? remind_ms : at_ms;
}

static void remind(struct run_machine *machine, uint8_t task)
{
    machine->state->tasks[task].cause = CAUSE_SILENCE;
    run_machine_trace(machine, RUN_TRACE_REMINDED, task, planned(machine, task)->need);
}

void run_task_tick(struct run_machine *machine, uint8_t task)
{
    const struct run_task *of = &machine->state->tasks[task];

    if (machine->event->now_ms < of->at_ms) {
        if (machine->event->now_ms >= reminder_ms(machine->plan, machine->state, task))
            remind(machine, task);
        return;
    }
    assert(due[of->phase] != NULL);
    due[of->phase](machine, task);
}

static void stop_running(struct run_machine *machine, uint8_t task)
{
    if (planned(machine, task)->kind == RUN_TASK_COMMAND) {
        run_task_enter(machine, task, TASK_STOPPING, machine->event->now_ms + RUN_CANCEL_AGAIN_MS);
        act(machine, RUN_ACTION_CANCEL, task);
    } else if (machine->state->tasks[task].deployment != 0) {
        run_task_enter(machine, task, TASK_STOPPING, DEPLOYMENT_NEVER);
        act(machine, RUN_ACTION_ABORT, task);
    } else {
        run_task_enter(machine, task, TASK_STOPPED, DEPLOYMENT_NEVER);
    }
}

void run_task_stop(struct run_machine *machine, uint8_t task)
{
    const struct run_task *of = &machine->state->tasks[task];

    switch (of->phase) {
    case TASK_RUNNING:
        stop_running(machine, task);
        return;
    case TASK_RESTING:
    case TASK_AWAITING:
    case TASK_ASKING:
        run_task_enter(machine, task, TASK_STOPPED, DEPLOYMENT_NEVER);
        return;
    case TASK_IDLE:
    case TASK_STOPPING:
    case TASK_DONE:
    case TASK_SKIPPED:
    case TASK_FAILED:
    case TASK_STOPPED:
    case TASK_PHASE_COUNT:
        return;
    }
}

/* The same key: the runner knows what became of it, and starts what never began. */
void run_task_recover(struct run_machine *machine, uint8_t task)
{
    struct run_task *of = &machine->state->tasks[task];

    if (planned(machine, task)->kind != RUN_TASK_COMMAND)
        return;
    if (of->phase == TASK_RUNNING) {
        of->at_ms = try_deadline(machine, task);
        act(machine, RUN_ACTION_COMMAND, task);
    } else if (of->phase == TASK_STOPPING) {
        act(machine, RUN_ACTION_CANCEL, task);
    }
}

void run_task_started(struct run_machine *machine, uint8_t task)
{
    struct run_task *of = &machine->state->tasks[task];

    of->deployment = machine->event->deployment;
    if (of->deployment == 0)
        fail(machine, task, CAUSE_REFUSED);
    machine->decision->is_durable = true;
}

static void show_escalated(struct run_machine *machine, uint8_t task)
{
    struct run_state *state = machine->state;
    const struct run_plan_stage *stage = stage_of(machine);

    state->tasks[task].is_escalated = machine->event->is_escalated;
    state->is_escalated = false;
    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        state->is_escalated = state->is_escalated || state->tasks[i].is_escalated;
}

/* The first one that goes wrong decides; whoever turns back because of it says nothing new. */
static void fall_together(struct run_machine *machine, uint8_t task)
{
    struct run_state *state = machine->state;

    if (!stage_of(machine)->is_together || !machine->event->falls || state->phase == RUN_STOPPING)
        return;
    state->failed_task = task;
    run_machine_trace(machine, RUN_TRACE_FALLS, task, 0);
}

void run_task_deployment(struct run_machine *machine, uint8_t task)
{
    struct run_state *state = machine->state;
    bool is_well = machine->event->exit_code == 0 || machine->event->exit_code == DEPLOYMENT_EXIT_TRIED;
    bool was_stopping = state->tasks[task].phase == TASK_STOPPING;

    machine->decision->is_durable = true;
    show_escalated(machine, task);
    if (!machine->event->has_ended) {
        fall_together(machine, task);
        return;
    }
    if (!is_well && (state->exit_code == 0 || task == state->failed_task))
        state->exit_code = machine->event->exit_code;
    if (is_well)
        run_task_enter(machine, task, TASK_DONE, DEPLOYMENT_NEVER);
    else if (was_stopping && task != state->failed_task)
        run_task_enter(machine, task, TASK_STOPPED, DEPLOYMENT_NEVER);
    else
        fail(machine, task, CAUSE_DEPLOYMENT);
}

/* Whose yes it is, and that nobody says it twice, is known to whoever hands it over. */
static bool is_enough(struct run_machine *machine, uint8_t task)
{
    uint8_t need = planned(machine, task)->need;

    if (need <= 1)
        return true;
    uint8_t count = ++machine->state->approvals[task];
    run_machine_trace(machine, RUN_TRACE_APPROVED, task, count);
    return count >= need;
}

static void take_yes(struct run_machine *machine, uint8_t task)
{
    bool is_asking = machine->state->tasks[task].phase == TASK_ASKING;

    if (is_asking || is_enough(machine, task))
        finish(machine, task);
}

/* The same answer twice is one; a person's no to a task that failed is its end. */
enum answer run_task_answer(struct run_machine *machine, uint8_t task)
{
    const struct run_task *of = &machine->state->tasks[task];
    bool is_yes = machine->event->result == RUN_RESULT_DONE;

    if (of->phase == TASK_AWAITING && !is_yes)
        fail(machine, task, CAUSE_ANSWER);
    else if (of->phase == TASK_ASKING && !is_yes)
        run_task_enter(machine, task, TASK_FAILED, DEPLOYMENT_NEVER);
    else if (of->phase == TASK_AWAITING || of->phase == TASK_ASKING)
        take_yes(machine, task);
    else if (planned(machine, task)->kind == RUN_TASK_AWAIT &&
             of->phase == (is_yes ? TASK_DONE : TASK_FAILED))
        return ANSWER_ALREADY;
    else
        return ANSWER_CONFLICT;
    return ANSWER_DONE;
}
