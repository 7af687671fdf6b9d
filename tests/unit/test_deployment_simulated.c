/* test_deployment_simulated.c - what the simulation found in the machine, one test for each.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct trial at(uint8_t step)
{
    struct trial trial;

    trial_init(&trial);
    trial_to_step(&trial, step);
    return trial;
}

/* S5: the runner stops a command at its limit and then answers; before that no second one is started. */
static void test_a_hanging_command_is_the_runners(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);
    int64_t limit_ms = trial.state.flight.limit_ms;

    (void)state;
    trial_tick(&trial, limit_ms + COMMAND_SLACK_MS - 1);
    assert_false(trial.state.flight.is_waiting);
    trial_tick(&trial, 1);
    assert_true(trial.state.flight.is_waiting);
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state),
                     trial.now_ms + limit_ms + COMMAND_SLACK_MS);
    trial_event(&trial, (struct event){.kind = EVENT_RECOVERED});
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state),
                     trial.now_ms + limit_ms + COMMAND_SLACK_MS);
}

/* Held once more on its way to 100 %: the second override is one, too. */
static void test_promote_full_twice(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_ALREADY);
    assert_int_equal(trial_verb(&trial, VERB_HOLD), ANSWER_DONE);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_true(trial_traced(&trial, TRACE_OVERRIDE));
    assert_int_equal(trial.state.step_state, STEP_ACTING);
}

/* What retires the old slot may be of a class that is never repeated, too. */
static void test_an_unsafe_retirement_is_not_repeated(void **state)
{
    static const enum command_repeat classes[] = {REPEAT_UNSAFE, REPEAT_IDEMPOTENT};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct trial trial;
        trial_init(&trial);
        trial.plan.retire_repeat = classes[i];
        trial_to_promoted(&trial);
        trial_tick(&trial, trial.plan.retire_delay_ms);
        trial_result(&trial, RESULT_UNKNOWN);
        assert_int_equal(trial.state.care, classes[i] == REPEAT_UNSAFE ? CARE_DONE : CARE_ACTING);
    }
}

/* S6: a share is being mended, and the next one waits for it. */
static void test_one_change_of_traffic_at_a_time(void **state)
{
    struct trial trial = at(TRIAL_APPROVE);

    (void)state;
    trial_drift(&trial, 5000);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_DONE);
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_DONE);
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).share, SHARE_WHOLE);
    trial = at(TRIAL_OBSERVE);
    trial_drift(&trial, 5000);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).share, SHARE_WHOLE);
}

/* S6: while a command runs traffic is looked after, too. */
static void test_drift_beside_a_command(void **state)
{
    struct trial trial = at(TRIAL_SMOKE);

    (void)state;
    trial_drift(&trial, 5000);
    assert_true(trial_traced(&trial, TRACE_DRIFT));
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    assert_int_equal(trial_action(&trial).share, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial = at(TRIAL_SMOKE);
    (void)trial_verb(&trial, VERB_HOLD);
    trial_drift(&trial, 5000);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).share, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
}

/* The share is back by itself, but its mend is on its way again after a hold. */
static void test_a_mend_is_awaited_whatever_was_read(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_drift(&trial, 5000);
    (void)trial_verb(&trial, VERB_HOLD);
    trial_result(&trial, RESULT_AGAIN);
    trial_drift(&trial, TRIAL_LOW);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_DONE);
}

/* An override met a mend, then a hold: resume goes on to 100 %. */
static void test_resume_goes_on_with_an_override(void **state)
{
    struct trial trial = at(TRIAL_APPROVE);

    (void)state;
    trial_drift(&trial, 5000);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_int_equal(trial_verb(&trial, VERB_HOLD), ANSWER_DONE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_APPROVE);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).share, SHARE_WHOLE);
}

/* What was taken while the step's own action ended in a hold is given back before the next step. */
static void test_resume_mends_before_it_goes_on(void **state)
{
    struct trial trial = at(TRIAL_ROUTE_LOW);

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_result(&trial, RESULT_DONE);
    trial_drift(&trial, 100);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_LOW);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
}

/* Only a smoke test that failed quarantines; one whose end nobody saw is no evidence. */
static void test_a_lost_smoke_test_quarantines_nobody(void **state)
{
    static const enum result results[] = {RESULT_UNKNOWN, RESULT_AGAIN};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct trial trial = at(TRIAL_SMOKE);
        trial.plan.steps[TRIAL_SMOKE].tries_max = 1;
        trial_result(&trial, results[i]);
        assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
        assert_int_equal(trial.state.ending, ENDING_NO_EVIDENCE);
        assert_false(trial.decision.quarantines);
    }
}

/* S4: the rules are asked again after a gap, before an observation may end. */
static void test_a_gap_ends_no_observation(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    trial.now_ms += TRIAL_OBSERVE_MS + 5000;
    trial_event(&trial, (struct event){.kind = EVENT_GAP, .gap_ms = 5000});
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
    assert_int_equal(trial.state.observed_ms, TRIAL_OBSERVE_MS);
    trial_judge(&trial, TRIAL_RULE_HOLD, VERDICT_INCONCLUSIVE);
    trial_tick(&trial, 1);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
}

/* S4: the doubt of a rule that nobody waits for ends no observation, as more doubts may come behind it. */
static void test_doubts_end_no_observation(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    trial.now_ms += TRIAL_OBSERVE_MS;
    trial_judge(&trial, TRIAL_RULE_RECORD, VERDICT_INCONCLUSIVE);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
    trial_judge(&trial, TRIAL_RULE_HOLD, VERDICT_INCONCLUSIVE);
    trial_tick(&trial, 1);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
}

/* S4: what passed before a restart passes nothing after it until the rules have spoken again. */
static void test_passes_do_not_survive_a_restart(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    trial_event(&trial, (struct event){.kind = EVENT_RECOVERED});
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_DONE);
}

/* S3: FAIL past the point of no return met a route on its way: a restart does not drive it again. */
static void test_frozen_weights_stay_frozen(void **state)
{
    struct trial trial = at(TRIAL_ROUTE_WHOLE);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.hold, HOLD_ESCALATED);
    trial_event(&trial, (struct event){.kind = EVENT_RECOVERED});
    assert_int_equal(deployment_redrive(&trial.plan, &trial.state).kind, ACTION_NONE);
    trial_drift(&trial, 5000);
    assert_int_equal(trial.decision.trace_count, 0);
    trial_result(&trial, RESULT_AGAIN);
    trial_drift(&trial, 5000);
    assert_true(trial_traced(&trial, TRACE_DRIFT));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hanging_command_is_the_runners),
        cmocka_unit_test(test_promote_full_twice),
        cmocka_unit_test(test_a_mend_is_awaited_whatever_was_read),
        cmocka_unit_test(test_frozen_weights_stay_frozen),
        cmocka_unit_test(test_passes_do_not_survive_a_restart),
        cmocka_unit_test(test_doubts_end_no_observation),
        cmocka_unit_test(test_a_gap_ends_no_observation),
        cmocka_unit_test(test_a_lost_smoke_test_quarantines_nobody),
        cmocka_unit_test(test_an_unsafe_retirement_is_not_repeated),
        cmocka_unit_test(test_one_change_of_traffic_at_a_time),
        cmocka_unit_test(test_drift_beside_a_command),
        cmocka_unit_test(test_resume_mends_before_it_goes_on),
        cmocka_unit_test(test_resume_goes_on_with_an_override),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
