/* kept.h - the private folder of one file: what stood there before each deployment, and what we left there.
 * SPDX-License-Identifier: MIT
 *
 *   KEEP/HASH-OF-PATH/lock          locked while somebody works on the file
 *                     path          which one it is, for people
 *                     ours          hashes of what we left there last, or are about to
 *                     KEY.record    what stood there before the deployment KEY, and what it put there
 *                     KEY.bytes     its bytes
 *                     KEY.found     what a way back found there in place of what the deployment had put there
 *
 * All of it is 0700 and 0600: configurations hold secrets. */
#ifndef CONFIGURE_KEPT_H
#define CONFIGURE_KEPT_H

#include "base/attributes.h"
#include "base/err.h"
#include "configure/place.h"

#include <stdbool.h>

enum {
    KEPT_LOCK_MS = 30 * 1000,
    KEPT_RECORDS_MAX = 16 /* the newest of a file; older ones go */
};

struct kept {
    int folder, lock; /* -1: not open */
    const char *key;
};

struct kept_record {
    bool was_there;
    struct replace_look look; /* where it was */
    char before[DIGEST_SHA256_HEX_SIZE], after[DIGEST_SHA256_HEX_SIZE];
};

/* Makes what is missing; waits for the lock at most KEPT_LOCK_MS (ERR_CONFLICT). `key` outlives it. */
MUST_CHECK bool kept_open(const char *root, const char *path, const char *key, struct kept *ret_kept,
                          struct err *err);
void kept_close(struct kept *kept);

/* Is this hash one of what we left there? `ret_is_first`: we never wrote there. */
MUST_CHECK bool kept_is_ours(const struct kept *kept, const char *hash, bool *ret_is_ours, bool *ret_is_first,
                             struct err *err);
/* From now on these are ours; `other` may be NULL. */
MUST_CHECK bool kept_note_ours(const struct kept *kept, const char *hash, const char *other, struct err *err);

/* The deployment's record. ERR_NOT_FOUND: it has none. */
MUST_CHECK bool kept_read(const struct kept *kept, struct kept_record *ret_record, struct err *err);
/* Keeps what stood there, then the record that says so: with it what stood there is safe. */
MUST_CHECK bool kept_write(const struct kept *kept, const struct place_content *before, const char *after,
                           struct err *err);
/* It has none from now on. */
MUST_CHECK bool kept_forget(const struct kept *kept, struct err *err);
/* What stood there before. */
MUST_CHECK bool kept_before(const struct kept *kept, const struct kept_record *record,
                            struct place_content *ret_content, struct err *err);
/* Keeps what somebody else put there. */
MUST_CHECK bool kept_keep_found(const struct kept *kept, const struct place_content *found, struct err *err);

#endif
