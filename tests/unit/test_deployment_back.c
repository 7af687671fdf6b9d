/* test_deployment_back.c - rules that fail, verbs in every state, and the way back to its end.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include "base/attributes.h"

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

/* A trial in a named place of the table of states. */
enum place { QUEUED, ADMITTING, ACTING, OBSERVING, WAITING, HELD, WATCHING, BACK, PROMOTED, OVER, PLACES };

static struct trial put(enum place place)
{
    static const uint8_t steps[PLACES] = {
        [ACTING] = TRIAL_DEPLOY, [OBSERVING] = TRIAL_OBSERVE, [WAITING] = TRIAL_APPROVE,
        [HELD] = TRIAL_OBSERVE,  [WATCHING] = TRIAL_WATCH,    [BACK] = TRIAL_OBSERVE,
        [OVER] = TRIAL_OBSERVE};
    struct trial trial;

    trial_init(&trial);
    if (place == QUEUED)
        return trial;
    if (place == ADMITTING) {
        trial_turn(&trial);
        return trial;
    }
    if (place == PROMOTED) {
        trial_to_promoted(&trial);
        return trial;
    }
    trial_to_step(&trial, steps[place]);
    if (place == HELD)
        (void)trial_verb(&trial, VERB_HOLD);
    if (place == BACK || place == OVER)
        (void)trial_verb(&trial, VERB_ABORT);
    for (int i = 0; place == OVER && i < 5; i++)
        trial_result(&trial, RESULT_DONE);
    return trial;
}

static void test_verbs_by_the_table(void **state)
{
    enum { N = ANSWER_CONFLICT, D = ANSWER_DONE, A = ANSWER_ALREADY };
    /*                                        queued adm act obs wait held watch back prom over */
    static const uint8_t answers[VERB_COUNT][PLACES] = {
        [VERB_PROMOTE] = {N, N, N, N, N, D, N, N, A, N},
        [VERB_PROMOTE_FULL] = {N, N, D, D, D, D, D, N, A, N},
        [VERB_HOLD] = {N, N, D, D, D, A, D, N, N, N},
        [VERB_RESUME] = {N, N, A, A, A, D, A, N, N, N},
        [VERB_ABORT] = {D, D, D, D, D, D, D, A, N, N},
        [VERB_ROLLBACK] = {D, D, D, D, D, D, D, A, N, N},
        [VERB_ROLLBACK_PAST] = {D, D, D, D, D, D, D, A, N, N},
        [VERB_APPROVE] = {N, N, N, N, D, N, N, N, N, N},
        [VERB_REJECT] = {N, N, N, N, D, N, N, N, N, N},
        [VERB_MUTE] = {N, N, D, D, D, D, D, N, N, N},
        [VERB_ADOPT] = {N, N, N, N, N, N, N, N, N, N},
    };

    (void)state;
    for (int verb = 0; verb < VERB_COUNT; verb++)
        for (int place = 0; place < PLACES; place++) {
            struct trial trial = put((enum place)place);
            enum deployment_phase before = trial.state.phase;
            if (trial_verb(&trial, (enum verb)verb) != (enum answer)answers[verb][place])
                fail_msg("%s in place %d answered %d", verb_name((enum verb)verb), place,
                         (int)trial.decision.answer);
            if (trial.decision.answer == ANSWER_CONFLICT)
                assert_int_equal(trial.state.phase, before);
        }
}

static void test_promote_needs_the_verdict(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_DONE);
    assert_int_equal(trial.state.step, TRIAL_APPROVE);
    trial = at(TRIAL_OBSERVE);
    trial_tick(&trial, 1000);
    (void)trial_verb(&trial, VERB_HOLD);
    trial_judge_all(&trial, VERDICT_PASS);
    uint32_t attempt = trial.state.attempt;
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_DONE);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    assert_int_equal(trial.state.attempt, attempt + 1);
    assert_int_equal(trial.state.passing, 0);
    assert_int_equal(trial.state.observed_ms, 0);
    assert_true(trial_traced(&trial, TRACE_STEP));
}

static void test_promote_full_leaves_out_gates_only(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_ALREADY);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_SMOKE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_int_equal(trial.state.ending, ENDING_OVERRIDE);
    trial = put(HELD);
    (void)trial_verb(&trial, VERB_PROMOTE_FULL);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
}

static void test_hold_while_acting(void **state)
{
    struct trial trial = at(TRIAL_ROUTE_LOW);

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    assert_int_equal(deployment_redrive(&trial.plan, &trial.state).kind, ACTION_ROUTE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_LOW);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.state.hold_limit_at_ms);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
    trial = at(TRIAL_ROUTE_LOW);
    (void)trial_verb(&trial, VERB_HOLD);
    trial_result(&trial, RESULT_AGAIN);
    trial_tick(&trial, BACKOFF_MAX_MS);
    assert_int_equal(trial.decision.action_count, 0);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    (void)trial_verb(&trial, VERB_HOLD);
    (void)trial_verb(&trial, VERB_PROMOTE);
    assert_int_equal(trial.state.step_state, STEP_ACTING);
}

static void test_held_too_long(void **state)
{
    struct trial trial = put(HELD);

    (void)state;
    trial_tick(&trial, 600000);
    assert_int_equal(trial.state.ending, ENDING_HELD_TOO_LONG);
    trial = at(TRIAL_WATCH);
    (void)trial_verb(&trial, VERB_HOLD);
    trial_tick(&trial, 600000);
    assert_true(trial.state.is_escalated);
    trial = put(HELD);
    trial.plan.on_held_limit = OUTCOME_HOLD;
    trial_tick(&trial, 1);
    assert_false(trial.state.is_escalated);
    trial_tick(&trial, 600000);
    assert_true(trial.state.is_escalated);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
}

static void test_approvals(void **state)
{
    struct trial trial = at(TRIAL_APPROVE);

    (void)state;
    trial_tick(&trial, 1);
    trial_tick(&trial, TRIAL_APPROVE_MS);
    assert_int_equal(trial.state.ending, ENDING_NOT_APPROVED);
    trial = at(TRIAL_APPROVE);
    trial.plan.steps[TRIAL_APPROVE].on_limit = OUTCOME_HOLD;
    trial_tick(&trial, TRIAL_APPROVE_MS / 2); /* people are asked once more */
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + TRIAL_APPROVE_MS / 2);
    trial_tick(&trial, TRIAL_APPROVE_MS / 2);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    trial = at(TRIAL_APPROVE);
    trial.plan.steps[TRIAL_APPROVE].on_limit = OUTCOME_HOLD;
    (void)trial_verb(&trial, VERB_REJECT);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    trial = at(TRIAL_APPROVE);
    (void)trial_verb(&trial, VERB_REJECT);
    assert_true(trial_traced(&trial, TRACE_REJECTED));
    assert_int_equal(trial.state.ending, ENDING_NOT_APPROVED);
}

static void test_rules_by_their_part(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge(&trial, TRIAL_RULE_RECORD, VERDICT_FAIL);
    assert_true(trial_traced(&trial, TRACE_WOULD_FAIL));
    trial_judge(&trial, TRIAL_RULE_RECORD, VERDICT_FAIL);
    assert_false(trial_traced(&trial, TRACE_WOULD_FAIL));
    trial_judge(&trial, TRIAL_RULE_ASK, VERDICT_FAIL);
    assert_int_equal(trial.state.hold, HOLD_RULE);
    trial_judge(&trial, TRIAL_RULE_HOLD, VERDICT_FAIL);
    assert_false(trial_traced(&trial, TRACE_HELD));
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_true(trial.decision.quarantines);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_PASS);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
}

static void test_muted_rules_record(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);
    struct event mute = {.kind = EVENT_VERB, .verb = VERB_MUTE, .rule = TRIAL_RULE_ACT};

    (void)state;
    trial_event(&trial, mute);
    trial_event(&trial, mute);
    assert_int_equal(trial.decision.answer, ANSWER_ALREADY);
    mute.rule = TRIAL_RULES;
    trial_event(&trial, mute);
    assert_int_equal(trial.decision.answer, ANSWER_CONFLICT);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.step_state, STEP_OBSERVING);
    assert_true(trial.state.would_roll_back);
}

static void test_way_back(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    assert_int_equal(trial_action(&trial).share, 0);
    assert_true(trial_action(&trial).is_rollback);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).reference, 7);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_int_equal(deployment_exit_code(&trial.state), 3);
}

/* L2: it never stops trying, and calls a person at its deadline. */
static void test_way_back_escalates_and_goes_on(void **state)
{
    struct trial trial = put(BACK);

    (void)state;
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + ROUTE_LIMIT_MS);
    trial_tick(&trial, 1);
    trial_tick(&trial, ROUTE_LIMIT_MS);
    for (int i = 0; i < 20; i++) {
        trial_result(&trial, RESULT_FAILED);
        trial_tick(&trial, BACKOFF_MAX_MS);
        assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    }
    assert_true(trial.state.is_escalated);
    assert_int_equal(deployment_exit_code(&trial.state), 4);
    struct trial adopted = trial;
    assert_int_equal(trial_verb(&adopted, VERB_ADOPT), ANSWER_DONE);
    assert_int_equal(deployment_exit_code(&adopted.state), 4);
    for (int i = 0; i < 3; i++)
        trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

static void test_running_command_is_settled_first(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);
    uint32_t sequence = trial.state.flight.sequence;

    (void)state;
    (void)trial_verb(&trial, VERB_ABORT);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_CANCEL);
    assert_int_equal(trial_action(&trial).cancels, sequence);
    trial_result(&trial, RESULT_UNKNOWN);
    trial_tick(&trial, BACKOFF_MAX_MS);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).reference, 7);
}

/* Its next try may run: a process that died since had no need to write that down. */
static void test_a_command_that_waits_is_settled_too(void **state)
{
    struct trial trial = at(TRIAL_DEPLOY);
    uint32_t sequence = trial.state.flight.sequence;

    (void)state;
    trial_result(&trial, RESULT_AGAIN);
    assert_true(trial.state.flight.is_waiting);
    (void)trial_verb(&trial, VERB_ABORT);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_CANCEL);
    assert_int_equal(trial_action(&trial).cancels, sequence);
    assert_int_equal(trial_action(&trial).cancels_tries, 1);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_COMMAND);
}

static void test_past_the_point_of_no_return(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_HOLD;
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_true(trial.state.is_escalated);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_CONFLICT);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    assert_int_equal(trial_verb(&trial, VERB_ROLLBACK), ANSWER_ALREADY);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.decision.trace_count, 0);
    trial_tick(&trial, 600000);
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    assert_int_equal(trial_verb(&trial, VERB_ROLLBACK_PAST), ANSWER_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
}

static void test_kept_commands_stay(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial.plan.steps[TRIAL_DEPLOY].on_rollback = ON_ROLLBACK_KEEP;
    (void)trial_verb(&trial, VERB_ABORT);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
}

static void test_traffic_comes_back_while_undoing(void **state)
{
    struct trial trial = put(BACK);

    (void)state;
    trial_drift(&trial, 100);
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    trial_drift(&trial, 0);
    trial_drift(&trial, 100);
    assert_int_equal(trial.decision.action_count, 0);
    trial_result(&trial, RESULT_DONE);
    trial_drift(&trial, 100);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    trial_drift(&trial, 100);
    assert_int_equal(trial.decision.action_count, 0);
    trial = put(BACK);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_AGAIN);
    trial_drift(&trial, 100);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
}

/* The undo that waited for its next try when traffic came back is still done; but before a restart that try
 * may have left, so it has to have ended first (S5). */
static void test_no_undo_is_lost(void **state)
{
    struct trial trial = put(BACK);

    (void)state;
    trial_result(&trial, RESULT_DONE);
    uint32_t undo = trial.state.flight.sequence;
    trial_result(&trial, RESULT_AGAIN);
    trial_drift(&trial, 100);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_CANCEL);
    assert_int_equal(trial_action(&trial).cancels, undo);
    assert_int_equal(trial_action(&trial).cancels_tries, 1);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).reference, 7);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    trial_drift(&trial, 100);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
}

static void test_follow(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial.plan.has_traffic = false;
    trial.plan.verify = PLAN_NONE;
    trial.plan.rollback_command = 5;
    trial_to_step(&trial, TRIAL_OBSERVE);
    (void)trial_verb(&trial, VERB_ABORT);
    assert_int_equal(trial_action(&trial).reference, 5);
    trial_drift(&trial, 100);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    trial_init(&trial);
    trial.plan.has_traffic = false;
    trial.plan.verify = PLAN_NONE;
    trial.plan.steps[TRIAL_DEPLOY].undo = PLAN_NONE;
    trial_to_step(&trial, TRIAL_OBSERVE);
    (void)trial_verb(&trial, VERB_ABORT);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

/* S5's exception: a way back that left before its verdict was written counts as a FAIL. */
static void test_ahead_counts_as_fail(void **state)
{
    struct trial trial = at(TRIAL_OBSERVE);

    (void)state;
    trial_event(&trial, (struct event){.kind = EVENT_AHEAD});
    assert_int_equal(trial.state.ending, ENDING_FAILED);
    assert_int_equal(trial.decision.traces[0].kind, TRACE_FAIL);
    assert_int_equal(trial.decision.traces[0].a, FAIL_LOST);
    assert_int_equal(trial.decision.traces[0].b, TRIAL_OBSERVE);
    trial_event(&trial, (struct event){.kind = EVENT_AHEAD});
    assert_int_equal(trial.decision.trace_count, 0);
}

static void test_nothing_happens_to_the_dead(void **state)
{
    struct trial trial = put(OVER);

    (void)state;
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
    trial_tick(&trial, 1000);
    trial_judge_all(&trial, VERDICT_FAIL);
    trial_turn(&trial);
    trial_event(&trial, (struct event){.kind = EVENT_CARE_OVER});
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    trial_init(&trial);
    trial_tick(&trial, 1000);
    assert_int_equal(trial.state.phase, PHASE_QUEUED);
    trial.state.phase = PHASE_SUPERSEDED;
    assert_int_equal(deployment_exit_code(&trial.state), 7);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(phase_name(PHASE_ROLLING_BACK), "rolling_back");
    assert_string_equal(step_state_name(STEP_HELD), "held");
    assert_string_equal(ending_name(ENDING_NO_EVIDENCE), "no_evidence");
    assert_string_equal(step_kind_name(STEP_ROUTE), "route");
    assert_string_equal(action_kind_name(ACTION_VERIFY), "verify");
    assert_string_equal(trace_kind_name(TRACE_RETIRED), "retired");
    assert_string_equal(trace_kind_name(TRACE_FORGOTTEN), "quarantine_forgotten");
    assert_string_equal(trace_kind_name(TRACE_RETRIED), "retried");
    assert_string_equal(hold_cause_name(HOLD_UNKNOWN_HAND), "unknown_hand");
    assert_true(phase_is_active(PHASE_WATCHING));
    assert_false(phase_is_active(PHASE_QUEUED));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verbs_by_the_table),
        cmocka_unit_test(test_promote_needs_the_verdict),
        cmocka_unit_test(test_promote_full_leaves_out_gates_only),
        cmocka_unit_test(test_hold_while_acting),
        cmocka_unit_test(test_held_too_long),
        cmocka_unit_test(test_approvals),
        cmocka_unit_test(test_rules_by_their_part),
        cmocka_unit_test(test_muted_rules_record),
        cmocka_unit_test(test_way_back),
        cmocka_unit_test(test_way_back_escalates_and_goes_on),
        cmocka_unit_test(test_running_command_is_settled_first),
        cmocka_unit_test(test_a_command_that_waits_is_settled_too),
        cmocka_unit_test(test_past_the_point_of_no_return),
        cmocka_unit_test(test_kept_commands_stay),
        cmocka_unit_test(test_traffic_comes_back_while_undoing),
        cmocka_unit_test(test_no_undo_is_lost),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_ahead_counts_as_fail),
        cmocka_unit_test(test_nothing_happens_to_the_dead),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
