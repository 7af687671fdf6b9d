/* new_state.h - a deployment of second 1 in a phase.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_NEW_STATE_H
#define SUPPORT_NEW_STATE_H

#include "orchestrator/deployment.h"

static inline struct deployment_state new_state(uint64_t id, enum deployment_phase phase)
{
    struct deployment_state state;

    deployment_init(id, 1000, &state);
    state.phase = phase;
    return state;
}

#endif
