/* test_engine_runs_ahead.c - a run beside a journal that hangs: what goes back ahead of it, and what does
 * not.
 * SPDX-License-Identifier: MIT */
#include "support/run_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct run_bench bench;

static int open_bench(void **state)
{
    (void)state;
    run_bench_open(&bench);
    return 0;
}

static int close_bench(void **state)
{
    (void)state;
    run_bench_close(&bench);
    return 0;
}

/* S5: what goes back only because a deployment beside it failed waits for the journal, which may refuse that.
 */
static void test_sibling_does_not_go_back_ahead(void **state)
{
    struct run_bench_live *run = run_bench_prepare(&bench, 21);
    struct bench_live *sibling = NULL;

    (void)state;
    run->plan.tasks[RUN_TRIAL_UNIT].kind = run->plan.tasks[RUN_TRIAL_INTEGRATION].kind = RUN_TASK_DEPLOY;
    run->plan.tasks[RUN_TRIAL_UNIT].reference = RUN_TRIAL_STAGING;
    run->plan.tasks[RUN_TRIAL_INTEGRATION].reference = RUN_TRIAL_STAGING + 1;
    run->plan.stages[1].on_failure = RUN_OUTCOME_FAIL;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_result(&bench, run->id, RUN_TRIAL_DIST, RUN_RESULT_DONE);
    sibling = bench.deployed;
    bench_result(&bench.engine, sibling, RESULT_DONE);
    bench_result(&bench.engine, sibling, RESULT_DONE);
    bench_forget(&bench.engine);
    bench.engine.journal = BENCH_STUCK;
    uint64_t failed = run_bench_state(&bench, run)->tasks[RUN_TRIAL_UNIT].deployment;
    assert_int_not_equal(failed, sibling->id);
    assert_true(engine_result(bench.engine.engine, failed, 1, 0, RESULT_FAILED));
    bench_turn(&bench.engine);
    bench_later(&bench.engine, ENGINE_AHEAD_MS);
    assert_int_equal(bench_count(&bench.engine, NOTE_START), 0);
    bench.engine.journal = BENCH_WRITES;
    bench_settle(&bench.engine);
    assert_int_equal(bench_state(&bench.engine, sibling)->phase, PHASE_ROLLING_BACK);
}

/* S5: what went back ahead for a run's abort stays there, though the journal refused the abort first and the
 * deployment passes by the time it is written. */
static void test_an_abort_that_went_ahead_comes_first(void **state)
{
    struct run_bench_live *run = run_bench_prepare(&bench, 21);
    struct engine_bench *engine = &bench.engine;

    (void)state;
    run->plan.tasks[RUN_TRIAL_UNIT].kind = RUN_TASK_DEPLOY;
    run->plan.tasks[RUN_TRIAL_UNIT].reference = RUN_TRIAL_STAGING;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_result(&bench, run->id, RUN_TRIAL_DIST, RUN_RESULT_DONE);
    struct bench_live *live = run_bench_member(&bench, run, RUN_TRIAL_UNIT);
    bench_to_observe(engine, live);
    bench_values(engine, live, BENCH_GOOD);
    bench_later(engine, BENCH_OBSERVE_MS - ENGINE_AHEAD_MS - 500);
    bench_values(engine, live, BENCH_GOOD);
    bench_forget(engine);
    engine->journal = BENCH_STUCK;
    assert_true(engine_run_abort(engine->engine, 0, run->id));
    bench_turn(engine);
    bench_later(engine, ENGINE_AHEAD_MS);
    assert_int_equal(bench_only_start(engine).action.share, 0);
    assert_true(bench_only_start(engine).is_ahead);
    engine->journal = BENCH_REFUSES;
    bench_settle(engine);
    engine->journal = BENCH_WRITES;
    bench_later(engine, 1000);
    assert_int_equal(bench_state(engine, live)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(bench_state(engine, live)->ending, ENDING_ABORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sibling_does_not_go_back_ahead, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(test_an_abort_that_went_ahead_comes_first, open_bench, close_bench),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
