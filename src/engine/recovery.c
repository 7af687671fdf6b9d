/* recovery.c - what the journal knew, back into the engine's memory before the first turn.
 * SPDX-License-Identifier: MIT */
#include "engine/stepping.h"

#include <assert.h>

void engine_recover_target(struct engine *engine, const struct target_state *target)
{
    struct engine_target *at = engine_target_at(engine, target->id);

    assert(at != NULL);
    at->state = *target;
    if ((target->is_frozen && target->thaws_ms != 0) || target->is_braked)
        engine->thaw_at_ms = 0; /* looked at first of all */
}

void engine_recover_ids(struct engine *engine, uint64_t next_deployment)
{
    engine->next_deployment = next_deployment;
}

bool engine_recover(struct engine *engine, const struct engine_start *start,
                    const struct deployment_state *state, int64_t gap_ms, bool tombstone)
{
    struct engine_slot *slot = roster_take(engine, state->id, start->target);

    if (slot == NULL)
        return false;
    slot->start = *start;
    roster_lock(engine, slot);
    slot->before = *state;
    slot->after = *state;
    slot->persisted_ms = state->last_seen_ms;
    slot->is_recovered = true;
    slot->asks_ms = DEPLOYMENT_NEVER;
    slot->gap_ms = gap_ms;
    slot->has_left = tombstone && state->ending == ENDING_NONE; /* else it is known what for */
    stepping_forget_told(slot);
    roster_mark(engine, slot);
    return true;
}
