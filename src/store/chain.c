/* chain.c - one row's hash covers the row before it.
 * SPDX-License-Identifier: MIT */
#include "store/chain.h"

#include "io/digest.h"
#include "io/memory.h"
#include "store/sql.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_NUMBERS = 9, NUMBER_SIZE = 8 };

static_assert((int)JOURNAL_HASH_SIZE == (int)DIGEST_SHA256_SIZE, "one hash, one size");

static unsigned char *put_number(unsigned char *at, uint64_t number)
{
    uint64_t little = htole64(number);

    memcpy(at, &little, sizeof(little));
    return at + sizeof(little);
}

static unsigned char *put_text(unsigned char *at, const char *text, size_t length)
{
    at = put_number(at, length);
    memcpy(at, text, length);
    return at + length;
}

void chain_hash(const unsigned char prev[JOURNAL_HASH_SIZE], const struct chain_row *row,
                unsigned char to[JOURNAL_HASH_SIZE])
{
    const char *texts[] = {row->what, row->actor == NULL ? "" : row->actor,
                           row->reason == NULL ? "" : row->reason};
    size_t lengths[ARRAY_LENGTH(texts)];
    size_t size = JOURNAL_HASH_SIZE + (CHAIN_NUMBERS + ARRAY_LENGTH(texts)) * NUMBER_SIZE;

    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        lengths[i] = strlen(texts[i]);
        size += lengths[i];
    }
    unsigned char *bytes = memory_take(size);
    memcpy(bytes, prev, JOURNAL_HASH_SIZE);
    unsigned char *at = bytes + JOURNAL_HASH_SIZE;
    at = put_number(at, row->event);
    at = put_number(at, (uint64_t)row->wall_ms);
    at = put_number(at, (uint64_t)row->engine_ms);
    at = put_number(at, row->deployment);
    at = put_number(at, row->target);
    at = put_number(at, row->a);
    at = put_number(at, row->b);
    at = put_number(at, row->step);
    at = put_number(at, row->attempt);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        at = put_text(at, texts[i], lengths[i]);
    assert((size_t)(at - bytes) == size);
    digest_sha256(bytes, size, to);
    free(bytes);
}

bool chain_append(struct chain *chain, struct sql *sql, struct chain_row *row)
{
    unsigned char hash[JOURNAL_HASH_SIZE];

    row->event = chain->event + 1;
    chain_hash(chain->hash, row, hash);
    struct row insert = sql_row(sql, STATEMENT_AUDIT_INSERT);
    row_key(&insert, row->event);
    row_integer(&insert, row->wall_ms);
    row_integer(&insert, row->engine_ms);
    row_key(&insert, row->deployment);
    row_integer(&insert, row->target);
    row_text(&insert, row->what);
    row_integer(&insert, row->a);
    row_integer(&insert, row->b);
    row_integer(&insert, row->step);
    row_integer(&insert, row->attempt);
    row_text(&insert, row->actor);
    row_text(&insert, row->reason);
    row_bytes(&insert, chain->hash, sizeof(chain->hash));
    row_bytes(&insert, hash, sizeof(hash));
    if (!row_run(&insert))
        return false;
    chain->event = row->event;
    memcpy(chain->hash, hash, sizeof(hash));
    return true;
}
