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

enum { PROBE = 9 };

static struct trial probed(void)
{
    struct trial trial;

    trial_init(&trial);
    trial_to_step(&trial, TRIAL_DEPLOY);
    trial.plan.steps[TRIAL_DEPLOY].repeat = REPEAT_PROBE;
    trial.plan.steps[TRIAL_DEPLOY].probe = PROBE;
    return trial;
}

static void expect_probe(const struct trial *trial, uint16_t tries)
{
    const struct action action = trial_action(trial);

    assert_int_equal(action.kind, ACTION_COMMAND);
    assert_int_equal(action.reference, PROBE);
    assert_int_equal(action.tries, tries);
    assert_false(action.is_new);
    assert_true(trial->state.is_probing);
}

/* Done is what the probe says is done, however the command ended. */
static void test_a_probe_has_the_last_word(void **state)
{
    static const enum result ends[] = {RESULT_DONE, RESULT_FAILED, RESULT_UNKNOWN};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        struct trial trial = probed();
        uint16_t reference = trial.state.flight.reference;

        trial_result(&trial, ends[i]);
        expect_probe(&trial, 1);
        trial_result(&trial, RESULT_DONE);
        assert_int_equal(trial.state.step, TRIAL_SMOKE);
        assert_false(trial.state.is_probing);
        trial = probed();
        trial_result(&trial, ends[i]);
        trial_result(&trial, RESULT_FAILED);
        assert_false(trial.state.is_probing);
        if (ends[i] != RESULT_UNKNOWN) {
            assert_int_equal(trial.state.ending, ENDING_ACTION_FAILED);
            continue;
        }
        assert_true(trial.state.flight.is_waiting);
        trial_tick(&trial, BACKOFF_MAX_MS);
        assert_int_equal(trial_action(&trial).reference, reference);
        assert_int_equal(trial_action(&trial).tries, 2);
    }
}

static void test_tries_of_a_probed_command_are_bounded(void **state)
{
    struct trial trial = probed();

    (void)state;
    for (int round = 0; round < 2; round++) {
        trial_result(&trial, RESULT_UNKNOWN);
        trial_result(&trial, RESULT_FAILED);
        trial_tick(&trial, BACKOFF_MAX_MS);
    }
    assert_int_equal(trial.state.rounds, 2);
    trial_result(&trial, RESULT_UNKNOWN);
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.ending, ENDING_ACTION_FAILED);
    trial = probed();
    for (int round = 0; round < 2; round++) {
        trial_result(&trial, RESULT_AGAIN); /* it says itself that nothing was done */
        assert_false(trial.state.is_probing);
        trial_tick(&trial, BACKOFF_MAX_MS);
    }
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.ending, ENDING_ACTION_FAILED);
}

static void test_a_probe_that_cannot_tell(void **state)
{
    static const enum result answers[] = {RESULT_AGAIN, RESULT_UNKNOWN};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        struct trial trial = probed();

        trial_result(&trial, RESULT_DONE);
        for (uint16_t tries = 0; tries < 2; tries++) {
            trial_result(&trial, answers[i]);
            assert_true(trial.state.flight.is_waiting && trial.state.is_probing);
            trial_tick(&trial, BACKOFF_MAX_MS);
            expect_probe(&trial, (uint16_t)(tries + 2));
        }
        trial_result(&trial, answers[i]);
        assert_int_equal(trial.state.ending, ENDING_ACTION_FAILED);
        assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    }
}

/* Held in between: the probe is asked, the command waits for the resume. */
static void test_a_probe_is_asked_while_held(void **state)
{
    struct trial trial = probed();

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_HOLD), ANSWER_DONE);
    trial_result(&trial, RESULT_UNKNOWN);
    expect_probe(&trial, 1);
    trial_result(&trial, RESULT_FAILED);
    trial_tick(&trial, BACKOFF_MAX_MS);
    assert_int_equal(trial.decision.action_count, 0);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_int_equal(trial_action(&trial).reference, trial.plan.steps[TRIAL_DEPLOY].reference);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_probe_has_the_last_word),
        cmocka_unit_test(test_tries_of_a_probed_command_are_bounded),
        cmocka_unit_test(test_a_probe_that_cannot_tell),
        cmocka_unit_test(test_a_probe_is_asked_while_held),
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
