/* test_engine_together.c - deployments that stand or fall together in the engine: all or none at the door, at
 * their turn, at each barrier, at their end.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/barrier.h"
#include "support/run_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { VERSION = 21, FIRST = BENCH_TARGET, SECOND = BENCH_TARGET + 1 };

static struct run_bench bench;
static struct run_bench_live *run;

static struct run_bench_live *prepare(uint64_t version_key)
{
    struct run_bench_live *live = run_bench_prepare(&bench, version_key);

    live->plan = (struct run_plan){.stage_count = 1, .task_count = 2};
    live->plan.stages[0] = (struct run_plan_stage){.count = 2, .parallel = 2, .is_together = true};
    for (uint16_t i = 0; i < 2; i++)
        live->plan.tasks[i] = (struct run_plan_task){.kind = RUN_TASK_DEPLOY, .reference = i, .tries_max = 1};
    return live;
}

static int open_bench(void **state)
{
    (void)state;
    run_bench_open(&bench);
    for (uint32_t target = FIRST; target <= SECOND; target++)
        assert_int_equal(bench_target_verb(
                             &bench.engine,
                             &(struct target_verb){.kind = TARGET_ADOPT, .target = target, .version_key = 1}),
                         ENGINE_DONE);
    run = prepare(VERSION);
    return 0;
}

static int close_bench(void **state)
{
    (void)state;
    run_bench_close(&bench);
    return 0;
}

static struct bench_live *member(const struct run_bench_live *of, uint8_t task)
{
    uint64_t deployment = run_bench_state(&bench, of)->tasks[task].deployment;

    for (uint32_t i = 0; i < bench.engine.live_count; i++)
        if (bench.engine.lives[i]->id == deployment)
            return bench.engine.lives[i];
    fail_msg("no such deployment");
    return NULL;
}

static enum deployment_phase phase(uint8_t task)
{
    return bench_state(&bench.engine, member(run, task))->phase;
}

static enum engine_answer freeze(uint32_t target, bool is_frozen)
{
    const struct target_verb verb = {.kind = is_frozen ? TARGET_FREEZE : TARGET_UNFREEZE, .target = target};

    return bench_target_verb(&bench.engine, &verb);
}

static void result_of_both(enum result result)
{
    bench_result(&bench.engine, member(run, 0), result);
    bench_result(&bench.engine, member(run, 1), result);
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
    bench_values(&bench.engine, member(run, task), BENCH_GOOD);
}

static bool is_at(uint8_t task, uint8_t step, enum step_state step_state)
{
    const struct deployment_state *state = bench_state(&bench.engine, member(run, task));

    return state->step == step && state->step_state == step_state;
}

/* Neither takes a step before both may; both end in one batch. */
static void test_good(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    bench_result(&bench.engine, member(run, 0), RESULT_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    bench_result(&bench.engine, member(run, 1), RESULT_DONE);
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
    bench_value(&bench.engine, member(run, 0), BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(phase(0), PHASE_ROLLING_BACK);
    assert_int_equal(phase(1), PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(&bench.engine, member(run, 1))->ending, ENDING_ABORTED);
    assert_int_equal(run_bench_state(&bench, run)->phase, RUN_STOPPING);
    assert_int_equal(run_bench_state(&bench, run)->failed_task, 0);
    result_of_both(RESULT_DONE);
    struct bench_live *other = member(run, 1);
    bench_result(&bench.engine, member(run, 0), RESULT_DONE);
    assert_int_equal(run_bench_state(&bench, run)->tasks[0].phase, TASK_FAILED);
    bench_result(&bench.engine, other, RESULT_DONE);
    assert_true(run->is_released);
}

/* The one that is rejected takes the other one from its place before it had any effect. */
static void test_rejected(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    bench_result(&bench.engine, member(run, 0), RESULT_DONE);
    struct bench_live *first = member(run, 0);
    bench_result(&bench.engine, member(run, 1), RESULT_FAILED);
    assert_true(run->is_released);
    assert_int_equal(bench_traces(&bench.engine, first, TRACE_STEP), 0);
}

/* Refused at the door, and nothing is there. */
static void refused(enum engine_answer answer, uint64_t task)
{
    size_t rows = bench_rows(&bench.engine, ROW_DEPLOYMENT);

    run->start.token++;
    assert_int_equal(run_bench_start(&bench, run), answer);
    assert_int_equal(bench_rows(&bench.engine, ROW_DEPLOYMENT), rows);
    assert_int_equal(run->id, 0);
    for (size_t i = 0; i < bench.engine.note_count; i++)
        if (bench.engine.notes[i].kind == NOTE_ANSWER && bench.engine.notes[i].token == run->start.token)
            assert_int_equal(bench.engine.notes[i].deployment, task);
}

static void test_door(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, RUN_BENCH_MEMBER + 1);

    (void)state;
    assert_int_equal(freeze(SECOND, true), ENGINE_DONE);
    refused(ENGINE_FROZEN, 2);
    assert_int_equal(freeze(SECOND, false), ENGINE_DONE);
    bench.no_task = 1;
    refused(ENGINE_NOT_FOUND, 2);
    bench.no_task = 0;
    run->plan.tasks[1].reference = BENCH_TARGETS;
    refused(ENGINE_FULL, 2);
    run->plan.tasks[1].reference = 1;
    other->start.target = SECOND;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    bench.queues = true;
    refused(ENGINE_CONFLICT, 2); /* the same version is under way there, alone */
}

/* Each has a place, or none has. */
static void test_full(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < RUN_BENCH_DEPLOYMENTS - 1; i++) {
        struct bench_live *other = bench_prepare(&bench.engine, 100 + i);
        other->start.target = SECOND + 1;
        other->start.queues = true;
        other->start.needs_stable = false;
        assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
        if (i == 0)
            assert_int_equal(bench_verb(&bench.engine, other, VERB_ABORT), ENGINE_DONE);
    }
    struct bench_live *last = bench_prepare(&bench.engine, 99);
    last->start.target = SECOND + 1;
    last->start.queues = true;
    last->start.needs_stable = false;
    assert_int_equal(bench_start(&bench.engine, last), ENGINE_DONE);
    refused(ENGINE_FULL, 2);
}

/* What is refused at its turn fails the run, and none of it begins. */
static void test_refused_at_its_turn(void **state)
{
    struct run_bench_live *next = prepare(VERSION + 1);

    (void)state;
    bench.queues = true;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, next), ENGINE_DONE);
    assert_int_equal(run_bench_state(&bench, next)->phase, RUN_QUEUED);
    bench.has_no_environment = true;
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_DONE);
    assert_true(run->is_released);
    assert_true(next->is_released);
}

/* A place is taken in both queues at once, and none of them begins before both may. */
static void test_queue(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = SECOND;
    bench.queues = true;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_QUEUED);
    assert_int_equal(phase(1), PHASE_QUEUED);
    bench_restart(&bench.engine, 1000);
    bench_turn(&bench.engine);
    assert_int_equal(phase(0), PHASE_QUEUED);
    assert_int_equal(bench_verb(&bench.engine, other, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    assert_int_equal(phase(1), PHASE_ADMITTING);
}

static void test_replaces(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = SECOND;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    bench_result(&bench.engine, other, RESULT_DONE);
    bench.replaces = true;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(bench_state(&bench.engine, other)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(phase(0), PHASE_QUEUED);
    bench_result(&bench.engine, other, RESULT_DONE);
    bench_result(&bench.engine, other, RESULT_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    assert_int_equal(phase(1), PHASE_ADMITTING);
}

/* A slot that is being retired just now is waited for. */
static void test_retiring(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = SECOND;
    other->plan->retire = 3;
    other->plan->retire_delay_ms = 1000;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    bench_to_promoted(&bench.engine, other);
    bench_later(&bench.engine, 1000);
    assert_int_equal(bench_state(&bench.engine, other)->care, CARE_ACTING);
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_QUEUED);
    bench_result(&bench.engine, other, RESULT_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    assert_int_equal(phase(1), PHASE_ADMITTING);
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

/* Held holds the other one at its barrier, and not its triggers. */
static void test_held(void **state)
{
    (void)state;
    to_observe();
    assert_int_equal(bench_verb(&bench.engine, member(run, 1), VERB_HOLD), ENGINE_DONE);
    for (int i = 0; i <= BENCH_OBSERVE_MS / 1000; i++) {
        pass(0);
        pass(1);
        bench_later(&bench.engine, 1000);
    }
    assert_true(is_at(0, BENCH_STEP_OBSERVE, STEP_OBSERVING));
    bench_value(&bench.engine, member(run, 1), BENCH_RULE_ROLLBACK, BENCH_BAD);
    assert_int_equal(phase(0), PHASE_ROLLING_BACK);
    assert_int_equal(phase(1), PHASE_ROLLING_BACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_falls, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_rejected, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_door, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_full, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_refused_at_its_turn, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_queue, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_replaces, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_retiring, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_restart, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_held, open_bench, close_bench),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
