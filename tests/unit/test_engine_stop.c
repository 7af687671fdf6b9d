/* test_engine_stop.c - a freeze or a brake, and what is under way: it ends its step, and waits.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, FLEET = BENCH_TARGETS, VERSIONS = 100 };

static const struct engine_brakes none = {.fleet = FLEET};

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 16);
    engine_set_brakes(bench.engine, &none);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static struct bench_live *prepare(struct engine_bench *bench, uint32_t target)
{
    struct bench_live *live = bench_prepare(bench, VERSIONS + bench->live_count);

    live->start.target = target;
    live->start.service_key = target;
    return live;
}

static struct bench_live *observed(struct engine_bench *bench, uint32_t target)
{
    struct bench_live *live = prepare(bench, target);

    bench_to_observe(bench, live);
    return live;
}

static void say(struct engine_bench *bench, enum target_verb_kind kind, uint32_t target)
{
    const struct target_verb verb = {.kind = kind, .target = target};

    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_DONE);
}

static void restart(struct engine_bench *bench, int64_t away_ms)
{
    bench_restart(bench, away_ms);
    engine_set_brakes(bench->engine, &none);
}

/* Its step is over, and the next one would give it more: it waits, however long, and is not taken back for
 * it. */
static void test_who_is_under_way_waits(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench, 1);

    say(bench, TARGET_FREEZE, 1);
    for (int i = 0; i < 2 * BENCH_AT_MOST_MS / 1000; i++) {
        bench_values(bench, live, BENCH_GOOD);
        bench_later(bench, 1000);
    }
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    assert_true(bench_state(bench, live)->is_stopped);
    assert_int_equal(bench_verb(bench, live, VERB_PROMOTE), ENGINE_CONFLICT);
    restart(bench, 1000);
    bench_values(bench, live, BENCH_GOOD);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_OBSERVE);
    say(bench, TARGET_UNFREEZE, 1);
    assert_int_equal(bench_state(bench, live)->step, BENCH_STEP_WHOLE);
    bench_result(bench, live, RESULT_DONE);
    say(bench, TARGET_FREEZE, 1);
    bench_values(bench, live, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS); /* its end is no step */
    assert_true(bench_traces(bench, live, TRACE_PHASE) > 0);
    assert_int_equal(engine_target(bench->engine, 1)->stable_version_key, live->start.version_key);
}

/* What it waits with it may lose: then it has its whole patience again. */
static void test_who_waits_and_fails(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = observed(bench, 1);

    say(bench, TARGET_FREEZE, FLEET);
    for (int i = 0; i < BENCH_AT_MOST_MS / 1000; i++) {
        bench_values(bench, live, BENCH_GOOD);
        bench_later(bench, 1000);
    }
    bench_later(bench, BENCH_AGE_MS);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_RUNNING);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
}

static void test_before_its_first_step(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = prepare(bench, 1);

    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    say(bench, TARGET_FREEZE, 1);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_RUNNING);
    assert_int_equal(bench_state(bench, live)->attempt, 0);
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_state(bench, live)->attempt, 0);
    say(bench, TARGET_UNFREEZE, 1);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_ACTING);
}

static void test_an_approval_and_copies(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = prepare(bench, 1);

    live->plan->steps[0] = (struct plan_step){.kind = STEP_APPROVE, .approvals = 1, .limit_ms = MINUTE_MS};
    live->plan->steps[1] = (struct plan_step){
        .kind = STEP_MIRROR, .share = BENCH_LOW, .limit_ms = ROUTE_LIMIT_MS, .tries_max = 3};
    live->plan->steps[2] =
        (struct plan_step){.kind = STEP_MIRROR, .limit_ms = ROUTE_LIMIT_MS, .tries_max = 3};
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    say(bench, TARGET_FREEZE, 1);
    assert_int_equal(bench_verb(bench, live, VERB_APPROVE), ENGINE_DONE);
    bench_later(bench, HOUR_MS); /* nobody holds its limit against it */
    assert_int_equal(bench_state(bench, live)->step_state, STEP_IDLE);
    say(bench, TARGET_UNFREEZE, 1);
    assert_int_equal(bench_state(bench, live)->step, 1);
    say(bench, TARGET_FREEZE, 1);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->step, 2); /* less, not more */
    assert_int_equal(bench_verb(bench, live, VERB_PROMOTE_FULL), ENGINE_DONE);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_WATCHING);
}

/* Testers are nobody's users; but to let them in is a step forward. */
static void test_testers_wait_too(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = prepare(bench, 1);

    live->plan->steps[0] = (struct plan_step){.kind = STEP_ROUTE, .limit_ms = ROUTE_LIMIT_MS, .tries_max = 3};
    assert_int_equal(bench_start(bench, live), ENGINE_DONE);
    say(bench, TARGET_FREEZE, 1);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_state(bench, live)->attempt, 0);
    say(bench, TARGET_UNFREEZE, 1);
    assert_int_equal(bench_state(bench, live)->step, 0);
    assert_int_equal(bench_state(bench, live)->step_state, STEP_ACTING);
}

static void test_who_stands_in_no_ones_way(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *fix = prepare(bench, 1);
    struct bench_live *record = prepare(bench, 2);

    fix->start.is_emergency = true;
    record->plan->is_record = true;
    bench_to_observe(bench, fix);
    bench_to_observe(bench, record);
    say(bench, TARGET_FREEZE, FLEET);
    bench_values(bench, fix, BENCH_GOOD);
    bench_values(bench, record, BENCH_GOOD);
    bench_later(bench, BENCH_OBSERVE_MS);
    assert_int_equal(bench_state(bench, fix)->step, BENCH_STEP_WHOLE);
    assert_int_equal(bench_state(bench, record)->step, BENCH_STEP_WHOLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_under_way_waits),    TEST(test_who_waits_and_fails),
        TEST(test_before_its_first_step),     TEST(test_an_approval_and_copies),
        TEST(test_before_its_first_step),     TEST(test_testers_wait_too),
        TEST(test_who_stands_in_no_ones_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
