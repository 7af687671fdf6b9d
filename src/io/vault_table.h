/* vault_table.h - the paths and keys of Vault that somebody named, and what is known of each. For vault.c
 * alone.
 * SPDX-License-Identifier: MIT */
#ifndef IO_VAULT_TABLE_H
#define IO_VAULT_TABLE_H

#include "io/http_client.h"
#include "io/vault.h"

struct vault_key {
    struct vault_key *next;
    struct secret value; /* none: `err` says why, or it was never read */
    struct err err;
    uint64_t round;
    char name[REFERENCE_KEY_MAX];
};

struct vault_path {
    struct vault_path *next;
    void *owner; /* of the call */
    struct vault_key *keys;
    size_t key_count;
    struct http_call *call;
    uint64_t token;    /* the number of the one that it was asked with */
    int64_t due_ms;    /* to be read */
    int64_t read_ms;   /* when it was read well last; 0: never */
    bool is_second;    /* asked again with a new token, after one was refused */
    unsigned failures; /* since it was read well */
    struct err err;    /* why it could not be read last; ERR_NONE: it could, or was never asked for */
    char mount[REFERENCE_MOUNT_MAX];
    char path[REFERENCE_PATH_MAX];
};

struct vault_table {
    struct vault_path *paths;
    size_t path_count;
    uint64_t round;
};

/* The path and the key, new where they were not named before (then the path is due); both belong to this
 * round. ERR_LIMIT. */
MUST_CHECK bool vault_table_name(struct vault_table *table, const struct reference_vault *wanted,
                                 struct vault_path **ret_path, struct vault_key **ret_key, bool *ret_is_new,
                                 struct err *err);

/* Forgets what this round did not name; how many calls were under way for that. */
size_t vault_table_sweep(struct vault_table *table);
void vault_table_done(struct vault_table *table);

/* Takes over the value where there is one (and leaves the caller an empty one), else the reason why not. */
void vault_key_take(struct vault_key *key, struct secret *value, const struct err *err);

bool vault_path_is_known(const struct vault_path *path); /* each of its keys has a value */
/* The first key that Vault has not, or NULL. */
const struct vault_key *vault_path_missing(const struct vault_path *path);

#endif
