/* rollback.c - the way back: traffic first, then what was done, in reverse, then proof that stable is well;
 * and the after-care of a promotion. Nothing here asks a metric, an approval or a rule (S19).
 * SPDX-License-Identifier: MIT */
#include "orchestrator/machine.h"

enum { CARE_TRIES_MAX = 5 };

/* A started command that old code cannot run on: people decide (the one exception of S19). */
bool rollback_is_past_return(const struct machine *machine)
{
    const struct deployment_state *state = machine->state;

    if (state->past_no_return)
        return false;
    for (uint8_t i = 0; i < machine->plan->count; i++)
        if ((state->intents & (UINT64_C(1) << i)) != 0 &&
            machine->plan->steps[i].on_rollback == ON_ROLLBACK_HOLD)
            return true;
    return false;
}

/* What a person quarantined is gone back to by a person's word alone; but where no user has the candidate
 * yet, it is only taken away. */
bool rollback_is_barred(const struct machine *machine)
{
    const struct deployment_state *state = machine->state;
    const struct plan *plan = machine->plan;
    bool has_users = plan->has_traffic || plan->host_count > 0
                         ? state->desired_share > 0 || state->confirmed_share > 0
                         : state->intents != 0;

    return state->is_stable_bad && has_users;
}

/* Said by a person, if only by starting the next emergency; or by its run, which a person started. */
static bool is_said(enum ending ending)
{
    return ending == ENDING_ABORTED || ending == ENDING_TAKEN_BACK || ending == ENDING_REPLACED ||
           ending == ENDING_FELL;
}

/* What counts for brakes. */
static bool is_fall(enum ending ending)
{
    return ending == ENDING_FAILED || ending == ENDING_NO_EVIDENCE || ending == ENDING_ACTION_FAILED;
}

/* Many services at once, and it serves everybody already: to take them all back may be worse than what they
 * share. Traffic of which stable has a part goes back at once. */
static bool is_braked(const struct machine *machine, enum ending ending)
{
    const struct deployment_state *state = machine->state;
    bool is_shared_out =
        (machine->plan->has_traffic || machine->plan->host_count > 0) && state->confirmed_share < SHARE_WHOLE;

    return machine->event->is_shared && is_fall(ending) && state->phase == PHASE_WATCHING && !is_shared_out;
}

/* Next command to undo, in reverse; false: none is left. */
static bool undo_next(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    while (state->undo_next > 0) {
        uint8_t index = plan_undo_step(machine->plan, state->undo_next);
        if (replace_back(machine, index))
            return true;
        const struct plan_step *step = &machine->plan->steps[index];
        bool was_started = (state->intents & (UINT64_C(1) << index)) != 0;
        state->undo_next--;
        if (!was_started || step->kind != STEP_COMMAND || step->undo == PLAN_NONE ||
            step->on_rollback != ON_ROLLBACK_UNDO)
            continue;
        downtime_begin(machine, step);
        machine_act(machine, ACTION_COMMAND, step->undo, 0, step->limit_ms);
        return true;
    }
    return false;
}

static bool route_back(struct machine *machine)
{
    const struct plan *plan = machine->plan;

    if (plan->has_traffic)
        machine_act(machine, ACTION_ROUTE, PLAN_NONE, 0, ROUTE_LIMIT_MS);
    else if (plan->rollback_command != PLAN_NONE)
        machine_act(machine, ACTION_COMMAND, plan->rollback_command, 0, plan->rollback_limit_ms);
    else
        return false;
    return true;
}

bool rollback_settle(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (state->settle_sequence == 0)
        return false;
    machine_act(machine, ACTION_CANCEL, state->settle_reference, 0, SETTLE_LIMIT_MS);
    return true;
}

static bool verify(struct machine *machine)
{
    if (!machine->plan->has_traffic && machine->plan->verify == PLAN_NONE)
        return false;
    machine_act(machine, ACTION_VERIFY, machine->plan->verify, 0, VERIFY_LIMIT_MS);
    return true;
}

static bool start_part(struct machine *machine)
{
    switch (machine->state->part) {
    case ROLLBACK_ROUTE:
        return route_back(machine);
    case ROLLBACK_SETTLE:
        return rollback_settle(machine);
    case ROLLBACK_UNDO:
        return undo_next(machine);
    case ROLLBACK_VERIFY:
        break;
    }
    return verify(machine);
}

/* What was verified, where there is something to verify it by, serves again. */
static void end(struct machine *machine)
{
    machine->state->flight = (struct flight){.kind = ACTION_NONE};
    downtime_end(machine);
    machine_enter_phase(machine, PHASE_ROLLED_BACK);
}

/* Starts the next action of the way back, or ends it. */
void rollback_go_on(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    while (!start_part(machine)) {
        if (state->part == ROLLBACK_VERIFY) {
            end(machine);
            return;
        }
        state->part = (enum rollback_part)(state->part + 1);
    }
}

/* Before another command begins this one has ended. One that waits for its next try as well: before a restart
 * that try may have left. */
void rollback_settle_later(struct deployment_state *state)
{
    state->settle_sequence = state->flight.sequence;
    state->settle_reference = state->flight.reference;
    state->settle_tries = state->flight.tries;
}

void rollback_start(struct machine *machine, enum ending ending)
{
    struct deployment_state *state = machine->state;

    if (state->ending == ENDING_NONE) {
        state->ending = ending;
        machine->decision->is_fall = is_fall(ending);
    }
    if (ending == ENDING_FAILED) {
        machine->decision->quarantines = true;
        machine_trace(machine, TRACE_QUARANTINE, 0, 0);
    }
    bool is_barred = rollback_is_past_return(machine) || (rollback_is_barred(machine) && !is_said(ending));
    if (is_barred || is_braked(machine, ending)) {
        machine_hold(machine, is_barred ? HOLD_ESCALATED : HOLD_BRAKE, state->failed_rule);
        machine_escalate(machine);
        return;
    }
    if (state->flight.kind == ACTION_COMMAND)
        rollback_settle_later(state);
    else
        state->batch = 0;
    state->step_state = STEP_IDLE;
    state->hold = HOLD_NONE;
    state->desired_mirror = 0;
    state->part = ROLLBACK_ROUTE;
    state->undo_next = machine->plan->count;
    state->limit_at_ms = machine->event->now_ms + machine->plan->rollback_limit_ms;
    machine_enter_phase(machine, PHASE_ROLLING_BACK);
    rollback_go_on(machine);
}

static void part_done(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (state->flight.kind == ACTION_ROUTE) {
        state->confirmed_share = 0;
        state->confirmed_mirror = 0;
        machine_trace(machine, TRACE_CONFIRMED, 0, 0);
    }
    state->flight = (struct flight){.kind = ACTION_NONE};
    if (state->part == ROLLBACK_VERIFY) {
        end(machine);
        return;
    }
    if (state->part == ROLLBACK_SETTLE) {
        state->batch = 0;
        state->settle_sequence = 0;
    }
    if (state->batch > 0)
        replace_part_done(machine);
    /* Undoing stays in its part until nothing is left. */
    if (state->part != ROLLBACK_UNDO)
        state->part = (enum rollback_part)(state->part + 1);
    if (!disaster_takes_over(machine))
        rollback_go_on(machine);
}

/* Once more later; but stable that is not well, all else being undone, is people's at once. */
static void part_failed(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;

    if (state->part == ROLLBACK_UNDO && state->batch > 0)
        replace_back_failed(machine);
    else
        machine_back_off(machine);
    if (state->part == ROLLBACK_VERIFY && result == RESULT_FAILED && state->limit_at_ms != DEPLOYMENT_NEVER)
        disaster_call(machine);
    (void)disaster_takes_over(machine);
}

void rollback_result(struct machine *machine, enum result result)
{
    machine_trace(machine, TRACE_RESULT, machine->state->flight.sequence, result);
    if (disaster_is_under_way(machine->state))
        disaster_result(machine, result);
    else if (result == RESULT_DONE)
        part_done(machine);
    else
        part_failed(machine, result);
}

void rollback_tick(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    int64_t now_ms = machine->event->now_ms;

    if (now_ms >= state->limit_at_ms)
        disaster_call(machine);
    if (disaster_takes_over(machine))
        return;
    if (state->flight.is_waiting && now_ms >= state->flight.retry_ms)
        machine_drive_again(machine);
    else if (!state->flight.is_waiting && now_ms >= state->flight.deadline_ms)
        rollback_result(machine, RESULT_UNKNOWN);
}

/* Somebody gave the candidate traffic again while we were busy undoing: traffic comes first. */
void rollback_drift(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (machine->event->share == 0 || state->part == ROLLBACK_ROUTE || !machine->plan->has_traffic)
        return;
    if (machine->event->share != state->confirmed_share)
        machine_trace(machine, TRACE_DRIFT, machine->event->share, state->confirmed_share);
    state->confirmed_share = machine->event->share;
    if (disaster_is_under_way(state) || (state->flight.kind == ACTION_COMMAND && !state->flight.is_waiting))
        return;
    /* An undo that waits for its next try is still to be done. */
    if (state->part == ROLLBACK_UNDO) {
        state->undo_next++;
        rollback_settle_later(state);
    }
    state->part = ROLLBACK_ROUTE;
    rollback_go_on(machine);
}

void care_tick(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    int64_t now_ms = machine->event->now_ms;

    if (state->care == CARE_DUE && now_ms >= state->care_at_ms) {
        state->care = CARE_ACTING;
        machine_act(machine, ACTION_COMMAND, machine->plan->retire, 0, CARE_LIMIT_MS);
        return;
    }
    if (state->care != CARE_ACTING)
        return;
    if (state->flight.is_waiting && now_ms >= state->flight.retry_ms)
        machine_drive_again(machine);
    else if (!state->flight.is_waiting && now_ms >= state->flight.deadline_ms)
        care_result(machine, RESULT_UNKNOWN);
}

static void care_ends(struct machine *machine, bool is_retired)
{
    machine->state->care = CARE_DONE;
    machine->state->flight = (struct flight){.kind = ACTION_NONE};
    machine_trace(machine, TRACE_RETIRED, is_retired, 0);
}

void care_result(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;
    bool is_final = result == RESULT_UNKNOWN && machine->plan->retire_repeat == REPEAT_UNSAFE;

    machine_trace(machine, TRACE_RESULT, state->flight.sequence, result);
    if (result == RESULT_DONE)
        care_ends(machine, true);
    else if (!is_final && state->flight.tries + 1 < CARE_TRIES_MAX)
        machine_back_off(machine);
    else
        care_ends(machine, false);
}

void care_over(struct machine *machine)
{
    if (machine->state->care == CARE_DUE)
        care_ends(machine, false);
}
