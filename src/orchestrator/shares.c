/* shares.c - what the candidate has, of the users and of copies: read back, and mended where it is not as it
 * was asked for. SPDX-License-Identifier: MIT */
#include "orchestrator/machine.h"

/* Copies are judged from the first one on, as users' requests are. */
void shares_confirm(struct machine *machine)
{
    struct deployment_state *state = machine->state;
    bool is_mirror = state->flight.kind == ACTION_MIRROR;

    if (!is_mirror)
        state->confirmed_share = state->flight.share;
    state->confirmed_mirror = is_mirror ? state->flight.share : 0; /* a route ends the copies */
    if (state->routed_ms == DEPLOYMENT_NEVER && state->flight.share > 0)
        state->routed_ms = machine->event->now_ms;
    machine_trace(machine, is_mirror ? TRACE_MIRRORED : TRACE_CONFIRMED, state->flight.share, 0);
}

/* Users first; then the copies that ended with a route to stable begin again. */
void shares_mend(struct machine *machine)
{
    const struct deployment_state *state = machine->state;

    if (state->confirmed_share != state->desired_share)
        machine_act(machine, ACTION_ROUTE, PLAN_NONE, state->desired_share, ROUTE_LIMIT_MS);
    else
        machine_act(machine, ACTION_MIRROR, PLAN_NONE, state->desired_mirror, ROUTE_LIMIT_MS);
}

/* What failed gets no copies any more, also where it could not be taken back by itself (S3). */
bool shares_are_off(const struct deployment_state *state)
{
    bool lacks_copies = state->ending == ENDING_NONE && state->confirmed_mirror < state->desired_mirror;

    return state->confirmed_share > state->desired_share || lacks_copies;
}
