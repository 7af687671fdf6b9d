/* stop.h - a freeze or a brake: what is under way ends its step, and waits before the next one that goes
 * forward.
 * SPDX-License-Identifier: MIT
 *
 * Observations go on, rules judge, and ways back are not asked. To wait is held against nobody. */
#ifndef ORCHESTRATOR_STOP_H
#define ORCHESTRATOR_STOP_H

#include "orchestrator/deployment_state.h"

/* It is stopped, and what would come next goes forward. */
bool stop_bars(const struct plan *plan, const struct deployment_state *state);

/* ... and it has all that its step needs. */
bool stop_holds(const struct plan *plan, const struct deployment_state *state);

#endif
