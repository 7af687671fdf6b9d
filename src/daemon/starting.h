/* starting.h - from a request to the engine's start: definition, sealed text, keys.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_STARTING_H
#define DAEMON_STARTING_H

#include "daemon/live.h"

/* What the engine needs of a live deployment. */
struct engine_start starting_fill(const struct live *live, uint64_t version_key);

/* FNV-1a over the plan's fields: another build that makes another plan of the same text is noticed. */
uint64_t starting_plan_hash(const struct definition *definition);

/* Makes the definition's plan that of a deployment of kind rollback: one route back, no gates. */
void starting_make_rollback(struct definition *definition);

/* What this deployment replaces: the stable version of a target as it will be. */
void starting_set_previous(struct live *live, const struct target_state *target);

/* The same for a deployment that a run starts, inside the engine's turn: what the engine needs, with the
 * token of a request that nobody waits for. False: refused. */
MUST_CHECK bool starting_for_run(struct daemon *daemon, const struct api_start *start,
                                 struct engine_start *ret_start, struct err *err);

/* Of struct api_env. */
void starting_deployment(void *daemon, const struct api_start *start, api_done *done, void *done_data);
void starting_rollback(struct daemon *daemon, const struct api_verb *verb, api_done *done, void *done_data);

#endif
