/* test_deployment_testers.c - a route of 0 %: testers are let in before anybody else, and leave by the way
 * back.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TRIAL_TESTERS = TRIAL_SMOKE };

static struct trial at_testers(void)
{
    struct trial trial;

    trial_init(&trial);
    trial.plan.steps[TRIAL_TESTERS] = (struct plan_step){
        .kind = STEP_ROUTE, .reference = PLAN_NONE, .undo = PLAN_NONE, .limit_ms = 5000, .tries_max = 3};
    trial_to_step(&trial, TRIAL_TESTERS);
    return trial;
}

static void assert_route(const struct action *action, uint16_t share, bool is_rollback)
{
    assert_int_equal(action->kind, ACTION_ROUTE);
    assert_int_equal(action->share, share);
    assert_int_equal(action->is_rollback, is_rollback);
}

/* What a lever is told apart by: the same share, and no way back. Nobody is a user yet. */
static void test_they_come_first(void **state)
{
    struct trial trial = at_testers();
    struct action action = trial_action(&trial);

    (void)state;
    assert_route(&action, 0, false);
    action = deployment_redrive(&trial.plan, &trial.state);
    assert_route(&action, 0, false);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.step, TRIAL_ROUTE_LOW);
    assert_true(trial.state.routed_ms == DEPLOYMENT_NEVER);
    action = trial_action(&trial);
    assert_route(&action, TRIAL_LOW, false);
}

static void test_they_leave_by_the_way_back(void **state)
{
    struct trial trial = at_testers();

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_ABORT), ANSWER_DONE);
    struct action action = trial_action(&trial);
    assert_route(&action, 0, true);
    trial = at_testers();
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_DONE);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    action = trial_action(&trial);
    assert_route(&action, 0, true);
}

static void test_all_at_once_needs_no_testers(void **state)
{
    struct trial trial = at_testers();

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    trial_result(&trial, RESULT_DONE);
    struct action action = trial_action(&trial);
    assert_route(&action, SHARE_WHOLE, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_come_first),
        cmocka_unit_test(test_they_leave_by_the_way_back),
        cmocka_unit_test(test_all_at_once_needs_no_testers),
    };

    return cmocka_run_group_tests_name("deployment_testers", tests, NULL, NULL);
}
