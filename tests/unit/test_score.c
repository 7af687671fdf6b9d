/* test_score.c - what members say, added up to a verdict.
 * SPDX-License-Identifier: MIT */
#include "judge/rule.h"

#include "judge/score.h"

#include "base/attributes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { RULES = 4, FIRST = 1 };

struct scene {
    struct score score;
    struct rule_state states[RULES];
    struct judgement judgement;
};

/* Rules 1 to 3 of the deployment, each a group of its own; the first weighs half. */
static struct scene scene_of(enum verdict a, enum verdict b, enum verdict c)
{
    const enum verdict verdicts[] = {a, b, c};
    struct scene scene = {.score = {.pass = 95,
                                    .marginal = 75,
                                    .member_count = 3,
                                    .group_count = 3,
                                    .members = {FIRST, FIRST + 1, FIRST + 2},
                                    .groups = {1, 2, 4},
                                    .weights = {50, NAN, NAN}}};

    for (size_t i = 0; i < ARRAY_LENGTH(verdicts); i++)
        scene.states[FIRST + i].last = (struct judgement){
            .verdict = verdicts[i],
            .reason = verdicts[i] == VERDICT_INCONCLUSIVE ? REASON_TOO_FEW : REASON_DECIDED};
    return scene;
}

static void expect(struct scene *scene, uint32_t muted, enum verdict verdict, enum reason reason,
                   double value)
{
    score_judge(&scene->score, scene->states, muted, &scene->judgement);
    assert_int_equal(scene->judgement.verdict, verdict);
    assert_int_equal(scene->judgement.reason, reason);
    assert_true(scene->judgement.value == value || (isnan(value) && isnan(scene->judgement.value)));
    assert_true(scene->judgement.bound == scene->score.pass);
    assert_true(scene->judgement.limit == scene->score.marginal);
}

static void test_thresholds(void **state)
{
    struct scene all = scene_of(VERDICT_PASS, VERDICT_PASS, VERDICT_PASS);
    struct scene most = scene_of(VERDICT_PASS, VERDICT_PASS, VERDICT_FAIL);
    struct scene half = scene_of(VERDICT_FAIL, VERDICT_PASS, VERDICT_PASS);

    (void)state;
    expect(&all, 0, VERDICT_PASS, REASON_DECIDED, 100);
    expect(&most, 0, VERDICT_INCONCLUSIVE, REASON_MARGINAL, 75);
    expect(&half, 0, VERDICT_FAIL, REASON_DECIDED, 50);
    most.score.marginal = 75.5;
    expect(&most, 0, VERDICT_FAIL, REASON_DECIDED, 75);
    most.score.marginal = most.score.pass = 75;
    expect(&most, 0, VERDICT_PASS, REASON_DECIDED, 75);
    assert_true(most.judgement.count == 3);
}

static void test_undecided_members_may_only_be_too_late(void **state)
{
    struct scene one = scene_of(VERDICT_PASS, VERDICT_PASS, VERDICT_INCONCLUSIVE);
    struct scene lost = scene_of(VERDICT_FAIL, VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE);
    struct scene open = scene_of(VERDICT_INCONCLUSIVE, VERDICT_FAIL, VERDICT_INCONCLUSIVE);

    (void)state;
    expect(&one, 0, VERDICT_INCONCLUSIVE, REASON_TOO_FEW, 100);
    assert_true(one.judgement.count == 2);
    expect(&lost, 0, VERDICT_FAIL, REASON_DECIDED, 50);
    open.states[FIRST].last.reason = REASON_SOURCE_ERROR; /* the first one's reason is told */
    expect(&open, 0, VERDICT_INCONCLUSIVE, REASON_SOURCE_ERROR, 75);
}

static void test_critical_and_muted_members(void **state)
{
    struct scene scene = scene_of(VERDICT_PASS, VERDICT_PASS, VERDICT_FAIL);

    (void)state;
    scene.score.critical = 4;
    expect(&scene, 0, VERDICT_FAIL, REASON_DECIDED, 0);
    expect(&scene, 1U << (FIRST + 2), VERDICT_PASS, REASON_DECIDED, 100);
    scene.score.critical = 1;
    expect(&scene, 0, VERDICT_INCONCLUSIVE, REASON_MARGINAL, 75);
    expect(&scene, 7U << FIRST, VERDICT_INCONCLUSIVE, REASON_UNDECIDED, (double)NAN);
}

static void test_members_of_one_group_share_it(void **state)
{
    struct scene scene = scene_of(VERDICT_FAIL, VERDICT_PASS, VERDICT_PASS);

    (void)state;
    scene.score.group_count = 2;
    scene.score.weights[0] = 60;
    scene.score.weights[1] = 40;
    scene.score.groups[0] = scene.score.groups[1] = 1;
    scene.score.groups[2] = 2;
    expect(&scene, 0, VERDICT_FAIL, REASON_DECIDED, 70);
}

static void test_span_is_that_of_its_members(void **state)
{
    struct scene scene = scene_of(VERDICT_PASS, VERDICT_PASS, VERDICT_PASS);

    (void)state;
    expect(&scene, 0, VERDICT_PASS, REASON_DECIDED, 100);
    assert_int_equal(scene.judgement.to_ms, 0);
    scene.states[FIRST].last.from_ms = 2000;
    scene.states[FIRST].last.to_ms = 5000;
    scene.states[FIRST + 1].last.from_ms = 1000;
    scene.states[FIRST + 1].last.to_ms = 4000;
    scene.states[FIRST + 2].last.from_ms = 3000;
    scene.states[FIRST + 2].last.to_ms = 6000;
    expect(&scene, 0, VERDICT_PASS, REASON_DECIDED, 100);
    assert_int_equal(scene.judgement.from_ms, 1000);
    assert_int_equal(scene.judgement.to_ms, 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_undecided_members_may_only_be_too_late),
        cmocka_unit_test(test_critical_and_muted_members),
        cmocka_unit_test(test_members_of_one_group_share_it),
        cmocka_unit_test(test_span_is_that_of_its_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
