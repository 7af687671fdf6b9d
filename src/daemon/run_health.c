/* run_health.c - a smoke test of what serves in an environment, for nobody's deployment.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_health.h"

#include "daemon/acting.h"
#include "daemon/starting.h"
#include "io/memory.h"

#include <stdlib.h>

struct run_health {
    struct live *live;
    void (*over)(void *data, bool is_good, const char *why);
    void *data;
};

static void ended(void *data, enum result result, const char *why)
{
    struct run_health *health = data;
    const struct run_health told = *health;

    live_free(health->live);
    free(health);
    told.over(told.data, result == RESULT_DONE, why);
}

/* As the way back of a deployment there would ask. */
static struct action question(const struct definition *definition, uint64_t number)
{
    return (struct action){.kind = ACTION_VERIFY,
                           .sequence = (uint32_t)number,
                           .reference = 0,
                           .batch = (uint16_t)definition->host_count};
}

struct run_health *run_health_start(struct daemon *daemon, const char *sealed, uint64_t number,
                                    void (*over)(void *data, bool is_good, const char *why), void *data,
                                    struct err *err)
{
    struct definition *definition = config_unseal(sealed, &daemon->schemas, err);

    if (definition == NULL)
        return NULL;
    struct run_health *health = memory_take_array(1, sizeof(*health));
    struct live *live = live_new(daemon, definition, memory_copy_text(sealed));
    uint32_t target =
        journal_target(daemon->journal, live->definition->service, live->definition->environment);
    const struct target_state *now = target == 0 ? NULL : engine_target(daemon->engine, target);
    struct deployment_state state = {.phase = PHASE_ROLLING_BACK};

    starting_set_previous(live, now);
    if (now != NULL && now->has_stable && now->stable_slot < live->definition->slot_count)
        state.slot = state.stable_slot = now->stable_slot;
    *health = (struct run_health){.live = live, .over = over, .data = data};
    const struct action action = question(live->definition, number);
    struct acting *acting = acting_new(live, &state, &action);
    acting->told = ended;
    acting->told_data = health;
    acting_smoke(live, acting, false);
    return health;
}
