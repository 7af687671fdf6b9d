/* names.h - targets and versions by number and by name, in memory; shared by the loop and the writer.
 * SPDX-License-Identifier: MIT
 *
 * Entries are never changed or dropped before names_done(): pointers to their texts stay good. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "base/attributes.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target_name {
    uint32_t id;
    char *service;
    char *environment;
};

struct version_name {
    uint64_t key;
    char *version;
    char *digest;
};

struct names {
    pthread_mutex_t lock;
    size_t target_count;
    size_t targets_max;
    struct target_name *targets;
    size_t target_slots;     /* a power of two, more than half free */
    uint32_t *target_places; /* by their names: 1 + index in targets, 0: free */
    uint32_t target_highest; /* id */
    size_t version_count;
    size_t version_slots; /* a power of two, more than half free */
    struct version_name **versions;
};

void names_init(struct names *names);
void names_done(struct names *names);

/* As read from the journal. */
void names_add_target(struct names *names, uint32_t id, const char *service, const char *environment);
/* False: the key stands for another text, or there are too many. */
bool names_add_version(struct names *names, uint64_t key, const char *version, const char *digest);

/* Finds or allots; 0: too many. */
uint32_t names_target(struct names *names, const char *service, const char *environment);
uint32_t names_target_last(struct names *names);

MUST_CHECK bool names_of_target(struct names *names, uint32_t id, const char **ret_service,
                                const char **ret_environment);
MUST_CHECK bool names_of_version(struct names *names, uint64_t key, const char **ret_version,
                                 const char **ret_digest);

#endif
