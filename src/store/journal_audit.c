/* journal_audit.c - the whole chain, row by row, against what the meta row says its end is.
 * SPDX-License-Identifier: MIT */
#include "store/journal_audit.h"

#include "store/chain.h"

#include <string.h>

struct walk {
    struct chain at;
    unsigned char prev[JOURNAL_HASH_SIZE]; /* as the row says */
    unsigned char hash[JOURNAL_HASH_SIZE];
};

static bool get_hash(struct row *row, unsigned char to[JOURNAL_HASH_SIZE])
{
    size_t length = 0;
    const unsigned char *bytes = row_get_bytes(row, &length);

    if (length != JOURNAL_HASH_SIZE)
        return false;
    memcpy(to, bytes, length);
    return true;
}

static bool follow(struct walk *walk, struct row *row, struct err *err)
{
    unsigned char expected[JOURNAL_HASH_SIZE];
    struct chain_row audit = {.event = row_get_key(row)};

    audit.wall_ms = row_get_integer(row);
    audit.engine_ms = row_get_integer(row);
    audit.deployment = row_get_key(row);
    audit.target = (uint32_t)row_get_integer(row);
    audit.what = row_get_text(row);
    audit.a = (uint32_t)row_get_integer(row);
    audit.b = (uint32_t)row_get_integer(row);
    audit.step = (uint32_t)row_get_integer(row);
    audit.attempt = (uint32_t)row_get_integer(row);
    audit.actor = row_get_text(row);
    audit.reason = row_get_text(row);
    if (audit.event != walk->at.event + 1)
        return err_set(err, ERR_INVALID, "audit row %llu is missing", (unsigned long long)walk->at.event + 1);
    chain_hash(walk->at.hash, &audit, expected);
    if (!get_hash(row, walk->prev) || !get_hash(row, walk->hash) ||
        memcmp(walk->prev, walk->at.hash, JOURNAL_HASH_SIZE) != 0 ||
        memcmp(walk->hash, expected, JOURNAL_HASH_SIZE) != 0)
        return err_set(err, ERR_INVALID, "audit row %llu was changed", (unsigned long long)audit.event);
    walk->at.event = audit.event;
    memcpy(walk->at.hash, expected, JOURNAL_HASH_SIZE);
    return true;
}

/* Rows cut off at the end leave a chain that is good in itself. */
static bool check_end(const struct walk *walk, struct sql *sql, struct err *err)
{
    struct row row = sql_row(sql, STATEMENT_META);
    unsigned char hash[JOURNAL_HASH_SIZE] = {0};

    if (!row_next(&row))
        return err_set(err, ERR_INVALID, "the meta row is missing");
    (void)row_get_text(&row);
    (void)row_get_integer(&row);
    (void)row_get_integer(&row);
    uint64_t event = row_get_key(&row);
    bool is_same = get_hash(&row, hash) && event == walk->at.event &&
                   memcmp(hash, walk->at.hash, JOURNAL_HASH_SIZE) == 0;
    row_end(&row);
    if (is_same)
        return true;
    return err_set(err, ERR_INVALID, "the audit ends at row %llu, but was written up to row %llu",
                   (unsigned long long)walk->at.event, (unsigned long long)event);
}

static bool verify(struct sql *sql, struct walk *walk, struct err *err)
{
    /* One transaction: a daemon may write on. */
    if (!sql_execute(sql, "BEGIN"))
        return err_set(err, ERR_IO, "%s", sql->error);
    struct row row = sql_row(sql, STATEMENT_AUDIT_CHAIN);
    bool is_good = true;
    while (is_good && row_next(&row))
        is_good = follow(walk, &row, err);
    row_end(&row);
    if (!sql_is_good(sql))
        return err_set(err, ERR_IO, "%s", sql->error);
    return is_good && check_end(walk, sql, err);
}

bool journal_audit_verify(const char *path, uint64_t *ret_count, struct err *err)
{
    struct walk walk = {0};
    struct sql sql;
    bool is_good = sql_open(&sql, path, SQL_READS, err) && verify(&sql, &walk, err);

    sql_close(&sql);
    if (!is_good)
        return err_wrap(err, "audit of %s", path);
    *ret_count = walk.at.event;
    return true;
}
