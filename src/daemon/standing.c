/* standing.c - a deployment in memory that the engine knows nothing of: one side, the version that serves.
 * SPDX-License-Identifier: MIT */
#include "daemon/standing.h"

#include "io/memory.h"

#include <stdio.h>
#include <string.h>

/* NULL: nothing serves, or no rule asks for its past. */
static struct definition *resolve(struct daemon *daemon, uint32_t target)
{
    const char *service = NULL;
    const char *environment = NULL;
    struct err err = {0};

    if (!journal_target_names(daemon->journal, target, &service, &environment))
        return NULL;
    struct definition *definition =
        config_resolve(daemon->config, service, environment, NULL, daemon->settings->is_record, &err);
    if (definition == NULL || side_wants_past(definition))
        return definition;
    definition_free(definition);
    return NULL;
}

/* One side alone: what has a version or a slot has that of what serves, and stable is nobody. */
static void begin(struct daemon *daemon, const struct target_state *target, struct definition *definition)
{
    const struct deployment_state state = {.slot = target->stable_slot, .stable_slot = target->stable_slot};
    const char *version = "";
    const char *digest = "";

    if (!journal_version(daemon->journal, target->stable_version_key, &version, &digest)) {
        definition_free(definition);
        return;
    }
    struct live *live = live_new(daemon, definition, memory_copy_text(""));
    live->is_standing = true;
    live->target = target->id;
    live->previous_key = target->stable_version_key;
    live->standing_slot = target->stable_slot;
    (void)snprintf(live->version, sizeof(live->version), "%s", version);
    live_watch(live, &state);
}

static void update(struct daemon *daemon, uint32_t target, bool is_anew)
{
    const struct target_state *state = engine_target(daemon->engine, target);
    struct live *before = live_find_watched(daemon, target, true);
    bool is_wanted = !daemon->is_stopping && state != NULL && state->has_stable &&
                     live_find_watched(daemon, target, false) == NULL;
    bool is_same = before != NULL && is_wanted && !is_anew &&
                   before->previous_key == state->stable_version_key &&
                   before->standing_slot == state->stable_slot;

    if (is_same)
        return;
    struct definition *definition = is_wanted ? resolve(daemon, target) : NULL;
    if (definition != NULL)
        begin(daemon, state, definition);
    if (before != NULL)
        live_free(before);
}

void standing_update(struct daemon *daemon, uint32_t target)
{
    update(daemon, target, false);
}

static void update_named(void *data, const char *service, const char *environment)
{
    struct daemon *daemon = data;

    update(daemon, journal_target(daemon->journal, service, environment), true);
}

void standing_update_all(struct daemon *daemon)
{
    struct live *next = NULL;

    for (struct live *live = daemon->lives; live != NULL; live = next) {
        next = live->next;
        if (live->is_standing)
            live_free(live);
    }
    config_each_service(daemon->config, update_named, daemon);
}
