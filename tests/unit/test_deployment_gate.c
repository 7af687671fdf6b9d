/* test_deployment_gate.c - a step that waits for another system: asked until it opens, refuses or its time is
 * up; never beside anything that needs the flight.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TRIAL_GATE = TRIAL_APPROVE, GATE = 4, EVERY_MS = 5000, TIMEOUT_MS = 60000 };

static struct trial at_gate(enum step_outcome on_limit)
{
    struct trial trial;

    trial_init(&trial);
    trial.plan.steps[TRIAL_GATE] = (struct plan_step){.kind = STEP_GATE,
                                                      .reference = GATE,
                                                      .undo = PLAN_NONE,
                                                      .limit_ms = TIMEOUT_MS,
                                                      .every_ms = EVERY_MS,
                                                      .on_limit = on_limit};
    trial_to_step(&trial, TRIAL_GATE);
    return trial;
}

static void assert_asked(const struct trial *trial, bool is_new)
{
    struct action action = trial_action(trial);

    assert_int_equal(action.kind, ACTION_GATE);
    assert_int_equal(action.reference, GATE);
    assert_int_equal(action.is_new, is_new);
    assert_int_equal(trial->state.step_state, STEP_WAITING);
}

static void test_it_is_asked_until_it_opens(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);
    uint32_t sequence = trial.state.flight.sequence;

    (void)state;
    assert_asked(&trial, true);
    assert_int_equal(deployment_exit_code(&trial.state), 5);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.gate, GATE_CLOSED);
    assert_string_equal(gate_answer_name(GATE_CLOSED), "closed");
    assert_true(trial_traced(&trial, TRACE_RESULT));
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + EVERY_MS);
    trial_tick(&trial, EVERY_MS - 1);
    assert_int_equal(trial_action(&trial).kind, ACTION_NONE);
    trial_tick(&trial, 1);
    assert_asked(&trial, false);
    assert_int_equal(trial.state.flight.sequence, sequence);
    assert_int_equal(trial.state.flight.tries, 1);
    trial_result(&trial, RESULT_AGAIN); /* no news */
    assert_false(trial.decision.is_durable);
    trial_tick(&trial, EVERY_MS);
    trial_result(&trial, RESULT_DONE);
    assert_true(trial_traced(&trial, TRACE_RESULT));
    assert_int_equal(trial.state.gate, GATE_OPEN);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
}

static void test_who_does_not_answer_is_said_to_be_silent(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial_tick(&trial, GATE_ASK_LIMIT_MS);
    assert_int_equal(trial.state.gate, GATE_SILENT);
    assert_true(trial.state.flight.is_waiting);
    trial_tick(&trial, EVERY_MS);
    assert_asked(&trial, false);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.gate, GATE_CLOSED);
    assert_true(trial_traced(&trial, TRACE_RESULT));
}

static void test_its_time_is_up(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial_result(&trial, RESULT_AGAIN);
    trial_tick(&trial, TIMEOUT_MS);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_GATE_SHUT);
    trial = at_gate(OUTCOME_HOLD);
    trial_result(&trial, RESULT_AGAIN);
    trial_tick(&trial, TIMEOUT_MS);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_int_equal(trial.state.hold, HOLD_GATE);
    assert_int_equal(trial.state.flight.kind, ACTION_NONE);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_asked(&trial, true);
    assert_int_equal(trial.state.limit_at_ms, trial.now_ms + TIMEOUT_MS);
}

static void test_a_refusal_is_not_asked_again(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_GATE_SHUT);
    assert_int_equal(trial.state.gate, GATE_REFUSED);
    trial = at_gate(OUTCOME_HOLD);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.hold, HOLD_GATE);
}

/* What is answered to an ask that was given up is history. */
static void test_who_is_held_asks_nobody(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);
    struct event answer = {.kind = EVENT_RESULT,
                           .sequence = trial.state.flight.sequence,
                           .tries = trial.state.flight.tries,
                           .result = RESULT_DONE};

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    assert_int_equal(trial.state.flight.kind, ACTION_NONE);
    trial_event(&trial, answer);
    trial_tick(&trial, EVERY_MS);
    assert_int_equal(trial.state.step_state, STEP_HELD);
    assert_int_equal(trial_action(&trial).kind, ACTION_NONE);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_asked(&trial, true);
    trial_event(&trial, answer);
    assert_int_equal(trial.state.step, TRIAL_GATE);
    (void)trial_verb(&trial, VERB_ABORT);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
}

static void test_people_do_not_answer_for_it(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_CONFLICT);
    assert_int_equal(trial_verb(&trial, VERB_REJECT), ANSWER_CONFLICT);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
}

static void test_an_emergency_goes_past_it(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial_event(&trial, (struct event){.kind = EVENT_HURRIED});
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
    trial_init(&trial);
    trial.plan.steps[TRIAL_APPROVE].kind = STEP_GATE;
    trial.state.is_emergency = true;
    trial_to_step(&trial, TRIAL_ROUTE_WHOLE);
    assert_int_equal(trial.state.attempt, TRIAL_ROUTE_WHOLE);
}

/* Traffic comes first, whether it is asked just now or later, and then it is asked anew. */
static void test_traffic_is_mended_meanwhile(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct trial trial = at_gate(OUTCOME_ROLLBACK);
        uint32_t sequence = trial.state.flight.sequence;
        if (i == 1)
            trial_result(&trial, RESULT_AGAIN);
        trial_drift(&trial, TRIAL_LOW + 500);
        assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
        assert_int_equal(trial_action(&trial).share, TRIAL_LOW);
        trial_result(&trial, RESULT_DONE);
        assert_asked(&trial, true);
        assert_int_equal(trial.state.flight.sequence, sequence + 2);
    }
}

/* More than was read before, and no more than is wanted: nothing is to be mended. */
static void test_a_rise_of_its_own_changes_nothing(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial.state.confirmed_share = TRIAL_LOW - 500;
    trial_drift(&trial, TRIAL_LOW);
    assert_asked(&trial, true);
}

static void test_less_by_another_hand_holds_it(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial_drift(&trial, TRIAL_LOW - 500);
    assert_int_equal(trial.state.hold, HOLD_UNKNOWN_HAND);
    assert_int_equal(trial.state.flight.kind, ACTION_NONE);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    trial_result(&trial, RESULT_DONE);
    assert_asked(&trial, true);
}

/* Copies that a route to stable ended begin again, between two asks and once it has opened. */
static void test_copies_begin_again(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial.state.desired_mirror = TRIAL_LOW;
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial_action(&trial).kind, ACTION_MIRROR);
    trial_result(&trial, RESULT_DONE);
    assert_asked(&trial, true);
    trial.state.confirmed_mirror = 0;
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_MIRROR);
    assert_int_equal(trial.state.step, TRIAL_GATE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
}

static void test_a_restart_asks_again_under_the_same_key(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);
    int64_t limit_at_ms = trial.state.limit_at_ms;
    uint32_t sequence = trial.state.flight.sequence;

    (void)state;
    trial.now_ms += 2 * TIMEOUT_MS;
    trial_event(&trial, (struct event){.kind = EVENT_RECOVERED, .gap_ms = 2 * TIMEOUT_MS});
    struct action action = deployment_redrive(&trial.plan, &trial.state);
    assert_int_equal(action.kind, ACTION_GATE);
    assert_int_equal(action.sequence, sequence);
    assert_int_equal(trial.state.limit_at_ms, limit_at_ms + 2 * TIMEOUT_MS);
    trial_tick(&trial, 0);
    assert_int_equal(trial.state.step_state, STEP_WAITING);
}

/* Keys are counted as far as they go. */
static void test_the_last_key_stays(void **state)
{
    struct trial trial = at_gate(OUTCOME_ROLLBACK);

    (void)state;
    trial.state.flight.tries = UINT16_MAX;
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.flight.tries, UINT16_MAX);
    trial_tick(&trial, EVERY_MS);
    assert_asked(&trial, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_asked_until_it_opens),
        cmocka_unit_test(test_who_does_not_answer_is_said_to_be_silent),
        cmocka_unit_test(test_its_time_is_up),
        cmocka_unit_test(test_a_refusal_is_not_asked_again),
        cmocka_unit_test(test_who_is_held_asks_nobody),
        cmocka_unit_test(test_people_do_not_answer_for_it),
        cmocka_unit_test(test_an_emergency_goes_past_it),
        cmocka_unit_test(test_traffic_is_mended_meanwhile),
        cmocka_unit_test(test_a_rise_of_its_own_changes_nothing),
        cmocka_unit_test(test_less_by_another_hand_holds_it),
        cmocka_unit_test(test_copies_begin_again),
        cmocka_unit_test(test_a_restart_asks_again_under_the_same_key),
        cmocka_unit_test(test_the_last_key_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
