/* test_engine_freeze.c - freezes that end by themselves, on our own clock, through restarts and refusals.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, HOUR_MS = 3600000, WALL_MS = 12345 };

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

static enum engine_answer freeze(struct engine_bench *bench, uint32_t target, int64_t for_ms)
{
    const struct target_verb verb = {.kind = TARGET_FREEZE,
                                     .target = target,
                                     .thaws_ms = for_ms == 0 ? 0 : bench->now_ms + for_ms,
                                     .thaws_wall_ms = WALL_MS};

    return bench_target_verb(bench, &verb);
}

static const struct target_state *target_of(const struct engine_bench *bench)
{
    return engine_target(bench->engine, BENCH_TARGET);
}

static void test_it_ends_by_itself(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = bench_prepare(bench, FIRST);
    struct bench_live *second = bench_prepare(bench, SECOND);

    assert_int_equal(freeze(bench, BENCH_TARGET, HOUR_MS), ENGINE_DONE);
    assert_true(target_of(bench)->is_frozen && target_of(bench)->thaws_wall_ms == WALL_MS);
    assert_int_equal(bench_start(bench, first), ENGINE_FROZEN);
    bench_later(bench, HOUR_MS - 1);
    assert_true(target_of(bench)->is_frozen);
    bench_later(bench, 1);
    assert_false(target_of(bench)->is_frozen);
    assert_true(target_of(bench)->thaws_ms == 0 && target_of(bench)->thaws_wall_ms == 0);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
}

static void test_who_waits_goes_on_then(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = bench_prepare(bench, FIRST);
    struct bench_live *second = bench_prepare(bench, SECOND);

    second->start.queues = true;
    bench_to_watch(bench, first);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(freeze(bench, BENCH_TARGET, HOUR_MS), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, first, VERB_PROMOTE_FULL), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
}

static void test_a_restart_ends_no_freeze(void **state)
{
    struct engine_bench *bench = *state;

    assert_int_equal(freeze(bench, BENCH_TARGET, HOUR_MS), ENGINE_DONE);
    bench_restart(bench, HOUR_MS / 2);
    assert_true(target_of(bench)->is_frozen);
    bench_later(bench, HOUR_MS / 2);
    assert_false(target_of(bench)->is_frozen);
    assert_int_equal(freeze(bench, BENCH_TARGET, HOUR_MS), ENGINE_DONE);
    bench_restart(bench, HOUR_MS); /* it was over while nobody was there */
    bench_turn(bench);
    assert_false(target_of(bench)->is_frozen);
}

static void test_several_end_at_once(void **state)
{
    struct engine_bench *bench = *state;

    for (uint32_t target = 1; target <= BENCH_TARGETS; target++)
        assert_int_equal(freeze(bench, target, HOUR_MS + target % 3), ENGINE_DONE);
    bench_restart(bench, HOUR_MS / 2);
    bench_later(bench, HOUR_MS / 2 + 3);
    for (uint32_t target = 1; target <= BENCH_TARGETS; target++)
        assert_false(engine_target(bench->engine, target)->is_frozen);
}

/* The earlier end of two, whichever target it belongs to; a third one has none. */
static void test_the_next_end_is_found(void **state)
{
    struct engine_bench *bench = *state;

    assert_int_equal(freeze(bench, 1, 2 * HOUR_MS), ENGINE_DONE);
    assert_int_equal(freeze(bench, 2, 3 * HOUR_MS), ENGINE_DONE);
    assert_int_equal(freeze(bench, 3, HOUR_MS), ENGINE_DONE);
    bench_later(bench, HOUR_MS);
    assert_false(engine_target(bench->engine, 3)->is_frozen);
    assert_true(engine_target(bench->engine, 1)->is_frozen);
    assert_int_equal(freeze(bench, 3, 0), ENGINE_DONE);
    bench_later(bench, HOUR_MS);
    assert_false(engine_target(bench->engine, 1)->is_frozen);
    assert_true(engine_target(bench->engine, 2)->is_frozen);
    bench_later(bench, HOUR_MS);
    assert_false(engine_target(bench->engine, 2)->is_frozen);
    assert_true(engine_target(bench->engine, 3)->is_frozen);
}

static void test_a_later_word_counts(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_verb unfreeze = {.kind = TARGET_UNFREEZE, .target = BENCH_TARGET};

    assert_int_equal(freeze(bench, BENCH_TARGET, HOUR_MS), ENGINE_DONE);
    assert_int_equal(freeze(bench, BENCH_TARGET, 2 * HOUR_MS), ENGINE_DONE);
    bench_later(bench, HOUR_MS);
    assert_true(target_of(bench)->is_frozen);
    assert_int_equal(freeze(bench, BENCH_TARGET, 0), ENGINE_DONE);
    bench_later(bench, 2 * HOUR_MS);
    assert_true(target_of(bench)->is_frozen);
    bench_restart(bench, 1);
    assert_true(target_of(bench)->is_frozen);
    assert_int_equal(bench_target_verb(bench, &unfreeze), ENGINE_DONE);
    assert_false(target_of(bench)->is_frozen);
    bench_restart(bench, 1);
    assert_false(target_of(bench)->is_frozen);
}

static void test_a_journal_that_refuses_puts_it_off(void **state)
{
    struct engine_bench *bench = *state;

    assert_int_equal(freeze(bench, BENCH_TARGET, HOUR_MS), ENGINE_DONE);
    bench->journal = BENCH_REFUSES;
    bench_later(bench, HOUR_MS);
    assert_true(target_of(bench)->is_frozen);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 2000);
    assert_false(target_of(bench)->is_frozen);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_ends_by_itself),
        TEST(test_who_waits_goes_on_then),
        TEST(test_a_restart_ends_no_freeze),
        TEST(test_several_end_at_once),
        TEST(test_the_next_end_is_found),
        TEST(test_a_later_word_counts),
        TEST(test_a_journal_that_refuses_puts_it_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
