/* test_deployment_disaster.c - the way back does not get there: people are called, and what was declared for
 * the worst is run once.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DISASTER = 9, DISASTER_LIMIT_MS = 20000, UNDEPLOY = 7 };

/* On the way back, its route in flight. */
static struct trial back(bool has_disaster)
{
    struct trial trial;

    trial_init(&trial);
    trial.plan.has_disaster = has_disaster;
    trial.plan.disaster = (struct plan_part){.reference = DISASTER,
                                             .undo = PLAN_NONE,
                                             .tries_max = 2,
                                             .repeat = REPEAT_UNSAFE,
                                             .limit_ms = DISASTER_LIMIT_MS};
    trial_to_step(&trial, TRIAL_OBSERVE);
    (void)trial_verb(&trial, VERB_ABORT);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    return trial;
}

static struct trial verifying(bool has_disaster)
{
    struct trial trial = back(has_disaster);

    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).reference, UNDEPLOY);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    return trial;
}

static void expect_disaster(const struct trial *trial)
{
    struct action action = trial_action(trial);

    assert_int_equal(trial->state.disaster, DISASTER_ACTING);
    assert_int_equal(action.kind, ACTION_COMMAND);
    assert_int_equal(action.reference, DISASTER);
    assert_int_equal(action.limit_ms, DISASTER_LIMIT_MS);
    assert_true(action.is_new);
    assert_true(action.is_rollback);
    assert_true(trial_traced(trial, TRACE_DISASTER));
}

static void to_limit(struct trial *trial)
{
    trial_tick(trial, trial->state.limit_at_ms - trial->now_ms);
    assert_true(trial_traced(trial, TRACE_ESCALATED));
    assert_true(trial->state.is_escalated);
}

static void test_stable_is_not_well(void **state)
{
    struct trial trial = verifying(true);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    assert_true(trial_traced(&trial, TRACE_ESCALATED));
    expect_disaster(&trial);
    trial_result(&trial, RESULT_DONE);
    assert_true(trial_traced(&trial, TRACE_DISASTER_OVER));
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_int_equal(deployment_exit_code(&trial.state), 3);
}

/* Once: what it did not mend is asked again as ever. */
static void test_it_is_run_once(void **state)
{
    struct trial trial = verifying(true);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.disaster, DISASTER_OVER);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial_action(&trial).kind, ACTION_NONE);
    assert_false(trial_traced(&trial, TRACE_ESCALATED));
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    assert_int_equal(deployment_exit_code(&trial.state), 4);
}

/* Who cannot be asked is not sick: only the deadline calls people then. */
static void test_what_cannot_be_asked_is_asked_again(void **state)
{
    struct trial trial = verifying(true);

    (void)state;
    trial_result(&trial, RESULT_AGAIN);
    assert_false(trial.state.is_escalated);
    assert_int_equal(trial.state.disaster, DISASTER_NONE);
    to_limit(&trial);
    expect_disaster(&trial);
}

static void test_without_one_people_are_called(void **state)
{
    struct trial trial = verifying(false);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    assert_true(trial_traced(&trial, TRACE_ESCALATED));
    assert_int_equal(trial.state.disaster, DISASTER_NONE);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.state.flight.retry_ms);
    trial = back(false);
    to_limit(&trial);
    assert_int_equal(trial.state.disaster, DISASTER_NONE);
}

/* The deadline comes while a try is under way: it ends first. */
static void test_the_try_under_way_ends_first(void **state)
{
    struct trial trial = back(true);

    (void)state;
    trial.state.flight.deadline_ms = trial.state.limit_at_ms + 1000;
    to_limit(&trial);
    assert_int_equal(trial.state.disaster, DISASTER_DUE);
    assert_int_equal(trial_action(&trial).kind, ACTION_NONE);
    trial_result(&trial, RESULT_DONE);
    expect_disaster(&trial);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).reference, UNDEPLOY);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

/* The last thing that was missing came: nothing is left to be mended. */
static void test_an_end_before_it_begins(void **state)
{
    struct trial trial = verifying(true);

    (void)state;
    trial.state.flight.deadline_ms = trial.state.limit_at_ms + 1000;
    to_limit(&trial);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

/* A route that waits for its next try has no command behind it. */
static void test_while_a_route_waits(void **state)
{
    struct trial trial = back(true);

    (void)state;
    trial_result(&trial, RESULT_AGAIN);
    to_limit(&trial);
    expect_disaster(&trial);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
}

/* An undo that waits may have left before a restart: it has ended first, and is done anew afterwards. */
static void test_an_undo_that_waits_is_ended(void **state)
{
    struct trial trial = back(true);

    (void)state;
    trial_result(&trial, RESULT_DONE);
    uint32_t undo = trial.state.flight.sequence;
    trial_result(&trial, RESULT_FAILED);
    to_limit(&trial);
    assert_int_equal(trial_action(&trial).kind, ACTION_CANCEL);
    assert_int_equal(trial_action(&trial).cancels, undo);
    assert_int_equal(trial.state.disaster, DISASTER_SETTLING);
    trial_result(&trial, RESULT_AGAIN);
    assert_true(trial.state.flight.is_waiting);
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_int_equal(trial_action(&trial).kind, ACTION_CANCEL);
    trial_result(&trial, RESULT_DONE);
    expect_disaster(&trial);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).reference, UNDEPLOY);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
}

/* A command of the way back that is no undo stays to be done, and so do hosts of a batch. */
static void test_other_commands_that_wait(void **state)
{
    struct trial trial;

    (void)state;
    for (int has_batch = 0; has_batch < 2; has_batch++) {
        trial = back(true);
        trial_result(&trial, RESULT_DONE);
        trial_result(&trial, RESULT_FAILED);
        uint8_t undo_next = trial.state.undo_next;
        if (has_batch != 0)
            trial.state.batch = 1;
        else
            trial.state.part = ROLLBACK_ROUTE;
        to_limit(&trial);
        assert_int_equal(trial.state.undo_next, undo_next);
        assert_int_equal(trial.state.disaster, DISASTER_SETTLING);
    }
}

/* As its declaration allows: "try again", and an unknown fate only where it bears to be repeated. */
static void test_its_tries(void **state)
{
    struct trial trial = verifying(true);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.disaster, DISASTER_ACTING);
    trial_tick(&trial, BACKOFF_FIRST_MS);
    assert_int_equal(trial_action(&trial).reference, DISASTER);
    assert_int_equal(trial_action(&trial).tries, 1);
    assert_false(trial_traced(&trial, TRACE_DISASTER));
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.disaster, DISASTER_OVER);
    for (int is_idempotent = 0; is_idempotent < 2; is_idempotent++) {
        trial = verifying(true);
        trial.plan.disaster.repeat = is_idempotent != 0 ? REPEAT_IDEMPOTENT : REPEAT_UNSAFE;
        trial_result(&trial, RESULT_FAILED);
        trial_result(&trial, RESULT_UNKNOWN);
        assert_int_equal(trial.state.disaster, is_idempotent != 0 ? DISASTER_ACTING : DISASTER_OVER);
    }
}

/* Traffic that somebody gives the candidate meanwhile goes back behind it. */
static void test_drift_waits_for_it(void **state)
{
    struct trial trial = verifying(true);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    trial_drift(&trial, 300);
    assert_int_equal(trial_action(&trial).kind, ACTION_NONE);
    assert_int_equal(trial.state.disaster, DISASTER_ACTING);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    trial_drift(&trial, 300);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
}

static void test_adopted_while_it_runs(void **state)
{
    struct trial trial = verifying(true);

    (void)state;
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial_verb(&trial, VERB_ADOPT), ANSWER_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_string_equal(trace_kind_name(TRACE_DISASTER), "disaster");
    assert_string_equal(trace_kind_name(TRACE_DISASTER_OVER), "disaster_over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stable_is_not_well),
        cmocka_unit_test(test_it_is_run_once),
        cmocka_unit_test(test_what_cannot_be_asked_is_asked_again),
        cmocka_unit_test(test_without_one_people_are_called),
        cmocka_unit_test(test_the_try_under_way_ends_first),
        cmocka_unit_test(test_an_end_before_it_begins),
        cmocka_unit_test(test_while_a_route_waits),
        cmocka_unit_test(test_an_undo_that_waits_is_ended),
        cmocka_unit_test(test_other_commands_that_wait),
        cmocka_unit_test(test_its_tries),
        cmocka_unit_test(test_drift_waits_for_it),
        cmocka_unit_test(test_adopted_while_it_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
