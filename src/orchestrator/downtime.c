/* downtime.c - how long nothing serves, where one version takes the place of the other: from the start of the
 * command that takes it to the smoke test that passes behind it. What the command itself needs before the old
 * version stops is counted too, so that the figure is an upper bound.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/machine.h"

void downtime_begin(struct machine *machine, const struct plan_step *step)
{
    struct deployment_state *state = machine->state;

    if (!step->takes_place || state->is_down)
        return;
    state->is_down = true;
    state->down_from_ms = machine->event->now_ms;
}

void downtime_end(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    int64_t span_ms = machine->event->now_ms - state->down_from_ms;

    if (!state->is_down)
        return;
    state->is_down = false;
    state->down_from_ms = 0;
    state->down_ms += span_ms;
    machine_trace(machine, TRACE_DOWNTIME, span_ms < UINT32_MAX ? (uint32_t)span_ms : UINT32_MAX, 0);
}

static bool is_tested(const struct machine *machine)
{
    const struct plan *plan = machine->plan;

    for (uint8_t i = machine->state->step; i < plan->count; i++)
        if (plan->steps[i].kind == STEP_SMOKE)
            return true;
    return false;
}

void downtime_action_done(struct machine *machine)
{
    if (machine->state->flight.kind == ACTION_SMOKE || !is_tested(machine))
        downtime_end(machine);
}
