/* stop.c - where a deployment waits for the end of a freeze or a brake.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/stop.h"

#include "orchestrator/barrier.h"
#include "orchestrator/machine.h"

/* Routes of a plan rise, and one of 0 lets testers in. */
static bool goes_forward(const struct plan_step *step)
{
    if (step->kind == STEP_MIRROR)
        return step->share > 0;
    return step->kind != STEP_OBSERVE;
}

/* A batch of hosts in work is ended; its end is none of a step. */
bool stop_bars(const struct plan *plan, const struct deployment_state *state)
{
    uint8_t next = running_next(state);

    if (!state->is_stopped || state->batch > 0)
        return false;
    if (state->attempt > 0 && replace_has_left(plan, state))
        return true;
    return next < plan->count && goes_forward(&plan->steps[next]);
}

bool stop_holds(const struct plan *plan, const struct deployment_state *state)
{
    bool is_under_way = state->phase == PHASE_RUNNING || state->phase == PHASE_WATCHING;

    return is_under_way && state->flight.kind == ACTION_NONE && barrier_step_is_over(plan, state) &&
           stop_bars(plan, state);
}

bool stop_waits(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (!stop_bars(machine->plan, state))
        return false;
    state->step_state = STEP_IDLE;
    state->limit_at_ms = DEPLOYMENT_NEVER;
    return true;
}
