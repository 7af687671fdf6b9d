/* oracle_locks.c - services that name the same lock: never two deployments under way at once, but for those
 * that nothing gates. SPDX-License-Identifier: MIT */
#include "tests/simulation/oracle_parts.h"

#include "tests/simulation/world.h"

#include <string.h>

static const char *lock_of(struct world *world, uint64_t deployment)
{
    return world->playbook->plays[ledger_find(world, deployment)->play].definition->lock;
}

/* Whoever of another site holds the lock; 0: nobody does, or it has none. */
static uint64_t holder_of(struct world *world, uint64_t deployment)
{
    const char *lock = lock_of(world, deployment);

    for (uint64_t id = 1; lock != NULL && id <= world->oracle.highest; id++) {
        const struct oracle_history *history = oracle_history(world, id);
        if (!history->exists || !phase_is_active(history->state.phase) ||
            ledger_find(world, id)->site == ledger_find(world, deployment)->site)
            continue;
        const char *other = lock_of(world, id);
        if (other != NULL && strcmp(other, lock) == 0)
            return id;
    }
    return 0;
}

void oracle_check_lock(struct world *world, uint64_t deployment)
{
    uint64_t holder = oracle_is_ungated(world, deployment) ? 0 : holder_of(world, deployment);

    if (holder != 0)
        oracle_violate(world, "lock", deployment, "has its turn while %llu holds its lock",
                       (unsigned long long)holder);
}

bool oracle_waits_for_lock(struct world *world, uint64_t deployment)
{
    return !oracle_is_ungated(world, deployment) && holder_of(world, deployment) != 0;
}
