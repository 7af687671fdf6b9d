/* test_engine_brakes.c - what fails again and again, or everywhere at once, stops what goes forward.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, FLEET = BENCH_TARGETS, VERSIONS = 100 };

static const struct engine_brakes usual = {
    .rollbacks = 2, .rollbacks_ms = HOUR_MS, .services = 3, .services_ms = 5 * MINUTE_MS, .fleet = FLEET};

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 16);
    engine_set_brakes(bench.engine, &usual);
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
    engine_set_brakes(bench->engine, &usual);
}

static struct bench_live *prepare(struct engine_bench *bench, uint32_t target)
{
    struct bench_live *live = bench_prepare(bench, VERSIONS + bench->live_count);

    live->start.target = target;
    live->start.service_key = target;
    return live;
}

/* Observed with 10 %; each in a target of its own, all read a bad value later. */
static struct bench_live *observed(struct engine_bench *bench, uint32_t target)
{
    struct bench_live *live = prepare(bench, target);

    bench_to_observe(bench, live);
    return live;
}

static struct bench_live *watched(struct engine_bench *bench, uint32_t target)
{
    struct bench_live *live = prepare(bench, target);

    bench_to_watch(bench, live);
    return live;
}

static void turn_bad(struct engine_bench *bench, struct bench_live *live)
{
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
}

static void go_back(struct engine_bench *bench, const struct bench_live *live)
{
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
    bench_result(bench, live, RESULT_DONE);
    bench_result(bench, live, RESULT_DONE);
}

static void failed(struct engine_bench *bench, uint32_t target)
{
    struct bench_live *live = observed(bench, target);

    turn_bad(bench, live);
    go_back(bench, live);
}

static const struct target_state *target_of(const struct engine_bench *bench, uint32_t target)
{
    return engine_target(bench->engine, target);
}

static void stand(struct engine_bench *bench, uint32_t target, uint64_t version)
{
    const struct target_verb verb = {.kind = TARGET_ADOPT, .target = target, .version_key = version};

    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_DONE);
}

static void say(struct engine_bench *bench, enum target_verb_kind kind, uint32_t target)
{
    const struct target_verb verb = {.kind = kind, .target = target};

    assert_int_equal(bench_target_verb(bench, &verb), ENGINE_DONE);
}

static void test_a_service_that_fails_again_and_again(void **state)
{
    struct engine_bench *bench = *state;

    failed(bench, 1);
    assert_false(target_of(bench, 1)->is_braked);
    bench_later(bench, 10 * MINUTE_MS);
    int64_t first_ms = target_of(bench, 1)->falls[0].at_ms;
    struct bench_live *second = observed(bench, 1);
    bench_forget(bench);
    turn_bad(bench, second);
    assert_int_equal(bench_traces(bench, second, TRACE_BRAKED), 1);
    go_back(bench, second);
    assert_true(target_of(bench, 1)->is_braked);
    assert_int_equal(target_of(bench, 1)->opens_ms, first_ms + HOUR_MS);
    assert_int_equal(target_of(bench, 1)->falls[1].who, second->id);
    assert_int_equal(bench_start(bench, prepare(bench, 1)), ENGINE_BRAKED);
    assert_int_equal(bench_start(bench, prepare(bench, 2)), ENGINE_DONE);
    bench->now_ms = first_ms + HOUR_MS - 1;
    bench_turn(bench);
    assert_true(target_of(bench, 1)->is_braked);
    bench_later(bench, 1);
    assert_false(target_of(bench, 1)->is_braked);
    failed(bench, 1); /* the second one still counts */
    assert_true(target_of(bench, 1)->is_braked);
}

static void test_only_what_failed_counts(void **state)
{
    struct engine_bench *bench = *state;

    for (int i = 0; i < 3; i++) {
        struct bench_live *live = observed(bench, 1);
        assert_int_equal(bench_verb(bench, live, i == 0 ? VERB_ABORT : VERB_ROLLBACK), ENGINE_DONE);
        go_back(bench, live);
        live = prepare(bench, 1);
        live->plan->is_record = true;
        bench_to_observe(bench, live);
        bench_later(bench, BENCH_AT_MOST_MS); /* for want of evidence, of what nobody acted on */
        go_back(bench, live);
    }
    assert_int_equal(target_of(bench, 1)->fall_count, 0);
    for (int i = 0; i < 2; i++) {
        struct bench_live *live = observed(bench, 1);
        bench_later(bench, BENCH_AT_MOST_MS);
        go_back(bench, live);
    }
    assert_true(target_of(bench, 1)->is_braked);
}

static void test_who_waits_and_who_cannot(void **state)
{
    struct engine_bench *bench = *state;

    failed(bench, 1);
    struct bench_live *second = observed(bench, 1);
    struct bench_live *waits = prepare(bench, 1);
    waits->start.queues = true;
    assert_int_equal(bench_start(bench, waits), ENGINE_DONE);
    turn_bad(bench, second);
    go_back(bench, second);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_QUEUED);
    bench_later(bench, MINUTE_MS);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_QUEUED);
    say(bench, TARGET_UNFREEZE, 1);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_ADMITTING);
    assert_int_equal(target_of(bench, 1)->fall_count, 0);
}

static void test_an_emergency_passes(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *fix = prepare(bench, 1);

    failed(bench, 1);
    failed(bench, 1);
    fix->start.is_emergency = true;
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_ADMITTING);
}

static void test_a_restart_opens_nothing(void **state)
{
    struct engine_bench *bench = *state;

    failed(bench, 1);
    failed(bench, 1);
    int64_t opens_ms = target_of(bench, 1)->opens_ms;
    restart(bench, HOUR_MS / 2);
    assert_true(target_of(bench, 1)->is_braked);
    assert_int_equal(target_of(bench, 1)->opens_ms, opens_ms);
    assert_int_equal(bench_start(bench, prepare(bench, 1)), ENGINE_BRAKED);
    bench_later(bench, HOUR_MS / 2);
    assert_false(target_of(bench, 1)->is_braked);
    restart(bench, 1);
    assert_false(target_of(bench, 1)->is_braked);
    assert_int_equal(bench_start(bench, prepare(bench, 1)), ENGINE_DONE);
}

static void test_several_services_stop_the_fleet(void **state)
{
    struct engine_bench *bench = *state;

    failed(bench, 1);
    failed(bench, 2);
    struct bench_live *waits = prepare(bench, 9);
    struct bench_live *before = observed(bench, 9);
    waits->start.queues = true;
    assert_int_equal(bench_start(bench, waits), ENGINE_DONE);
    assert_false(target_of(bench, FLEET)->is_braked);
    failed(bench, 3);
    assert_true(target_of(bench, FLEET)->is_braked);
    assert_int_equal(bench_start(bench, prepare(bench, 4)), ENGINE_BRAKED);
    assert_int_equal(bench_verb(bench, before, VERB_ABORT), ENGINE_DONE);
    go_back(bench, before);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_QUEUED);
    restart(bench, MINUTE_MS);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_QUEUED);
    bench_later(bench, 4 * MINUTE_MS);
    assert_false(target_of(bench, FLEET)->is_braked);
    assert_int_equal(bench_state(bench, waits)->phase, PHASE_ADMITTING);
}

static void test_one_service_is_one(void **state)
{
    struct engine_bench *bench = *state;

    const struct engine_brakes of_fleet = {.services = 3, .services_ms = 5 * MINUTE_MS, .fleet = FLEET};

    engine_set_brakes(bench->engine, &of_fleet);
    for (uint32_t target = 1; target < 4; target++) {
        struct bench_live *live = prepare(bench, target);
        live->start.service_key = 7; /* in several environments */
        bench_to_observe(bench, live);
        turn_bad(bench, live);
        go_back(bench, live);
    }
    assert_int_equal(target_of(bench, FLEET)->fall_count, 1);
    failed(bench, 4);
    failed(bench, 4);
    assert_false(target_of(bench, FLEET)->is_braked);
    assert_int_equal(target_of(bench, 4)->fall_count, 0); /* no brake counts them */
    bench_later(bench, 5 * MINUTE_MS);
    failed(bench, 5); /* the others are too old */
    assert_int_equal(target_of(bench, FLEET)->fall_count, 1);
}

/* The third one in the same minutes serves everybody: it is held, and whoever is called decides. */
static void test_what_serves_everybody_is_held(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *third = watched(bench, 3);
    struct bench_live *partial = observed(bench, 4);

    failed(bench, 1);
    failed(bench, 2);
    turn_bad(bench, third);
    const struct deployment_state *now = bench_state(bench, third);
    assert_int_equal(now->phase, PHASE_WATCHING);
    assert_int_equal(now->step_state, STEP_HELD);
    assert_int_equal(now->hold, HOLD_BRAKE);
    assert_true(now->is_escalated);
    assert_int_equal(now->confirmed_share, SHARE_WHOLE);
    assert_true(target_of(bench, FLEET)->is_braked);
    /* What has a part of the traffic goes back at once. */
    turn_bad(bench, partial);
    go_back(bench, partial);
    assert_int_equal(bench_verb(bench, third, VERB_RESUME), ENGINE_CONFLICT);
    assert_int_equal(bench_verb(bench, third, VERB_ROLLBACK), ENGINE_DONE);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, third)->ending, ENDING_FAILED);
}

/* One whose traffic an unknown hand took away in part has a part of it. */
static void test_what_serves_some_goes_back(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *third = watched(bench, 3);

    failed(bench, 1);
    failed(bench, 2);
    bench_later(bench, BENCH_RECONCILE_MS);
    assert_true(engine_read_back(bench->engine, third->id, SHARE_WHOLE / 2, false));
    bench_turn(bench);
    turn_bad(bench, third);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_ROLLING_BACK);
}

static void test_without_a_lever_the_watch_is_everybody(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *third = prepare(bench, 3);

    third->plan->has_traffic = false;
    third->plan->steps[0].kind = third->plan->steps[2].kind = STEP_COMMAND;
    third->plan->steps[0].share = third->plan->steps[2].share = 0;
    bench_to_watch(bench, third);
    failed(bench, 1);
    failed(bench, 2);
    turn_bad(bench, third);
    assert_int_equal(bench_state(bench, third)->hold, HOLD_BRAKE);
}

static void test_what_is_long_ago_is_not_shared(void **state)
{
    struct engine_bench *bench = *state;

    failed(bench, 1);
    failed(bench, 2);
    bench_later(bench, 5 * MINUTE_MS);
    struct bench_live *third = watched(bench, 3);
    turn_bad(bench, third);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_ROLLING_BACK);
    assert_false(target_of(bench, FLEET)->is_braked);
}

/* A person's: nothing holds it back, and it is not counted. */
static void test_a_way_back_is_not_held(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *promoted = prepare(bench, 3);
    struct bench_live *back = prepare(bench, 3);

    stand(bench, 3, 1);
    bench_to_promoted(bench, promoted);
    failed(bench, 1);
    failed(bench, 2);
    failed(bench, 4);
    assert_true(target_of(bench, FLEET)->is_braked);
    back->start.takes_back = promoted->id;
    back->plan->kind = PLAN_ROLLBACK;
    bench_to_watch(bench, back);
    turn_bad(bench, back);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(target_of(bench, 3)->fall_count, 0);
}

/* Traffic went back already, whatever the others did since: it stays on its way. */
static void test_what_left_ahead_is_not_held(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *third = watched(bench, 3);

    failed(bench, 1);
    failed(bench, 2);
    third->has_tombstone = true;
    restart(bench, 1000);
    bench_turn(bench);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_ROLLING_BACK);
    assert_true(target_of(bench, FLEET)->is_braked);
}

/* The journal does not answer: what would be held does not leave ahead of it either. */
static void test_what_is_held_does_not_leave(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *third = watched(bench, 3);

    failed(bench, 1);
    failed(bench, 2);
    bench->journal = BENCH_REFUSES;
    bench_forget(bench);
    turn_bad(bench, third);
    bench_later(bench, 2000);
    assert_int_equal(bench_count(bench, NOTE_START), 0);
    assert_false(target_of(bench, FLEET)->is_braked);
    bench->journal = BENCH_WRITES;
    bench_later(bench, 2000);
    assert_int_equal(bench_state(bench, third)->hold, HOLD_BRAKE);
    assert_true(target_of(bench, FLEET)->is_braked);
}

static void test_a_freeze_of_the_fleet(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_verb freeze = {
        .kind = TARGET_FREEZE, .target = FLEET, .thaws_ms = bench->now_ms + HOUR_MS};

    assert_int_equal(bench_target_verb(bench, &freeze), ENGINE_DONE);
    assert_int_equal(bench_start(bench, prepare(bench, 1)), ENGINE_FROZEN);
    bench_later(bench, HOUR_MS);
    assert_int_equal(bench_start(bench, prepare(bench, 1)), ENGINE_DONE);
    say(bench, TARGET_FREEZE, FLEET);
    assert_int_equal(bench_start(bench, prepare(bench, 2)), ENGINE_FROZEN);
    say(bench, TARGET_OPEN, FLEET); /* no brake's */
    assert_int_equal(bench_start(bench, prepare(bench, 2)), ENGINE_FROZEN);
    say(bench, TARGET_UNFREEZE, FLEET);
    assert_int_equal(bench_start(bench, prepare(bench, 2)), ENGINE_DONE);
}

static void test_without_brakes(void **state)
{
    struct engine_bench *bench = *state;

    const struct engine_brakes none = {.rollbacks = 0};
    const struct engine_brakes none_either = {.fleet = FLEET};

    engine_set_brakes(bench->engine, &none);
    for (int i = 0; i < 5; i++)
        failed(bench, 1);
    assert_int_equal(target_of(bench, 1)->fall_count, 0);
    engine_set_brakes(bench->engine, &none_either);
    struct bench_live *live = watched(bench, 1);
    turn_bad(bench, live);
    assert_int_equal(bench_state(bench, live)->phase, PHASE_ROLLING_BACK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_service_that_fails_again_and_again),
        TEST(test_only_what_failed_counts),
        TEST(test_who_waits_and_who_cannot),
        TEST(test_an_emergency_passes),
        TEST(test_a_restart_opens_nothing),
        TEST(test_several_services_stop_the_fleet),
        TEST(test_one_service_is_one),
        TEST(test_what_serves_everybody_is_held),
        TEST(test_what_serves_some_goes_back),
        TEST(test_without_a_lever_the_watch_is_everybody),
        TEST(test_what_is_long_ago_is_not_shared),
        TEST(test_a_way_back_is_not_held),
        TEST(test_what_left_ahead_is_not_held),
        TEST(test_what_is_held_does_not_leave),
        TEST(test_a_freeze_of_the_fleet),
        TEST(test_without_brakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
