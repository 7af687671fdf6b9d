/* approval.c - a step that asks people: once when it begins, and once more at half of its time.
 * SPDX-License-Identifier: MIT
 *
 * It has no action of its own, so that its `rounds` count how often people were asked again: durable, and
 * never twice, however often the daemon dies in between. */
#include "orchestrator/machine.h"

void approval_enter(struct machine *machine, const struct plan_step *step)
{
    struct deployment_state *state = machine->state;

    state->step_state = STEP_WAITING;
    state->approvals = 0;
    state->limit_at_ms = machine->event->now_ms + step->limit_ms;
    machine_trace(machine, TRACE_APPROVAL_WANTED, state->step, step->approvals);
}

int64_t approval_reminder_ms(const struct plan *plan, const struct deployment_state *state)
{
    const struct plan_step *step = &plan->steps[state->step];
    bool is_wanted = state->step_state == STEP_WAITING && step->kind == STEP_APPROVE && state->rounds == 0 &&
                     state->approvals < step->approvals;

    return is_wanted ? state->limit_at_ms - step->limit_ms / 2 : DEPLOYMENT_NEVER;
}

void approval_remind(struct machine *machine)
{
    struct deployment_state *state = machine->state;

    if (machine->event->now_ms < approval_reminder_ms(machine->plan, state))
        return;
    state->rounds = 1;
    machine_trace(machine, TRACE_REMINDED, state->step, running_step(machine)->approvals);
}
