/* test_deployment_downtime.c - how long nothing serves where a version takes the place of the other.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As `recreate`: deploy in place, smoke, watch; without a traffic driver. */
static struct trial start(bool is_tested)
{
    struct trial trial;

    trial_init(&trial);
    struct plan *plan = &trial.plan;
    struct plan_step watch = plan->steps[TRIAL_WATCH];
    plan->has_traffic = false;
    plan->retire = PLAN_NONE;
    plan->steps[TRIAL_DEPLOY].takes_place = true;
    plan->count = is_tested ? 2 : 1;
    plan->verify = is_tested ? 0 : PLAN_NONE;
    plan->steps[plan->count++] = watch;
    trial_turn(&trial);
    trial_result(&trial, RESULT_DONE);
    return trial;
}

static uint32_t told(const struct trial *trial)
{
    for (uint8_t i = 0; i < trial->decision.trace_count; i++)
        if (trial->decision.traces[i].kind == TRACE_DOWNTIME)
            return trial->decision.traces[i].a;
    return 0;
}

static void later(struct trial *trial, int64_t later_ms, enum result result)
{
    trial->now_ms += later_ms;
    trial_result(trial, result);
}

static void test_until_the_smoke_test_passes(void **state)
{
    struct trial trial = start(true);

    (void)state;
    assert_true(trial.state.is_down);
    later(&trial, 1500, RESULT_AGAIN);
    trial_tick(&trial, 5000);
    later(&trial, 500, RESULT_DONE);
    assert_true(trial.state.is_down && told(&trial) == 0);
    later(&trial, 300, RESULT_DONE);
    assert_false(trial.state.is_down);
    assert_int_equal(told(&trial), 7300);
    assert_int_equal(trial.state.down_ms, 7300);
    assert_int_equal(trial.state.down_from_ms, 0);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
}

static void test_without_a_smoke_test_until_the_command_ends(void **state)
{
    struct trial trial = start(false);

    (void)state;
    later(&trial, 900, RESULT_DONE);
    assert_int_equal(told(&trial), 900);
    (void)trial_verb(&trial, VERB_ABORT); /* the undo begins a second one, which ends with the way back */
    assert_true(trial.state.is_down);
    later(&trial, 100, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_int_equal(told(&trial), 100);
    assert_int_equal(trial.state.down_ms, 1000);
}

/* The new one never served: it is one span from the first command until stable is found well. */
static void test_a_way_back_ends_it(void **state)
{
    struct trial trial = start(true);

    (void)state;
    later(&trial, 1000, RESULT_DONE);
    later(&trial, 200, RESULT_FAILED);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_true(trial.state.is_down && told(&trial) == 0);
    later(&trial, 700, RESULT_DONE);
    assert_int_equal(trial_action(&trial).kind, ACTION_VERIFY);
    later(&trial, 100, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_int_equal(told(&trial), 2000);
    assert_int_equal(trial.state.down_ms, 2000);
}

static void test_longer_than_a_trace_can_say(void **state)
{
    struct trial trial = start(false);

    (void)state;
    later(&trial, INT64_C(5000000000), RESULT_DONE);
    assert_int_equal(told(&trial), UINT32_MAX);
    assert_int_equal(trial.state.down_ms, INT64_C(5000000000));
}

static void test_beside_each_other_nothing_is_down(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial_to_promoted(&trial);
    assert_false(trial.state.is_down);
    assert_int_equal(trial.state.down_ms, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_until_the_smoke_test_passes),
        cmocka_unit_test(test_without_a_smoke_test_until_the_command_ends),
        cmocka_unit_test(test_a_way_back_ends_it),
        cmocka_unit_test(test_longer_than_a_trace_can_say),
        cmocka_unit_test(test_beside_each_other_nothing_is_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
