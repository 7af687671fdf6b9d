/* names.c - two small tables behind a lock.
 * SPDX-License-Identifier: MIT */
#include "store/names.h"

#include "base/hash.h"
#include "io/memory.h"
#include "store/journal.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 256, TARGETS_FIRST = 64 };

void names_init(struct names *names)
{
    *names = (struct names){.version_slots = SLOTS_FIRST, .target_slots = SLOTS_FIRST};
    (void)pthread_mutex_init(&names->lock, NULL);
    names->versions = memory_take_array(SLOTS_FIRST, sizeof(struct version_name *));
    names->target_places = memory_take_array(SLOTS_FIRST, sizeof(uint32_t));
}

static void free_version(struct version_name *version)
{
    if (version == NULL)
        return;
    free(version->version);
    free(version->digest);
    free(version);
}

void names_done(struct names *names)
{
    for (size_t i = 0; i < names->target_count; i++) {
        free(names->targets[i].service);
        free(names->targets[i].environment);
    }
    free(names->targets);
    free(names->target_places);
    for (size_t i = 0; i < names->version_slots; i++)
        free_version(names->versions[i]);
    free((void *)names->versions);
    (void)pthread_mutex_destroy(&names->lock);
}

/* Where it is, or belongs. */
static uint32_t *find_place(const struct names *names, const char *service, const char *environment)
{
    size_t at = (size_t)hash_text(hash_text(HASH_BEGIN, service), environment) & (names->target_slots - 1);

    while (names->target_places[at] != 0) {
        const struct target_name *target = &names->targets[names->target_places[at] - 1];
        if (strcmp(target->service, service) == 0 && strcmp(target->environment, environment) == 0)
            break;
        at = (at + 1) & (names->target_slots - 1);
    }
    return &names->target_places[at];
}

/* The first one of a name counts. */
static void place_target(struct names *names, size_t index)
{
    uint32_t *place = find_place(names, names->targets[index].service, names->targets[index].environment);

    if (*place == 0)
        *place = (uint32_t)index + 1;
}

static void grow_places(struct names *names)
{
    free(names->target_places);
    names->target_slots *= 2;
    names->target_places = memory_take_array(names->target_slots, sizeof(uint32_t));
    for (size_t i = 0; i < names->target_count; i++)
        place_target(names, i);
}

static void append_target(struct names *names, uint32_t id, const char *service, const char *environment)
{
    if (names->target_count == names->targets_max) {
        names->targets_max = names->targets_max == 0 ? TARGETS_FIRST : 2 * names->targets_max;
        names->targets = memory_resize(names->targets, names->targets_max * sizeof(struct target_name));
    }
    names->targets[names->target_count++] = (struct target_name){
        .id = id,
        .service = memory_copy_text(service),
        .environment = memory_copy_text(environment),
    };
    if (id > names->target_highest)
        names->target_highest = id;
    if (2 * names->target_count > names->target_slots)
        grow_places(names);
    else
        place_target(names, names->target_count - 1);
}

void names_add_target(struct names *names, uint32_t id, const char *service, const char *environment)
{
    (void)pthread_mutex_lock(&names->lock);
    append_target(names, id, service, environment);
    (void)pthread_mutex_unlock(&names->lock);
}

static uint32_t find_target(const struct names *names, const char *service, const char *environment)
{
    uint32_t place = *find_place(names, service, environment);

    return place == 0 ? 0 : names->targets[place - 1].id;
}

uint32_t names_target(struct names *names, const char *service, const char *environment)
{
    (void)pthread_mutex_lock(&names->lock);
    uint32_t id = find_target(names, service, environment);
    if (id == 0 && names->target_count < JOURNAL_TARGETS_MAX) {
        id = names->target_highest + 1;
        append_target(names, id, service, environment);
    }
    (void)pthread_mutex_unlock(&names->lock);
    return id;
}

uint32_t names_target_last(struct names *names)
{
    (void)pthread_mutex_lock(&names->lock);
    uint32_t id = names->target_highest;
    (void)pthread_mutex_unlock(&names->lock);
    return id;
}

/* They are in the order of their ids, which have few gaps. */
static const struct target_name *target_of(const struct names *names, uint32_t id)
{
    size_t low = 0;
    size_t high = names->target_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->targets[middle].id == id)
            return &names->targets[middle];
        if (names->targets[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool names_of_target(struct names *names, uint32_t id, const char **ret_service, const char **ret_environment)
{
    (void)pthread_mutex_lock(&names->lock);
    const struct target_name *target = target_of(names, id);
    if (target != NULL) {
        *ret_service = target->service;
        *ret_environment = target->environment;
    }
    (void)pthread_mutex_unlock(&names->lock);
    return target != NULL;
}

/* Where the key is, or belongs. Keys are hashes already. */
static struct version_name **find_slot(struct version_name **slots, size_t slot_count, uint64_t key)
{
    size_t at = (size_t)key & (slot_count - 1);

    while (slots[at] != NULL && slots[at]->key != key)
        at = (at + 1) & (slot_count - 1);
    return &slots[at];
}

static void grow_versions(struct names *names)
{
    size_t slot_count = 2 * names->version_slots;
    struct version_name **slots = memory_take_array(slot_count, sizeof(struct version_name *));

    for (size_t i = 0; i < names->version_slots; i++)
        if (names->versions[i] != NULL)
            *find_slot(slots, slot_count, names->versions[i]->key) = names->versions[i];
    free((void *)names->versions);
    names->versions = slots;
    names->version_slots = slot_count;
}

static bool add_version(struct names *names, uint64_t key, const char *version, const char *digest)
{
    struct version_name **slot = find_slot(names->versions, names->version_slots, key);

    if (*slot != NULL)
        return strcmp((*slot)->version, version) == 0 && strcmp((*slot)->digest, digest) == 0;
    if (names->version_count == JOURNAL_VERSIONS_MAX)
        return false;
    *slot = memory_take(sizeof(**slot));
    **slot = (struct version_name){
        .key = key,
        .version = memory_copy_text(version),
        .digest = memory_copy_text(digest),
    };
    if (2 * ++names->version_count > names->version_slots)
        grow_versions(names);
    return true;
}

bool names_add_version(struct names *names, uint64_t key, const char *version, const char *digest)
{
    (void)pthread_mutex_lock(&names->lock);
    bool is_added = add_version(names, key, version, digest);
    (void)pthread_mutex_unlock(&names->lock);
    return is_added;
}

bool names_of_version(struct names *names, uint64_t key, const char **ret_version, const char **ret_digest)
{
    (void)pthread_mutex_lock(&names->lock);
    const struct version_name *name = *find_slot(names->versions, names->version_slots, key);
    if (name != NULL) {
        *ret_version = name->version;
        *ret_digest = name->digest;
    }
    (void)pthread_mutex_unlock(&names->lock);
    return name != NULL;
}
