/* test_journal_guards.c - what a raise of traffic rests on, where an override comes in the same batch as it.
 * SPDX-License-Identifier: MIT */
#include "store/sql.h"
#include "support/journal_fixture.h"

static const char old_trigger[] =
    "CREATE TRIGGER a_raise_uses_passes_up AFTER INSERT ON actions"
    " WHEN NEW.kind = 5 AND NEW.share > coalesce((SELECT max(share) FROM actions"
    "  WHERE deployment = NEW.deployment AND kind = 5 AND sequence <> NEW.sequence), 0)"
    " BEGIN UPDATE passes SET used_by = NEW.sequence WHERE deployment = NEW.deployment AND used_by IS NULL;"
    " END";

static void go_on(struct bench *bench, struct deployment_state *state, uint16_t share)
{
    state->step++;
    state->attempt++;
    state->last_sequence++;
    add_row(bench, ROW_DEPLOYMENT, state);
    add_route(bench, state, share);
}

/* The first share, and in the same turn somebody overrides the rest. */
static void override_at_once(struct bench *bench, struct deployment_state *state)
{
    deployment_init(1, 1000, state);
    state->phase = PHASE_RUNNING;
    add_new(bench, state);
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
    go_on(bench, state, 100);
    add_trace(bench, state, TRACE_OVERRIDE, state->step, state->attempt);
    assert_int_equal(bench_commit(bench), JOURNAL_FINE);
    go_on(bench, state, 10000);
}

static void test_an_override_beside_a_raise_is_for_the_next(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state;

    (void)unused;
    bench_begin(&bench);
    override_at_once(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench_end(&bench);
}

static void test_a_journal_of_schema_3_learns_it(void **unused)
{
    struct bench bench = {0};
    struct deployment_state state;
    struct sql sql;
    struct err err = {0};

    (void)unused;
    bench_begin(&bench);
    journal_close(bench.journal);
    assert_true(sql_open(&sql, bench.path, SQL_WRITES, &err));
    assert_true(sql_execute(&sql, "DROP TRIGGER a_raise_uses_passes_up"));
    assert_true(sql_execute(&sql, old_trigger));
    assert_true(sql_execute(&sql, "ALTER TABLE verdicts DROP COLUMN against"));
    assert_true(sql_execute(&sql, "ALTER TABLE deployments DROP COLUMN traceparent"));
    assert_true(sql_execute(&sql, "ALTER TABLE runs DROP COLUMN traceparent"));
    assert_true(sql_execute(&sql, "DROP TABLE stack_looks"));
    assert_true(sql_execute(&sql, "DROP TABLE approvals"));
    assert_true(sql_execute(&sql, "DROP TABLE drifts"));
    assert_true(sql_execute(&sql, "DROP TABLE states"));
    assert_true(sql_execute(&sql, "DROP TABLE stacks"));
    assert_true(sql_execute(&sql, "UPDATE meta SET schema = 3"));
    sql_close(&sql);
    bench_open(&bench);
    override_at_once(&bench, &state);
    assert_int_equal(bench_commit(&bench), JOURNAL_FINE);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_override_beside_a_raise_is_for_the_next),
        cmocka_unit_test(test_a_journal_of_schema_3_learns_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
