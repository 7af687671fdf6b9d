/* barrier.c - deployments that stand or fall together: where one waits, and how it goes on.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/barrier.h"

#include "orchestrator/machine.h"

/* The one before its next step. */
static enum barrier next_barrier(const struct plan *plan, const struct deployment_state *state)
{
    uint8_t next = running_next(state);

    if (next >= plan->count)
        return BARRIER_END;
    if (state->is_stopped)
        return BARRIER_NONE;
    const struct plan_step *step = &plan->steps[next];
    bool is_more = step->kind == STEP_ROUTE || step->kind == STEP_REPLACE ||
                   (step->kind == STEP_MIRROR && step->share > 0);
    return is_more ? BARRIER_STEP : BARRIER_NONE;
}

bool barrier_step_is_over(const struct plan *plan, const struct deployment_state *state)
{
    if (state->step_state == STEP_OBSERVING)
        return state->observed_ms >= plan->steps[state->step].duration_ms && running_passes(plan, state);
    return state->step_state == STEP_IDLE;
}

enum barrier barrier_of(const struct plan *plan, const struct deployment_state *state)
{
    bool is_under_way = state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;

    if (state->together == 0 || state->flight.kind != ACTION_NONE)
        return BARRIER_NONE;
    if (state->phase == PHASE_ADMITTING)
        return state->is_stopped ? BARRIER_NONE : BARRIER_BEGIN;
    return is_under_way && barrier_step_is_over(plan, state) ? next_barrier(plan, state) : BARRIER_NONE;
}

bool barrier_waits(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (state->together == 0 || next_barrier(machine->plan, state) == BARRIER_NONE)
        return false;
    state->step_state = STEP_IDLE;
    state->limit_at_ms = DEPLOYMENT_NEVER;
    return true;
}

void barrier_opens(struct machine *machine)
{
    if (barrier_of(machine->plan, machine->state) == BARRIER_NONE)
        return;
    if (machine->state->phase == PHASE_ADMITTING) {
        machine_enter_phase(machine, PHASE_RUNNING);
        running_go_on(machine);
    } else if (machine->state->step_state == STEP_OBSERVING) {
        running_pass_step(machine);
    } else {
        running_next_step(machine);
    }
}
