/* test_deployment_together.c - a deployment that stands or falls with others: where it waits for them.
 * SPDX-License-Identifier: MIT */
#include "orchestrator/barrier.h"
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum barrier barrier(const struct trial *trial)
{
    return barrier_of(&trial->plan, &trial->state);
}

static void open_barrier(struct trial *trial)
{
    trial_event(trial, (struct event){.kind = EVENT_BARRIER});
}

static struct trial admitted(void)
{
    struct trial trial;

    trial_init(&trial);
    trial.state.together = 9;
    trial_turn(&trial);
    trial_result(&trial, RESULT_DONE);
    return trial;
}

/* At its first barrier before traffic. */
static struct trial prepared(void)
{
    struct trial trial = admitted();

    open_barrier(&trial);
    trial_result(&trial, RESULT_DONE);
    trial_result(&trial, RESULT_DONE);
    return trial;
}

static struct trial observed(void)
{
    struct trial trial = prepared();

    open_barrier(&trial);
    trial_result(&trial, RESULT_DONE);
    trial_judge_all(&trial, VERDICT_PASS);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    return trial;
}

static void test_begin(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial.state.together = 9;
    assert_int_equal(barrier(&trial), BARRIER_NONE);
    trial_turn(&trial);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_ADMITTING);
    assert_int_equal(barrier(&trial), BARRIER_BEGIN);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
    trial_tick(&trial, 100000);
    assert_int_equal(trial.state.phase, PHASE_ADMITTING);
    open_barrier(&trial);
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    assert_int_equal(trial_action(&trial).kind, ACTION_COMMAND);
    open_barrier(&trial);
    assert_int_equal(trial.decision.trace_count, 0);
}

static void test_refused(void **state)
{
    struct trial trial;

    (void)state;
    trial_init(&trial);
    trial.state.together = 9;
    trial_turn(&trial);
    trial_result(&trial, RESULT_FAILED);
    assert_int_equal(trial.state.phase, PHASE_REJECTED);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
}

/* Commands and smoke tests wait for nobody, the first user does. */
static void test_before_a_route(void **state)
{
    struct trial trial = prepared();

    (void)state;
    assert_int_equal(trial.state.step, TRIAL_SMOKE);
    assert_int_equal(trial.state.step_state, STEP_IDLE);
    assert_int_equal(barrier(&trial), BARRIER_STEP);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
    open_barrier(&trial);
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
}

/* An approval ends the step before a route as anything else does. */
static void test_behind_an_approval(void **state)
{
    struct trial trial = observed();

    (void)state;
    assert_int_equal(trial.state.step, TRIAL_APPROVE);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_DONE);
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_DONE);
    assert_int_equal(barrier(&trial), BARRIER_STEP);
    assert_int_equal(trial_verb(&trial, VERB_APPROVE), ANSWER_CONFLICT);
    trial_tick(&trial, 10 * TRIAL_APPROVE_MS);
    assert_int_equal(barrier(&trial), BARRIER_STEP);
}

/* Its verdict must still be there when the barrier opens; while it waits its patience does not run out. */
static void test_observed(void **state)
{
    struct trial trial = prepared();

    (void)state;
    trial.plan.steps[TRIAL_APPROVE] = trial.plan.steps[TRIAL_ROUTE_WHOLE];
    open_barrier(&trial);
    trial_result(&trial, RESULT_DONE);
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(barrier(&trial), BARRIER_STEP);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), DEPLOYMENT_NEVER);
    trial_tick(&trial, 10 * TRIAL_AT_MOST_MS);
    assert_int_equal(barrier(&trial), BARRIER_STEP);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_INCONCLUSIVE);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
    open_barrier(&trial);
    assert_int_equal(trial.state.step, TRIAL_OBSERVE);
    assert_int_equal(deployment_deadline(&trial.plan, &trial.state), trial.now_ms + TRIAL_AT_MOST_MS);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_PASS);
    assert_int_equal(barrier(&trial), BARRIER_STEP);
    open_barrier(&trial);
    assert_true(trial_traced(&trial, TRACE_STEP_PASS));
    assert_int_equal(trial_action(&trial).kind, ACTION_ROUTE);
}

static void test_end(void **state)
{
    struct trial trial = observed();

    (void)state;
    (void)trial_verb(&trial, VERB_APPROVE);
    (void)trial_verb(&trial, VERB_APPROVE);
    open_barrier(&trial);
    trial_result(&trial, RESULT_DONE);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    trial_judge_all(&trial, VERDICT_PASS);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE), ANSWER_CONFLICT);
    assert_int_equal(trial_verb(&trial, VERB_PROMOTE_FULL), ANSWER_CONFLICT);
    trial_tick(&trial, TRIAL_OBSERVE_MS);
    assert_int_equal(barrier(&trial), BARRIER_END);
    assert_int_equal(trial.state.phase, PHASE_WATCHING);
    open_barrier(&trial);
    assert_int_equal(trial.state.phase, PHASE_PROMOTED);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
}

/* Held it stands nowhere; its triggers judge on, and nothing delays its way back (S19). */
static void test_held(void **state)
{
    struct trial trial = prepared();

    (void)state;
    assert_int_equal(trial_verb(&trial, VERB_HOLD), ANSWER_DONE);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
    assert_int_equal(trial_verb(&trial, VERB_RESUME), ANSWER_DONE);
    assert_int_equal(barrier(&trial), BARRIER_STEP);
    trial_judge(&trial, TRIAL_RULE_ACT, VERDICT_FAIL);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(barrier(&trial), BARRIER_NONE);
}

/* Where the first step of all gives users to it. */
static void first_step(enum step_kind kind, uint16_t share, enum barrier wanted)
{
    struct trial trial;

    trial_init(&trial);
    trial.state.together = 9;
    trial.plan.steps[0].kind = kind;
    trial.plan.steps[0].share = share;
    trial.plan.steps[0].hosts = trial.plan.steps[0].batch = 1;
    trial.plan.host_count = kind == STEP_REPLACE ? 1 : 0;
    trial.plan.max_unavailable = 1;
    for (int i = 0; i < REPLACE_PART_COUNT; i++)
        trial.plan.parts[i] = (struct plan_part){.reference = 1, .undo = PLAN_NONE, .tries_max = 1};
    trial_turn(&trial);
    trial_result(&trial, RESULT_DONE);
    open_barrier(&trial);
    assert_int_equal(trial.state.phase, PHASE_RUNNING);
    assert_int_equal(barrier(&trial), wanted);
    if (wanted == BARRIER_NONE)
        return;
    (void)trial_verb(&trial, VERB_HOLD);
    (void)trial_verb(&trial, VERB_RESUME);
    assert_int_equal(barrier(&trial), wanted);
    assert_int_equal(trial.state.attempt, 0);
    open_barrier(&trial);
    assert_int_equal(trial.state.attempt, 1);
    assert_int_equal(trial.state.step, 0);
    assert_int_equal(trial.state.step_state, STEP_ACTING);
}

static void test_first_step(void **state)
{
    (void)state;
    first_step(STEP_ROUTE, TRIAL_LOW, BARRIER_STEP);
    first_step(STEP_REPLACE, 0, BARRIER_STEP);
    first_step(STEP_MIRROR, TRIAL_LOW, BARRIER_STEP);
    first_step(STEP_MIRROR, 0, BARRIER_NONE);
}

static struct trial fallen(enum deployment_phase phase)
{
    struct trial trial;

    trial_init(&trial);
    trial.state.together = 9;
    if (phase != PHASE_QUEUED)
        trial = phase == PHASE_ADMITTING ? admitted() : prepared();
    trial_event(&trial, (struct event){.kind = EVENT_FALLS});
    return trial;
}

/* As an abort, and nobody is said to have asked for it; also where only a person's word leads back. */
static void test_falls(void **state)
{
    struct trial trial = fallen(PHASE_QUEUED);

    (void)state;
    assert_int_equal(trial.state.phase, PHASE_CANCELLED);
    assert_int_equal(trial.state.ending, ENDING_FELL);
    trial = fallen(PHASE_ADMITTING);
    assert_int_equal(trial.state.phase, PHASE_CANCELLED);
    trial = fallen(PHASE_RUNNING);
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_int_equal(trial.state.ending, ENDING_FELL);
    assert_int_equal(trial.decision.answer, ANSWER_NONE);
    trial_event(&trial, (struct event){.kind = EVENT_FALLS});
    assert_int_equal(trial.decision.trace_count, 0);
    trial = observed();
    trial.state.is_stable_bad = true;
    trial_event(&trial, (struct event){.kind = EVENT_FALLS});
    assert_int_equal(trial.state.phase, PHASE_ROLLING_BACK);
    assert_false(trial.decision.quarantines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begin),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_before_a_route), cmocka_unit_test(test_behind_an_approval),
        cmocka_unit_test(test_observed),       cmocka_unit_test(test_end),
        cmocka_unit_test(test_held),           cmocka_unit_test(test_first_step),
        cmocka_unit_test(test_falls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
