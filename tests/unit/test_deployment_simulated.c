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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hanging_command_is_the_runners),
        cmocka_unit_test(test_promote_full_twice),
        cmocka_unit_test(test_an_unsafe_retirement_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
