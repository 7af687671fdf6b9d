/* test_engine_barrier.c - deployments that stand or fall together in the engine: all or none at each barrier,
 * and at their end.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/barrier.h"
#include "support/run_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { VERSION = 21 };

static struct run_bench bench;
static struct run_bench_live *run;

static int open_bench(void **state)
{
    (void)state;
    run = run_bench_open_together(&bench, VERSION);
    return 0;
}

static int close_bench(void **state)
{
    (void)state;
    run_bench_close(&bench);
    return 0;
}

static enum deployment_phase phase(uint8_t task)
{
    return run_bench_phase(&bench, run, task);
}

static void result_of_both(enum result result)
{
    bench_result(&bench.engine, run_bench_member(&bench, run, 0), result);
    bench_result(&bench.engine, run_bench_member(&bench, run, 1), result);
}

/* Both have users, and observe. */
static void to_observe(void)
{
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    result_of_both(RESULT_DONE);
    result_of_both(RESULT_DONE);
}

static void pass(uint8_t task)
{
    bench_values(&bench.engine, run_bench_member(&bench, run, task), BENCH_GOOD);
}

static bool is_at(uint8_t task, uint8_t step, enum step_state step_state)
{
    const struct deployment_state *state = bench_state(&bench.engine, run_bench_member(&bench, run, task));

    return state->step == step && state->step_state == step_state;
}

/* Neither takes a step before both may; both end in one batch. */
static void test_good(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    bench_result(&bench.engine, run_bench_member(&bench, run, 0), RESULT_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    bench_result(&bench.engine, run_bench_member(&bench, run, 1), RESULT_DONE);
    assert_true(is_at(0, BENCH_STEP_ROUTE, STEP_ACTING));
    assert_true(is_at(1, BENCH_STEP_ROUTE, STEP_ACTING));
    result_of_both(RESULT_DONE);
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        bench_later(&bench.engine, 1000);
    }
    assert_true(is_at(0, BENCH_STEP_OBSERVE, STEP_OBSERVING));
    pass(0);
    pass(1);
    assert_true(is_at(0, BENCH_STEP_WHOLE, STEP_ACTING));
    assert_true(is_at(1, BENCH_STEP_WHOLE, STEP_ACTING));
    result_of_both(RESULT_DONE);
    for (int i = 0; i < BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        assert_int_equal(phase(0), PHASE_WATCHING);
        bench_later(&bench.engine, 1000);
    }
    bench_later(&bench.engine, 1000);
    assert_true(run->is_released);
}

/* The one that fails goes back first, the others in reverse; all in one batch. */
static void test_falls(void **state)
{
    (void)state;
    to_observe();
    bench_forget(&bench.engine);
    bench_value(&bench.engine, run_bench_member(&bench, run, 0), BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(phase(0), PHASE_ROLLING_BACK);
    assert_int_equal(phase(1), PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(&bench.engine, run_bench_member(&bench, run, 1))->ending, ENDING_FELL);
    assert_int_equal(run_bench_state(&bench, run)->phase, RUN_STOPPING);
    assert_int_equal(run_bench_state(&bench, run)->failed_task, 0);
    result_of_both(RESULT_DONE);
    struct bench_live *other = run_bench_member(&bench, run, 1);
    bench_result(&bench.engine, run_bench_member(&bench, run, 0), RESULT_DONE);
    assert_int_equal(run_bench_state(&bench, run)->tasks[0].phase, TASK_FAILED);
    bench_result(&bench.engine, other, RESULT_DONE);
    assert_true(run->is_released);
}

/* S3: what went back ahead of the journal failed by itself, although the other one's fall comes first. */
static void test_tombstones_of_both(void **state)
{
    (void)state;
    to_observe();
    struct bench_live *first = run_bench_member(&bench, run, 0);
    struct bench_live *other = run_bench_member(&bench, run, 1);
    first->has_tombstone = other->has_tombstone = true;
    bench_restart(&bench.engine, 1000);
    assert_true(engine_verb(bench.engine.engine, 0, first->id, VERB_ABORT, 0));
    bench_turn(&bench.engine);
    assert_int_equal(bench_state(&bench.engine, first)->ending, ENDING_FAILED);
    assert_int_equal(bench_state(&bench.engine, other)->ending, ENDING_FAILED);
    assert_int_equal(engine_target(bench.engine.engine, RUN_BENCH_SECOND)->quarantined_count, 1);
}

/* The one that is rejected takes the other one from its place before it had any effect. */
static void test_rejected(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    bench_result(&bench.engine, run_bench_member(&bench, run, 0), RESULT_DONE);
    struct bench_live *first = run_bench_member(&bench, run, 0);
    bench_result(&bench.engine, run_bench_member(&bench, run, 1), RESULT_FAILED);
    assert_true(run->is_released);
    assert_int_equal(bench_traces(&bench.engine, first, TRACE_STEP), 0);
}

/* After a restart nothing is known to pass: who stood at the barrier stands there again on new evidence. */
static void test_restart(void **state)
{
    (void)state;
    to_observe();
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        bench_later(&bench.engine, 1000);
    }
    bench_restart(&bench.engine, 1000);
    bench_turn(&bench.engine);
    assert_true(is_at(0, BENCH_STEP_OBSERVE, STEP_OBSERVING));
    assert_true(is_at(1, BENCH_STEP_OBSERVE, STEP_OBSERVING));
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    assert_true(is_at(0, BENCH_STEP_WHOLE, STEP_ACTING));
    assert_true(is_at(1, BENCH_STEP_WHOLE, STEP_ACTING));
}

/* No barrier opens before each of them was told that nobody watched. */
static void test_gap(void **state)
{
    (void)state;
    to_observe();
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    engine_gap(bench.engine.engine, 1000);
    pass(0);
    assert_true(is_at(0, BENCH_STEP_WHOLE, STEP_ACTING));
    assert_true(is_at(1, BENCH_STEP_WHOLE, STEP_ACTING));
}

/* Without one of the others it stays where it is. */
static void test_barrier_without_other(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    struct bench_live *second = run_bench_member(&bench, run, 1);
    run_bench_member(&bench, run, 0)->state_length = 0; /* the journal has lost it */
    bench_restart(&bench.engine, 1000);
    bench_result(&bench.engine, second, RESULT_DONE);
    assert_int_equal(bench_state(&bench.engine, second)->phase, PHASE_ADMITTING);
}

/* What went back ahead of a stuck journal stands at no barrier, although the journal does not know it yet. */
static void test_went_ahead(void **state)
{
    const struct target_verb verb = {.kind = TARGET_FREEZE, .target = RUN_BENCH_SECOND + 1};

    (void)state;
    to_observe();
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    pass(1);
    bench.engine.journal = BENCH_STUCK;
    assert_true(engine_target_verb(bench.engine.engine, 0, &verb));
    bench_turn(&bench.engine);
    bench_later(&bench.engine, ENGINE_AHEAD_MS);
    bench_forget(&bench.engine);
    pass(0); /* before the bad news: with it both would have all that they need */
    bench_value(&bench.engine, run_bench_member(&bench, run, 1), BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_true(bench_only_start(&bench.engine).is_ahead);
    bench.engine.journal = BENCH_WRITES;
    bench_settle(&bench.engine);
    bench_turn(&bench.engine);
    assert_int_equal(phase(0), PHASE_ROLLING_BACK);
    assert_int_equal(phase(1), PHASE_ROLLING_BACK);
    assert_int_equal(bench_traces(&bench.engine, run_bench_member(&bench, run, 0), TRACE_STEP), 0);
}

/* Whose steps are over watches on until those of the others are. */
static void test_shorter(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_member(&bench, run, 1)->plan->count = BENCH_STEP_WHOLE;
    result_of_both(RESULT_DONE);
    result_of_both(RESULT_DONE);
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    assert_true(is_at(0, BENCH_STEP_WHOLE, STEP_ACTING));
    assert_true(is_at(1, BENCH_STEP_OBSERVE, STEP_OBSERVING));
    bench_result(&bench.engine, run_bench_member(&bench, run, 0), RESULT_DONE);
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000 && !run->is_released; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    assert_true(run->is_released);
}

/* Whoever waits for their places is not let in between the first one's end and the others'. */
static void test_next_ones_wait_for_all(void **state)
{
    struct run_bench_live *next = run_bench_prepare_together(&bench, VERSION + 1);
    int64_t opens_ms = INT64_MAX;

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_member(&bench, run, 1)->plan->count = BENCH_STEP_WHOLE;
    bench.replaces = true;
    bench.window = &opens_ms;
    bench.later = 16;
    next->start.pipeline++;
    assert_int_equal(run_bench_start(&bench, next), ENGINE_DONE);
    result_of_both(RESULT_DONE);
    result_of_both(RESULT_DONE);
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    bench_result(&bench.engine, run_bench_member(&bench, run, 0), RESULT_DONE);
    pass(0);
    pass(1);
    bench.engine.now_ms += BENCH_OBSERVE_MS;
    opens_ms = 0;
    pass(0);
    assert_int_equal(run_bench_state(&bench, next)->tasks[1].phase, TASK_RUNNING);
    assert_int_equal(bench_state(&bench.engine, run_bench_member(&bench, next, 0))->phase, PHASE_ADMITTING);
    assert_true(run->is_released);
}

static void freeze(enum target_verb_kind kind)
{
    const struct target_verb verb = {.kind = kind, .target = RUN_BENCH_SECOND};

    assert_int_equal(bench_target_verb(&bench.engine, &verb), ENGINE_DONE);
}

/* A freeze of one stops the others at their barrier. */
static void test_stopped(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    freeze(TARGET_FREEZE);
    result_of_both(RESULT_DONE);
    assert_true(phase(0) == PHASE_ADMITTING && phase(1) == PHASE_ADMITTING);
    freeze(TARGET_UNFREEZE);
    assert_true(phase(0) == PHASE_RUNNING && phase(1) == PHASE_RUNNING);
    result_of_both(RESULT_DONE);
    freeze(TARGET_FREEZE);
    for (int i = 0; i <= 2 * BENCH_AT_MOST_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    assert_true(is_at(0, BENCH_STEP_OBSERVE, STEP_OBSERVING) && is_at(1, BENCH_STEP_OBSERVE, STEP_OBSERVING));
    pass(1);
    pass(0);
    freeze(TARGET_UNFREEZE);
    assert_true(is_at(0, BENCH_STEP_WHOLE, STEP_ACTING) && is_at(1, BENCH_STEP_WHOLE, STEP_ACTING));
}

/* A freeze in the turn in which the last of them comes to the barrier, and before that: they obey already. */
static void test_stopped_at_the_last_moment(void **state)
{
    const struct target_verb verb = {.kind = TARGET_FREEZE, .target = RUN_BENCH_SECOND};

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    bench_result(&bench.engine, run_bench_member(&bench, run, 1), RESULT_DONE);
    assert_true(engine_target_verb(bench.engine.engine, 4711, &verb));
    bench_result(&bench.engine, run_bench_member(&bench, run, 0), RESULT_DONE);
    assert_int_equal(bench_answer_of(&bench.engine, 4711), ENGINE_DONE);
    assert_true(phase(0) == PHASE_ADMITTING && phase(1) == PHASE_ADMITTING);
    freeze(TARGET_UNFREEZE);
    assert_true(phase(0) == PHASE_RUNNING && phase(1) == PHASE_RUNNING);
}

/* What has all traffic may end well: a freeze stops steps, and the end is none. */
static void test_a_freeze_is_no_bar_to_the_end(void **state)
{
    (void)state;
    to_observe();
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    result_of_both(RESULT_DONE);
    assert_true(phase(0) == PHASE_WATCHING && phase(1) == PHASE_WATCHING);
    freeze(TARGET_FREEZE);
    uint64_t version = run_bench_member(&bench, run, 1)->start.version_key;
    for (int i = 0; i < 2 * BENCH_OBSERVE_MS / 1000 && !run->is_released; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    assert_true(run->is_released);
    assert_int_equal(engine_target(bench.engine.engine, RUN_BENCH_SECOND)->stable_version_key, version);
}

/* Held holds the other one at its barrier, and not its triggers. */
static void test_held(void **state)
{
    (void)state;
    to_observe();
    assert_int_equal(bench_verb(&bench.engine, run_bench_member(&bench, run, 1), VERB_HOLD), ENGINE_DONE);
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    assert_true(is_at(0, BENCH_STEP_OBSERVE, STEP_OBSERVING));
    bench_value(&bench.engine, run_bench_member(&bench, run, 1), BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(phase(0), PHASE_ROLLING_BACK);
    assert_int_equal(phase(1), PHASE_ROLLING_BACK);
}

/* For an emergency no watch of one of them ends early: it takes its place, and all fall. */
static void test_emergency(void **state)
{
    struct bench_live *same = bench_prepare(&bench.engine, RUN_BENCH_MEMBER + 1);
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    same->start.target = other->start.target = BENCH_TARGET + 1;
    same->start.is_emergency = other->start.is_emergency = true;
    to_observe();
    assert_int_equal(bench_start(&bench.engine, same), ENGINE_CONFLICT);
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    result_of_both(RESULT_DONE);
    assert_int_equal(phase(1), PHASE_WATCHING);
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_ROLLING_BACK);
    assert_int_equal(phase(1), PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(&bench.engine, run_bench_member(&bench, run, 1))->ending, ENDING_REPLACED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_falls, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_tombstones_of_both, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_rejected, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_restart, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_gap, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_barrier_without_other, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_went_ahead, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_shorter, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_next_ones_wait_for_all, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_stopped, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_stopped_at_the_last_moment, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_a_freeze_is_no_bar_to_the_end, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_held, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_emergency, open_bench, close_bench),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
