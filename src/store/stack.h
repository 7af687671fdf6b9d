/* stack.h - what may be done to the state of a stack (infrastructure as code) and to its lock: the rules, as
 * a pure function. SPDX-License-Identifier: MIT
 *
 * A stack in an environment has versions of its state, of which the newest counts unless it was deleted, and
 * at most one lock. A lock has no end of its own: whoever holds it gives it back, or a person breaks it. */
#ifndef STORE_STACK_H
#define STORE_STACK_H

#include "base/text.h"
#include "io/digest.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STACKS_MAX = 1024,                        /* in all environments together */
    STACK_STATE_MAX_BYTES = 16 * 1024 * 1024, /* one version */
    STACK_HOLDER_MAX_BYTES = 8 * 1024,        /* what the holder of a lock says of itself */
    STACK_LOCK_ID_MAX = 128,
    STACK_LINEAGE_MAX = 128,
    STACK_WHO_MAX = 128,
    STACK_OPERATION_MAX = 64,
    STACK_REASON_MAX = 255
};

/* Of one version; the bytes are elsewhere (state_file.h). */
struct stack_state {
    int64_t serial;
    char lineage[STACK_LINEAGE_MAX + 1]; /* what its first version was given: another one is another state */
    int64_t length;                      /* bytes */
    unsigned char md5[DIGEST_MD5_SIZE];
    unsigned char sha256[DIGEST_SHA256_SIZE];
};

enum stack_change {
    STACK_SAVE,    /* a new version */
    STACK_RESTORE, /* a new version with what an older one had (state_restore.h) */
    STACK_DELETE,  /* none of its versions counts any more; all are kept */
    STACK_LOCK,
    STACK_UNLOCK,
    STACK_BREAK /* takes the lock from whoever holds it */
};

struct stack_wish {
    enum stack_change change;
    char stack[NAME_MAX_LENGTH + 1], environment[NAME_MAX_LENGTH + 1];
    char actor[NAME_MAX_LENGTH + 1];                                 /* whose token it is */
    char lock_id[STACK_LOCK_ID_MAX + 1];                             /* "": none; of BREAK: whichever it is */
    char holder[STACK_HOLDER_MAX_BYTES + 1];                         /* LOCK: JSON, kept byte for byte */
    char who[STACK_WHO_MAX + 1], operation[STACK_OPERATION_MAX + 1]; /* LOCK: of it */
    char reason[STACK_REASON_MAX + 1];                               /* BREAK, RESTORE */
    uint64_t run, deployment;                                        /* in which it is done; 0: in none */
    struct stack_state state;                                        /* SAVE, RESTORE */
    uint64_t base;    /* RESTORE: the version that counted when it was made; 0: none did */
    int64_t restores; /* RESTORE: the serial whose content it is */
};

struct stack_now {
    bool has_state, is_locked;
    struct stack_state state; /* that counts */
    uint64_t version;         /* its number (journal_stack.h) */
    char lock_id[STACK_LOCK_ID_MAX + 1];
    char holder[STACK_HOLDER_MAX_BYTES + 1];
    char who[STACK_WHO_MAX + 1];
};

enum stack_outcome {
    STACK_DONE,
    STACK_SAME,     /* it is so already: asked once more, after an answer that was lost */
    STACK_HELD,     /* somebody else holds the lock */
    STACK_NOT_HELD, /* the lock that it was done under, or that was to be broken, is nobody's */
    STACK_STALE,    /* a serial that is lower */
    STACK_OTHER,    /* the same serial with other bytes */
    STACK_FOREIGN,  /* another lineage */
    STACK_MOVED,    /* another version counts than the one that it was made for */
    STACK_MANY      /* STACKS_MAX */
};

enum stack_outcome stack_decide(const struct stack_wish *wish, const struct stack_now *now);

#endif
