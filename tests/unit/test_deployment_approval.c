/* test_deployment_approval.c - people are asked once, and once more at half of their time; never a third
 * time.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HALF_MS = TRIAL_APPROVE_MS / 2 };

static struct trial at_approval(void)
{
    struct trial trial;

    trial_init(&trial);
    trial_to_step(&trial, TRIAL_APPROVE);
    return trial;
}

static void test_once_more_at_half_of_its_time(void **state)
{
    struct trial trial = at_approval();

    (void)state;
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + HALF_MS);
    trial_tick(&trial, HALF_MS - 1);
    assert_false(trial_traced(&trial, TRACE_REMINDED));
    trial_tick(&trial, 1);
    assert_true(trial_traced(&trial, TRACE_REMINDED));
    assert_true(trial.decision.is_durable);
    assert_int_equal(trial.decision.traces[0].a, TRIAL_APPROVE);
    assert_int_equal(trial.decision.traces[0].b, 2);
    assert_string_equal(trace_kind_name(TRACE_REMINDED), "approval_reminded");
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + HALF_MS);
    trial_tick(&trial, 1);
    assert_false(trial_traced(&trial, TRACE_REMINDED));
    trial_event(&trial, (struct event){.kind = EVENT_RECOVERED});
    trial_tick(&trial, 1);
    assert_false(trial_traced(&trial, TRACE_REMINDED));
    trial_tick(&trial, HALF_MS);
    assert_int_equal(trial.state.ending, ENDING_NOT_APPROVED);
}

/* Who is still waited for is reminded; who is not any more, not. */
static void test_who_has_answered_is_left_alone(void **state)
{
    struct trial trial = at_approval();

    (void)state;
    (void)trial_verb(&trial, VERB_APPROVE);
    trial_tick(&trial, HALF_MS);
    assert_true(trial_traced(&trial, TRACE_REMINDED));
    trial = at_approval();
    (void)trial_verb(&trial, VERB_APPROVE);
    (void)trial_verb(&trial, VERB_APPROVE);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_WHOLE);
    trial_tick(&trial, HALF_MS);
    assert_false(trial_traced(&trial, TRACE_REMINDED));
}

/* Everybody said yes, but traffic that somebody raised is on its way back to what it was. */
static void test_a_mend_is_no_reason_to_remind(void **state)
{
    struct trial trial = at_approval();

    (void)state;
    trial_drift(&trial, 2 * TRIAL_LOW);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    (void)trial_verb(&trial, VERB_APPROVE);
    (void)trial_verb(&trial, VERB_APPROVE);
    assert_int_equal(trial.state.step_state, STEP_WAITING);
    trial_tick(&trial, HALF_MS);
    assert_false(trial_traced(&trial, TRACE_REMINDED));
}

/* Tries of a mend are no reminders. */
static void test_a_mend_that_fails_takes_no_reminder_away(void **state)
{
    struct trial trial = at_approval();

    (void)state;
    trial_drift(&trial, 2 * TRIAL_LOW);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.rounds, 0);
    trial_tick(&trial, HALF_MS);
    assert_true(trial_traced(&trial, TRACE_REMINDED));
}

/* What is held is told by its hold; it is made up for when it goes on. */
static void test_held_over_half_of_its_time(void **state)
{
    struct trial trial = at_approval();

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_tick(&trial, HALF_MS);
    assert_false(trial_traced(&trial, TRACE_REMINDED));
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms);
    trial_tick(&trial, 0);
    assert_true(trial_traced(&trial, TRACE_REMINDED));
}

/* Nobody was there at half of its time, nor at its end: that is the end of it. */
static void test_too_late_for_a_reminder(void **state)
{
    struct trial trial = at_approval();

    (void)state;
    trial_tick(&trial, TRIAL_APPROVE_MS);
    assert_false(trial_traced(&trial, TRACE_REMINDED));
    assert_int_equal(trial.state.ending, ENDING_NOT_APPROVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once_more_at_half_of_its_time),
        cmocka_unit_test(test_who_has_answered_is_left_alone),
        cmocka_unit_test(test_a_mend_is_no_reason_to_remind),
        cmocka_unit_test(test_a_mend_that_fails_takes_no_reminder_away),
        cmocka_unit_test(test_held_over_half_of_its_time),
        cmocka_unit_test(test_too_late_for_a_reminder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
