/* test_run_together.c - a stage whose deployments stand or fall together, in the machine of runs.
 * SPDX-License-Identifier: MIT */
#include "support/run_trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MEMBERS = 3, FIRST_DEPLOYMENT = 40 };

static struct run_trial begun(void)
{
    struct run_trial trial;

    run_trial_init(&trial);
    trial.plan = (struct run_plan){.stage_count = 1, .task_count = MEMBERS};
    trial.plan.stages[0] =
        (struct run_plan_stage){.count = MEMBERS, .parallel = MEMBERS, .is_together = true};
    for (uint16_t i = 0; i < MEMBERS; i++)
        trial.plan.tasks[i] = (struct run_plan_task){.kind = RUN_TASK_DEPLOY, .reference = i, .tries_max = 1};
    run_trial_turn(&trial);
    for (uint8_t i = 0; i < MEMBERS; i++)
        run_trial_started(&trial, i, FIRST_DEPLOYMENT + i);
    return trial;
}

static void changed(struct run_trial *trial, uint8_t task, bool falls, bool is_escalated)
{
    run_trial_event(
        trial, (struct run_event){
                   .kind = RUN_EVENT_DEPLOYMENT, .task = task, .falls = falls, .is_escalated = is_escalated});
}

/* All go back, the last one first; the first one that went wrong says why. */
static void test_one_falls(void **state)
{
    struct run_trial trial = begun();

    (void)state;
    changed(&trial, 1, true, false);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
    assert_int_equal(trial.decision.traces[0].kind, RUN_TRACE_FALLS);
    assert_int_equal(trial.decision.action_count, MEMBERS);
    for (uint8_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(trial.decision.actions[i].kind, RUN_ACTION_ABORT);
        assert_int_equal(trial.decision.actions[i].deployment, FIRST_DEPLOYMENT + MEMBERS - 1 - i);
    }
    changed(&trial, 0, true, false);
    assert_int_equal(trial.state.failed_task, 1);
    assert_int_equal(trial.decision.action_count, 0);
    run_trial_deployed(&trial, 0, 3);
    run_trial_deployed(&trial, 1, 6);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
    run_trial_deployed(&trial, 2, 3);
    assert_int_equal(trial.state.phase, RUN_FAILED);
    assert_int_equal(run_trial_phase(&trial, 0), TASK_STOPPED);
    assert_int_equal(run_trial_phase(&trial, 1), TASK_FAILED);
    assert_int_equal(trial.state.tasks[1].cause, CAUSE_DEPLOYMENT);
    assert_int_equal(run_exit_code(&trial.state), 6);
}

/* People are called for one: all go back; while they are called, whoever waits hears so. */
static void test_one_escalates(void **state)
{
    struct run_trial trial = begun();

    (void)state;
    changed(&trial, 0, true, true);
    assert_int_equal(trial.state.phase, RUN_STOPPING);
    assert_int_equal(run_exit_code(&trial.state), 4);
    run_trial_deployed(&trial, 2, 3);
    assert_int_equal(run_exit_code(&trial.state), 4);
    changed(&trial, 0, true, false);
    assert_int_equal(run_exit_code(&trial.state), -1);
    run_trial_deployed(&trial, 0, 3);
    run_trial_deployed(&trial, 1, 3);
    assert_int_equal(trial.state.phase, RUN_FAILED);
}

/* The way back of a trial that passed is none, whoever is called for it. */
static void test_trial_ends(void **state)
{
    struct run_trial trial = begun();

    (void)state;
    changed(&trial, 0, false, true);
    assert_int_equal(trial.state.phase, RUN_RUNNING);
    for (uint8_t i = 0; i < MEMBERS; i++)
        run_trial_deployed(&trial, i, 0);
    assert_int_equal(trial.state.phase, RUN_RELEASED);
}

static void test_aborted(void **state)
{
    struct run_trial trial = begun();

    (void)state;
    assert_int_equal(run_trial_abort(&trial), ANSWER_DONE);
    assert_int_equal(trial.decision.actions[0].deployment, FIRST_DEPLOYMENT + MEMBERS - 1);
    for (uint8_t i = 0; i < MEMBERS; i++)
        run_trial_deployed(&trial, i, 3);
    assert_int_equal(trial.state.phase, RUN_ABORTED);
    assert_int_equal(run_trial_phase(&trial, 0), TASK_STOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_falls),
        cmocka_unit_test(test_one_escalates),
        cmocka_unit_test(test_trial_ends),
        cmocka_unit_test(test_aborted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
