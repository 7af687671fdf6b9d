/* test_deployment_replaced.c - a newer deployment takes the place of one that is queued, running or watched.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_a_newer_one_takes_the_place(void **state)
{
    static const uint8_t with_effect[] = {TRIAL_DEPLOY, TRIAL_SMOKE, TRIAL_OBSERVE, TRIAL_APPROVE};
    const struct event replaced = {.kind = EVENT_REPLACED};
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_event(&trial, replaced);
    assert_int_equal(trial.state.phase, PHASE_SUPERSEDED);
    assert_int_equal(trial.state.ending, ENDING_REPLACED);
    trial_init(&trial);
    trial_turn(&trial);
    trial_event(&trial, replaced);
    assert_int_equal(trial.state.phase, PHASE_SUPERSEDED);
    assert_int_equal(trial.state.flight.kind, ACTION_NONE);
    /* Running, and nothing was done yet. */
    trial_init(&trial);
    trial.plan.steps[TRIAL_DEPLOY] = trial.plan.steps[TRIAL_APPROVE];
    trial_turn(&trial);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step_state, STEP_WAITING);
    trial_event(&trial, replaced);
    assert_int_equal(trial.state.phase, PHASE_SUPERSEDED);
    for (size_t i = 0; i < sizeof(with_effect); i++) {
        trial_init(&trial);
        trial_to_step(&trial, with_effect[i]);
        trial_event(&trial, replaced);
        assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
        assert_int_equal(trial.state.ending, ENDING_REPLACED);
        assert_false(trial.decision.quarantines);
        trial_event(&trial, replaced);
        assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    }
    trial.state.phase = PHASE_ROLLED_BACK;
    assert_int_equal(deployment_exit_code(&trial.state), 7);
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_WATCH);
    trial_event(&trial, replaced);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    /* Stuck past the point of no return: people decide. */
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_OBSERVE);
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    trial_event(&trial, replaced);
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    assert_int_equal(trial.state.ending, ENDING_FAILED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_newer_one_takes_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
