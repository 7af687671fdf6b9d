/* audit_walk.h - the chain of audit rows, followed one by one from the first: which row is the first that
 * does not fit. It knows neither file nor API, so that both can be walked.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_AUDIT_WALK_H
#define STORE_AUDIT_WALK_H

#include "base/attributes.h"
#include "base/err.h"
#include "store/chain.h"

enum { AUDIT_HASH_HEX_SIZE = 2 * JOURNAL_HASH_SIZE + 1 };

struct audit_walk {
    struct chain at;                       /* the last row that fits */
    bool wants_head;                       /* somebody kept the hash of a row, */
    unsigned char head[JOURNAL_HASH_SIZE]; /* this one: it must be met */
    uint64_t head_event;                   /* where it was; 0: not yet */
    uint64_t withheld_count;
    bool is_broken; /* something did not fit */
};

/* `head`: 64 hexadecimal digits, or NULL: none was kept. ERR_INVALID. */
MUST_CHECK bool audit_walk_begin(struct audit_walk *walk, const char *head, struct err *err);

/* The next row with the hashes that stand in it. ERR_INVALID: it does not fit; the text names it. */
MUST_CHECK bool audit_walk_row(struct audit_walk *walk, const struct chain_row *row,
                               const unsigned char prev[JOURNAL_HASH_SIZE],
                               const unsigned char hash[JOURNAL_HASH_SIZE], struct err *err);

/* The next row, of which the asker may see nothing but its number and hashes: it follows the one before it,
 * and the next one follows it; whether it was changed nobody can tell here. */
MUST_CHECK bool audit_walk_withheld(struct audit_walk *walk, uint64_t event,
                                    const unsigned char prev[JOURNAL_HASH_SIZE],
                                    const unsigned char hash[JOURNAL_HASH_SIZE], struct err *err);

/* After the last one. `end`: number and hash up to which the journal says that it was written. Rows cut off
 * at the end leave a chain that is good in itself. */
MUST_CHECK bool audit_walk_end(struct audit_walk *walk, const struct chain *end, struct err *err);

/* The hash of the last row: whoever keeps it elsewhere notices later that rows were cut off. */
void audit_walk_format(const struct audit_walk *walk, char to[AUDIT_HASH_HEX_SIZE]);

#endif
