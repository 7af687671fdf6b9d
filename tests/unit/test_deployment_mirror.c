/* test_deployment_mirror.c - copies of requests: up step by step, judged, and off before anything else is; a
 * trial that ends as it was to end.
 * SPDX-License-Identifier: MIT */
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MIRROR_LOW = 2000 };
enum { LOW = TRIAL_ROUTE_LOW, LOOK, ALL, LOOK_AGAIN, LAST }; /* steps of a trial */
enum { ASK = LOOK + 1, OFF, WHOLE, WATCH };                  /* steps of what goes on */

static struct plan_step mirror_step(uint16_t share)
{
    return (struct plan_step){.kind = STEP_MIRROR,
                              .share = share,
                              .reference = PLAN_NONE,
                              .undo = PLAN_NONE,
                              .tries_max = 3,
                              .limit_ms = 5000};
}

/* Deploy, smoke, copies of 20 % and of all, each observed; then away with it. */
static struct trial of_trial(uint8_t step)
{
    struct trial trial;

    trial_init(&trial);
    struct plan_step look = trial.plan.steps[TRIAL_OBSERVE];
    trial.plan.has_mirror = trial.plan.ends_back = true;
    trial.plan.retire = PLAN_NONE;
    trial.plan.steps[LOW] = mirror_step(MIRROR_LOW);
    trial.plan.steps[LOOK] = look;
    trial.plan.steps[ALL] = mirror_step(SHARE_WHOLE);
    trial.plan.steps[LOOK_AGAIN] = look;
    trial.plan.count = LAST;
    trial_to_step(&trial, step);
    return trial;
}

/* Deploy, smoke, copies of 20 %, people, then all users. */
static struct trial of_more(uint8_t step)
{
    struct trial trial;

    trial_init(&trial);
    struct plan_step look = trial.plan.steps[TRIAL_OBSERVE];
    struct plan_step ask = trial.plan.steps[TRIAL_APPROVE];
    struct plan_step whole = trial.plan.steps[TRIAL_ROUTE_WHOLE];
    struct plan_step watch = trial.plan.steps[TRIAL_WATCH];
    trial.plan.has_mirror = true;
    trial.plan.steps[LOW] = mirror_step(MIRROR_LOW);
    trial.plan.steps[LOOK] = look;
    trial.plan.steps[ASK] = ask;
    trial.plan.steps[OFF] = mirror_step(0);
    trial.plan.steps[WHOLE] = whole;
    trial.plan.steps[WATCH] = watch;
    trial.plan.count = WATCH + 1;
    trial_to_step(&trial, step);
    return trial;
}

static void assert_action(const struct trial *trial, enum action_kind kind, uint16_t share)
{
    assert_int_equal(trial_action(trial).kind, kind);
    assert_int_equal(trial_action(trial).share, share);
}

/* What is taken back in any case, from the route on. */
static void to_the_end(struct trial *trial)
{
    for (int i = 0; i < 10 && trial->state.phase == PHASE_ROLLING_BACK; i++)
        trial_result(trial, RESULT_DONE);
}

static void test_a_trial_that_passes_is_taken_away(void **state)
{
    struct trial trial = of_trial(LOW);

    (void)state;
    assert_action(&trial, ACTION_MIRROR, MIRROR_LOW);
    assert_int_equal(trial.state.desired_mirror, MIRROR_LOW);
    assert_int_equal(trial.state.routed_ms, DEPLOYMENT_NEVER);
    trial_result(&trial, RESULT_DONE);
    assert_true(trial_traced(&trial, TRACE_MIRRORED));
    assert_int_equal(trial.state.step, LOOK);
    assert_int_equal(trial.state.routed_ms, trial.now_ms); /* judged from the first copy on */
    assert_int_equal(trial.state.confirmed_mirror, MIRROR_LOW);
    assert_int_equal(trial.state.confirmed_share, 0);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_action(&trial, ACTION_MIRROR, SHARE_WHOLE);
    trial_result(&trial, RESULT_DONE);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_PASSED);
    assert_int_equal(deployment_exit_code(&trial.state), -1);
    assert_false(trial.decision.quarantines);
    assert_false(trial.decision.promotes);
    assert_action(&trial, ACTION_ROUTE, 0);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_mirror, 0);
    assert_action(&trial, ACTION_COMMAND, 0); /* the undo of deploy */
    to_the_end(&trial);
    assert_int_equal(trial.state.phase, PHASE_ROLLED_BACK);
    assert_int_equal(deployment_exit_code(&trial.state), DEPLOYMENT_EXIT_TRIED);
}

static void test_a_trial_that_fails_is_a_rollback(void **state)
{
    struct trial trial = of_trial(LOOK_AGAIN);

    (void)state;
    assert_int_equal(trial.state.confirmed_mirror, SHARE_WHOLE);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_action(&trial, ACTION_ROUTE, 0); /* which ends the copies as well */
    assert_true(trial.decision.quarantines);
    assert_int_equal(trial.state.desired_mirror, 0);
    trial_result(&trial, RESULT_AGAIN);
    assert_int_equal(trial.state.confirmed_mirror, SHARE_WHOLE);
    trial_tick(&trial, BACKOFF_MAX_MS);
    assert_action(&trial, ACTION_ROUTE, 0);
    to_the_end(&trial);
    assert_int_equal(trial.state.confirmed_mirror, 0);
    assert_int_equal(deployment_exit_code(&trial.state), 3);
    trial = of_trial(LOOK);
    trial_tick(&trial, TRIAL_AT_MOST_MS);
    to_the_end(&trial);
    assert_int_equal(deployment_exit_code(&trial.state), 6); /* nobody saw it well */
}

static void test_nobody_promotes_a_trial(void **state)
{
    struct trial trial = of_trial(LOOK);

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_CONFLICT);
    assert_int_equal(trial.decision.trace_count, 0);
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE),
                     ANSWER_DONE); /* ends an observation that has its pass */
    assert_int_equal(trial.state.step, ALL);
    assert_int_equal(trial_verb(&trial, VERB_ABORT), ANSWER_DONE);
    assert_action(&trial, ACTION_ROUTE, 0);
    assert_int_equal(trial.state.desired_mirror, 0);
}

static void test_copies_end_before_users_come(void **state)
{
    struct trial trial = of_more(OFF);

    (void)state;
    assert_action(&trial, ACTION_MIRROR, 0);
    assert_int_equal(trial.state.confirmed_mirror, MIRROR_LOW);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_mirror, 0);
    assert_action(&trial, ACTION_ROUTE, SHARE_WHOLE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(deployment_exit_code(&trial.state), 0);
}

/* promote --full begins no copies, and ends those that are there. */
static void test_full_ends_the_copies(void **state)
{
    struct trial trial = of_more(LOOK);

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    assert_action(&trial, ACTION_MIRROR, 0);
    trial = of_more(TRIAL_SMOKE);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_DONE);
    trial_result(&trial, RESULT_DONE);
    assert_action(&trial, ACTION_MIRROR, 0);
}

/* A hold keeps new copies from beginning, and not those from ending that are there. */
static void test_the_end_is_not_held(void **state)
{
    struct trial trial = of_more(OFF);

    (void)state;
    (void)trial_verb(&trial, VERB_HOLD);
    trial_result(&trial, RESULT_FAILED);
    assert_false(deployment_is_stopped(&trial.state));
    trial_tick(&trial, BACKOFF_MAX_MS);
    assert_action(&trial, ACTION_MIRROR, 0);
    trial = of_trial(LOW);
    (void)trial_verb(&trial, VERB_HOLD);
    trial_result(&trial, RESULT_AGAIN);
    assert_true(deployment_is_stopped(&trial.state));
    trial_tick(&trial, BACKOFF_MAX_MS);
    assert_int_equal(trial_action(&trial).kind, ACTION_NONE);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_action(&trial, ACTION_MIRROR, MIRROR_LOW);
}

static void test_copies_that_cannot_be(void **state)
{
    struct trial trial = of_trial(LOW);

    (void)state;
    for (int i = 0; i < 2; i++) {
        trial_result(&trial, RESULT_FAILED);
        trial_tick(&trial, BACKOFF_MAX_MS);
        assert_action(&trial, ACTION_MIRROR, MIRROR_LOW);
    }
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.ending, ENDING_ACTION_FAILED);
    assert_action(&trial, ACTION_ROUTE, 0);
}

/* Somebody gives the candidate users: the route that takes them back ends the copies, which then begin again;
 * what was not copied meanwhile is not observed, and passes nothing. */
static void test_mended_with_its_copies(void **state)
{
    struct trial trial = of_trial(LOOK);

    (void)state;
    trial_judge_all(&trial, VERDICT_PASS);
    trial_drift(&trial, 500);
    assert_action(&trial, ACTION_ROUTE, 0);
    trial_result(&trial, RESULT_DONE);
    assert_action(&trial, ACTION_MIRROR, MIRROR_LOW);
    assert_int_equal(trial.state.confirmed_mirror, 0);
    int64_t observed_ms = trial.state.observed_ms;
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    trial_tick(&trial, 1000);
    assert_int_equal(trial.state.observed_ms, observed_ms);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_mirror, MIRROR_LOW);
    assert_int_equal(trial.state.step, LOOK);
    trial_tick(&trial, 1000);
    assert_int_equal(trial.state.observed_ms, observed_ms + 1000);
}

/* The same beside a stable that is bad: a FAIL cannot take it back while it has users, but copies it gets no
 * more. */
static void test_no_copies_for_what_failed(void **state)
{
    struct trial trial = of_trial(LOOK);

    (void)state;
    trial.state.is_stable_bad = true;
    trial_drift(&trial, 500);
    trial_judge_all(&trial, VERDICT_FAIL);
    assert_int_equal(trial.state.hold, HOLD_ESCALATED);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.confirmed_share, 0);
    assert_int_equal(trial.state.confirmed_mirror, 0);
    assert_int_equal(trial_action(&trial).kind, ACTION_NONE);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_CONFLICT);
}

static void test_driven_again_after_a_restart(void **state)
{
    struct trial trial = of_trial(LOW);
    struct action action = deployment_redrive(&trial.plan, &trial.state);

    (void)state;
    assert_int_equal(action.kind, ACTION_MIRROR);
    assert_int_equal(action.share, MIRROR_LOW);
    assert_false(deployment_is_routing(&trial.state)); /* users' share is read meanwhile */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_trial_that_passes_is_taken_away),
        cmocka_unit_test(test_a_trial_that_fails_is_a_rollback),
        cmocka_unit_test(test_nobody_promotes_a_trial),
        cmocka_unit_test(test_copies_end_before_users_come),
        cmocka_unit_test(test_full_ends_the_copies),
        cmocka_unit_test(test_the_end_is_not_held),
        cmocka_unit_test(test_copies_that_cannot_be),
        cmocka_unit_test(test_mended_with_its_copies),
        cmocka_unit_test(test_no_copies_for_what_failed),
        cmocka_unit_test(test_driven_again_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
