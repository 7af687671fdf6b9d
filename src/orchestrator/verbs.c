/* verbs.c - what people and pipelines say to a deployment; the table of the design, row by row.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/machine.h"
#include "orchestrator/stop.h"

static bool is_live(const struct machine *machine)
{
    return machine->state->phase == PHASE_RUNNING || machine->state->phase == PHASE_WATCHING;
}

static bool is_held(const struct machine *machine)
{
    return machine->state->step_state == STEP_HELD;
}

/* Held because of a FAIL that could not be taken back by itself: forward needs an override (S3). */
static bool is_doomed(const struct machine *machine)
{
    return machine->state->ending != ENDING_NONE;
}

/* A wait whose limit passed while it was held begins anew: else to resume would be to end it. */
static void renew_limit(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (state->limit_at_ms <= machine->event->now_ms)
        state->limit_at_ms = machine->event->now_ms + running_step(machine)->limit_ms;
}

static void resume_step(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    renew_limit(machine);
    state->step_state = state->resume_to;
    state->hold = HOLD_NONE;
    machine_trace(machine, TRACE_RESUMED, state->step, 0);
    if (state->flight.is_waiting)
        machine_drive_again(machine);
    else if (state->flight.kind == ACTION_NONE && state->confirmed_share != state->desired_share)
        shares_mend(machine);
    running_go_on(machine);
}

static enum answer promote_held(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    bool was_observing = state->resume_to == STEP_OBSERVING;

    if (is_doomed(machine))
        return ANSWER_CONFLICT;
    resume_step(machine);
    if (was_observing) {
        state->observed_ms = 0;
        state->passing = 0;
        state->attempt++;
        state->confirmed_ms = machine->event->now_ms;
        state->step_entered_ms = machine->event->now_ms;
        state->limit_at_ms = machine->event->now_ms + machine->plan->steps[state->step].limit_ms;
        machine_trace(machine, TRACE_STEP, state->step, state->attempt);
    }
    return ANSWER_DONE;
}

static enum answer promote(struct machine *machine)
{
    if (machine->state->phase == PHASE_PROMOTED)
        return ANSWER_ALREADY;
    if (!is_live(machine))
        return ANSWER_CONFLICT;
    if (is_held(machine))
        return promote_held(machine);
    /* What stands or falls with others goes on with them. */
    if (machine->state->together != 0 || stop_bars(machine->plan, machine->state))
        return ANSWER_CONFLICT;
    if (machine->state->step_state != STEP_OBSERVING || !running_passes(machine->plan, machine->state))
        return ANSWER_CONFLICT;
    running_pass_step(machine);
    return ANSWER_DONE;
}

static enum answer promote_full(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (state->phase == PHASE_PROMOTED ||
        (state->phase == PHASE_RUNNING && state->is_full && !is_held(machine)))
        return ANSWER_ALREADY;
    if (!is_live(machine) || machine->plan->ends_back || state->together != 0)
        return ANSWER_CONFLICT;
    machine_trace(machine, TRACE_OVERRIDE, state->step, state->attempt);
    state->ending = ENDING_NONE;
    if (state->phase == PHASE_WATCHING) {
        running_promote(machine, ENDING_OVERRIDE);
        return ANSWER_DONE;
    }
    state->is_full = true;
    gate_leave(machine);
    if (is_held(machine)) {
        state->step_state = state->resume_to;
        state->hold = HOLD_NONE;
    }
    running_go_on(machine);
    return ANSWER_DONE;
}

static enum answer hold(struct machine *machine)
{
    if (!is_live(machine))
        return ANSWER_CONFLICT;
    if (is_held(machine))
        return ANSWER_ALREADY;
    machine_hold(machine, HOLD_PERSON, UINT8_MAX);
    return ANSWER_DONE;
}

static enum answer resume(struct machine *machine)
{
    if (!is_live(machine))
        return ANSWER_CONFLICT;
    if (!is_held(machine))
        return ANSWER_ALREADY;
    if (is_doomed(machine))
        return ANSWER_CONFLICT;
    resume_step(machine);
    return ANSWER_DONE;
}

static enum answer cancel(struct machine *machine, enum ending ending)
{
    machine->state->ending = ending;
    machine->state->flight = (struct flight){.kind = ACTION_NONE};
    machine_enter_phase(machine, PHASE_CANCELLED);
    return ANSWER_DONE;
}

static enum answer take_back(struct machine *machine, enum ending ending)
{
    switch (machine->state->phase) {
    case PHASE_QUEUED:
    case PHASE_ADMITTING:
        return cancel(machine, ending);
    case PHASE_RUNNING:
    case PHASE_WATCHING:
        if (is_held(machine) && is_doomed(machine) && rollback_is_past_return(machine))
            return ANSWER_ALREADY;
        rollback_start(machine, ending);
        return ANSWER_DONE;
    case PHASE_ROLLING_BACK:
        return ANSWER_ALREADY;
    case PHASE_PROMOTED:
    case PHASE_ROLLED_BACK:
    case PHASE_REJECTED:
    case PHASE_CANCELLED:
    case PHASE_SUPERSEDED:
    case PHASE_COUNT:
        break;
    }
    return ANSWER_CONFLICT;
}

void verb_fall(struct machine *machine)
{
    (void)take_back(machine, ENDING_FELL);
}

static enum answer take_back_past(struct machine *machine)
{
    if (is_live(machine))
        machine->state->past_no_return = true;
    return take_back(machine, ENDING_TAKEN_BACK);
}

/* Another system's word is nobody's to give. */
static bool asks_people(const struct machine *machine)
{
    return is_live(machine) && machine->state->step_state == STEP_WAITING &&
           running_step(machine)->kind == STEP_APPROVE;
}

static enum answer approve(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (!asks_people(machine))
        return ANSWER_CONFLICT;
    state->approvals++;
    machine_trace(machine, TRACE_APPROVED, state->approvals, 0);
    running_go_on(machine);
    return ANSWER_DONE;
}

static enum answer reject(struct machine *machine)
{
    if (!asks_people(machine))
        return ANSWER_CONFLICT;
    machine_trace(machine, TRACE_REJECTED, machine->state->step, 0);
    gate_shut(machine);
    return ANSWER_DONE;
}

static enum answer mute(struct machine *machine)
{
    uint32_t bit = UINT32_C(1) << (machine->event->rule % PLAN_RULES_MAX);

    if (!is_live(machine) || machine->event->rule >= machine->plan->rule_count)
        return ANSWER_CONFLICT;
    if ((machine->state->muted & bit) != 0)
        return ANSWER_ALREADY;
    machine->state->muted |= bit;
    machine_trace(machine, TRACE_MUTED, machine->event->rule, 0);
    return ANSWER_DONE;
}

void verb_end_unverified(struct machine *machine)
{
    machine->state->is_unverified = true;
    machine->state->flight = (struct flight){.kind = ACTION_NONE};
    machine_trace(machine, TRACE_ADOPTED, 0, 0);
    machine_enter_phase(machine, PHASE_ROLLED_BACK);
}

static enum answer adopt(struct machine *machine)
{
    const struct deployment_state *state = machine->state;

    if (state->phase != PHASE_ROLLING_BACK || !state->is_escalated)
        return ANSWER_CONFLICT;
    verb_end_unverified(machine);
    return ANSWER_DONE;
}

enum answer verb_step(struct machine *machine)
{
    switch (machine->event->verb) {
    case VERB_PROMOTE:
        return promote(machine);
    case VERB_PROMOTE_FULL:
        return promote_full(machine);
    case VERB_HOLD:
        return hold(machine);
    case VERB_RESUME:
        return resume(machine);
    case VERB_ABORT:
        return take_back(machine, ENDING_ABORTED);
    case VERB_ROLLBACK:
        return take_back(machine, ENDING_TAKEN_BACK);
    case VERB_ROLLBACK_PAST:
        return take_back_past(machine);
    case VERB_APPROVE:
        return approve(machine);
    case VERB_REJECT:
        return reject(machine);
    case VERB_MUTE:
        return mute(machine);
    case VERB_ADOPT:
        return adopt(machine);
    case VERB_COUNT:
        break;
    }
    return ANSWER_CONFLICT;
}
