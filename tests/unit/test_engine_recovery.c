/* test_engine_recovery.c - what the journal knows goes on: actions are driven again under their keys, and
 * time that nobody watched is not observed.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 3);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static void restart(struct engine_bench *bench, int64_t away_ms)
{
    bench_restart(bench, away_ms);
    bench_forget(bench);
    bench_turn(bench);
}

/* Once, however often its turn's commit fails. */
static void test_driven_again_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    const struct target_verb freeze = {.kind = TARGET_FREEZE, .target = BENCH_TARGET};

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_restart(bench, 1000);
    bench_forget(bench);
    bench->journal = BENCH_REFUSES;
    assert_int_equal(bench_target_verb(bench, &freeze), ENGINE_NOT_DURABLE);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 1000);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_REHEARSE);
    bench_later(bench, 1000);
    assert_int_equal(bench_count(bench, NOTE_START), 1);
}

static void test_tombstones_read_as_fail(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench->journal = BENCH_REFUSES;
    assert_true(engine_verb(bench->engine, 0, live->id, VERB_ABORT, 0));
    bench_turn(bench);
    assert_true(live->has_tombstone);
    bench->journal = BENCH_WRITES;
    restart(bench, 1000);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 1);
    assert_int_equal(bench_only_start(bench).action.share, 0);
    live->has_tombstone = true;
    restart(bench, 1000);
    assert_int_equal(bench_traces(bench, live, TRACE_QUARANTINE), 0);
    assert_int_equal(bench_only_start(bench).action.share, 0);
}

static void test_a_way_back_goes_on(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    (void)bench_verb(bench, live, VERB_ABORT);
    restart(bench, 1000);
    assert_int_equal(bench_only_start(bench).action.share, 0);
    assert_true(bench_only_start(bench).action.is_rollback);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_traces(bench, live, TRACE_PHASE), 1);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
}

static void test_targets_ids_and_queues_come_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *next = bench_prepare(bench, SECOND);

    bench_adopt(bench, THIRD, 1);
    bench_to_observe(bench, live);
    next->start.queues = true;
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    restart(bench, 1000);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->stable_version_key, THIRD);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_QUEUED);
    bench_to_watch(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
    struct bench_live *last = bench_prepare(bench, THIRD);
    last->start.target = 2;
    assert_int_equal(bench_start(bench, last), ENGINE_DONE);
    assert_int_equal(last->id, 3);
}

/* What rules remember is as it was written, and nothing that was said before counts as said. */
static void test_rules_come_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    bench_to_observe(bench, live);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, ENGINE_PERSIST_MS - 1);
    bench_later(bench, 1);
    struct rule_state written = *engine_rule_states(bench->engine, live->id);
    bench_restart(bench, 1000);
    assert_memory_equal(engine_rule_states(bench->engine, live->id), &written, sizeof(written));
    bench_to_observe(bench, live);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_WATCHING);
}

static void test_recovery_is_bounded(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct deployment_state recovered;

    deployment_init(9, bench->now_ms, &recovered);
    for (int i = 0; i < 3; i++)
        assert_true(engine_recover(bench->engine, &live->start, &recovered, 0, i == 1));
    assert_false(engine_recover(bench->engine, &live->start, &recovered, 0, false));
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_driven_again_once),  BENCH_TEST(test_tombstones_read_as_fail),
        BENCH_TEST(test_a_way_back_goes_on), BENCH_TEST(test_targets_ids_and_queues_come_back),
        BENCH_TEST(test_rules_come_back),    BENCH_TEST(test_recovery_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
