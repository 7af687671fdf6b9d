/* test_losses.c - what was refused, beside what came: counted by spans, shown, and too much of it is no pass.
 * SPDX-License-Identifier: MIT */
#include "judge/losses.h"

#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "metric 0 > 5" in steps of 1 s; routed and confirmed at 100 s; spans of ten steps. */
struct scene {
    struct fake_series candidate, stable;
    struct losses candidate_losses, stable_losses;
    struct metric_views views[1];
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static void start(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->candidate, SERIES_GAUGE, 1000, 150);
    fake_start(&scene->stable, SERIES_GAUGE, 1000, 150);
    scene->candidate_losses.steps = scene->stable_losses.steps = losses_span(150);
    scene->candidate.view.losses = &scene->candidate_losses;
    scene->stable.view.losses = &scene->stable_losses;
    scene->views[0].side[SIDE_CANDIDATE] = &scene->candidate.view;
    scene->views[0].side[SIDE_STABLE] = &scene->stable.view;
    scene->rule.kind = RULE_TRIGGER;
    scene->rule.need = 1;
    scene->rule.metric_count = 1;
    scene->rule.metrics[0].age_max_ms = 15000;
    fake_greater(&scene->rule.condition, 5);
    scene->clock = (struct rule_clock){.routed_ms = 100000, .confirmed_ms = 100000};
    fake_fill(&scene->candidate, 90, 110, 1, 0);
}

static void note(struct losses *losses, int64_t step, int taken, int dropped)
{
    for (int i = 0; i < taken; i++)
        losses_note(losses, step, false);
    for (int i = 0; i < dropped; i++)
        losses_note(losses, step, true);
}

static enum verdict judge(struct scene *scene)
{
    scene->clock.now_ms = 111000;
    rule_judge(&scene->rule, scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    return scene->judgement.verdict;
}

static void test_some_are_shown_and_too_many_do_not_pass(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    assert_int_equal(judge(&scene), VERDICT_PASS);
    assert_true(scene.judgement.dropped == 0 && scene.judgement.dropped_share == 0);
    note(&scene.candidate_losses, 105, 90, 10);
    assert_int_equal(judge(&scene), VERDICT_PASS);
    assert_true(scene.judgement.dropped == 10 && scene.judgement.dropped_share == LOSSES_SHARE_MAX);
    note(&scene.candidate_losses, 106, 0, 1);
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.reason, REASON_DROPPED);
    assert_string_equal(reason_name(REASON_DROPPED), "dropped");
    assert_true(scene.judgement.dropped == 11 && scene.judgement.dropped_share == 1089);
    note(&scene.candidate_losses, 110, 10, 0);
    assert_int_equal(judge(&scene), VERDICT_PASS);
    note(&scene.stable_losses, 110, 99, 1); /* the worst of both */
    assert_int_equal(judge(&scene), VERDICT_PASS);
    assert_true(scene.judgement.dropped == 12 && scene.judgement.dropped_share == 990);
    memset(scene.stable_losses.taken, 0, sizeof(scene.stable_losses.taken));
    memset(scene.stable_losses.dropped, 0, sizeof(scene.stable_losses.dropped));
    /* Stable's count as well, and the worst of both decides. */
    note(&scene.stable_losses, 110, 1, 4);
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_true(scene.judgement.dropped == 15 && scene.judgement.dropped_share == 8000);
}

static void test_a_failure_stands(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    note(&scene.candidate_losses, 105, 1, 99);
    fake_put(&scene.candidate, 111, 6, 0);
    assert_int_equal(judge(&scene), VERDICT_FAIL);
    assert_int_equal(scene.judgement.reason, REASON_DECIDED);
    assert_int_equal(scene.judgement.dropped, 99);
    /* And what is unknown anyway keeps its reason. */
    start(&scene);
    note(&scene.candidate_losses, 105, 1, 99);
    scene.candidate.view.trouble = SERIES_ERROR;
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.reason, REASON_SOURCE_ERROR);
}

static void test_only_what_can_matter_counts(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    note(&scene.candidate_losses, 89, 0, 50); /* before the first traffic */
    note(&scene.candidate_losses, -1, 0, 50); /* before there was a clock */
    note(&scene.candidate_losses, 105, 1, 0);
    assert_int_equal(judge(&scene), VERDICT_PASS);
    assert_int_equal(scene.judgement.dropped, 0);
    scene.clock.routed_ms = 200000; /* not routed: nothing is looked at */
    note(&scene.candidate_losses, 105, 0, 1);
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.dropped, 0);
    /* A series of the whole service is both sides, and counted once; one that nobody counts has lost nothing.
     */
    start(&scene);
    note(&scene.candidate_losses, 105, 99, 1);
    scene.views[0].side[SIDE_STABLE] = &scene.candidate.view;
    assert_int_equal(judge(&scene), VERDICT_PASS);
    assert_int_equal(scene.judgement.dropped, 1);
    scene.candidate.view.losses = NULL;
    scene.views[0].side[SIDE_STABLE] = NULL;
    assert_int_equal(judge(&scene), VERDICT_PASS);
    assert_int_equal(scene.judgement.dropped, 0);
}

static void test_spans_are_forgotten(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    assert_int_equal(losses_span(150), 10);
    assert_int_equal(losses_span(602), 41);
    note(&scene.candidate_losses, 105, 0, 3);
    note(&scene.candidate_losses, 259, 1, 0); /* span 25: 10 is its oldest */
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.dropped, 3);
    note(&scene.candidate_losses, 260, 1, 0);
    assert_int_equal(judge(&scene), VERDICT_PASS);
    assert_int_equal(scene.judgement.dropped, 0);
    note(&scene.candidate_losses, 105, 0, 3); /* too old to be counted */
    assert_int_equal(judge(&scene), VERDICT_PASS);
    note(&scene.candidate_losses, 100000, 0, 1); /* all others are */
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_true(scene.judgement.dropped == 1 && scene.judgement.dropped_share == 10000);
}

static void test_a_longer_window_keeps_what_was_counted(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene);
    for (int64_t step = 100; step < 200; step += 10)
        note(&scene.candidate_losses, step, 2, 1);
    losses_stretch(&scene.candidate_losses, 10);
    losses_stretch(&scene.candidate_losses, 40);
    assert_int_equal(scene.candidate_losses.steps, 40);
    assert_int_equal(scene.candidate_losses.newest, 4);
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.dropped, 10);
    /* It is counted on, and never runs over. */
    scene.candidate_losses.dropped[4] = LOSSES_DROPPED_MAX;
    note(&scene.candidate_losses, 199, 0, 2);
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.dropped, LOSSES_DROPPED_MAX);
    scene.candidate_losses.dropped[3] = LOSSES_DROPPED_MAX;
    assert_int_equal(judge(&scene), VERDICT_INCONCLUSIVE);
    assert_int_equal(scene.judgement.dropped, LOSSES_DROPPED_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_some_are_shown_and_too_many_do_not_pass),
        cmocka_unit_test(test_a_failure_stands),
        cmocka_unit_test(test_only_what_can_matter_counts),
        cmocka_unit_test(test_spans_are_forgotten),
        cmocka_unit_test(test_a_longer_window_keeps_what_was_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
