/* test_engine_runs.c - runs in the engine: their queue, their commands, their deployments, in one
 * transaction.
 * SPDX-License-Identifier: MIT */
#include "support/run_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { VERSION = 21, OTHER_VERSION = 22 };

static struct run_bench bench;
static struct run_bench_live *run;

static int open_bench(void **state)
{
    (void)state;
    run_bench_open(&bench);
    run = run_bench_prepare(&bench, VERSION);
    return 0;
}

static int close_bench(void **state)
{
    (void)state;
    run_bench_close(&bench);
    return 0;
}

static void test_released(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_count(&bench, RUN_ACTION_COMMAND, RUN_TRIAL_DIST), 1);
    run_bench_to_stage(&bench, run, RUN_TRIAL_STAGING);
    const struct run_task *staging = &run_bench_state(&bench, run)->tasks[RUN_TRIAL_TO_STAGING];
    assert_int_equal(staging->deployment, bench.deployed->id);
    assert_int_equal(bench_answer_of(&bench.engine, bench.deployed->start.token), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_RELEASE);
    run_bench_result(&bench, run->id, RUN_TRIAL_TAG, RUN_RESULT_DONE);
    assert_true(run->is_released);
    assert_null(engine_run_state(bench.engine.engine, run->id));
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_NOT_FOUND);
}

/* One after the other per pipeline; the same version twice is one run; another pipeline does not wait. */
static void test_queue(void **state)
{
    struct run_bench_live *same = run_bench_prepare(&bench, VERSION);
    struct run_bench_live *next = run_bench_prepare(&bench, OTHER_VERSION);
    struct run_bench_live *other = run_bench_prepare(&bench, VERSION);
    struct run_bench_live *last = run_bench_prepare(&bench, OTHER_VERSION + 1);
    struct run_bench_live *full = run_bench_prepare(&bench, OTHER_VERSION + 2);

    (void)state;
    other->start.pipeline++;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, same), ENGINE_ALREADY);
    assert_int_equal(run_bench_start(&bench, next), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, other), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, last), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, full), ENGINE_FULL);
    assert_int_equal(run_bench_state(&bench, next)->phase, RUN_QUEUED);
    assert_int_equal(run_bench_state(&bench, other)->phase, RUN_RUNNING);
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_DONE);
    assert_int_equal(run_bench_state(&bench, next)->phase, RUN_QUEUED);
    run_bench_result(&bench, run->id, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
    assert_true(run->is_released);
    assert_int_equal(run_bench_state(&bench, next)->phase, RUN_RUNNING);
    assert_int_equal(run_bench_state(&bench, last)->phase, RUN_QUEUED);
    full->start.token += 100;
    assert_int_equal(run_bench_start(&bench, full), ENGINE_DONE);
    assert_int_equal(run_bench_abort(&bench, last->id), ENGINE_DONE);
}

/* The end of the deployment and that of the run are one transaction. */
static void test_deployment_rejected(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_STAGING);
    bench_forget(&bench.engine);
    bench_result(&bench.engine, bench.deployed, RESULT_FAILED);
    assert_true(run->is_released);
    assert_int_equal(bench_rows(&bench.engine, ROW_RUN), 1);
    assert_true(bench_rows(&bench.engine, ROW_TASK) > 0);
}

static void test_deployment_refused(void **state)
{
    struct run_state last;

    (void)state;
    bench.has_no_environment = true;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    for (uint8_t i = RUN_TRIAL_DIST; i < RUN_TRIAL_LOAD; i++)
        run_bench_result(&bench, run->id, i, RUN_RESULT_DONE);
    assert_int_equal(run_bench_answer(&bench, run->id, RUN_TRIAL_LOAD, true), ENGINE_DONE);
    run_bench_result(&bench, run->id, RUN_TRIAL_PUBLISH, RUN_RESULT_DONE);
    assert_true(run->is_released);
    assert_true(snapshot_read_run(run->bytes, run->length, &last));
    assert_int_equal(last.tasks[RUN_TRIAL_TO_STAGING].cause, CAUSE_REFUSED);
}

static struct run_bench_live *deploying(uint64_t version_key, uint64_t pipeline)
{
    struct run_bench_live *live = run_bench_prepare(&bench, version_key);

    live->plan.tasks[RUN_TRIAL_DIST].kind = RUN_TASK_DEPLOY;
    live->plan.stages[0].on_failure = RUN_OUTCOME_FAIL;
    live->start.pipeline = pipeline;
    return live;
}

/* A newer deployment takes the place of the first run's, which fails; so its pipeline's next run begins, and
 * takes the place of that newer one before its own run has heard of it: all in one batch. */
static void test_superseded_before_its_run_knows(void **state)
{
    struct run_bench_live *first = deploying(VERSION, 1);
    struct run_bench_live *next = deploying(OTHER_VERSION, 1);
    struct run_bench_live *other = deploying(OTHER_VERSION + 1, 2);

    (void)state;
    bench.replaces = true;
    assert_int_equal(run_bench_start(&bench, first), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, next), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, other), ENGINE_DONE);
    assert_true(first->is_released);
    assert_true(other->is_released);
    assert_int_equal(run_bench_state(&bench, next)->phase, RUN_RUNNING);
}

/* Of two that start beside each other one is refused: the other one is not even asked for. */
static void test_second_of_two_is_not_asked_for(void **state)
{
    (void)state;
    bench.has_no_environment = true;
    run->plan.tasks[RUN_TRIAL_UNIT].kind = run->plan.tasks[RUN_TRIAL_INTEGRATION].kind = RUN_TASK_DEPLOY;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_result(&bench, run->id, RUN_TRIAL_DIST, RUN_RESULT_DONE);
    assert_true(run->is_released);
}

/* Somebody started the same version before: the run waits for that one. */
static void test_attaches(void **state)
{
    struct bench_live *by_hand = bench_prepare(&bench.engine, VERSION);

    (void)state;
    by_hand->start.target = BENCH_TARGET + RUN_TRIAL_STAGING + 2;
    assert_int_equal(bench_start(&bench.engine, by_hand), ENGINE_DONE);
    run->plan.tasks[RUN_TRIAL_TO_STAGING].reference = RUN_TRIAL_STAGING + 2;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_STAGING);
    assert_int_equal(run_bench_state(&bench, run)->tasks[RUN_TRIAL_TO_STAGING].deployment, by_hand->id);
    assert_int_equal(bench_answer_of(&bench.engine, bench.deployed->start.token), ENGINE_ALREADY);
    bench_to_promoted(&bench.engine, by_hand);
    assert_int_equal(run_bench_state(&bench, run)->stage, RUN_TRIAL_PROD);
}

static void test_abort_takes_deployment_back(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_STAGING);
    bench_result(&bench.engine, bench.deployed, RESULT_DONE);
    bench_result(&bench.engine, bench.deployed, RESULT_DONE);
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_DONE);
    assert_int_equal(bench_state(&bench.engine, bench.deployed)->phase, PHASE_ROLLING_BACK);
    assert_int_equal(run_bench_state(&bench, run)->phase, RUN_STOPPING);
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_ALREADY);
    bench_result(&bench.engine, bench.deployed, RESULT_DONE);
    bench_result(&bench.engine, bench.deployed, RESULT_DONE);
    assert_true(run->is_released);
}

/* Who waits for the run hears that its deployment is escalated. */
static void test_escalated(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_STAGING);
    bench_result(&bench.engine, bench.deployed, RESULT_DONE);
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_DONE);
    bench_later(&bench.engine, BENCH_AT_MOST_MS + 1);
    assert_true(run_bench_state(&bench, run)->is_escalated);
}

static void test_cancel(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_DONE);
    assert_int_equal(run_bench_count(&bench, RUN_ACTION_CANCEL, RUN_TRIAL_DIST), 1);
    assert_int_equal(engine_deadline(bench.engine.engine), bench.engine.now_ms + RUN_CANCEL_AGAIN_MS);
    bench_later(&bench.engine, RUN_CANCEL_AGAIN_MS);
    assert_int_equal(run_bench_count(&bench, RUN_ACTION_CANCEL, RUN_TRIAL_DIST), 2);
    assert_int_equal(run_bench_answer(&bench, run->id, RUN_TRIAL_LOAD, true), ENGINE_CONFLICT);
}

/* A cancel that was overtaken in the same batch stays at home. */
static void test_overtaken(void **state)
{
    struct run_action unit = {.task = RUN_TRIAL_UNIT, .tries = 1};
    struct run_action integration = {.task = RUN_TRIAL_INTEGRATION, .tries = 1};

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_TEST);
    assert_true(engine_run_result(bench.engine.engine, run->id, &unit, RUN_RESULT_FAILED, 0));
    assert_true(engine_run_result(bench.engine.engine, run->id, &integration, RUN_RESULT_DONE, 0));
    bench_turn(&bench.engine);
    assert_int_equal(run_bench_count(&bench, RUN_ACTION_COMMAND, RUN_TRIAL_INTEGRATION), 1);
    assert_int_equal(run_bench_count(&bench, RUN_ACTION_CANCEL, RUN_TRIAL_INTEGRATION), 0);
    assert_null(engine_run_state(bench.engine.engine, run->id));
}

/* An abort comes before what came before it: nothing starts that it would have to cancel. */
static void test_abort_comes_first(void **state)
{
    struct run_action action = {.task = RUN_TRIAL_DIST, .tries = 1};

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_true(engine_run_result(bench.engine.engine, run->id, &action, RUN_RESULT_DONE, 0));
    assert_true(engine_run_abort(bench.engine.engine, 0, run->id));
    bench_turn(&bench.engine);
    assert_int_equal(run_bench_count(&bench, RUN_ACTION_COMMAND, RUN_TRIAL_UNIT), 0);
    assert_int_equal(run_bench_count(&bench, RUN_ACTION_CANCEL, RUN_TRIAL_UNIT), 0);
}

/* S1: what the journal refuses did not happen; results are stepped again, people are told. */
static void test_journal_refuses(void **state)
{
    (void)state;
    bench.engine.journal = BENCH_REFUSES;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_NOT_DURABLE);
    assert_int_equal(bench.action_count, 0);
    bench.engine.journal = BENCH_WRITES;
    bench_later(&bench.engine, 1000);
    run->start.token += 100;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_ARTIFACT);
    bench.engine.journal = BENCH_REFUSES;
    run_bench_result(&bench, run->id, RUN_TRIAL_PUBLISH, RUN_RESULT_DONE);
    assert_int_equal(run_bench_state(&bench, run)->stage, RUN_TRIAL_ARTIFACT);
    assert_int_equal(bench_answer_of(&bench.engine, bench.deployed->start.token), ENGINE_NOT_DURABLE);
    const struct bench_live *lost = bench.deployed;
    bench.engine.journal = BENCH_WRITES;
    bench_later(&bench.engine, 1000);
    assert_int_equal(run_bench_state(&bench, run)->stage, RUN_TRIAL_STAGING);
    assert_ptr_not_equal(bench.deployed, lost);
    assert_int_equal(run_bench_state(&bench, run)->tasks[RUN_TRIAL_TO_STAGING].deployment,
                     bench.deployed->id);
}

/* S5: what an abort took back may have left already: it is tried on, though its asker was refused. An answer
 * is not. */
static void test_abort_that_was_refused_is_tried_on(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_STAGING);
    bench_result(&bench.engine, bench.deployed, RESULT_DONE);
    bench.engine.journal = BENCH_REFUSES;
    assert_int_equal(run_bench_abort(&bench, run->id), ENGINE_NOT_DURABLE);
    bench.engine.journal = BENCH_WRITES;
    bench_later(&bench.engine, 1000);
    assert_int_equal(run_bench_state(&bench, run)->goal, RUN_ABORTED);
    assert_int_equal(bench_state(&bench.engine, bench.deployed)->phase, PHASE_ROLLING_BACK);
}

static void test_answer_that_was_refused_is_forgotten(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_TEST);
    bench.engine.journal = BENCH_REFUSES;
    assert_int_equal(run_bench_answer(&bench, run->id, RUN_TRIAL_LOAD, true), ENGINE_NOT_DURABLE);
    bench.engine.journal = BENCH_WRITES;
    bench_later(&bench.engine, 1000);
    assert_int_equal(run_bench_state(&bench, run)->tasks[RUN_TRIAL_LOAD].phase, TASK_AWAITING);
}

/* The same key again, once; nothing is lost and nothing comes twice. */
static void test_restart(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    run_bench_to_stage(&bench, run, RUN_TRIAL_TEST);
    run_bench_result(&bench, run->id, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    bench.action_count = 0;
    bench_restart(&bench.engine, 5000);
    bench_turn(&bench.engine);
    assert_int_equal(bench.action_count, 1);
    assert_int_equal(bench.actions[0].task, RUN_TRIAL_INTEGRATION);
    assert_int_equal(bench.actions[0].tries, 1);
    bench_later(&bench.engine, 1000);
    assert_int_equal(bench.action_count, 1);
    run_bench_to_stage(&bench, run, RUN_TRIAL_STAGING);
    struct bench_live *deployed = bench.deployed;
    bench_restart(&bench.engine, 5000);
    bench_turn(&bench.engine);
    assert_ptr_equal(bench.deployed, deployed);
    bench_to_promoted(&bench.engine, deployed);
    assert_int_equal(run_bench_state(&bench, run)->stage, RUN_TRIAL_PROD);
}

static void test_restart_finds_queue_and_ids(void **state)
{
    struct run_bench_live *next = run_bench_prepare(&bench, OTHER_VERSION);
    struct run_bench_live *more = run_bench_prepare(&bench, OTHER_VERSION + 1);
    struct run_state one;

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, next), ENGINE_DONE);
    bench_restart(&bench.engine, 10);
    bench_turn(&bench.engine);
    assert_int_equal(run_bench_start(&bench, more), ENGINE_DONE);
    assert_int_equal(more->id, next->id + 1);
    run_init(9, 0, 0, VERSION, false, &one);
    assert_true(engine_recover_run(bench.engine.engine, &run->start, &one, 0));
    assert_false(engine_recover_run(bench.engine.engine, &run->start, &one, 0));
}

/* A restart whose first batch is refused tells again. */
static void test_restart_with_full_disk(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    bench.action_count = 0;
    bench_restart(&bench.engine, 10);
    bench.engine.journal = BENCH_REFUSES;
    struct run_action action = {.task = RUN_TRIAL_DIST, .tries = 1};
    assert_true(engine_run_result(bench.engine.engine, run->id, &action, RUN_RESULT_FAILED, 0));
    bench_turn(&bench.engine);
    assert_int_equal(bench.action_count, 0);
    bench.engine.journal = BENCH_WRITES;
    bench_later(&bench.engine, 1000);
    assert_true(run->is_released);
}

static void test_gap(void **state)
{
    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    int64_t at_ms = run_bench_state(&bench, run)->tasks[RUN_TRIAL_DIST].at_ms;
    engine_gap(bench.engine.engine, 300);
    bench_turn(&bench.engine);
    assert_int_equal(run_bench_state(&bench, run)->tasks[RUN_TRIAL_DIST].at_ms, at_ms + 300);
    bench_turn(&bench.engine);
    assert_int_equal(run_bench_state(&bench, run)->tasks[RUN_TRIAL_DIST].at_ms, at_ms + 300);
}

/* A run that is not durable yet is none for others. */
static void test_new_run_is_not_shown(void **state)
{
    (void)state;
    bench.engine.journal = BENCH_STUCK;
    assert_true(engine_run_start(bench.engine.engine, &run->start));
    bench_turn(&bench.engine);
    assert_null(engine_run_state(bench.engine.engine, 1));
    bench.engine.journal = BENCH_WRITES;
    bench_settle(&bench.engine);
    assert_non_null(engine_run_state(bench.engine.engine, 1));
}

/* Twice in one turn: the second one finds the first one's end. */
static void test_ends_within_a_turn(void **state)
{
    struct run_bench_live *next = run_bench_prepare(&bench, OTHER_VERSION);
    struct run_bench_live *again = run_bench_prepare(&bench, OTHER_VERSION);

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, next), ENGINE_DONE);
    assert_true(engine_run_abort(bench.engine.engine, 900, next->id));
    assert_true(engine_run_abort(bench.engine.engine, 901, next->id));
    assert_int_equal(run_bench_start(&bench, again), ENGINE_DONE);
    assert_int_equal(bench_answer_of(&bench.engine, 900), ENGINE_DONE);
    assert_int_equal(bench_answer_of(&bench.engine, 901), ENGINE_CONFLICT);
    assert_true(again->id > next->id);
}

/* The oldest one's turn comes, wherever it lies in memory. */
static void test_oldest_is_next(void **state)
{
    struct run_bench_live *first = run_bench_prepare(&bench, OTHER_VERSION);
    struct run_bench_live *second = run_bench_prepare(&bench, OTHER_VERSION + 1);
    struct run_bench_live *third = run_bench_prepare(&bench, OTHER_VERSION + 2);

    (void)state;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, first), ENGINE_DONE);
    run_bench_abort(&bench, run->id);
    assert_int_equal(run_bench_start(&bench, second), ENGINE_DONE);
    run_bench_result(&bench, run->id, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
    assert_int_equal(run_bench_start(&bench, third), ENGINE_DONE);
    run_bench_abort(&bench, first->id);
    run_bench_result(&bench, first->id, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
    assert_int_equal(run_bench_state(&bench, second)->phase, RUN_RUNNING);
    assert_int_equal(run_bench_state(&bench, third)->phase, RUN_QUEUED);
}

static void test_soonest_deadline(void **state)
{
    struct run_bench_live *other = run_bench_prepare(&bench, VERSION);

    (void)state;
    other->start.pipeline++;
    other->plan.tasks[RUN_TRIAL_DIST].limit_ms *= 2;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    assert_int_equal(run_bench_start(&bench, other), ENGINE_DONE);
    assert_int_equal(engine_deadline(bench.engine.engine),
                     run_bench_state(&bench, run)->tasks[RUN_TRIAL_DIST].at_ms);
}

/* A batch that deployments fill leaves a run that is due to the next one. */
static void test_room(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < RUN_BENCH_DEPLOYMENTS - 4; i++) {
        struct bench_live *big = bench_prepare(&bench.engine, VERSION);
        big->start.target = BENCH_TARGET + 4 + i;
        big->plan->rule_count = PLAN_RULES_MAX;
        for (uint8_t r = 1; r < PLAN_RULES_MAX; r++)
            big->plan->rules[r] = PLAN_RULE_RECORD;
        bench_to_observe(&bench.engine, big);
    }
    run->plan.tasks[RUN_TRIAL_DIST].limit_ms = ENGINE_PERSIST_MS - RUN_COMMAND_SLACK_MS;
    assert_int_equal(run_bench_start(&bench, run), ENGINE_DONE);
    uint32_t commits = bench.engine.commits;
    bench_later(&bench.engine, ENGINE_PERSIST_MS);
    assert_true(bench.engine.commits > commits + 1);
    assert_true(run->is_released);
}

static void test_queue_of_inputs_is_full(void **state)
{
    struct run_action action = {.task = RUN_TRIAL_DIST, .tries = 1};

    (void)state;
    for (int i = 0; i < ENGINE_INPUTS_MAX; i++)
        assert_true(engine_run_abort(bench.engine.engine, 0, 99));
    assert_false(engine_run_abort(bench.engine.engine, 0, 99));
    assert_false(engine_run_start(bench.engine.engine, &run->start));
    assert_false(engine_run_answer(bench.engine.engine, 0, 99, 0, false, 0));
    assert_false(engine_run_result(bench.engine.engine, 99, &action, RUN_RESULT_DONE, 0));
    bench_turn(&bench.engine);
    assert_null(engine_run_state(bench.engine.engine, 99));
}

int main(void)
{
#define BENCHED(test) cmocka_unit_test_setup_teardown(test, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        BENCHED(test_released),
        BENCHED(test_queue),
        BENCHED(test_deployment_rejected),
        BENCHED(test_deployment_refused),
        BENCHED(test_second_of_two_is_not_asked_for),
        BENCHED(test_attaches),
        BENCHED(test_abort_takes_deployment_back),
        BENCHED(test_escalated),
        BENCHED(test_cancel),
        BENCHED(test_overtaken),
        BENCHED(test_abort_comes_first),
        BENCHED(test_superseded_before_its_run_knows),
        BENCHED(test_journal_refuses),
        BENCHED(test_abort_that_was_refused_is_tried_on),
        BENCHED(test_answer_that_was_refused_is_forgotten),
        BENCHED(test_restart),
        BENCHED(test_restart_finds_queue_and_ids),
        BENCHED(test_restart_with_full_disk),
        BENCHED(test_gap),
        BENCHED(test_new_run_is_not_shown),
        BENCHED(test_ends_within_a_turn),
        BENCHED(test_oldest_is_next),
        BENCHED(test_soonest_deadline),
        BENCHED(test_room),
        BENCHED(test_queue_of_inputs_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
