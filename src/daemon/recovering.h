/* recovering.h - recovery plans: the run of one that a deployment's way back needs, and rehearsals at the
 * door.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RECOVERING_H
#define DAEMON_RECOVERING_H

#include "daemon/acting.h"
#include "orchestrator/run.h"

/* Is it the command that stands for the whole plan? */
bool recovering_is_about(const struct live *live, const struct action *action);

/* Starts the run of the plan, or finds the one that was started before, and ends the action with it. One
 * action has one run, over restarts and tries. */
void recovering_act(struct acting *acting);

/* Of an action that is forgotten while the journal is read. */
void recovering_drop(struct acting *acting);

/* A run's state is durable: who waits for its end hears of it. */
void recovering_run_changed(struct daemon *daemon, const struct run_state *state);

/* What a rehearsal is of: the version that serves where the plan is declared, or in the stand-in. False:
 * refused. The texts are the journal's. */
MUST_CHECK bool recovering_fill_rehearsal(struct daemon *daemon, struct api_run_start *start,
                                          struct err *err);

#endif
