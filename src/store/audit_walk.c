/* audit_walk.c - the chain of audit rows, followed one by one.
 * SPDX-License-Identifier: MIT */
#include "store/audit_walk.h"

#include "io/digest.h"

#include <string.h>

bool audit_walk_begin(struct audit_walk *walk, const char *head, struct err *err)
{
    *walk = (struct audit_walk){.wants_head = head != NULL};
    if (head == NULL || digest_hex_decode(head, walk->head, sizeof(walk->head)))
        return true;
    return err_set(err, ERR_INVALID, "\"%.70s\" is no hash of an audit row: it has %d hexadecimal digits",
                   head, AUDIT_HASH_HEX_SIZE - 1);
}

static bool is_same(const unsigned char a[JOURNAL_HASH_SIZE], const unsigned char b[JOURNAL_HASH_SIZE])
{
    return memcmp(a, b, JOURNAL_HASH_SIZE) == 0;
}

static bool check_number(const struct audit_walk *walk, uint64_t number, struct err *err)
{
    unsigned long long event = number;

    if (number <= walk->at.event || number > INT64_MAX)
        return err_set(err, ERR_INVALID,
                       "audit row %lld was added: it stands before the first or comes twice",
                       (long long)event);
    return number == walk->at.event + 1 ||
           err_set(err, ERR_INVALID, "audit row %llu is missing", (unsigned long long)walk->at.event + 1);
}

/* `row` NULL: nobody shows it. */
static bool check_row(const struct audit_walk *walk, uint64_t event, const struct chain_row *row,
                      const unsigned char prev[JOURNAL_HASH_SIZE],
                      const unsigned char hash[JOURNAL_HASH_SIZE], struct err *err)
{
    unsigned char expected[JOURNAL_HASH_SIZE];

    if (!check_number(walk, event, err))
        return false;
    if (row != NULL)
        chain_hash(prev, row, expected);
    if (row != NULL && !is_same(hash, expected))
        return err_set(err, ERR_INVALID, "audit row %llu was changed", (unsigned long long)event);
    return is_same(prev, walk->at.hash) ||
           err_set(err, ERR_INVALID,
                   "audit row %llu does not follow the one before it: a row was added, taken out or written "
                   "anew there",
                   (unsigned long long)event);
}

static bool step(struct audit_walk *walk, uint64_t event, const struct chain_row *row,
                 const unsigned char prev[JOURNAL_HASH_SIZE], const unsigned char hash[JOURNAL_HASH_SIZE],
                 struct err *err)
{
    if (!check_row(walk, event, row, prev, hash, err)) {
        walk->is_broken = true;
        return false;
    }
    walk->at.event = event;
    memcpy(walk->at.hash, hash, JOURNAL_HASH_SIZE);
    if (walk->wants_head && is_same(walk->head, hash))
        walk->head_event = event;
    return true;
}

bool audit_walk_row(struct audit_walk *walk, const struct chain_row *row,
                    const unsigned char prev[JOURNAL_HASH_SIZE], const unsigned char hash[JOURNAL_HASH_SIZE],
                    struct err *err)
{
    return step(walk, row->event, row, prev, hash, err);
}

bool audit_walk_withheld(struct audit_walk *walk, uint64_t event, const unsigned char prev[JOURNAL_HASH_SIZE],
                         const unsigned char hash[JOURNAL_HASH_SIZE], struct err *err)
{
    walk->withheld_count++;
    return step(walk, event, NULL, prev, hash, err);
}

static bool check_end(const struct audit_walk *walk, const struct chain *end, struct err *err)
{
    unsigned long long last = walk->at.event;

    if (end->event != walk->at.event || !is_same(end->hash, walk->at.hash))
        return err_set(err, ERR_INVALID, "the audit ends at row %llu, but was written up to row %llu", last,
                       (unsigned long long)end->event);
    return !walk->wants_head || walk->head_event != 0 ||
           err_set(err, ERR_INVALID,
                   "none of the %llu audit rows has the hash that was kept: rows were cut off at the end, or "
                   "it is another chain",
                   last);
}

bool audit_walk_end(struct audit_walk *walk, const struct chain *end, struct err *err)
{
    walk->is_broken = walk->is_broken || !check_end(walk, end, err);
    return !walk->is_broken;
}

void audit_walk_format(const struct audit_walk *walk, char to[AUDIT_HASH_HEX_SIZE])
{
    digest_hex(walk->at.hash, sizeof(walk->at.hash), to);
}
