/* journal_key.c - a ring of the newest keys; looked through from end to end, which is some tens of
 * microseconds. SPDX-License-Identifier: MIT */
#include "store/journal_key.h"

#include "io/clock.h"
#include "io/digest.h"
#include "io/memory.h"
#include "store/journal_parts.h"

#include <stdlib.h>
#include <string.h>

#define KEY_LIFE_MS (INT64_C(24) * 3600 * 1000)

/* Each part is hashed by itself, so that no two pairs look alike. */
static void hash_key(const char *principal, const char *key, unsigned char to[JOURNAL_HASH_SIZE])
{
    unsigned char parts[2 * JOURNAL_HASH_SIZE];
    const char *known = principal == NULL ? "" : principal;

    digest_sha256(known, strlen(known), parts);
    digest_sha256(key, strlen(key), parts + JOURNAL_HASH_SIZE);
    digest_sha256(parts, sizeof(parts), to);
}

static struct key_entry *find(const struct keys *keys, const unsigned char hash[JOURNAL_HASH_SIZE],
                              int64_t wall_ms)
{
    for (size_t i = 0; i < JOURNAL_KEYS_MAX; i++) {
        struct key_entry *entry = &keys->entries[i];
        if (entry->wall_ms != 0 && memcmp(entry->key, hash, JOURNAL_HASH_SIZE) == 0 &&
            (entry->deployment == 0 || entry->wall_ms > wall_ms - KEY_LIFE_MS))
            return entry;
    }
    return NULL;
}

static void add(struct keys *keys, const struct key_entry *entry)
{
    keys->entries[keys->next] = *entry;
    keys->next = (keys->next + 1) % JOURNAL_KEYS_MAX;
}

void keys_load(struct keys *keys, struct sql *sql)
{
    struct row row = sql_row(sql, STATEMENT_REQUESTS);

    keys->entries = memory_take_array(JOURNAL_KEYS_MAX, sizeof(struct key_entry));
    row_integer(&row, clock_wall_ms() - KEY_LIFE_MS);
    row_integer(&row, JOURNAL_KEYS_MAX);
    while (row_next(&row)) {
        struct key_entry entry = {0};
        const char *principal = row_get_text(&row);
        hash_key(principal, row_get_text(&row), entry.key);
        (void)row_get_exactly(&row, sizeof(entry.body_hash), entry.body_hash);
        entry.deployment = row_get_key(&row);
        entry.wall_ms = row_get_integer(&row);
        add(keys, &entry);
    }
    row_end(&row);
}

void keys_done(struct keys *keys)
{
    free(keys->entries);
}

void keys_settle(struct keys *keys, const char *principal, const char *key, uint64_t deployment)
{
    unsigned char hash[JOURNAL_HASH_SIZE];

    hash_key(principal, key, hash);
    struct key_entry *entry = find(keys, hash, clock_wall_ms());
    if (entry != NULL && entry->deployment == 0)
        entry->deployment = deployment;
}

enum journal_key_answer journal_key_reserve(struct journal *journal, const char *principal, const char *key,
                                            const unsigned char body_hash[JOURNAL_HASH_SIZE],
                                            uint64_t *ret_deployment)
{
    struct key_entry reserved = {.wall_ms = clock_wall_ms()};

    hash_key(principal, key, reserved.key);
    const struct key_entry *entry = find(&journal->keys, reserved.key, reserved.wall_ms);
    if (entry == NULL) {
        memcpy(reserved.body_hash, body_hash, JOURNAL_HASH_SIZE);
        add(&journal->keys, &reserved);
        return JOURNAL_KEY_NEW;
    }
    if (memcmp(entry->body_hash, body_hash, JOURNAL_HASH_SIZE) != 0)
        return JOURNAL_KEY_OTHER;
    if (entry->deployment == 0)
        return JOURNAL_KEY_PENDING;
    *ret_deployment = entry->deployment;
    return JOURNAL_KEY_KNOWN;
}

void journal_key_drop(struct journal *journal, const char *principal, const char *key)
{
    unsigned char hash[JOURNAL_HASH_SIZE];

    hash_key(principal, key, hash);
    struct key_entry *entry = find(&journal->keys, hash, clock_wall_ms());
    if (entry != NULL && entry->deployment == 0)
        *entry = (struct key_entry){0};
}

void journal_key_attach(struct journal *journal, const char *principal, const char *key, uint64_t deployment)
{
    keys_settle(&journal->keys, principal, key, deployment);
}
