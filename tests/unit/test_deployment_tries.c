/* test_deployment_tries.c - the tries of a way back, what it does without a traffic driver, and events that
 * mean nothing.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct trial going_back(void)
{
    struct trial trial;

    trial_init(&trial);
    trial_to_step(&trial, TRIAL_OBSERVE);
    (void)trial_verb(&trial, VERB_ABORT);
    return trial;
}

/* L2: retried with a growing pause, for ever; a try without an answer ends at its deadline. */
static void test_tries_of_a_way_back(void **state)
{
    struct trial trial = going_back();
    int64_t pause_ms = BACKOFF_FIRST_MS;

    (void)state;
    for (int i = 0; i < 8; i++) {
        trial_result(&trial, RESULT_AGAIN);
        trial_tick(&trial, pause_ms - 1);
        assert_int_equal(trial.decision.action_count, 0);
        trial_tick(&trial, 1);
        assert_int_equal(trial_action(&trial).share, 0);
        assert_int_equal(trial_action(&trial).tries, i + 1);
        pause_ms = pause_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : pause_ms * 2;
    }
    trial_tick(&trial, ROUTE_LIMIT_MS - 1);
    assert_false(trial.state.flight.is_waiting);
    trial_tick(&trial, 1);
    assert_true(trial.state.flight.is_waiting);
}

/* A key runs at most once: what got lost comes again under another one. The count of tries ends, they do not.
 */
static void test_keys_of_tries(void **state)
{
    struct trial trial = going_back();

    (void)state;
    trial_result(&trial, RESULT_UNKNOWN);
    assert_int_equal(trial.state.flight.tries, 1);
    trial_tick(&trial, BACKOFF_MAX_MS);
    trial.state.flight.tries = UINT16_MAX;
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.flight.tries, UINT16_MAX);
    trial_tick(&trial, BACKOFF_MAX_MS);
    assert_int_equal(trial_action(&trial).share, 0);
}

/* Traffic that comes back while stable is looked at is written down once, as often as it is read. */
static void test_drift_is_written_once(void **state)
{
    struct trial trial = going_back();

    (void)state;
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).reference, 7);
    trial_drift(&trial, 100);
    assert_true(trial_traced(&trial, TRACE_DRIFT));
    trial_drift(&trial, 100);
    assert_int_equal(trial.decision.trace_count, 0);
}

/* A retirement's next try is due at its instant, not after it. */
static void test_retirement_is_tried_again_in_time(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_promoted(&trial);
    trial_tick(&trial, trial.plan.retire_delay_ms);
    trial_result(&trial, RESULT_AGAIN);
    trial_tick(&trial, BACKOFF_FIRST_MS - 1);
    assert_int_equal(trial.decision.action_count, 0);
    trial_tick(&trial, 1);
    assert_int_equal(trial_action(&trial).reference, 3);
}

/* Without a driver there is no traffic to read back, but stable is still looked at. */
static void test_verify_without_traffic(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial.plan.has_traffic = false;
    trial_to_step(&trial, TRIAL_OBSERVE);
    (void)trial_verb(&trial, VERB_ABORT);
    assert_int_equal(trial_action(&trial).reference, 7);
    trial_drift(&trial, 100);
    assert_int_equal(trial.decision.trace_count, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

/* S7: whatever is said of a deployment that is over, or of none that began. */
static void test_results_of_the_dead(void **state)
{
    static const enum deployment_phase phases[] = {PHASE_QUEUED, PHASE_ROLLED_BACK, PHASE_SUPERSEDED};

    (void)state;
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        struct trial trial;
        trial_init(&trial);
        trial.state.phase = phases[i];
        trial.state.flight.kind = ACTION_COMMAND;
        struct deployment_state before = trial.state;
        trial_result(&trial, RESULT_FAILED);
        assert_int_equal(trial.decision.trace_count, 0);
        assert_int_equal(trial.decision.action_count, 0);
        assert_memory_equal(&trial.state, &before, sizeof(before));
    }
}

static void test_no_such_verb(void **state)
{
    struct trial trial = going_back();

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_COUNT), ANSWER_CONFLICT);
    assert_int_equal(trial.decision.trace_count, 0);
    assert_string_equal(verb_name(VERB_PROMOTE_FULL), "promote --full");
    assert_string_equal(verb_name(VERB_ADOPT), "adopt");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tries_of_a_way_back),
        cmocka_unit_test(test_keys_of_tries),
        cmocka_unit_test(test_drift_is_written_once),
        cmocka_unit_test(test_retirement_is_tried_again_in_time),
        cmocka_unit_test(test_verify_without_traffic),
        cmocka_unit_test(test_results_of_the_dead),
        cmocka_unit_test(test_no_such_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
