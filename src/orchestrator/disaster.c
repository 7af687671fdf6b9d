/* disaster.c - when the way back does not get there: people are called, and once what was declared for the
 * worst is run. SPDX-License-Identifier: MIT
 *
 * It ends nothing by itself: the way back goes on behind it where it was, and ends as any does, with stable
 * found well. No two commands run beside each other: it waits for the end of the try under way, and for the
 * end of one that may still run. */
#include "orchestrator/machine.h"

void disaster_call(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    state->limit_at_ms = DEPLOYMENT_NEVER;
    machine_escalate(machine);
    if (machine->plan->has_disaster)
        state->disaster = DISASTER_DUE;
}

bool disaster_is_under_way(const struct deployment_state *state)
{
    return state->disaster == DISASTER_SETTLING || state->disaster == DISASTER_ACTING;
}

static void act(struct machine *machine)
{
    const struct plan_part *part = &machine->plan->disaster;
    struct deployment_state *state = machine->state;

    state->batch = 0;
    state->disaster = DISASTER_ACTING;
    machine_act(machine, ACTION_COMMAND, part->reference, 0, part->limit_ms);
    machine_trace(machine, TRACE_DISASTER, state->flight.sequence, 0);
}

/* An undo that waits for its next try is still to be done; before a restart that try may have left. */
static void put_aside(struct deployment_state *state)
{
    if (state->flight.kind != ACTION_COMMAND)
        return;
    rollback_settle_later(state);
    if (state->part == ROLLBACK_UNDO && state->batch == 0)
        state->undo_next++;
}

bool disaster_takes_over(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    bool is_free = state->flight.kind == ACTION_NONE || state->flight.is_waiting;

    if (state->disaster != DISASTER_DUE || !is_free)
        return false;
    put_aside(state);
    if (rollback_settle(machine))
        state->disaster = DISASTER_SETTLING;
    else
        act(machine);
    return true;
}

static bool may_try_again(const struct machine *machine, enum result result)
{
    const struct plan_part *part = &machine->plan->disaster;
    bool may = result == RESULT_AGAIN || (result == RESULT_UNKNOWN && part->repeat == REPEAT_IDEMPOTENT);

    return may && machine->state->flight.tries + 1 < part->tries_max;
}

static void acted(struct machine *machine, enum result result)
{
    struct deployment_state *state = machine->state;

    if (may_try_again(machine, result)) {
        machine_back_off(machine);
        return;
    }
    state->disaster = DISASTER_OVER;
    state->flight = (struct flight){.kind = ACTION_NONE};
    machine_trace(machine, TRACE_DISASTER_OVER, result == RESULT_DONE, 0);
    rollback_go_on(machine);
}

void disaster_result(struct machine *machine, enum result result)
{
    if (machine->state->disaster == DISASTER_ACTING) {
        acted(machine, result);
    } else if (result != RESULT_DONE) {
        machine_back_off(machine);
    } else {
        machine->state->settle_sequence = 0;
        act(machine);
    }
}
