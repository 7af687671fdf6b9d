/* locks.c - who holds a lock, and who waits for it.
 * SPDX-License-Identifier: MIT */
#include "engine/locks.h"

#include "engine/admission.h"

struct engine_slot *locks_holder(const struct engine *engine, const struct engine_slot *slot)
{
    struct engine_slot *other = roster_first_of_lock(engine, slot->start.lock);

    while (other != NULL &&
           (other->start.target == slot->start.target || !phase_is_active(other->after.phase)))
        other = roster_next_of_lock(engine, other);
    return other;
}

void locks_ask(struct engine *engine, uint64_t lock)
{
    for (struct engine_slot *slot = roster_first_of_lock(engine, lock); slot != NULL;
         slot = roster_next_of_lock(engine, slot))
        admission_wake(engine, slot);
}

/* As published: what a batch under way makes of it may yet be dropped. */
uint64_t engine_lock_holder(const struct engine *engine, uint64_t deployment)
{
    const struct engine_slot *slot = roster_find(engine, deployment);

    if (slot == NULL || slot->before.phase != PHASE_QUEUED || admission_is_ungated(slot))
        return 0;
    for (const struct engine_slot *other = roster_first_of_lock(engine, slot->start.lock); other != NULL;
         other = roster_next_of_lock(engine, other))
        if (other->start.target != slot->start.target && phase_is_active(other->before.phase))
            return other->id;
    return 0;
}
