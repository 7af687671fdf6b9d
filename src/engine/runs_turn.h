/* runs_turn.h - the part of runs in the engine's turn (nothing where none are attached), and what they use of
 * it.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_RUNS_TURN_H
#define ENGINE_RUNS_TURN_H

#include "engine/engine_state.h"

void runs_gap(struct engine *engine, int64_t gap_ms);
void runs_begin(struct engine *engine);
void runs_due(struct engine *engine);
void runs_take(struct engine *engine, const struct input *input);
void runs_keep(struct engine *engine);
void runs_drop(struct engine *engine);
void runs_leave(struct engine *engine);
void runs_release(struct engine *engine);
int64_t runs_deadline(const struct engine *engine);
/* It ended, or escalated. */
void runs_deployment_changed(struct engine *engine, const struct engine_slot *slot);

/* What they use: engine.c and admission.c. An own answer is about a start that no input brought. */
struct input *engine_push(struct engine *engine, enum input_kind kind);
bool engine_has_room(const struct engine *engine);
void engine_answer_own(struct engine *engine, uint64_t token, enum engine_answer answer, uint64_t deployment);
/* Answers nobody; *ret_deployment is the one concerned, where there is one. */
enum engine_answer admission_try(struct engine *engine, const struct engine_start *start,
                                 uint64_t *ret_deployment);

#endif
