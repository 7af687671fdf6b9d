/* roster.h - who is in the engine's memory: found by id and by target, and who has something to do now.
 * SPDX-License-Identifier: MIT
 *
 * For the engine's own files. A turn costs what the deployments cost that it is about, however many there
 * are: nothing here or above walks all of them, but for a gap that all slept through and for a journal that
 * hangs.
 *
 * A slot is *involved* in the batch under way when it was due, marked, or stepped for any reason; when the
 * batch is over, every involved slot gets a new place in the agenda. */
#ifndef ENGINE_ROSTER_H
#define ENGINE_ROSTER_H

#include "engine/engine.h"

struct engine_slot;
struct engine_target;

/* Places in arrays, counted from 1; 0: none. */
typedef uint32_t roster_place;

struct roster {
    uint32_t chain_mask;
    uint32_t free_first; /* places of slots that were used before */
    uint32_t involved_count, marked_count, agenda_count, touched_count;
    roster_place *chains;       /* [chain_mask + 1] by id */
    roster_place *locks;        /* [chain_mask + 1] by lock */
    roster_place *agenda;       /* [slots_max] a heap: the earliest is first */
    roster_place *involved;     /* [slots_max] in the batch under way */
    roster_place *marked;       /* [slots_max] something came for them since */
    roster_place *touched;      /* [targets_max] targets that the batch under way changes */
    struct target_state *saved; /* [targets_max] and what they were */
};

/* Bytes behind the engine, its slots and its targets; and their use. */
size_t roster_size(uint32_t deployments_max, uint32_t targets_max);
void roster_init(struct engine *engine, unsigned char *memory);

/* A zeroed slot with this id and target, or NULL where all are taken; and back. */
struct engine_slot *roster_take(struct engine *engine, uint64_t id, uint32_t target);
void roster_give(struct engine *engine, struct engine_slot *slot);

/* So many at once? */
bool roster_has_room(const struct engine *engine, uint32_t count);

/* NULL: not in memory. */
struct engine_slot *roster_find(const struct engine *engine, uint64_t id);

/* The deployments of a target, newest first. */
struct engine_slot *roster_first(const struct engine *engine, uint32_t target);
struct engine_slot *roster_next(const struct engine *engine, const struct engine_slot *slot);

/* Among those that name the same lock, once its start is known; those without one are not. */
void roster_lock(struct engine *engine, struct engine_slot *slot);
/* The deployments that name it, oldest first; of lock 0 none. */
struct engine_slot *roster_first_of_lock(const struct engine *engine, uint64_t lock);
struct engine_slot *roster_next_of_lock(const struct engine *engine, const struct engine_slot *slot);

/* It has something to do in the next turn. */
void roster_mark(struct engine *engine, struct engine_slot *slot);
void roster_involve(struct engine *engine, struct engine_slot *slot);
/* All who are marked, or whose time has come. */
void roster_involve_due(struct engine *engine, int64_t now_ms);
struct engine_slot *roster_involved(const struct engine *engine, uint32_t index);
void roster_forget_involved(struct engine *engine);

/* When it must be looked at; DEPLOYMENT_NEVER: not by itself. */
void roster_schedule(struct engine *engine, struct engine_slot *slot, int64_t at_ms);
int64_t roster_next_ms(const struct engine *engine);

/* The batch under way changes this target: what it was is kept until the batch is over. */
void roster_touch(struct engine *engine, struct engine_target *target);
/* The batch is over: kept, or as before. */
void roster_settle_targets(struct engine *engine, bool is_durable);

#endif
