/* locks.h - services that name the same lock never have two deployments under way at once; for the engine's
 * own files. SPDX-License-Identifier: MIT
 *
 * Nothing is kept: who holds a lock is read off the deployments in memory, so that a restart knows it from
 * the journal's states, and every end of a deployment gives it back. Another deployment of the same target is
 * the target's own matter (S8). Ways back and emergencies hold a lock, and wait for none (S19). */
#ifndef ENGINE_LOCKS_H
#define ENGINE_LOCKS_H

#include "engine/engine_state.h"

/* Who stands in its way, of another target; NULL: nobody does, or it names no lock. */
struct engine_slot *locks_holder(const struct engine *engine, const struct engine_slot *slot);

/* The lock may be free: all who wait are asked again, who waits longest first, each in a turn of its own. */
void locks_ask(struct engine *engine, uint64_t lock);

#endif
