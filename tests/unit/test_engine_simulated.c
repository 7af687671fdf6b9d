/* test_engine_simulated.c - what the simulation found in the engine, one test for each.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 8);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static struct bench_live *queued_start(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.queues = true;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    return live;
}

static enum engine_answer say(struct engine_bench *bench, enum target_verb_kind kind)
{
    const struct target_verb verb = {.kind = kind, .target = BENCH_TARGET};

    return bench_target_verb(bench, &verb);
}

/* Who waited when the target was frozen goes on waiting, until it is no longer. */
static void test_frozen_targets_give_no_turn(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued_start(bench, FIRST);
    struct bench_live *second = queued_start(bench, SECOND);

    assert_int_equal(say(bench, TARGET_FREEZE), ENGINE_DONE);
    assert_int_equal(bench_verb(bench, first, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
    assert_int_equal(say(bench, TARGET_UNFREEZE), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
}

static void judge(struct engine_bench *bench, const struct bench_live *live, uint8_t rule, int64_t from_ms)
{
    const struct judgement pass = {.verdict = VERDICT_PASS, .from_ms = from_ms, .to_ms = bench->now_ms};

    assert_true(engine_judgement(bench->engine, live->id, rule, &pass));
    bench_turn(bench);
}

/* S2: a pass that was found for the step before does not pass this one. */
static void test_passes_of_another_step_are_none(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);

    live->blind = UINT32_MAX;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_to_observe(bench, live);
    int64_t confirmed_ms = bench_state(bench, live)->confirmed_ms;
    for (uint8_t rule = 0; rule < BENCH_RULES; rule++)
        judge(bench, live, rule, confirmed_ms - 1);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    for (uint8_t rule = 0; rule < BENCH_RULES; rule++)
        judge(bench, live, rule, confirmed_ms);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
}

/* S9: the slot that a way back leads to is being stopped. */
static void test_no_way_back_while_the_old_slot_retires(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, FIRST);
    struct bench_live *back = bench_prepare(bench, SECOND);

    live->plan->retire = 0;
    live->plan->retire_delay_ms = 1000;
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_to_promoted(bench, live);
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->care, CARE_ACTING);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.queues = true;
    assert_int_equal(bench_start(bench, back), ENGINE_CONFLICT);
    bench_result(bench, live, RESULT_DONE);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_frozen_targets_give_no_turn),
        BENCH_TEST(test_passes_of_another_step_are_none),
        BENCH_TEST(test_no_way_back_while_the_old_slot_retires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
