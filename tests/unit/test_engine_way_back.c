/* test_engine_way_back.c - taking back what was promoted: as long as what it replaced stands, and only there
 * (S9).
 * SPDX-License-Identifier: MIT */
#include "support/engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { OLD = 100, NEW, OTHER, OLD_SLOT = 2, SLOTS = 3 };

static int open_bench(void **state)
{
    static struct engine_bench bench;

    bench_open(&bench, 4);
    bench_adopt(&bench, OLD, OLD_SLOT);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static const struct target_state *target_of(const struct engine_bench *bench)
{
    return engine_target(bench->engine, BENCH_TARGET);
}

/* A start of one of three slots. */
static struct bench_live *prepare(struct engine_bench *bench, uint64_t version_key)
{
    struct bench_live *live = bench_prepare(bench, version_key);

    live->start.slot_count = SLOTS;
    return live;
}

/* NEW took over from OLD; nothing is left to do for it. */
static uint64_t promoted(struct engine_bench *bench)
{
    struct bench_live *live = prepare(bench, NEW);

    bench_to_promoted(bench, live);
    assert_null(engine_state(bench->engine, live->id));
    return live->id;
}

static struct bench_live *prepare_back(struct engine_bench *bench, uint64_t taken_back)
{
    struct bench_live *back = prepare(bench, OLD);

    back->plan->kind = PLAN_ROLLBACK;
    back->start.takes_back = taken_back;
    return back;
}

static void test_the_old_slot_stands_after_the_promotion(void **state)
{
    struct engine_bench *bench = *state;
    uint64_t id = promoted(bench);

    assert_true(target_of(bench)->way_back == id);
    assert_int_equal(target_of(bench)->stable_slot, 0);
    bench_restart(bench, 1000);
    struct bench_live *back = prepare_back(bench, id);
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->slot, OLD_SLOT);
    assert_int_equal(bench_state(bench, back)->stable_slot, 0);
    bench_to_promoted(bench, back);
    assert_int_equal(target_of(bench)->stable_slot, OLD_SLOT);
    assert_true(target_of(bench)->way_back == 0);
}

/* Only of the newest, and only once at a time; one that did not get there may be tried again. */
static void test_one_way_back_at_a_time(void **state)
{
    struct engine_bench *bench = *state;
    uint64_t id = promoted(bench);
    struct bench_live *back = prepare_back(bench, id);
    struct bench_live *twice = prepare_back(bench, id);

    twice->start.version_key = OTHER;
    assert_int_equal(bench_start(bench, prepare_back(bench, id + 1)), ENGINE_CONFLICT);
    assert_int_equal(bench_start(bench, prepare_back(bench, 0)), ENGINE_CONFLICT);
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_start(bench, twice), ENGINE_CONFLICT);
    (void)bench_verb(bench, back, VERB_ABORT);
    assert_int_equal(bench_start(bench, prepare_back(bench, id)), ENGINE_DONE);
}

/* Whoever has a turn takes the slot, whatever comes of it. */
static void test_lost_by_the_next_turn(void **state)
{
    struct engine_bench *bench = *state;
    uint64_t id = promoted(bench);
    struct bench_live *next = prepare(bench, OTHER);

    assert_int_equal(bench_start(bench, next), ENGINE_DONE);
    (void)bench_verb(bench, next, VERB_ABORT);
    assert_int_equal(bench_start(bench, prepare_back(bench, id)), ENGINE_CONFLICT);
    bench_restart(bench, 1000);
    assert_int_equal(bench_start(bench, prepare_back(bench, id)), ENGINE_CONFLICT);
}

static void test_lost_by_retiring(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = prepare(bench, NEW);

    live->plan->retire = 3;
    live->plan->retire_delay_ms = 60000;
    bench_to_promoted(bench, live);
    assert_true(target_of(bench)->way_back == live->id);
    bench_later(bench, 60000);
    assert_int_equal(bench_state(bench, live)->care, CARE_ACTING);
    assert_int_equal(bench_start(bench, prepare_back(bench, live->id)), ENGINE_CONFLICT);
    bench_result(bench, live, RESULT_AGAIN);
    bench_later(bench, BACKOFF_FIRST_MS);
    bench_result(bench, live, RESULT_DONE);
    assert_int_equal(bench_start(bench, prepare_back(bench, live->id)), ENGINE_CONFLICT);
}

/* In time: the retiring is given up for it. */
static void test_kept_until_it_retires(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = prepare(bench, NEW);
    struct bench_live *back = NULL;

    live->plan->retire = 3;
    live->plan->retire_delay_ms = 60000;
    bench_to_promoted(bench, live);
    back = prepare_back(bench, live->id);
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->phase, PHASE_ADMITTING);
    assert_int_equal(bench_traces(bench, live, TRACE_RETIRED), 1);
    assert_int_equal(bench_count(bench, NOTE_RELEASED), 1);
}

static void test_lost_by_an_adoption(void **state)
{
    struct engine_bench *bench = *state;
    uint64_t id = promoted(bench);

    bench_adopt(bench, OTHER, 1);
    assert_int_equal(bench_start(bench, prepare_back(bench, id)), ENGINE_CONFLICT);
}

/* Its commands undo what stands where it serves, once. */
static void test_without_traffic_it_is_undone_in_place(void **state)
{
    struct engine_bench *bench = *state;
    uint64_t id = promoted(bench);
    struct bench_live *back = prepare_back(bench, id);

    back->plan->has_traffic = false;
    assert_int_equal(bench_start(bench, back), ENGINE_DONE);
    assert_int_equal(bench_state(bench, back)->slot, 0);
    (void)bench_verb(bench, back, VERB_ABORT);
    assert_int_equal(bench_start(bench, prepare_back(bench, id)), ENGINE_CONFLICT);
}

/* What was only watched changed nothing. */
static void test_none_after_a_record(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = prepare(bench, NEW);

    live->plan->is_record = true;
    bench_to_promoted(bench, live);
    assert_true(target_of(bench)->way_back == 0);
}

/* Held past the point of no return: a tombstone adds nothing to the word of who goes on with it, in the very
 * first batch of a life. */
static void test_an_override_of_the_held_outlasts_a_tombstone(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, NEW);

    live->plan->steps[BENCH_STEP_ROUTE].kind = STEP_COMMAND;
    live->plan->steps[BENCH_STEP_ROUTE].on_rollback = ON_ROLLBACK_HOLD;
    bench_to_observe(bench, live);
    bench_value(bench, live, BENCH_RULE_ROLLBACK, BENCH_BAD);
    live->has_tombstone = true;
    bench_restart(bench, 1000);
    bench_put(bench, live, BENCH_RULE_ROLLBACK, BENCH_GOOD);
    assert_int_equal(bench_verb(bench, live, VERB_PROMOTE_FULL), ENGINE_DONE);
    bench_later(bench, 1000);
    assert_int_equal(bench_state(bench, live)->ending, ENDING_NONE);
}

/* The same where nothing was known: the tombstone is the FAIL, and is told once. */
static void test_a_tombstone_of_the_held(void **state)
{
    struct engine_bench *bench = *state;
    struct bench_live *live = bench_prepare(bench, NEW);

    live->plan->steps[BENCH_STEP_ROUTE].kind = STEP_COMMAND;
    live->plan->steps[BENCH_STEP_ROUTE].on_rollback = ON_ROLLBACK_HOLD;
    bench_to_observe(bench, live);
    live->has_tombstone = true;
    bench_restart(bench, 1000);
    assert_int_equal(bench_verb(bench, live, VERB_RESUME),
                     ENGINE_CONFLICT); /* in the same batch, behind it */
    assert_int_equal(bench_state(bench, live)->ending, ENDING_FAILED);
    assert_int_equal(bench_state(bench, live)->hold, HOLD_ESCALATED);
    bench_later(bench, 1000);
    assert_int_equal(bench_traces(bench, live, TRACE_HELD), 1);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BENCH_TEST(test_the_old_slot_stands_after_the_promotion),
        BENCH_TEST(test_one_way_back_at_a_time),
        BENCH_TEST(test_lost_by_the_next_turn),
        BENCH_TEST(test_lost_by_retiring),
        BENCH_TEST(test_kept_until_it_retires),
        BENCH_TEST(test_lost_by_an_adoption),
        BENCH_TEST(test_without_traffic_it_is_undone_in_place),
        BENCH_TEST(test_none_after_a_record),
        BENCH_TEST(test_an_override_of_the_held_outlasts_a_tombstone),
        BENCH_TEST(test_a_tombstone_of_the_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
