/* test_run_ends.c - a run is stopped: by a person, by a task, by a deployment; and what a restart finds.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/deployment.h"
#include "support/run_trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct run_trial at(uint8_t stage)
{
    struct run_trial trial;

    run_trial_init(&trial);
    run_trial_to_stage(&trial, stage);
    return trial;
}

static struct run_trial deploying(uint64_t deployment)
{
    struct run_trial trial = at(RUN_TRIAL_STAGING);

    run_trial_started(&trial, RUN_TRIAL_TO_STAGING, deployment);
    return trial;
}

static void test_abort_queued(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    assert_int_equal(run_trial_abort(&trial), ANSWER_DONE);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
    assert_int_equal(run_exit_code(&trial.state), 5);
    assert_int_equal(run_trial_abort(&trial), ANSWER_CONFLICT);
    run_trial_turn(&trial);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
}

/* Commands get CANCEL until they say that they ended; what rests or waits is over at once. */
static void test_abort_commands(void **state)
{
    struct run_trial trial = at(RUN_TRIAL_TEST);

    (void)state;
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_FAILED);
    assert_int_equal(run_trial_abort(&trial), ANSWER_DONE);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
    assert_int_equal(run_exit_code(&trial.state), -1);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_CANCEL), 1);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_UNIT), TASK_STOPPING);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_STOPPED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_STOPPED);
    assert_int_equal(run_trial_abort(&trial), ANSWER_ALREADY);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_STILL);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_UNKNOWN);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
    run_trial_tick(&trial, RUN_CANCEL_AGAIN_MS);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_CANCEL), 1);
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_FAILED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_UNIT), TASK_STOPPED);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
    assert_int_equal(run_trial_abort(&trial), ANSWER_CONFLICT);
}

/* Every wait has a deadline: a command that never confirms its end is given up. */
static void test_abort_gives_up(void **state)
{
    struct run_trial trial = at(RUN_TRIAL_BUILD);

    (void)state;
    (void)run_trial_abort(&trial);
    run_trial_tick(&trial, RUN_STOP_LIMIT_MS);
    assert_int_equal(trial.decision.traces[0].kind, RUN_TRACE_GIVEN_UP);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
}

static void test_abort_waiting(void **state)
{
    struct run_trial trial = at(RUN_TRIAL_TEST);

    (void)state;
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_DONE);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_DONE);
    assert_int_equal(trial.state.phase, RUN_WAITING);
    assert_int_equal(run_trial_abort(&trial), ANSWER_DONE);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
    assert_int_equal(run_trial_answer(&trial, RUN_TRIAL_LOAD, RUN_RESULT_DONE), ANSWER_CONFLICT);
}

static void test_abort_asking(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.stages[RUN_TRIAL_BUILD].on_failure = RUN_OUTCOME_ASK;
    run_trial_turn(&trial);
    run_trial_result(&trial, RUN_TRIAL_DIST, RUN_RESULT_FAILED);
    (void)run_trial_abort(&trial);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_DIST), TASK_STOPPED);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
}

/* A running deployment aborts first; it takes the time that it needs. */
static void test_abort_deployment(void **state)
{
    struct run_trial trial = deploying(7);

    (void)state;
    (void)run_trial_abort(&trial);
    assert_int_equal(trial.decision.actions[0].kind, RUN_ACTION_ABORT);
    assert_int_equal(trial.decision.actions[0].deployment, 7);
    run_trial_tick(&trial, 2 * RUN_STOP_LIMIT_MS);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
    assert_int_equal(run_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
    run_trial_deployed(&trial, RUN_TRIAL_TO_STAGING, 3);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_TO_STAGING), TASK_STOPPED);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
    assert_int_equal(run_exit_code(&trial.state), 3);
}

/* It may be promoted before the abort comes: that stays so. */
static void test_abort_too_late_for_deployment(void **state)
{
    struct run_trial trial = deploying(7);

    (void)state;
    (void)run_trial_abort(&trial);
    run_trial_deployed(&trial, RUN_TRIAL_TO_STAGING, 0);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_TO_STAGING), TASK_DONE);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
    assert_int_equal(run_exit_code(&trial.state), 5);
}

/* A trial that passed is done well, although nothing serves it. */
static void test_deployment_was_a_trial(void **state)
{
    struct run_trial trial = deploying(7);

    (void)state;
    run_trial_deployed(&trial, RUN_TRIAL_TO_STAGING, DEPLOYMENT_EXIT_TRIED);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_TO_STAGING), TASK_DONE);
    assert_int_equal(trial.state.exit_code, 0);
}

static void test_deployment_fails(void **state)
{
    struct run_trial trial = deploying(7);

    (void)state;
    run_trial_deployed(&trial, RUN_TRIAL_TO_STAGING, 6);
    assert_int_equal(trial.state.phase, RUN_FAILED);
    assert_int_equal(trial.state.failed_task, RUN_TRIAL_TO_STAGING);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_TO_STAGING].cause, CAUSE_DEPLOYMENT);
    assert_int_equal(run_exit_code(&trial.state), 6);
}

static void test_deployment_refused(void **state)
{
    struct run_trial trial = deploying(0);

    (void)state;
    assert_int_equal(trial.state.phase, RUN_FAILED);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_TO_STAGING].cause, CAUSE_REFUSED);
    assert_int_equal(run_exit_code(&trial.state), 5);
}

/* Who waits hears of it at once; the run goes on when a person ends it. */
static void test_deployment_escalates(void **state)
{
    struct run_trial trial = deploying(7);

    (void)state;
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_DEPLOYMENT,
                                               .task = RUN_TRIAL_TO_STAGING,
                                               .falls = true,
                                               .is_escalated = true});
    assert_int_equal(trial.state.phase, RUN_RUNNING);
    assert_true(trial.decision.is_durable);
    assert_int_equal(run_exit_code(&trial.state), 4);
    run_trial_deployed(&trial, RUN_TRIAL_TO_STAGING, 4);
    assert_int_equal(trial.state.phase, RUN_FAILED);
    assert_false(trial.state.is_escalated);
    assert_int_equal(run_exit_code(&trial.state), 4);
}

/* Of deployments that start beside each other one is refused: the other one does not begin, or goes back. */
static void test_one_of_two_refused(void **state)
{
    struct run_trial trial;

    (void)state;
    run_trial_init(&trial);
    trial.plan.tasks[RUN_TRIAL_UNIT].kind = trial.plan.tasks[RUN_TRIAL_INTEGRATION].kind = RUN_TASK_DEPLOY;
    run_trial_to_stage(&trial, RUN_TRIAL_TEST);
    assert_int_equal(run_trial_actions(&trial, RUN_ACTION_DEPLOY), 2);
    struct run_trial later = trial;
    run_trial_started(&trial, RUN_TRIAL_UNIT, 0);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_STOPPED);
    assert_int_equal(trial.state.phase, RUN_FAILED);
    run_trial_started(&later, RUN_TRIAL_UNIT, 7);
    run_trial_started(&later, RUN_TRIAL_INTEGRATION, 0);
    assert_int_equal(later.decision.actions[0].kind, RUN_ACTION_ABORT);
    run_trial_deployed(&later, RUN_TRIAL_UNIT, 5);
    assert_int_equal(later.state.phase, RUN_FAILED);
}

/* The task that failed decides; those beside it are stopped, and none begins. */
static void test_failure_stops_the_others(void **state)
{
    struct run_trial trial = at(RUN_TRIAL_TEST);

    (void)state;
    run_trial_result(&trial, RUN_TRIAL_UNIT, RUN_RESULT_FAILED);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_LOAD), TASK_STOPPED);
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_DONE);
    assert_int_equal(run_trial_phase(&trial, RUN_TRIAL_INTEGRATION), TASK_STOPPED);
    assert_int_equal(trial.state.phase, RUN_FAILED);
    assert_int_equal(trial.state.stage, RUN_TRIAL_TEST);
}

/* The same keys again: started where they run, cancelled where they stop; rests and waits go on. */
static void test_restart(void **state)
{
    struct run_trial trial = at(RUN_TRIAL_TEST);
    struct run_event event = {.kind = RUN_EVENT_RECOVERED, .gap_ms = 500};

    (void)state;
    run_trial_result(&trial, RUN_TRIAL_INTEGRATION, RUN_RESULT_FAILED);
    trial.now_ms += RUN_TRIAL_LIMIT_MS + RUN_COMMAND_SLACK_MS;
    run_trial_event(&trial, event);
    assert_int_equal(trial.decision.action_count, 1);
    assert_int_equal(trial.decision.actions[0].kind, RUN_ACTION_COMMAND);
    assert_int_equal(trial.decision.actions[0].tries, 1);
    assert_false(trial.decision.is_durable);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_UNIT].at_ms,
                     trial.now_ms + RUN_TRIAL_LIMIT_MS + RUN_COMMAND_SLACK_MS);
    (void)run_trial_abort(&trial);
    run_trial_event(&trial, event);
    assert_int_equal(trial.decision.action_count, 1);
    assert_int_equal(trial.decision.actions[0].kind, RUN_ACTION_CANCEL);
}

static void test_restart_while_deploying(void **state)
{
    struct run_trial trial = deploying(7);

    (void)state;
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_RECOVERED});
    assert_int_equal(trial.decision.action_count, 0);
}

/* Time that nobody was there is none of a command's time; a deadline that people have stays. */
static void test_gap(void **state)
{
    struct run_trial trial = at(RUN_TRIAL_TEST);
    int64_t unit_ms = trial.state.tasks[RUN_TRIAL_UNIT].at_ms;
    int64_t load_ms = trial.state.tasks[RUN_TRIAL_LOAD].at_ms;

    (void)state;
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_GAP, .gap_ms = 700});
    assert_int_equal(trial.state.tasks[RUN_TRIAL_UNIT].at_ms, unit_ms + 700);
    assert_int_equal(trial.state.tasks[RUN_TRIAL_LOAD].at_ms, load_ms);
    trial = deploying(7);
    run_trial_event(&trial, (struct run_event){.kind = RUN_EVENT_GAP, .gap_ms = 700});
    assert_int_equal(trial.state.tasks[RUN_TRIAL_TO_STAGING].at_ms, DEPLOYMENT_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abort_queued),
        cmocka_unit_test(test_abort_commands),
        cmocka_unit_test(test_abort_gives_up),
        cmocka_unit_test(test_abort_waiting),
        cmocka_unit_test(test_abort_asking),
        cmocka_unit_test(test_abort_deployment),
        cmocka_unit_test(test_abort_too_late_for_deployment),
        cmocka_unit_test(test_deployment_fails),
        cmocka_unit_test(test_deployment_refused),
        cmocka_unit_test(test_deployment_escalates),
        cmocka_unit_test(test_one_of_two_refused),
        cmocka_unit_test(test_failure_stops_the_others),
        cmocka_unit_test(test_deployment_was_a_trial),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_restart_while_deploying),
        cmocka_unit_test(test_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
