/* gating.h - steps that wait for other systems: the gates of the settings, and what they are asked.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_GATING_H
#define DAEMON_GATING_H

#include "daemon/acting.h"

MUST_CHECK bool gating_open(struct daemon *daemon, struct err *err);
/* Ends what is asked just now, without a result; the actions are dropped later. */
void gating_close(struct daemon *daemon);

/* Is the deployment's gate with this index in the settings? */
bool gating_has(const struct live *live, size_t gate);

/* Asks the action's gate. */
void acting_gate(struct live *live, struct acting *acting);

/* As it was published: what it does not wait for any more is not asked any more. */
void gating_settle(struct daemon *daemon, const struct deployment_state *state);

#endif
