/* test_audit_walk.c - the chain of audit rows: every row that was changed, taken out or added is named.
 * SPDX-License-Identifier: MIT */
#include "io/digest.h"
#include "store/audit_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 5 };

struct kept {
    struct chain_row row;
    unsigned char prev[JOURNAL_HASH_SIZE], hash[JOURNAL_HASH_SIZE];
};

/* Writes rows[from] and what follows anew, as one would who knows how it is done. */
static void chain_on(struct kept *rows, size_t from)
{
    for (size_t i = from; i < ROWS; i++) {
        rows[i].row.event = i + 1;
        memset(rows[i].prev, 0, JOURNAL_HASH_SIZE);
        if (i > 0)
            memcpy(rows[i].prev, rows[i - 1].hash, JOURNAL_HASH_SIZE);
        chain_hash(rows[i].prev, &rows[i].row, rows[i].hash);
    }
}

static void fill(struct kept *rows)
{
    memset(rows, 0, ROWS * sizeof(*rows));
    for (size_t i = 0; i < ROWS; i++)
        rows[i].row = (struct chain_row){.wall_ms = 1000 + (int64_t)i,
                                         .engine_ms = 7,
                                         .deployment = 1,
                                         .what = "step",
                                         .a = (uint32_t)i,
                                         .actor = "alice",
                                         .reason = ""};
    chain_on(rows, 0);
}

/* Walks `count` rows of a journal that ends as `end` says. */
static bool walk(const struct kept *rows, size_t count, const struct kept *end, const char *head,
                 struct err *err)
{
    struct audit_walk walk;
    struct chain last = {.event = end->row.event};

    *err = (struct err){0};
    memcpy(last.hash, end->hash, sizeof(last.hash));
    if (!audit_walk_begin(&walk, head, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!audit_walk_row(&walk, &rows[i].row, rows[i].prev, rows[i].hash, err)) {
            assert_true(walk.is_broken);
            return false;
        }
    bool is_good = audit_walk_end(&walk, &last, err);
    assert_true(walk.is_broken == !is_good);
    return is_good;
}

static void assert_said(const struct err *err, const char *words)
{
    if (err->code != ERR_INVALID || strstr(err->text, words) == NULL)
        fail_msg("\"%s\" and not \"%s\"", err->text, words);
}

/* Of a row that nobody shows it is known that it stands where it stood. */
static void what_is_withheld_is_followed(void **state)
{
    struct audit_walk walk;
    struct kept rows[ROWS];
    struct err err = {0};

    (void)state;
    fill(rows);
    rows[2].row.actor = "mallory"; /* cannot be seen where it is withheld */
    assert_true(audit_walk_begin(&walk, NULL, &err));
    for (size_t i = 0; i < ROWS; i++)
        assert_true(i == 2 ? audit_walk_withheld(&walk, 3, rows[i].prev, rows[i].hash, &err)
                           : audit_walk_row(&walk, &rows[i].row, rows[i].prev, rows[i].hash, &err));
    assert_int_equal(walk.withheld_count, 1);
    assert_false(walk.is_broken);
    assert_false(audit_walk_withheld(&walk, 7, rows[4].prev, rows[4].hash, &err));
    assert_said(&err, "audit row 6 is missing");
    assert_true(walk.is_broken);
    assert_true(audit_walk_begin(&walk, NULL, &err));
    assert_false(audit_walk_withheld(&walk, 1, rows[1].prev, rows[1].hash, &err));
    assert_said(&err, "audit row 1 does not follow the one before it");
}

static void what_was_not_touched_fits(void **state)
{
    struct kept rows[ROWS];
    struct kept none = {0};
    char head[AUDIT_HASH_HEX_SIZE];
    struct err err;

    (void)state;
    fill(rows);
    assert_true(walk(rows, ROWS, &rows[ROWS - 1], NULL, &err));
    assert_true(walk(rows, 0, &none, NULL, &err));
    for (size_t i = 0; i < ROWS; i++) { /* a head that was kept once is met on the way */
        digest_hex(rows[i].hash, JOURNAL_HASH_SIZE, head);
        assert_true(walk(rows, ROWS, &rows[ROWS - 1], head, &err));
    }
}

static void each_member_counts(void **state)
{
    struct kept rows[ROWS];
    struct err err;

    (void)state;
    for (unsigned member = 0; member < 10; member++) {
        fill(rows);
        struct chain_row *row = &rows[2].row;
        row->wall_ms += member == 0;
        row->engine_ms += member == 1;
        row->deployment += member == 2;
        row->target += member == 3;
        row->a += member == 4;
        row->b += member == 5;
        row->step += member == 6;
        row->attempt += member == 7;
        row->actor = member == 8 ? "mallory" : row->actor;
        row->reason = member == 9 ? "x" : row->reason;
        assert_false(walk(rows, ROWS, &rows[ROWS - 1], NULL, &err));
        assert_said(&err, "row 3 was changed");
    }
    fill(rows);
    rows[4].hash[0] ^= 1;
    assert_false(walk(rows, ROWS, &rows[ROWS - 1], NULL, &err));
    assert_said(&err, "row 5 was changed");
}

static void a_row_that_is_gone_is_named(void **state)
{
    struct kept rows[ROWS];
    struct err err;

    (void)state;
    fill(rows);
    assert_false(walk(rows + 1, ROWS - 1, &rows[ROWS - 1], NULL, &err));
    assert_said(&err, "row 1 is missing");
    memmove(&rows[2], &rows[3], 2 * sizeof(rows[0]));
    assert_false(walk(rows, ROWS - 1, &rows[ROWS - 2], NULL, &err));
    assert_said(&err, "row 3 is missing");
    rows[2].row.event = 3; /* and those behind it counted anew */
    assert_false(walk(rows, ROWS - 1, &rows[ROWS - 2], NULL, &err));
    assert_said(&err, "row 3 was changed");
    chain_hash(rows[2].prev, &rows[2].row, rows[2].hash);
    assert_false(walk(rows, ROWS - 1, &rows[ROWS - 2], NULL, &err));
    assert_said(&err, "row 3 does not follow");
}

static void a_row_that_came_later_is_named(void **state)
{
    struct kept rows[ROWS];
    struct kept twice[ROWS + 1];
    struct err err;

    (void)state;
    fill(rows);
    memcpy(twice, rows, sizeof(rows));
    memcpy(&twice[3], &rows[2], 3 * sizeof(rows[0]));
    assert_false(walk(twice, ROWS + 1, &rows[ROWS - 1], NULL, &err));
    assert_said(&err, "row 3 was added");
    rows[0].row.event = 0;
    assert_false(walk(rows, ROWS, &rows[ROWS - 1], NULL, &err));
    assert_said(&err, "row 0 was added");
    fill(rows);
    assert_false(walk(rows, ROWS, &rows[ROWS - 2], NULL, &err)); /* at the end, in good order */
    assert_said(&err, "written up to row 4");
}

static void what_was_cut_off_is_noticed(void **state)
{
    struct kept rows[ROWS];
    char head[AUDIT_HASH_HEX_SIZE];
    struct err err;

    (void)state;
    fill(rows);
    digest_hex(rows[ROWS - 1].hash, JOURNAL_HASH_SIZE, head);
    assert_false(walk(rows, 3, &rows[ROWS - 1], NULL, &err));
    assert_said(&err, "ends at row 3, but was written up to row 5");
    assert_true(walk(rows, 3, &rows[2], NULL, &err)); /* where the journal's own mark was set back too */
    assert_false(walk(rows, 3, &rows[2], head, &err));
    assert_said(&err, "none of the 3 audit rows has the hash that was kept");
    rows[2].row.actor = "mallory"; /* all that follows is written anew */
    chain_on(rows, 2);
    assert_true(walk(rows, ROWS, &rows[ROWS - 1], NULL, &err));
    assert_false(walk(rows, ROWS, &rows[ROWS - 1], head, &err));
    assert_said(&err, "hash that was kept");
}

static void a_head_is_a_hash(void **state)
{
    static const char *const bad[] = {"", "12", "zz",
                                      "0123456789012345678901234567890123456789012345678901234567890 23"};
    struct audit_walk walk;
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(audit_walk_begin(&walk, bad[i], &err));
    assert_true(
        audit_walk_begin(&walk, "0123456789abcdefABCDEF7890123456789012345678901234567890123456fF", &err));
    assert_int_equal(walk.head[0], 0x01);
    assert_int_equal(walk.head[31], 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_withheld_is_followed),
        cmocka_unit_test(what_was_not_touched_fits),
        cmocka_unit_test(each_member_counts),
        cmocka_unit_test(a_row_that_is_gone_is_named),
        cmocka_unit_test(a_row_that_came_later_is_named),
        cmocka_unit_test(what_was_cut_off_is_noticed),
        cmocka_unit_test(a_head_is_a_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
