/* test_engine_emergency.c - a person's emergency at the door: past whom and what it goes.
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { FIRST = 100, SECOND, THIRD, FIX, HOUR_MS = 3600000 };

static int64_t window_opens_ms;

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

static struct bench_live *queued(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.queues = true;
    return live;
}

static struct bench_live *emergency(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.is_emergency = true;
    return live;
}

static bool has_ended(const struct engine_bench *bench, const struct bench_live *live)
{
    return engine_state(bench->engine, live->id) == NULL;
}

static enum engine_answer say(struct engine_bench *bench, enum target_verb_kind kind)
{
    const struct target_verb verb = {.kind = kind, .target = BENCH_TARGET};

    return bench_target_verb(bench, &verb);
}

static bool is_quarantined(const struct engine_bench *bench, uint64_t version_key)
{
    const struct target_state *target = engine_target(bench->engine, BENCH_TARGET);

    for (uint8_t i = 0; i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == version_key)
            return true;
    return false;
}

static void test_neither_freeze_nor_window_nor_queue(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = bench_prepare(bench, FIRST);
    struct bench_live *fix = emergency(bench, FIX);

    window_opens_ms = bench->now_ms + HOUR_MS;
    fix->start.window = &window_opens_ms;
    assert_int_equal(say(bench, TARGET_FREEZE), ENGINE_DONE);
    assert_int_equal(bench_start(bench, first), ENGINE_FROZEN);
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_ADMITTING);
}

static void test_who_waits_is_not_put_over_it(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *second = queued(bench, SECOND);
    struct bench_live *third = queued(bench, THIRD);
    struct bench_live *fix = emergency(bench, FIX);

    bench_to_observe(bench, first);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_QUEUED);
    bench_later(bench, 1);
    assert_true(has_ended(bench, second));
    /* Who comes later waits behind it, and replaces it not even where it may. */
    third->start.replaces = true;
    assert_int_equal(bench_start(bench, third), ENGINE_DONE);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_QUEUED);
    while (!has_ended(bench, first))
        bench_result(bench, first, RESULT_DONE);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_ADMITTING);
    bench_later(bench, 1);
    assert_int_equal(bench_state(bench, third)->phase, PHASE_QUEUED);
}

static void test_the_newest_emergency_is_the_one(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *second = emergency(bench, SECOND);
    struct bench_live *fix = emergency(bench, FIX);

    bench_to_observe(bench, first);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    bench_later(bench, 1);
    assert_true(has_ended(bench, second));
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_QUEUED);
}

static void test_a_watch_is_cut_short(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *fix = emergency(bench, FIX);

    bench_to_watch(bench, first);
    fix->start.is_stable_bad = true;
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->stable_version_key, FIRST);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_ADMITTING);
    /* What served when its turn came is what the person called bad. */
    assert_true(is_quarantined(bench, FIRST));
}

static void test_who_is_escalated_is_taken_over(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *fix = emergency(bench, FIX);

    bench_to_observe(bench, first);
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_ROLLING_BACK);
    for (int i = 0; i < 2000 && !has_ended(bench, first); i++)
        bench_later(bench, 1000);
    assert_true(has_ended(bench, first));
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_ADMITTING);
}

/* Until its undo has ended, however that ends. */
static void test_who_is_escalated_ends_its_command_first(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *fix = emergency(bench, FIX);

    first->plan->rollback_limit_ms = 1000;
    bench_to_observe(bench, first);
    /* What its first step did, a command undoes. */
    first->plan->steps[0] = (struct plan_step){
        .kind = STEP_COMMAND, .undo = 5, .probe = PLAN_NONE, .tries_max = 3, .limit_ms = BENCH_AT_MOST_MS};
    assert_int_equal(bench_verb(bench, first, VERB_ABORT), ENGINE_DONE);
    bench_result(bench, first, RESULT_DONE);
    assert_true(deployment_is_commanding(bench_state(bench, first)));
    bench_later(bench, 1000);
    assert_true(bench_state(bench, first)->is_escalated);
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_QUEUED);
    bench_result(bench, first, RESULT_FAILED);
    assert_true(has_ended(bench, first));
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_ADMITTING);
}

static void test_the_same_version_becomes_one(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *second = queued(bench, SECOND);
    struct bench_live *again = emergency(bench, SECOND);

    bench_to_watch(bench, first);
    assert_int_equal(bench_start(bench, second), ENGINE_DONE);
    assert_int_equal(bench_state(bench, second)->phase, PHASE_QUEUED);
    again->start.is_stable_bad = true;
    assert_int_equal(bench_start(bench, again), ENGINE_ALREADY);
    assert_true(has_ended(bench, first));
    assert_int_equal(bench_state(bench, second)->phase, PHASE_ADMITTING);
    assert_true(bench_state(bench, second)->is_emergency);
    assert_true(is_quarantined(bench, FIRST));
}

static void test_called_bad_later_stable_is_quarantined_at_once(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = emergency(bench, FIRST);
    struct bench_live *again = emergency(bench, FIRST);
    struct bench_live *once_more = emergency(bench, FIRST);
    const struct target_state target = {.id = BENCH_TARGET, .has_stable = true, .stable_version_key = THIRD};

    engine_recover_target(bench->engine, &target);
    bench_to_observe(bench, first);
    again->start.is_stable_bad = true;
    assert_int_equal(bench_start(bench, again), ENGINE_ALREADY);
    assert_true(is_quarantined(bench, THIRD));
    assert_int_equal(bench_start(bench, once_more), ENGINE_ALREADY);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 1);
    bench_values(bench, first, BENCH_BAD);
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, first)->step_state, STEP_HELD);
}

static void test_on_its_way_back_it_is_only_attached_to(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *again = emergency(bench, FIRST);

    bench_to_observe(bench, first);
    assert_int_equal(bench_verb(bench, first, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_start(bench, again), ENGINE_ALREADY);
    assert_false(bench_state(bench, first)->is_emergency);
}

static void test_a_way_back_is_waited_for(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_state target = {
        .id = BENCH_TARGET, .has_stable = true, .stable_version_key = THIRD, .way_back = 77};
    struct bench_live *back = bench_prepare(bench, FIRST);
    struct bench_live *fix = emergency(bench, FIX);
    struct bench_live *newest = bench_prepare(bench, SECOND);

    engine_recover_target(bench->engine, &target);
    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = target.way_back;
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_QUEUED);
    bench_result(bench, back, RESULT_DONE);
    assert_int_equal(bench_verb(bench, back, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ROLLING_BACK);
    newest->start.is_emergency = true;
    assert_int_equal(bench_start(bench, newest), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ROLLING_BACK);
}

/* Promoted, with its old slot still to be retired: nobody waits for it any more. */
static void test_one_that_is_over_overtakes_nobody(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *fix = emergency(bench, FIX);
    struct bench_live *next = queued(bench, SECOND);

    fix->plan->retire = 1;
    fix->plan->retire_delay_ms = HOUR_MS;
    bench_to_promoted(bench, fix);
    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    assert_int_equal(bench_state(bench, next)->phase, PHASE_ADMITTING);
}

/* No verdict ends a watch but somebody's word: an emergency that waits since before says nothing any more. */
static void test_a_watch_that_came_later_ends_by_the_same_word_again(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *first = queued(bench, FIRST);
    struct bench_live *fix = emergency(bench, FIX);
    struct bench_live *again = emergency(bench, FIX);

    bench_to_observe(bench, first);
    first->plan->steps[BENCH_STEP_ROUTE].on_rollback = ON_ROLLBACK_HOLD;
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(bench_state(bench, first)->step_state, STEP_HELD);
    assert_int_equal(bench_verb(bench, first, VERB_PROMOTE_FULL), ENGINE_DONE);
    bench_result(bench, first, RESULT_DONE);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_WATCHING);
    assert_int_equal(say(bench, TARGET_UNFREEZE), ENGINE_DONE);
    assert_int_equal(bench_state(bench, first)->phase, PHASE_WATCHING);
    assert_int_equal(bench_start(bench, again), ENGINE_ALREADY);
    assert_true(has_ended(bench, first));
    assert_int_equal(bench_state(bench, fix)->phase, PHASE_ADMITTING);
}

static void test_a_full_quarantine_makes_room_for_stable(void **state)
{
    struct engine_bench *bench = *state;
    struct target_state target = {.id = BENCH_TARGET, .has_stable = true, .stable_version_key = THIRD};
    struct bench_live *fix = emergency(bench, FIX);

    for (uint8_t i = 0; i < TARGET_QUARANTINE_MAX; i++)
        target.quarantined[target.quarantined_count++].version_key = 1000U + i;
    engine_recover_target(bench->engine, &target);
    fix->start.is_stable_bad = true;
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_true(is_quarantined(bench, THIRD));
    assert_false(is_quarantined(bench, 1000));
}

static void test_without_a_stable_nothing_is_bad(void **state)
{
    struct engine_bench *bench = *state;
    const struct target_state target = {.id = BENCH_TARGET};
    struct bench_live *fix = emergency(bench, FIX);

    engine_recover_target(bench->engine, &target);
    fix->start.needs_stable = false;
    fix->start.is_stable_bad = true;
    assert_int_equal(bench_start(bench, fix), ENGINE_DONE);
    assert_int_equal(engine_target(bench->engine, BENCH_TARGET)->quarantined_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_neither_freeze_nor_window_nor_queue),
        TEST(test_who_waits_is_not_put_over_it),
        TEST(test_the_newest_emergency_is_the_one),
        TEST(test_a_watch_is_cut_short),
        TEST(test_who_is_escalated_is_taken_over),
        TEST(test_who_is_escalated_ends_its_command_first),
        TEST(test_the_same_version_becomes_one),
        TEST(test_called_bad_later_stable_is_quarantined_at_once),
        TEST(test_on_its_way_back_it_is_only_attached_to),
        TEST(test_a_way_back_is_waited_for),
        TEST(test_one_that_is_over_overtakes_nobody),
        TEST(test_a_watch_that_came_later_ends_by_the_same_word_again),
        TEST(test_a_full_quarantine_makes_room_for_stable),
        TEST(test_without_a_stable_nothing_is_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
