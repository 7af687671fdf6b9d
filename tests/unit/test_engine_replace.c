/* test_engine_replace.c - newer deployments that take the place of older ones.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD, HOUR_MS = 3600000 };

static int64_t window_opens_ms;

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 4);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static struct bench_live *replacing(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.queues = live->start.replaces = true;
    return live;
}

static bool has_ended(const struct engine_bench *bench, const struct bench_live *live)
{
    return engine_state(bench->engine, live->id) == NULL;
}

static void test_who_had_no_effect_makes_room_at_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = replacing(bench, FIRST);
    struct bench_live *second = replacing(bench, SECOND);

    assert_int_equal(bench_start(bench, first), ENGINE_DONE);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_true(has_ended(bench, first));
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
}

static void test_who_has_traffic_goes_back_first(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = replacing(bench, FIRST);
    struct bench_live *second = replacing(bench, SECOND);
    struct bench_live *third = replacing(bench, THIRD);

    bench_to_observe(bench, first);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
    /* Of those that wait only the newest has its turn. */
    assert_int_equal(bench_start(bench, third), ENGINE_DONE);
    assert_true(has_ended(bench, second));
    bench_result(bench, first, RESULT_DONE);
    if (!has_ended(bench, first))
        bench_result(bench, first, RESULT_DONE);
    assert_true(has_ended(bench, first));
    assert_int_equal(bench_state(bench, third)->phase, PHASE_ADMITTING);
}

static void test_a_watch_is_waited_for(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = replacing(bench, FIRST);
    struct bench_live *second = replacing(bench, SECOND);

    bench_to_watch(bench, first);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_WATCHING);
    bench_values(bench, first, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
}

/* S5: that it is to be replaced waits for the journal, which may refuse that; a rule that only holds sends
 * nobody back meanwhile, and one that takes back does. */
static void test_only_a_fail_goes_ahead_of_a_replacement(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = replacing(bench, FIRST);
    struct bench_live *second = replacing(bench, SECOND);

    bench_to_observe(bench, first);
    bench_forget(bench);
    bench->journal = BENCH_STUCK;
    assert_true(engine_start(bench->engine, &second->start));
    bench_turn(bench);
    bench_value(bench, first, BENCH_RULE_HOLD, BENCH_BAD);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    bench_value(bench, first, BENCH_RULE_ROLLBACK, BENCH_BAD);
    bench_later(bench, ENGINE_AHEAD_MS);
    assert_int_equal(bench_only_start(bench).action.kind, ACTION_ROUTE);
    assert_int_equal(bench_only_start(bench).action.share, 0);
    assert_true(bench_only_start(bench).is_ahead);
    uint32_t sequence = bench_only_start(bench).action.sequence;
    bench_forget(bench);
    bench->journal = BENCH_WRITES;
    bench_settle(bench);
    assert_int_equal(bench_only_start(bench).action.sequence, sequence);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_ROLLING_BACK);
}

/* Who could not go on yet takes nobody's place. */
static void test_a_closed_window_replaces_nobody(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = replacing(bench, FIRST);
    struct bench_live *second = replacing(bench, SECOND);

    bench_to_observe(bench, first);
    window_opens_ms = bench->now_ms + BENCH_OBSERVE_MS / 2;
    second->start.window = &window_opens_ms;
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_RUNNING);
    bench_later(bench, BENCH_OBSERVE_MS / 2);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_ROLLING_BACK);
}

static void test_a_way_back_is_not_replaced(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_state target = {
        .id = BENCH_TARGET, .has_stable = true, .stable_version_key = THIRD, .way_back = 77};
    struct bench_live *back = bench_prepare(bench, FIRST);
    struct bench_live *next = replacing(bench, SECOND);

    engine_recover_target(bench->engine, &target);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = target.way_back;
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_QUEUED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_had_no_effect_makes_room_at_once),
        TEST(test_who_has_traffic_goes_back_first),
        TEST(test_a_watch_is_waited_for),
        TEST(test_only_a_fail_goes_ahead_of_a_replacement),
        TEST(test_a_closed_window_replaces_nobody),
        TEST(test_a_way_back_is_not_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
