/* journal_audit.c - the whole chain, row by row, against what the meta row says its end is.
 * SPDX-License-Identifier: MIT */
#include "store/journal_audit.h"

#include "store/sql.h"

/* A hash of another length is read as zeros, which are none. */
static bool follow(struct audit_walk *walk, struct row *row, struct err *err)
{
    unsigned char prev[JOURNAL_HASH_SIZE];
    unsigned char hash[JOURNAL_HASH_SIZE];
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
    (void)row_get_exactly(row, sizeof(prev), prev);
    (void)row_get_exactly(row, sizeof(hash), hash);
    return audit_walk_row(walk, &audit, prev, hash, err);
}

static bool check_end(struct audit_walk *walk, struct sql *sql, struct err *err)
{
    struct row row = sql_row(sql, STATEMENT_META);
    struct chain end = {0};

    if (!row_next(&row))
        return err_set(err, ERR_INVALID, "the meta row is missing");
    (void)row_get_text(&row);
    (void)row_get_integer(&row);
    (void)row_get_integer(&row);
    end.event = row_get_key(&row);
    bool is_read = row_get_exactly(&row, sizeof(end.hash), end.hash);
    row_end(&row);
    if (!is_read)
        return err_set(err, ERR_INVALID, "the meta row was changed");
    return audit_walk_end(walk, &end, err);
}

static bool verify(struct sql *sql, struct audit_walk *walk, struct err *err)
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

bool journal_audit_walk(const char *path, struct audit_walk *walk, struct err *err)
{
    struct sql sql;
    bool is_good = sql_open(&sql, path, SQL_READS, err) && verify(&sql, walk, err);

    sql_close(&sql);
    return is_good || err_wrap(err, "audit of %s", path);
}

bool journal_audit_verify(const char *path, uint64_t *ret_count, struct err *err)
{
    struct audit_walk walk;

    if (!audit_walk_begin(&walk, NULL, err) || !journal_audit_walk(path, &walk, err))
        return false;
    *ret_count = walk.at.event;
    return true;
}
