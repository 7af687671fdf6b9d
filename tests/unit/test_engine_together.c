/* test_engine_together.c - deployments that stand or fall together in the engine: all or none at the door and
 * at their turn.
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

static enum engine_answer freeze(uint32_t target, bool is_frozen)
{
    const struct target_verb verb = {.kind = is_frozen ? TARGET_FREEZE : TARGET_UNFREEZE, .target = target};

    return bench_target_verb(&bench.engine, &verb);
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
    assert_int_equal(freeze(RUN_BENCH_SECOND, true), ENGINE_DONE);
    refused(ENGINE_FROZEN, 2);
    assert_int_equal(freeze(RUN_BENCH_SECOND, false), ENGINE_DONE);
    bench.no_task = 1;
    refused(ENGINE_NOT_FOUND, 2);
    bench.no_task = 0;
    run->plan.tasks[1].reference = BENCH_TARGETS;
    refused(ENGINE_FULL, 2);
    run->plan.tasks[1].reference = 1;
    other->start.target = RUN_BENCH_SECOND;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    bench.queues = true;
    refused(ENGINE_CONFLICT, 2); /* the same version is under way there, alone */
    assert_int_equal(bench_verb(&bench.engine, other, VERB_ABORT), ENGINE_DONE);
    bench.lock = VERSION;
    refused(ENGINE_CONFLICT, 2); /* each would wait for the other one's end */
    bench.lock = 0;
}

/* Each has a place, or none has. */
static void test_full(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < RUN_BENCH_DEPLOYMENTS - 1; i++) {
        struct bench_live *other = bench_prepare(&bench.engine, 100 + i);
        other->start.target = RUN_BENCH_SECOND + 1;
        other->start.queues = true;
        other->start.needs_stable = false;
        assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
        if (i == 0)
            assert_int_equal(bench_verb(&bench.engine, other, VERB_ABORT), ENGINE_DONE);
    }
    struct bench_live *last = bench_prepare(&bench.engine, 99);
    last->start.target = RUN_BENCH_SECOND + 1;
    last->start.queues = true;
    last->start.needs_stable = false;
    assert_int_equal(bench_start(&bench.engine, last), ENGINE_DONE);
    refused(ENGINE_FULL, 2);
    assert_int_equal(bench_verb(&bench.engine, bench.engine.lives[1], VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_verb(&bench.engine, last, VERB_ABORT), ENGINE_DONE);
    run->start.token++;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
}

static void test_each_with_a_lock_of_its_own(void **state)
{
    (void)state;
    bench.lock = VERSION;
    bench.has_own_locks = true;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    assert_int_equal(phase(1), PHASE_ADMITTING);
}

/* What is refused at its turn fails the run, and none of it begins. */
static void test_refused_at_its_turn(void **state)
{
    struct run_bench_live *next = run_bench_prepare_together(&bench, VERSION + 1);

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

/* A conflict is waited out only behind a run of its own pipeline that is under way. */
static void test_other_pipeline(void **state)
{
    struct run_bench_live *next = run_bench_prepare_together(&bench, VERSION + 1);
    struct run_bench_live *last = run_bench_prepare_together(&bench, VERSION + 2);
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    next->start.pipeline++;
    assert_int_equal(run_bench_start(&bench, next), ENGINE_CONFLICT);
    other->start.target = RUN_BENCH_SECOND;
    other->start.queues = true;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    assert_true(engine_run_abort(bench.engine.engine, 1, run->id));
    assert_int_equal(run_bench_start(&bench, last), ENGINE_CONFLICT);
    assert_true(run->is_released);
    assert_int_equal(bench_state(&bench.engine, other)->phase, PHASE_ADMITTING);
}

/* A place is taken in both queues at once, and none of them begins before both may. */
static void test_queue(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = RUN_BENCH_SECOND;
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

/* Who waits longer for one of the targets is before all of them. */
static void test_queue_behind(void **state)
{
    struct bench_live *others[] = {bench_prepare(&bench.engine, 55), bench_prepare(&bench.engine, 66)};

    (void)state;
    bench.queues = true;
    for (size_t i = 0; i < 2; i++) {
        others[i]->start.target = RUN_BENCH_SECOND;
        others[i]->start.queues = true;
        assert_int_equal(bench_start(&bench.engine, others[i]), ENGINE_DONE);
    }
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_QUEUED);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(phase(0), PHASE_QUEUED);
        assert_int_equal(bench_verb(&bench.engine, others[i], VERB_ABORT), ENGINE_DONE);
    }
    assert_int_equal(phase(0), PHASE_ADMITTING);
    assert_int_equal(phase(1), PHASE_ADMITTING);
}

/* Whose run is not there waits on, and may be aborted. */
static void test_queue_without_run(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = RUN_BENCH_SECOND;
    bench.queues = true;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    struct bench_live *second = run_bench_member(&bench, run, 1);
    run->length = 0; /* the journal has lost it */
    bench_restart(&bench.engine, 1000);
    bench_turn(&bench.engine);
    assert_int_equal(bench_verb(&bench.engine, other, VERB_ABORT), ENGINE_DONE);
    assert_int_equal(bench_state(&bench.engine, second)->phase, PHASE_QUEUED);
    assert_int_equal(bench_verb(&bench.engine, second, VERB_ABORT), ENGINE_DONE);
}

static void test_replaces(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = RUN_BENCH_SECOND;
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

/* What had no effect yet is gone at once: both have their turn before the second one makes room. */
static void test_replaces_at_once(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    bench.replaces = true;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_null(other->plan);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    assert_int_equal(phase(1), PHASE_ADMITTING);
}

/* A way back that a promotion kept is given up at their turn, and asks for the next one's turn. */
static void test_kept_way_back(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = RUN_BENCH_SECOND;
    other->plan->retire = 3;
    other->plan->retire_delay_ms = 1000;
    assert_int_equal(bench_start(&bench.engine, other), ENGINE_DONE);
    bench_to_promoted(&bench.engine, other);
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(phase(0), PHASE_ADMITTING);
    assert_int_equal(phase(1), PHASE_ADMITTING);
}

/* A slot that is being retired just now is waited for. */
static void test_retiring(void **state)
{
    struct bench_live *other = bench_prepare(&bench.engine, 55);

    (void)state;
    other->start.target = RUN_BENCH_SECOND;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_door, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_each_with_a_lock_of_its_own, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_full, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_refused_at_its_turn, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_other_pipeline, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_queue, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_queue_behind, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_queue_without_run, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_replaces, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_replaces_at_once, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_kept_way_back, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_retiring, open_bench, close_bench),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
