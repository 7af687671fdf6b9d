/* test_deployment_emergency.c - what cannot wait: whose place it takes, what it leaves out, what it never
 * goes
 * back to. SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct event overtaken = {.kind = EVENT_OVERTAKEN};

/* An emergency that somebody called so while it was queued. */
static void begin(struct trial *trial, bool is_stable_bad)
{
    const struct event hurried = {.kind = EVENT_HURRIED, .is_stable_bad = is_stable_bad};

    trial_init(trial);
    trial_event(trial, hurried);
    assert_true(trial_traced(trial, TRACE_EMERGENCY));
    assert_true(trial->state.is_emergency);
    assert_int_equal(trial->state.is_stable_bad, is_stable_bad);
}

static void test_approvals_are_skipped_and_nothing_else(void **state)
{
    struct trial trial;

    (void)state;
    begin(&trial, false);
    trial_to_step(&trial, TRIAL_SMOKE);
    assert_int_equal(trial_action(&trial).kind, ACTION_SMOKE);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
}

static void test_the_first_step_may_be_one(void **state)
{
    struct trial trial;

    (void)state;
    begin(&trial, false);
    trial.plan.steps[TRIAL_DEPLOY].kind = STEP_APPROVE;
    trial_turn(&trial);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_SMOKE);
}

static void test_who_waits_for_people_goes_on_when_it_is_called_one(void **state)
{
    const struct event hurried = {.kind = EVENT_HURRIED};
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_APPROVE);
    trial_event(&trial, hurried);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
    trial_event(&trial, hurried); /* twice is once */
    assert_false(trial_traced(&trial, TRACE_EMERGENCY));
    trial_event(&trial, (struct event){.kind = EVENT_HURRIED, .is_stable_bad = true});
    assert_true(trial_traced(&trial, TRACE_EMERGENCY));
    trial_event(&trial, hurried);
    assert_true(trial.state.is_stable_bad);
}

static void test_a_watch_ends_for_it(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_WATCH);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_PROMOTED);
    assert_int_equal(trial.state.ending, ENDING_CUT_SHORT);
    assert_true(trial.decision.promotes);
    assert_true(trial_traced(&trial, TRACE_OVERRIDE));
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_PROMOTED);
    /* An unknown hand took traffic from it: it is no stable. */
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_WATCH);
    trial_drift(&trial, TRIAL_LOW);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_REPLACED);
}

static void test_who_has_users_goes_back_for_it(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_SUPERSEDED);
    trial_init(&trial);
    trial_turn(&trial);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_SUPERSEDED);
    trial_init(&trial);
    trial.plan.steps[TRIAL_DEPLOY] = trial.plan.steps[TRIAL_APPROVE];
    trial_turn(&trial);
    trial_result(&trial, RESULT_DONE);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_SUPERSEDED);
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_OBSERVE);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    trial_event(&trial, overtaken); /* it is waited for */
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    trial.state.is_escalated = true;
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_true(trial.state.is_unverified);
    assert_true(trial_traced(&trial, TRACE_ADOPTED));
}

/* What still undoes something would be put over the fix. */
static void test_a_command_of_the_way_back_is_waited_for(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_OBSERVE);
    (void)trial_verb(&trial, VERB_ABORT);
    trial_result(&trial, RESULT_DONE);
    assert_true(deployment_is_commanding(&trial.state));
    trial.state.is_escalated = true;
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    trial_result(&trial, RESULT_FAILED); /* until its next try */
    assert_false(deployment_is_commanding(&trial.state));
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_true(trial.state.is_unverified);
}

static void test_past_the_point_of_no_return_people_decide(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_step(&trial, TRIAL_OBSERVE);
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_true(trial.state.is_escalated);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.decision.trace_count, 0);
    assert_int_equal(trial_verb(&trial, VERB_ABORT), ANSWER_ALREADY);
    assert_int_equal(trial_verb(&trial, VERB_ROLLBACK_PAST), ANSWER_DONE);
}

static void test_a_bad_stable_is_gone_back_to_by_people_alone(void **state)
{
    static const enum verb words[] = {VERB_ABORT, VERB_ROLLBACK};
    struct trial trial;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        begin(&trial, true);
        trial_to_step(&trial, TRIAL_OBSERVE);
        trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
        assert_int_equal(trial.state.phase, PHASE_RUNNING);
        assert_int_equal(trial.state.step_state, STEP_HELD);
        assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
        assert_true(trial.state.is_escalated);
        assert_true(trial.decision.quarantines);
        assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_CONFLICT);
        /* A newer one waits; a newer emergency does not. */
        trial_event(&trial, (struct event){.kind = EVENT_REPLACED});
        assert_int_equal(trial.state.phase, PHASE_RUNNING);
        assert_int_equal(trial_verb(&trial, words[i]), ANSWER_DONE);
        assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    }
    begin(&trial, true);
    trial_to_step(&trial, TRIAL_OBSERVE);
    trial_event(&trial, (struct event){.kind = EVENT_REPLACED});
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    trial_event(&trial, overtaken);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
}

static void test_what_no_user_has_is_taken_away(void **state)
{
    struct trial trial;

    (void)state;
    begin(&trial, true);
    trial_to_step(&trial, TRIAL_SMOKE);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    /* Without traffic of ours the candidate stands where stable did: from its first command on. */
    begin(&trial, true);
    trial.plan.has_traffic = false;
    trial_to_step(&trial, TRIAL_SMOKE);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    begin(&trial, true);
    trial.plan.has_traffic = false;
    trial.plan.host_count = 2;
    trial_to_step(&trial, TRIAL_SMOKE);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    /* Asked for, and not confirmed yet. */
    begin(&trial, true);
    trial_to_step(&trial, TRIAL_ROUTE_LOW);
    assert_int_equal(trial.state.confirmed_share, 0);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    /* Less is wanted, and not yet confirmed. */
    begin(&trial, true);
    trial_to_step(&trial, TRIAL_OBSERVE);
    trial.state.desired_share = 0;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.step_state, STEP_HELD);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_approvals_are_skipped_and_nothing_else),
        cmocka_unit_test(test_the_first_step_may_be_one),
        cmocka_unit_test(test_who_waits_for_people_goes_on_when_it_is_called_one),
        cmocka_unit_test(test_a_watch_ends_for_it),
        cmocka_unit_test(test_who_has_users_goes_back_for_it),
        cmocka_unit_test(test_a_command_of_the_way_back_is_waited_for),
        cmocka_unit_test(test_past_the_point_of_no_return_people_decide),
        cmocka_unit_test(test_a_bad_stable_is_gone_back_to_by_people_alone),
        cmocka_unit_test(test_what_no_user_has_is_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
