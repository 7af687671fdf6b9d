/* judging.h - the rules of one deployment, judged; for the engine's own files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_JUDGING_H
#define ENGINE_JUDGING_H

#include "engine/engine_state.h"

struct rule_clock judging_clock(const struct deployment_state *state, int64_t now_ms);
/* Judges what has new values or a deadline of its own; with `all`, everything. */
void judging_judge(struct engine *engine, struct engine_slot *slot, bool all);
/* A judgement that somebody else made. */
void judging_take(struct engine *engine, struct engine_slot *slot, const struct input *input);

#endif
