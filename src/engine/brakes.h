/* brakes.h - what stops when too much fails, of a service or of the fleet; for the engine's own files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_BRAKES_H
#define ENGINE_BRAKES_H

#include "engine/engine_state.h"

/* Why nothing begins there, ENGINE_FROZEN or ENGINE_BRAKED, by itself or by the fleet; or ENGINE_DONE. */
enum engine_answer brakes_refusal(const struct engine *engine, const struct target_state *target);

/* Nothing of it goes forward now. */
bool brakes_stop(const struct engine *engine, const struct engine_slot *slot);
/* ... but it was so, and it was not told yet. */
bool brakes_let_go(const struct engine *engine, const struct engine_slot *slot);

/* A deployment failed: it is counted, and where that is enough a brake closes. */
void brakes_fell(struct engine *engine, struct engine_slot *slot);

/* With this one as many services failed just now as close the fleet's brake. */
bool brakes_are_shared(const struct engine *engine, const struct engine_slot *slot);

/* And nothing is counted any more. */
void brakes_open(struct target_state *target);

/* What waits there, or everywhere, is looked at. */
void brakes_wake(struct engine *engine, uint32_t target);

#endif
