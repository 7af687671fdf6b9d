/* roster.c - chains, lists and the agenda, all of places in arrays that the engine's block holds.
 * SPDX-License-Identifier: MIT */
#include "engine/engine_state.h"

#include <assert.h>
#include <string.h>

static uint32_t chains_for(uint32_t deployments_max)
{
    uint32_t count = 1;

    while (count < deployments_max)
        count *= 2;
    return count;
}

size_t roster_size(uint32_t deployments_max, uint32_t targets_max)
{
    return targets_max * sizeof(struct target_state) +
           (2 * (size_t)chains_for(deployments_max) + 3 * (size_t)deployments_max + targets_max) *
               sizeof(roster_place);
}

void roster_init(struct engine *engine, unsigned char *memory)
{
    struct roster *roster = &engine->roster;
    uint32_t chain_count = chains_for(engine->slots_max);

    roster->chain_mask = chain_count - 1;
    roster->saved = (struct target_state *)(void *)memory;
    roster->chains = (roster_place *)(void *)(roster->saved + engine->targets_max);
    roster->locks = roster->chains + chain_count;
    roster->agenda = roster->locks + chain_count;
    roster->involved = roster->agenda + engine->slots_max;
    roster->marked = roster->involved + engine->slots_max;
    roster->touched = roster->marked + engine->slots_max;
}

static roster_place place_of(const struct engine *engine, const struct engine_slot *slot)
{
    return (roster_place)(slot - engine->slots) + 1;
}

static struct engine_slot *slot_at(const struct engine *engine, roster_place place)
{
    return place == 0 ? NULL : &engine->slots[place - 1];
}

/* Ids are counted up: their low bits spread evenly. */
static roster_place *chain_of(const struct engine *engine, uint64_t id)
{
    return &engine->roster.chains[id & engine->roster.chain_mask];
}

struct engine_slot *roster_find(const struct engine *engine, uint64_t id)
{
    struct engine_slot *slot = slot_at(engine, *chain_of(engine, id));

    while (slot != NULL && slot->id != id)
        slot = slot_at(engine, slot->next_in_chain);
    return slot;
}

struct engine_slot *roster_first(const struct engine *engine, uint32_t target)
{
    return slot_at(engine, engine->targets[target - 1].first);
}

struct engine_slot *roster_next(const struct engine *engine, const struct engine_slot *slot)
{
    return slot_at(engine, slot->next_of_target);
}

static roster_place *lock_chain_of(const struct engine *engine, uint64_t lock)
{
    return &engine->roster.locks[lock & engine->roster.chain_mask];
}

/* The first one from here on that names the lock. */
static struct engine_slot *of_lock(const struct engine *engine, roster_place place, uint64_t lock)
{
    struct engine_slot *slot = slot_at(engine, place);

    while (slot != NULL && slot->start.lock != lock)
        slot = slot_at(engine, slot->next_of_lock);
    return slot;
}

struct engine_slot *roster_first_of_lock(const struct engine *engine, uint64_t lock)
{
    return lock == 0 ? NULL : of_lock(engine, *lock_chain_of(engine, lock), lock);
}

struct engine_slot *roster_next_of_lock(const struct engine *engine, const struct engine_slot *slot)
{
    return of_lock(engine, slot->next_of_lock, slot->start.lock);
}

void roster_lock(struct engine *engine, struct engine_slot *slot)
{
    roster_place *at = lock_chain_of(engine, slot->start.lock);

    if (slot->start.lock == 0)
        return;
    while (*at != 0 && slot_at(engine, *at)->id < slot->id)
        at = &slot_at(engine, *at)->next_of_lock;
    slot->next_of_lock = *at;
    *at = place_of(engine, slot);
}

static struct engine_slot *free_slot(struct engine *engine)
{
    struct engine_slot *slot = slot_at(engine, engine->roster.free_first);

    if (slot != NULL)
        engine->roster.free_first = slot->next_in_chain;
    else if (engine->slots_used < engine->slots_max)
        slot = &engine->slots[engine->slots_used++];
    return slot;
}

bool roster_has_room(const struct engine *engine, uint32_t count)
{
    uint32_t room = engine->slots_max - engine->slots_used;

    for (const struct engine_slot *slot = slot_at(engine, engine->roster.free_first);
         slot != NULL && room < count; slot = slot_at(engine, slot->next_in_chain))
        room++;
    return room >= count;
}

struct engine_slot *roster_take(struct engine *engine, uint64_t id, uint32_t target)
{
    roster_place *chain = chain_of(engine, id);
    roster_place *first = &engine->targets[target - 1].first;
    struct engine_slot *slot = free_slot(engine);

    if (slot == NULL)
        return NULL;
    memset(slot, 0, sizeof(*slot));
    slot->id = id;
    slot->next_in_chain = *chain;
    slot->next_of_target = *first;
    *chain = *first = place_of(engine, slot);
    return slot;
}

/* The agenda: a binary heap of places, the parent of entry i is entry (i - 1) / 2. */

static int64_t time_at(const struct engine *engine, uint32_t index)
{
    return engine->slots[engine->roster.agenda[index] - 1].at_ms;
}

static void put(struct engine *engine, uint32_t index, roster_place place)
{
    engine->roster.agenda[index] = place;
    engine->slots[place - 1].agenda_place = index + 1;
}

static void swap(struct engine *engine, uint32_t a, uint32_t b)
{
    roster_place place = engine->roster.agenda[a];

    put(engine, a, engine->roster.agenda[b]);
    put(engine, b, place);
}

static void sift_up(struct engine *engine, uint32_t index)
{
    while (index > 0 && time_at(engine, index) < time_at(engine, (index - 1) / 2)) {
        swap(engine, index, (index - 1) / 2);
        index = (index - 1) / 2;
    }
}

static void sift_down(struct engine *engine, uint32_t index)
{
    uint32_t count = engine->roster.agenda_count;

    for (uint32_t child = 2 * index + 1; child < count; child = 2 * index + 1) {
        if (child + 1 < count && time_at(engine, child + 1) < time_at(engine, child))
            child++;
        if (time_at(engine, index) <= time_at(engine, child))
            return;
        swap(engine, index, child);
        index = child;
    }
}

static void take_off(struct engine *engine, struct engine_slot *slot)
{
    uint32_t index = slot->agenda_place - 1;
    uint32_t last = --engine->roster.agenda_count;

    slot->agenda_place = 0;
    if (index == last)
        return;
    put(engine, index, engine->roster.agenda[last]);
    sift_down(engine, index);
    sift_up(engine, index);
}

void roster_schedule(struct engine *engine, struct engine_slot *slot, int64_t at_ms)
{
    if (slot->agenda_place != 0 && slot->at_ms == at_ms)
        return;
    if (slot->agenda_place != 0)
        take_off(engine, slot);
    slot->at_ms = at_ms;
    if (at_ms == DEPLOYMENT_NEVER)
        return;
    put(engine, engine->roster.agenda_count, place_of(engine, slot));
    sift_up(engine, engine->roster.agenda_count++);
}

int64_t roster_next_ms(const struct engine *engine)
{
    return engine->roster.agenda_count == 0 ? DEPLOYMENT_NEVER : time_at(engine, 0);
}

/* Marks and the batch under way */

void roster_mark(struct engine *engine, struct engine_slot *slot)
{
    if (slot->is_marked)
        return;
    slot->is_marked = true;
    engine->roster.marked[engine->roster.marked_count++] = place_of(engine, slot);
}

void roster_involve(struct engine *engine, struct engine_slot *slot)
{
    if (slot->is_involved)
        return;
    slot->is_involved = true;
    engine->roster.involved[engine->roster.involved_count++] = place_of(engine, slot);
}

void roster_involve_due(struct engine *engine, int64_t now_ms)
{
    struct roster *roster = &engine->roster;

    for (uint32_t i = 0; i < roster->marked_count; i++) {
        struct engine_slot *slot = slot_at(engine, roster->marked[i]);
        slot->is_marked = false;
        roster_involve(engine, slot);
    }
    roster->marked_count = 0;
    while (roster_next_ms(engine) <= now_ms) {
        struct engine_slot *slot = slot_at(engine, roster->agenda[0]);
        roster_involve(engine, slot);
        roster_schedule(engine, slot, DEPLOYMENT_NEVER);
    }
}

struct engine_slot *roster_involved(const struct engine *engine, uint32_t index)
{
    return index < engine->roster.involved_count ? slot_at(engine, engine->roster.involved[index]) : NULL;
}

void roster_forget_involved(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->roster.involved_count; i++)
        engine->slots[engine->roster.involved[i] - 1].is_involved = false;
    engine->roster.involved_count = 0;
}

static void unlink_from(const struct engine *engine, roster_place *at, roster_place place,
                        roster_place *(*next)(struct engine_slot *))
{
    while (*at != place)
        at = next(slot_at(engine, *at));
    *at = *next(slot_at(engine, place));
}

static roster_place *next_in_chain(struct engine_slot *slot)
{
    return &slot->next_in_chain;
}

static roster_place *next_of_target(struct engine_slot *slot)
{
    return &slot->next_of_target;
}

static roster_place *next_of_lock(struct engine_slot *slot)
{
    return &slot->next_of_lock;
}

static void unmark(struct engine *engine, struct engine_slot *slot)
{
    struct roster *roster = &engine->roster;
    roster_place place = place_of(engine, slot);
    uint32_t kept = 0;

    if (!slot->is_marked)
        return;
    for (uint32_t i = 0; i < roster->marked_count; i++)
        if (roster->marked[i] != place)
            roster->marked[kept++] = roster->marked[i];
    roster->marked_count = kept;
}

/* Called when a batch is over and nobody is involved in one. */
void roster_give(struct engine *engine, struct engine_slot *slot)
{
    roster_place place = place_of(engine, slot);

    assert(!slot->is_involved);
    unmark(engine, slot);
    roster_schedule(engine, slot, DEPLOYMENT_NEVER);
    unlink_from(engine, chain_of(engine, slot->id), place, next_in_chain);
    unlink_from(engine, &engine->targets[slot->start.target - 1].first, place, next_of_target);
    if (slot->start.lock != 0)
        unlink_from(engine, lock_chain_of(engine, slot->start.lock), place, next_of_lock);
    slot->id = 0;
    slot->next_in_chain = engine->roster.free_first;
    engine->roster.free_first = place;
}

/* Targets */

void roster_touch(struct engine *engine, struct engine_target *target)
{
    struct roster *roster = &engine->roster;

    if (target->saved != 0)
        return;
    roster->saved[roster->touched_count] = target->state;
    roster->touched[roster->touched_count++] = (roster_place)(target - engine->targets) + 1;
    target->saved = roster->touched_count;
}

void roster_settle_targets(struct engine *engine, bool is_durable)
{
    for (uint32_t i = 0; i < engine->roster.touched_count; i++) {
        struct engine_target *target = &engine->targets[engine->roster.touched[i] - 1];
        if (!is_durable)
            target->state = engine->roster.saved[i];
        target->saved = 0;
    }
    engine->roster.touched_count = 0;
}
