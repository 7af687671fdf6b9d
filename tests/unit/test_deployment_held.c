/* test_deployment_held.c - held deployments: what goes on meanwhile, what resume goes back to, and what
 * people can do past the point of no return.
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

/* What passed while it was held is enough once it goes on. */
static void test_passed_while_held(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    (void)trial_verb(&trial, VERB_HOLD);
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_true(deployment_deadline(&trial.plan, &trial.state) <= trial.now_ms);
    trial_tick(&trial, 0);
    assert_int_equal(trial.state.step, TRIAL_APPROVE);
}

/* The observation's patience ended while people held it: they do not lose it by going on. */
static void test_resume_after_the_limit(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_tick(&trial, 2 * TRIAL_AT_MOST_MS);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    (void)trial_verb(&trial, VERB_RESUME);
    trial_tick(&trial, TRIAL_AT_MOST_MS - 1);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    trial_tick(&trial, 1);
    assert_int_equal(trial.state.ending, ENDING_NO_EVIDENCE);
    trial = at(TRIAL_OBSERVE);
    int64_t limit_at_ms = trial.state.limit_at_ms;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_tick(&trial, 1000);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial.state.limit_at_ms, limit_at_ms);
}

/* A gate whose silence holds asks anew when it is resumed. */
static void test_resume_asks_anew(void **state)
{
    struct trial trial = at(TRIAL_APPROVE);

    (void)state;
    trial.plan.steps[TRIAL_APPROVE].on_limit = OUTCOME_HOLD;
    trial_tick(&trial, TRIAL_APPROVE_MS);
    assert_int_equal(trial.state.hold, HOLD_PERSON);
    trial_tick(&trial, 1000);
    (void)trial_verb(&trial, VERB_RESUME);
    trial_tick(&trial, TRIAL_APPROVE_MS - 1);
    assert_int_equal(trial.state.step_state, STEP_WAITING);
    (void)trial_verb(&trial, VERB_APPROVE);
    (void)trial_verb(&trial, VERB_APPROVE);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
}

/* A command that old code cannot run on failed itself: people decide, and nothing goes round in circles. */
static void test_a_failed_migration_is_held(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.hold, HOLD_ESCALATED);
    assert_int_equal(trial.state.flight.kind, ACTION_NONE);
    assert_int_equal(deployment_exit_code(&trial.state), 4);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.state.hold_limit_at_ms);
    trial_tick(&trial, 20000);
    assert_int_equal(trial.decision.trace_count, 0);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_SMOKE);
}

/* The same for a smoke test behind it, and for a mend under observation. */
static void test_failures_past_the_point_of_no_return(void **state)
{
    struct trial trial = at(TRIAL_SMOKE);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_result(&trial, RESULT_FAILED);
    assert_true(trial.decision.quarantines);
    trial_tick(&trial, 20000);
    assert_int_equal(trial.decision.trace_count, 0);
    assert_int_equal(trial_verb(&trial, VERB_ROLLBACK_PAST), ANSWER_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    trial = at(TRIAL_OBSERVE);
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_drift(&trial, 5000);
    for (int i = 0; i < 3; i++) {
        trial_result(&trial, RESULT_FAILED);
        trial_tick(&trial, BACKOFF_FIRST_MS << i);
    }
    assert_int_equal(trial.state.hold, HOLD_ESCALATED);
    assert_int_equal(trial.state.resume_to, STEP_OBSERVING);
    trial_tick(&trial, 20000);
    assert_int_equal(trial.decision.trace_count, 0);
}

/* Held with an action under way: its end is taken note of, and no step is entered. */
static void test_an_action_ends_while_held(void **state)
{
    struct trial trial = at(TRIAL_ROUTE_LOW);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.hold, HOLD_ESCALATED);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_LOW);
    assert_int_equal(trial.state.flight.kind, ACTION_NONE);
}

/* Held already when it fails past the point of no return: the hold is another one, its limit the same. */
static void test_a_hold_becomes_an_escalation(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    (void)trial_verb(&trial, VERB_HOLD);
    assert_int_equal(deployment_exit_code(&trial.state), 5);
    int64_t limit_at_ms = trial.state.hold_limit_at_ms;
    trial.now_ms += 1000;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.hold, HOLD_ESCALATED);
    assert_int_equal(trial.state.hold_limit_at_ms, limit_at_ms);
    assert_int_equal(deployment_exit_code(&trial.state), 4);
}

/* More traffic than wanted is mended while it is held, too, and it stays held. */
static void test_mended_while_held(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_drift(&trial, 5000);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_int_equal(trial.state.resume_to, STEP_OBSERVING);
}

/* S6: an unknown hand gave it more beside an action that fails past the point of no return. */
static void test_mended_past_the_point_of_no_return(void **state)
{
    struct trial trial = at(TRIAL_SMOKE);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_drift(&trial, 5000);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.hold, HOLD_ESCALATED);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    assert_int_equal(trial_action(&trial).share, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_share, 0);
    assert_int_equal(trial.state.step_state, STEP_HELD);
}

/* An override leads to the watch, and not past it: what is mended there ends nothing. */
static void test_mended_under_watch(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    (void)trial_verb(&trial, VERB_PROMOTE_FULL);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    trial_drift(&trial, TRIAL_LOW);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial_action(&trial).share, SHARE_WHOLE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
}

/* Whoever took the traffic away gives it back: nothing of ours is left to mend. */
static void test_given_back_by_hand(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_drift(&trial, 0);
    assert_int_equal(trial.state.hold, HOLD_UNKNOWN_HAND);
    trial_drift(&trial, TRIAL_LOW);
    assert_int_equal(trial.decision.action_count, 0);
    assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial.decision.action_count, 0);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
}

/* A try that waits for its time waits for the end of the hold as well. */
static void test_no_try_while_held(void **state)
{
    struct trial trial = at(TRIAL_ROUTE_LOW);

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.state.hold_limit_at_ms);
}

/* More than wanted is mended at once, held or not: a try that failed comes again. */
static void test_mending_goes_on_while_held(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_drift(&trial, SHARE_WHOLE / 2);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + BACKOFF_FIRST_MS);
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
}

/* So does the step's own route, once an unknown hand gave more than it was to give. */
static void test_an_own_route_mends_while_held(void **state)
{
    struct trial trial = at(TRIAL_ROUTE_LOW);

    (void)state;
    trial_result(&trial, RESULT_AGAIN);
    (void)trial_verb(&trial, VERB_HOLD);
    assert_false(deployment_is_routing(&trial.state));
    trial_drift(&trial, SHARE_WHOLE / 2);
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
}

/* Less is given back after the hold, which a raise waits for; a step passes only when nothing changes
 * traffic. */
static void test_a_raise_waits_for_the_end_of_the_hold(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_drift(&trial, 0);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_result(&trial, RESULT_AGAIN);
    (void)trial_verb(&trial, VERB_HOLD);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.state.hold_limit_at_ms);
    trial_drift(&trial, TRIAL_LOW);
    (void)trial_verb(&trial, VERB_RESUME);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, ROUTE_LIMIT_MS - 1);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_DONE);
}

/* Design 6.3: a proxy that began anew is told its share again, but never blindly. */
static void test_what_a_proxy_forgot_is_told_again(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    trial_forgotten(&trial, 0);
    assert_int_equal(trial.state.hold, HOLD_NONE);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_forgotten(&trial, 0);
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
}

static void test_without_fresh_values_nothing_is_told_again(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_INCONCLUSIVE);
    trial_forgotten(&trial, 500);
    assert_int_equal(trial.state.hold, HOLD_UNKNOWN_HAND);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_forgotten(&trial, 0);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_int_equal(trial.decision.action_count, 0);
}

/* While something else is in flight people decide, too. */
static void test_nothing_is_told_again_beside_an_action(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    trial.state.flight.kind = ACTION_COMMAND;
    trial_forgotten(&trial, 0);
    assert_int_equal(trial.state.hold, HOLD_UNKNOWN_HAND);
    assert_int_equal(trial.decision.action_count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passed_while_held),
        cmocka_unit_test(test_resume_after_the_limit),
        cmocka_unit_test(test_resume_asks_anew),
        cmocka_unit_test(test_a_failed_migration_is_held),
        cmocka_unit_test(test_failures_past_the_point_of_no_return),
        cmocka_unit_test(test_mended_past_the_point_of_no_return),
        cmocka_unit_test(test_an_action_ends_while_held),
        cmocka_unit_test(test_a_hold_becomes_an_escalation),
        cmocka_unit_test(test_mended_while_held),
        cmocka_unit_test(test_mended_under_watch),
        cmocka_unit_test(test_given_back_by_hand),
        cmocka_unit_test(test_what_a_proxy_forgot_is_told_again),
        cmocka_unit_test(test_without_fresh_values_nothing_is_told_again),
        cmocka_unit_test(test_nothing_is_told_again_beside_an_action),
        cmocka_unit_test(test_no_try_while_held),
        cmocka_unit_test(test_mending_goes_on_while_held),
        cmocka_unit_test(test_an_own_route_mends_while_held),
        cmocka_unit_test(test_a_raise_waits_for_the_end_of_the_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
