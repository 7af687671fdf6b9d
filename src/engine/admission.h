/* admission.h - the door of a service and environment: who may start, and whose turn it is; for the engine's
 * own files.
 * SPDX-License-Identifier: MIT */
#ifndef ENGINE_ADMISSION_H
#define ENGINE_ADMISSION_H

#include "engine/engine_state.h"

void admission_start(struct engine *engine, const struct input *input);
void admission_next(struct engine *engine, uint32_t target);
/* Whose turn it is, or NULL. */
struct engine_slot *admission_owner(const struct engine *engine, uint32_t target);
/* The old slot is needed now: the way back that a promotion kept is given up. False: it is being retired. */
bool admission_end_care(struct engine *engine, uint32_t target);
void admission_ask_again(struct engine *engine, struct engine_slot *slot); /* a queued one */
/* A queued one asks again at once, in a turn of its own; others do not. */
void admission_wake(struct engine *engine, struct engine_slot *slot);
/* It ended: who comes next? */
void admission_ended(struct engine *engine, const struct engine_slot *slot);
/* Neither a window nor a freeze, a lock nor who waits is asked: ways back (S19) and people's emergencies. */
bool admission_is_ungated(const struct engine_slot *slot);
/* Of those that stand or fall together, one by one: may it be there (ENGINE_DONE)? A slot for it, or NULL;
 * and once all are there its place in the queue. */
enum engine_answer admission_refusal(struct engine *engine, const struct engine_start *start);
struct engine_slot *admission_create(struct engine *engine, const struct engine_start *start);
void admission_created(struct engine *engine, struct engine_slot *slot);
/* It waits longest, and whoever is under way makes room for it. */
bool admission_is_next(struct engine *engine, struct engine_slot *slot);
void admission_make_room(struct engine *engine, struct engine_slot *slot);
/* It could have its turn now. */
bool admission_is_free(struct engine *engine, struct engine_slot *slot);
void admission_give_turn(struct engine *engine, struct engine_slot *slot);

#endif
