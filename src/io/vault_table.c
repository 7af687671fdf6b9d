/* vault_table.c - two lists.
 * SPDX-License-Identifier: MIT */
#include "io/vault_table.h"

#include "base/text.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

static struct vault_path *find_path(struct vault_table *table, const struct reference_vault *wanted)
{
    for (struct vault_path *path = table->paths; path != NULL; path = path->next)
        if (strcmp(path->path, wanted->path) == 0 && strcmp(path->mount, wanted->mount) == 0)
            return path;
    return NULL;
}

static struct vault_path *add_path(struct vault_table *table, const struct reference_vault *wanted,
                                   struct err *err)
{
    if (table->path_count == VAULT_PATHS_MAX) {
        (void)err_set(err, ERR_LIMIT, "vault: %d paths are read already", VAULT_PATHS_MAX);
        return NULL;
    }
    struct vault_path *path = memory_take(sizeof(*path));
    memcpy(path->mount, wanted->mount, sizeof(path->mount));
    memcpy(path->path, wanted->path, sizeof(path->path));
    path->next = table->paths;
    table->paths = path;
    table->path_count++;
    return path;
}

static struct vault_key *find_key(struct vault_path *path, const char *name)
{
    struct vault_key *key = path->keys;

    while (key != NULL && strcmp(key->name, name) != 0)
        key = key->next;
    return key;
}

static struct vault_key *add_key(struct vault_path *path, const char *name, struct err *err)
{
    if (path->key_count == VAULT_KEYS_MAX) {
        (void)err_set(err, ERR_LIMIT, "vault: %d keys of %s/%s are named already", VAULT_KEYS_MAX,
                      path->mount, path->path);
        return NULL;
    }
    struct vault_key *key = memory_take(sizeof(*key));
    (void)!text_copy(key->name, sizeof(key->name), name);
    key->next = path->keys;
    path->keys = key;
    path->key_count++;
    path->due_ms = 0;
    path->failures = 0;
    return key;
}

static void free_key(struct vault_key *key)
{
    secret_drop(&key->value);
    free(key);
}

/* What this round did not name. */
static void sweep_keys(struct vault_path *path, uint64_t round)
{
    for (struct vault_key **at = &path->keys; *at != NULL;) {
        struct vault_key *key = *at;
        if (key->round == round) {
            at = &key->next;
            continue;
        }
        *at = key->next;
        path->key_count--;
        free_key(key);
    }
}

static void free_path(struct vault_path *path)
{
    http_request_cancel(path->call);
    while (path->keys != NULL) {
        struct vault_key *key = path->keys;
        path->keys = key->next;
        free_key(key);
    }
    free(path);
}

size_t vault_table_sweep(struct vault_table *table)
{
    size_t calls = 0;

    for (struct vault_path **at = &table->paths; *at != NULL;) {
        struct vault_path *path = *at;
        sweep_keys(path, table->round);
        if (path->keys != NULL) {
            at = &path->next;
            continue;
        }
        *at = path->next;
        table->path_count--;
        calls += path->call != NULL;
        free_path(path);
    }
    return calls;
}

void vault_table_done(struct vault_table *table)
{
    table->round++;
    (void)vault_table_sweep(table);
}

bool vault_table_name(struct vault_table *table, const struct reference_vault *wanted,
                      struct vault_path **ret_path, struct vault_key **ret_key, bool *ret_is_new,
                      struct err *err)
{
    struct vault_path *path = find_path(table, wanted);

    if (path == NULL)
        path = add_path(table, wanted, err);
    if (path == NULL)
        return false;
    struct vault_key *key = find_key(path, wanted->key);
    bool is_new = key == NULL;
    if (is_new)
        key = add_key(path, wanted->key, err);
    if (key == NULL)
        return false;
    key->round = table->round;
    *ret_path = path;
    *ret_key = key;
    *ret_is_new = is_new;
    return true;
}

static bool is_same(const struct secret *left, const struct secret *right)
{
    return left->bytes != NULL && left->length == right->length &&
           memcmp(left->bytes, right->bytes, left->length) == 0;
}

void vault_key_take(struct vault_key *key, struct secret *value, const struct err *err)
{
    key->err = *err;
    if (value->bytes != NULL && is_same(&key->value, value))
        return;
    secret_drop(&key->value);
    key->value = *value;
    *value = (struct secret){0};
}

bool vault_path_is_known(const struct vault_path *path)
{
    const struct vault_key *key = path->keys;

    while (key != NULL && key->value.bytes != NULL)
        key = key->next;
    return key == NULL;
}

const struct vault_key *vault_path_missing(const struct vault_path *path)
{
    const struct vault_key *key = path->keys;

    while (key != NULL && key->err.code == ERR_NONE)
        key = key->next;
    return key;
}
