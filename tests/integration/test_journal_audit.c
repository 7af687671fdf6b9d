/* test_journal_audit.c - the audit's chain in a real file: numbers, hashes, and what was done to it behind
 * our back.
 * SPDX-License-Identifier: MIT */
#include "store/chain.h"
#include "store/journal_audit.h"
#include "store/sql.h"
#include "support/journal_fixture.h"

static void test_events_are_numbered_and_chained(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    struct err err = {0};
    uint64_t count = 0;

    (void)unused;
    bench_begin(&bench);
    add_new(&bench, &state);
    add_trace(&bench, &state, TRACE_PHASE, PHASE_QUEUED, 0);
    add_row(&bench, ROW_TRACE, NULL)->trace =
        (struct trace){.kind = TRACE_ADOPTED, .a = bench.target, .b = TARGET_FREEZE};
    assert_true(journal_is_event(&bench.batch->rows[0]) && journal_is_event(&bench.batch->rows[2]));
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_int_equal(bench.result.first_event, 1);
    bench_reopen(&bench);
    add_trace(&bench, &state, TRACE_PHASE, PHASE_ADMITTING, 0);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_int_equal(bench.result.first_event, 4);
    assert_true(journal_audit_verify(bench.path, &count, &err)); /* beside the daemon */
    assert_int_equal(count, 4);

    journal_close(bench.journal);
    bench.journal = NULL;
    assert_true(journal_audit_verify(bench.path, &count, &err)); /* at rest */
    struct sql sql;
    assert_true(sql_open(&sql, bench.path, SQL_WRITES, &err));
    assert_false(sql_execute(&sql, "UPDATE audit SET actor = 'mallory' WHERE event = 2"));
    sql_forget_error(&sql);
    assert_false(sql_execute(&sql, "DELETE FROM audit WHERE event = 4"));
    sql_forget_error(&sql);
    assert_true(sql_execute(&sql, "DROP TRIGGER audit_is_kept; DROP TRIGGER audit_is_not_deleted"));
    assert_true(sql_execute(&sql, "UPDATE audit SET b = 1 WHERE event = 2"));
    assert_false(journal_audit_verify(bench.path, &count, &err));
    assert_non_null(strstr(err.text, "row 2 was changed"));
    assert_true(sql_execute(&sql, "UPDATE audit SET b = 0 WHERE event = 2"));
    assert_true(journal_audit_verify(bench.path, &count, &err));
    assert_true(sql_execute(&sql,
                            "INSERT INTO audit SELECT 0, wall_ms, engine_ms, deployment, target, what, a, "
                            "b, step, attempt, actor, reason, prev, hash FROM audit WHERE event = 1"));
    assert_false(journal_audit_verify(bench.path, &count, &err));
    assert_non_null(strstr(err.text, "row 0 was added"));
    assert_true(sql_execute(&sql, "DELETE FROM audit WHERE event = 0"));
    struct audit_walk walk;
    assert_true(audit_walk_begin(&walk, NULL, &err) && journal_audit_walk(bench.path, &walk, &err));
    assert_int_equal(walk.at.event, 4);
    char head[AUDIT_HASH_HEX_SIZE];
    audit_walk_format(&walk, head);
    assert_true(audit_walk_begin(&walk, head, &err) && journal_audit_walk(bench.path, &walk, &err));
    assert_true(sql_execute(&sql, "DELETE FROM audit WHERE event = 4"));
    assert_false(journal_audit_verify(bench.path, &count, &err));
    assert_non_null(strstr(err.text, "written up to row 4"));
    /* Whoever can write the file can also set its mark back: then a head that was kept elsewhere tells. */
    assert_true(sql_execute(&sql,
                            "UPDATE meta SET audit_event = 3, audit_hash = (SELECT hash FROM audit WHERE "
                            "event = 3)"));
    assert_true(journal_audit_verify(bench.path, &count, &err));
    assert_true(audit_walk_begin(&walk, head, &err));
    assert_false(journal_audit_walk(bench.path, &walk, &err));
    assert_non_null(strstr(err.text, "none of the 3 audit rows has the hash that was kept"));
    assert_true(sql_execute(&sql, "DELETE FROM audit WHERE event = 2"));
    assert_false(journal_audit_verify(bench.path, &count, &err));
    assert_non_null(strstr(err.text, "row 2 is missing"));
    sql_close(&sql);
    bench_end(&bench);
}

/* S14: whoever asked stands there, not whom they name alone. */
static void test_a_row_says_who_asked_for_whom(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state = new_state(1, PHASE_QUEUED);
    struct err err = {0};
    struct sql sql;

    (void)unused;
    bench_begin(&bench);
    bench.request.principal = "ci";
    add_new(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    assert_true(sql_open(&sql, bench.path, SQL_READS, &err));
    assert_int_equal(sql_number(&sql, "SELECT count(*) FROM audit WHERE actor = 'ci for alice'", 0), 1);
    assert_int_equal(sql_number(&sql, "SELECT count(*) FROM deployments WHERE actor = 'alice'", 0), 1);
    sql_close(&sql);
    bench_end(&bench);
}

static void test_a_hash_covers_the_one_before(void **unused)
{
    const struct chain_row row = {.event = 2, .what = "step"};
    unsigned char prev[JOURNAL_HASH_SIZE] = {0};
    unsigned char one[JOURNAL_HASH_SIZE];
    unsigned char other[JOURNAL_HASH_SIZE];

    (void)unused;
    chain_hash(prev, &row, one);
    prev[31] = 1;
    chain_hash(prev, &row, other);
    assert_memory_not_equal(one, other, JOURNAL_HASH_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_are_numbered_and_chained),
        cmocka_unit_test(test_a_row_says_who_asked_for_whom),
        cmocka_unit_test(test_a_hash_covers_the_one_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
