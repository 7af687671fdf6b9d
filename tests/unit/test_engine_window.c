/* test_engine_window.c - who waits for a window, and who does not.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD, HOUR_MS = 3600000 };

static int64_t window_opens_ms; /* of the tests that have one window */

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 4);
    window_opens_ms = bench.now_ms + HOUR_MS;
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static struct bench_live *gated(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.queues = true;
    live->start.window = &window_opens_ms;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    return live;
}

static void test_a_closed_window_queues_until_it_opens(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *live = gated(bench, FIRST);

    assert_int_equal(bench_state(bench, live)->phase, PHASE_QUEUED);
    assert_int_equal(engine_deadline(bench->engine), window_opens_ms);
    bench_later(bench, HOUR_MS - 1);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_QUEUED);
    bench_later(bench, 1);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
}

static void test_an_open_window_does_not_delay(void **state)
{
    struct engine_bench *bench = *state;

    window_opens_ms = bench->now_ms;
    const struct bench_live *live = gated(bench, FIRST);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
}

static void test_it_is_asked_again_where_it_opens_later(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *live = gated(bench, FIRST);

    window_opens_ms += HOUR_MS; /* the wall clock was set */
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_QUEUED);
    assert_int_equal(engine_deadline(bench->engine), window_opens_ms);
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
}

static void test_nobody_overtakes_who_waits_for_a_window(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *first = gated(bench, FIRST);
    struct bench_live *second = bench_prepare(bench, SECOND);

    second->start.queues = true;
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
}

static void test_a_way_back_waits_for_no_window(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_state target = {
        .id = BENCH_TARGET, .has_stable = true, .stable_version_key = THIRD, .way_back = 77};

    engine_recover_target(bench->engine, &target);
    const struct bench_live *waits = gated(bench, FIRST);
    struct bench_live *back = bench_prepare(bench, SECOND);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = target.way_back;
    back->start.window = &window_opens_ms;
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_QUEUED);
}

static void test_a_way_back_does_not_even_ask(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_state target = {
        .id = BENCH_TARGET, .has_stable = true, .stable_version_key = THIRD, .way_back = 77};
    struct bench_live *back = bench_prepare(bench, SECOND);

    engine_recover_target(bench->engine, &target);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = target.way_back;
    back->start.window = &window_opens_ms;
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ADMITTING);
}

static void test_a_closing_window_stops_nothing(void **state)
{
    struct engine_bench *bench = *state;

    window_opens_ms = bench->now_ms;
    struct bench_live *live = gated(bench, FIRST);
    window_opens_ms = bench->now_ms + 24 * HOUR_MS;
    bench_to_promoted(bench, live);
}

static void test_it_is_asked_after_a_restart(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *live = gated(bench, FIRST);

    bench_restart(bench, HOUR_MS / 2);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_QUEUED);
    assert_int_equal(engine_deadline(bench->engine), window_opens_ms);
    bench_restart(bench, HOUR_MS);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
}

static void test_a_turn_that_was_not_durable_is_had_again(void **state)
{
    struct engine_bench *bench = *state;
    const struct bench_live *live = gated(bench, FIRST);

    bench->journal = BENCH_REFUSES;
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_QUEUED);
    bench->journal = BENCH_WRITES;
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ADMITTING);
}

static void test_the_queue_goes_on_when_it_opens_while_another_is_under_way(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = bench_prepare(bench, FIRST);

    assert_int_equal(bench_start(bench, first), ENGINE_DONE);
    const struct bench_live *second = gated(bench, SECOND);
    window_opens_ms = bench->now_ms;
    bench_to_promoted(bench, first);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_closed_window_queues_until_it_opens),
        TEST(test_an_open_window_does_not_delay),
        TEST(test_it_is_asked_again_where_it_opens_later),
        TEST(test_nobody_overtakes_who_waits_for_a_window),
        TEST(test_a_way_back_waits_for_no_window),
        TEST(test_a_way_back_does_not_even_ask),
        TEST(test_a_closing_window_stops_nothing),
        TEST(test_it_is_asked_after_a_restart),
        TEST(test_a_turn_that_was_not_durable_is_had_again),
        TEST(test_the_queue_goes_on_when_it_opens_while_another_is_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
