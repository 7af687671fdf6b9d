/* journal_key.h - idempotency keys: the same request twice is one deployment (S1).
 * SPDX-License-Identifier: MIT
 *
 * In memory on the loop: the newest JOURNAL_KEYS_MAX of the last 24 hours, loaded at the start. A key is
 * reserved before the engine sees the start, becomes durable with the deployment's own batch, and is dropped
 * where the start came to nothing. */
#ifndef STORE_JOURNAL_KEY_H
#define STORE_JOURNAL_KEY_H

#include "store/journal.h"

enum { JOURNAL_KEYS_MAX = 16384 };

enum journal_key_answer {
    JOURNAL_KEY_NEW,     /* reserved now: start, with principal, key and hash in the journal_request */
    JOURNAL_KEY_PENDING, /* the first one is not durable yet: ask again */
    JOURNAL_KEY_KNOWN,   /* *ret_deployment answers */
    JOURNAL_KEY_OTHER    /* the same key with another body (422) */
};

/* `body_hash`: SHA-256 of the request's body. */
enum journal_key_answer journal_key_reserve(struct journal *journal, const char *principal, const char *key,
                                            const unsigned char body_hash[JOURNAL_HASH_SIZE],
                                            uint64_t *ret_deployment);

/* The start was refused, or its commit failed. A key that is known stays. */
void journal_key_drop(struct journal *journal, const char *principal, const char *key);

/* The start attached to a deployment that was there (ENGINE_ALREADY): answered so from now on, until a
 * restart.
 */
void journal_key_attach(struct journal *journal, const char *principal, const char *key, uint64_t deployment);

#endif
