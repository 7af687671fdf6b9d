/* chain.h - the audit rows as a chain of hashes: appending to it, and the hash of one row.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include "store/journal_text.h"

struct sql;

struct chain {
    uint64_t event; /* number of the last row; 0: none */
    unsigned char hash[JOURNAL_HASH_SIZE];
};

struct chain_row {
    uint64_t event;
    int64_t wall_ms;
    int64_t engine_ms;
    uint64_t deployment;
    uint32_t target;
    const char *what;
    uint32_t a, b;
    uint32_t step;
    uint32_t attempt;
    const char *actor; /* NULL: "" */
    const char *reason;
};

void chain_hash(const unsigned char prev[JOURNAL_HASH_SIZE], const struct chain_row *row,
                unsigned char to[JOURNAL_HASH_SIZE]);

/* Numbers the row, writes it and moves the chain on. False: see the connection's error. */
bool chain_append(struct chain *chain, struct sql *sql, struct chain_row *row);

#endif
