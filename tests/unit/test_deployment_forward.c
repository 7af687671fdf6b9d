/* test_deployment_forward.c - the good way, inconclusive ends, tries of actions, drift, time that nobody
 * watched.
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

static void test_good_way(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    assert_int_equal(deployment_exit_code(&trial.state), -1);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
    trial_turn(&trial);
    assert_int_equal(trial.state.phase, PHASE_ADMITTING);
    assert_int_equal(trial_action(&trial).kind, ACTION_REHEARSE);
    trial_turn(&trial);
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    assert_int_equal(trial_action(&trial).kind, ACTION_COMMAND);
    assert_true(trial_traced(&trial, TRACE_STEP));
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_SMOKE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_true(trial_traced(&trial, TRACE_STEP_PASS));
    assert_int_equal(trial.state.step_state, STEP_WAITING);
    assert_int_equal(deployment_exit_code(&trial.state), 5);
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_DONE);
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).share, SHARE_WHOLE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(trial.state.phase, PHASE_PROMOTED);
    assert_true(trial.decision.promotes);
    assert_int_equal(deployment_exit_code(&trial.state), 0);
}

static void test_refused_by_rehearsal(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_turn(&trial);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.phase, PHASE_REJECTED);
    assert_int_equal(deployment_exit_code(&trial.state), 5);
    trial_init(&trial);
    trial_turn(&trial);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + ADMISSION_LIMIT_MS);
    trial_tick(&trial, ADMISSION_LIMIT_MS - 1);
    assert_int_equal(trial.state.phase, PHASE_ADMITTING);
    trial_tick(&trial, 1);
    assert_int_equal(trial.state.phase, PHASE_REJECTED);
}

/* S4: time alone never passes a step. */
static void test_no_pass_no_promotion(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_PASS);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.state.limit_at_ms);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
    trial_judge(&trial, TRIAL_RULE_HOLD, VERDICT_PASS);
    assert_int_equal(trial.state.step, TRIAL_APPROVE);
}

static void test_lost_pass_is_no_pass(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + TRIAL_OBSERVE_MS);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_INCONCLUSIVE);
    trial_tick(&trial, TRIAL_AT_MOST_MS);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_NO_EVIDENCE);
    assert_false(trial.decision.quarantines);
    for (int i = 0; i < 3; i++)
        trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_int_equal(deployment_exit_code(&trial.state), 6);
}

/* At the limit of an observation, with what its rules say of their sources. */
static void tick_blind(struct trial *trial, int64_t passed_ms, uint32_t blind)
{
    trial->now_ms += passed_ms;
    trial_event(trial, (struct event){.kind = EVENT_TICK, .blind = blind});
}

static void test_a_source_that_errs_is_waited_for_once(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);
    const uint32_t act = 1U << TRIAL_RULE_ACT;

    (void)state;
    trial.plan.source_extend_ms = 5000;
    trial.plan.on_source_error = OUTCOME_HOLD;
    tick_blind(&trial, TRIAL_AT_MOST_MS, act);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    assert_true(trial.state.is_extended);
    assert_true(trial.decision.is_durable);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + 5000);
    tick_blind(&trial, 4999, act);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    tick_blind(&trial, 1, act);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    trial = at(TRIAL_OBSERVE); /* evidence that comes meanwhile counts */
    trial.plan.source_extend_ms = 5000;
    tick_blind(&trial, TRIAL_AT_MOST_MS, act);
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(trial.state.step, TRIAL_APPROVE);
    trial_verb(&trial, VERB_APPROVE);
    trial_verb(&trial, VERB_APPROVE);
    trial_result(&trial, RESULT_DONE);
    assert_false(trial.state.is_extended); /* the next observation begins anew */
}

static void test_a_source_that_came_back_without_evidence(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial.plan.source_extend_ms = 5000;
    trial.plan.on_source_error = OUTCOME_HOLD;
    tick_blind(&trial, TRIAL_AT_MOST_MS, 1U << TRIAL_RULE_ACT);
    tick_blind(&trial, 5000, 0); /* then what is said of every other reason holds */
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_NO_EVIDENCE);
    trial = at(TRIAL_OBSERVE);
    trial.plan.source_extend_ms = 5000;
    tick_blind(&trial, TRIAL_AT_MOST_MS, 1U << TRIAL_RULE_RECORD); /* one that only records */
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    trial = at(TRIAL_OBSERVE);
    tick_blind(&trial, TRIAL_AT_MOST_MS, 1U << TRIAL_RULE_ACT); /* nothing is declared */
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
}

static void test_inconclusive_watch_calls_a_person(void **state)
{
    struct trial trial = at(TRIAL_WATCH);

    (void)state;
    trial_tick(&trial, TRIAL_AT_MOST_MS);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_true(trial.state.is_escalated);
    assert_int_equal(deployment_exit_code(&trial.state), 4);
}

static void test_inconclusive_step_may_hold(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial.plan.steps[TRIAL_OBSERVE].on_limit = OUTCOME_HOLD;
    trial_tick(&trial, TRIAL_AT_MOST_MS);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_false(trial.state.is_escalated);
}

static void test_beside_stable_ends_at_whole_share(void **state)
{
    struct trial trial = at(TRIAL_WATCH);

    (void)state;
    trial.plan.beside_stable = 1U << TRIAL_RULE_HOLD;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(trial.state.phase, PHASE_PROMOTED);
}

static void test_command_is_tried_again(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);
    uint32_t sequence = trial.state.flight.sequence;

    (void)state;
    trial_result(&trial, RESULT_AGAIN);
    assert_true(trial.state.flight.is_waiting);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + BACKOFF_FIRST_MS);
    assert_int_equal(deployment_redrive(&trial.plan, &trial.state).kind, ACTION_NONE);
    trial_tick(&trial, BACKOFF_FIRST_MS - 1);
    assert_int_equal(trial.decision.action_count, 0);
    trial_tick(&trial, 1);
    assert_int_equal(trial_action(&trial).sequence, sequence);
    assert_int_equal(trial_action(&trial).tries, 1);
    assert_false(trial_action(&trial).is_new);
    trial_tick(&trial, 20000 + COMMAND_SLACK_MS);
    assert_true(trial.state.flight.is_waiting);
    trial_tick(&trial, BACKOFF_MAX_MS);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_ACTION_FAILED);
}

static void test_failed_or_unsafe_command_is_not(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    trial = at(TRIAL_DEPLOY);
    trial.plan.steps[TRIAL_DEPLOY].repeat = REPEAT_UNSAFE;
    trial_result(&trial, RESULT_UNKNOWN);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
}

static void test_failed_smoke_quarantines(void **state)
{
    struct trial trial = at(TRIAL_SMOKE);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    assert_true(trial.decision.quarantines);
    assert_true(trial_traced(&trial, TRACE_FAIL));
    assert_int_equal(trial.state.ending, ENDING_FAILED);
}

static void test_old_results_are_history(void **state)
{
    struct trial trial = at(TRIAL_SMOKE);

    (void)state;
    trial_event(&trial, (struct event){.kind = EVENT_RESULT, .sequence = 1, .result = RESULT_FAILED});
    assert_int_equal(trial.state.step, TRIAL_SMOKE);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_AGAIN);
    trial_event(
        &trial,
        (struct event){.kind = EVENT_RESULT, .sequence = trial.state.flight.sequence, .result = RESULT_DONE});
    assert_int_equal(trial.state.step, TRIAL_ROUTE_LOW);
}

/* The end of a try that was given up says nothing about the one that followed. */
static void test_results_of_older_tries_are_history(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);
    struct event late = {.kind = EVENT_RESULT, .sequence = trial.state.flight.sequence};

    (void)state;
    trial_tick(&trial, 20000 + COMMAND_SLACK_MS);
    trial_tick(&trial, BACKOFF_MAX_MS);
    assert_int_equal(trial.state.flight.tries, 1);
    late.result = RESULT_DONE;
    trial_event(&trial, late);
    assert_int_equal(trial.state.step, TRIAL_DEPLOY);
    late.result = RESULT_FAILED;
    trial_event(&trial, late);
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_SMOKE);
}

/* S11: what nobody watched is not observed, and is not held against the candidate. */
static void test_gaps_are_not_observed(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    trial.now_ms += 2 * TRIAL_AT_MOST_MS;
    trial_event(&trial, (struct event){.kind = EVENT_GAP, .gap_ms = 2 * TRIAL_AT_MOST_MS});
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    assert_int_equal(trial.state.observed_ms, 0);
    trial.now_ms += 5000;
    trial_event(&trial, (struct event){.kind = EVENT_RECOVERED, .gap_ms = 4000});
    assert_int_equal(trial.state.observed_ms, 1000);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS - 1000);
    assert_int_equal(trial.state.step, TRIAL_APPROVE);
}

static void test_more_traffic_is_mended(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_drift(&trial, TRIAL_LOW);
    assert_false(trial.decision.is_durable);
    trial_drift(&trial, 5000);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_drift(&trial, 6000);
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    assert_int_equal(trial.state.confirmed_share, TRIAL_LOW);
}

static void test_less_traffic_is_an_unknown_hand(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_drift(&trial, 0);
    assert_int_equal(trial.state.hold, HOLD_UNKNOWN_HAND);
    trial_drift(&trial, 500);
    assert_int_equal(trial.state.confirmed_share, 500);
    trial_drift(&trial, 0);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
    trial_tick(&trial, 1000);
    assert_int_equal(trial.state.observed_ms, 0);
    trial_result(&trial, RESULT_DONE);
    trial_tick(&trial, 1000);
    assert_int_equal(trial.state.observed_ms, 1000);
}

static void test_mending_that_fails(void **state)
{
    struct trial trial = at(TRIAL_WATCH);

    (void)state;
    trial_drift(&trial, 9000);
    (void)trial_verb(&trial, VERB_RESUME);
    for (int i = 0; i < 2; i++) {
        trial_result(&trial, RESULT_FAILED);
        trial_tick(&trial, BACKOFF_MAX_MS);
    }
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_true(trial.state.is_escalated);
    trial = at(TRIAL_OBSERVE);
    trial.plan.has_traffic = false;
    trial_drift(&trial, 9000);
    assert_int_equal(trial.decision.action_count, 0);
}

static void test_after_care(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_promoted(&trial);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + 5000);
    trial_tick(&trial, 4999);
    assert_int_equal(trial.decision.action_count, 0);
    trial_tick(&trial, 1);
    assert_int_equal(trial_action(&trial).reference, 3);
    trial_event(&trial, (struct event){.kind = EVENT_CARE_OVER});
    assert_int_equal(trial.state.care, CARE_ACTING);
    trial_result(&trial, RESULT_FAILED);
    assert_true(trial_traced(&trial, TRACE_RESULT));
    trial_tick(&trial, 1);
    trial_tick(&trial, BACKOFF_MAX_MS);
    trial_tick(&trial, 1);
    assert_false(trial.state.flight.is_waiting);
    trial_tick(&trial, trial.state.flight.deadline_ms - trial.now_ms);
    assert_true(trial.state.flight.is_waiting);
    trial_tick(&trial, BACKOFF_MAX_MS);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.care, CARE_DONE);
    trial_tick(&trial, 1);
    assert_int_equal(trial.decision.action_count, 0);
}

static void test_after_care_gives_up(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_promoted(&trial);
    trial_tick(&trial, 5000);
    for (int i = 0; i < 5; i++) {
        trial_result(&trial, RESULT_FAILED);
        trial_tick(&trial, BACKOFF_MAX_MS);
    }
    assert_int_equal(trial.state.care, CARE_DONE);
    trial_init(&trial);
    trial_to_promoted(&trial);
    trial_event(&trial, (struct event){.kind = EVENT_CARE_OVER});
    assert_int_equal(trial.state.care, CARE_DONE);
    trial_init(&trial);
    trial.plan.retire = PLAN_NONE;
    trial_to_promoted(&trial);
    assert_int_equal(trial.state.care, CARE_NONE);
    trial_init(&trial);
    trial.plan.is_record = true;
    trial_to_promoted(&trial);
    assert_int_equal(trial.state.care, CARE_NONE);
}

/* Before the first route: traffic that nobody asked for is taken away, and counts as none. */
static void test_traffic_before_the_first_route(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial.plan.steps[TRIAL_DEPLOY].kind = STEP_APPROVE;
    trial.plan.steps[TRIAL_DEPLOY].approvals = 1;
    trial_to_step(&trial, TRIAL_DEPLOY);
    trial_drift(&trial, 100);
    assert_int_equal(trial_action(&trial).share, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_share, 0);
    assert_int_equal(trial.state.routed_ms, DEPLOYMENT_NEVER);
    assert_int_equal(trial.state.step_state, STEP_WAITING);
}

/* The pipeline moves the traffic: what we watch counts as routed from the start. */
static void test_follow_is_routed_at_once(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial.plan.has_traffic = false;
    trial.plan.count = 1;
    trial.plan.steps[0] = trial.plan.steps[TRIAL_WATCH];
    trial_to_step(&trial, 0);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    assert_int_equal(trial.state.routed_ms, trial.now_ms);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_way),
        cmocka_unit_test(test_refused_by_rehearsal),
        cmocka_unit_test(test_no_pass_no_promotion),
        cmocka_unit_test(test_lost_pass_is_no_pass),
        cmocka_unit_test(test_a_source_that_errs_is_waited_for_once),
        cmocka_unit_test(test_a_source_that_came_back_without_evidence),
        cmocka_unit_test(test_inconclusive_watch_calls_a_person),
        cmocka_unit_test(test_inconclusive_step_may_hold),
        cmocka_unit_test(test_beside_stable_ends_at_whole_share),
        cmocka_unit_test(test_command_is_tried_again),
        cmocka_unit_test(test_failed_or_unsafe_command_is_not),
        cmocka_unit_test(test_failed_smoke_quarantines),
        cmocka_unit_test(test_old_results_are_history),
        cmocka_unit_test(test_results_of_older_tries_are_history),
        cmocka_unit_test(test_gaps_are_not_observed),
        cmocka_unit_test(test_more_traffic_is_mended),
        cmocka_unit_test(test_less_traffic_is_an_unknown_hand),
        cmocka_unit_test(test_mending_that_fails),
        cmocka_unit_test(test_after_care),
        cmocka_unit_test(test_after_care_gives_up),
        cmocka_unit_test(test_traffic_before_the_first_route),
        cmocka_unit_test(test_follow_is_routed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
