/* targets.h - what serves in an environment and what must not, as people say; for the engine's own files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_TARGETS_H
#define ENGINE_TARGETS_H

#include "engine/engine_state.h"

void targets_verb(struct engine *engine, const struct input *input);
void targets_thaw(struct engine *engine); /* freezes that were to end by now */

bool targets_is_quarantined(const struct target_state *target, uint64_t version_key);
/* Takes it out; ENGINE_NOT_FOUND: it was not in. */
enum engine_answer targets_clear(struct target_state *target, uint64_t version_key);

#endif
