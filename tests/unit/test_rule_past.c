/* test_rule_past.c - comparisons with the past, and with the first of several baselines that has data.
 * SPDX-License-Identifier: MIT */
#include "judge/baseline.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Blocks of 10 s in steps of 1 s. Begun at 60 s, routed at 95 s, the step confirmed at 100 s, warm-up 5 s:
 * the step before 60 s lies beside the one at 95 s, so 54 beside 100 and 45 beside 109. */
struct scene {
    struct fake_series candidate, stable, before, ago;
    struct metric_views views;
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static const struct baseline stable_side = {.kind = BASELINE_STABLE};
static const struct baseline before_side = {.kind = BASELINE_BEFORE};

static void look_at(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    rule_judge(&scene->rule, &scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
}

static void start(struct scene *scene, enum series_kind kind, struct baseline first, struct baseline second)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->candidate, kind, 1000, 600);
    fake_start(&scene->stable, kind, 1000, 600);
    fake_start(&scene->before, kind, 1000, 600);
    fake_start(&scene->ago, kind, 1000, 600);
    scene->views.side[SIDE_CANDIDATE] = &scene->candidate.view;
    scene->views.side[SIDE_STABLE] = &scene->stable.view;
    scene->views.side[SIDE_BEFORE] = &scene->before.view;
    scene->rule =
        (struct rule){.kind = RULE_COMPARISON,
                      .need = 100,
                      .warmup_ms = 5000,
                      .metric_count = 1,
                      .metrics = {{.age_max_ms = 15000, .is_lower_better = true}},
                      .comparison = {.allowed_ratio = 1, .alpha = 0.01, .events_min = 5, .block_ms = 10000}};
    scene->rule.comparison.against[0] = first;
    scene->rule.comparison.against[1] = second;
    scene->rule.comparison.against_count = 2;
    if (first.kind == second.kind)
        scene->rule.comparison.against_count = 1;
    scene->clock = (struct rule_clock){.routed_ms = 95000, .confirmed_ms = 100000};
    look_at(scene, 60000);
    assert_int_equal(scene->judgement.reason, REASON_NO_TRAFFIC);
    assert_int_equal(scene->state.began_ms, 60000);
}

static enum verdict judge(struct scene *scene, int64_t now_ms)
{
    look_at(scene, now_ms);
    assert_true(rule_deadline(&scene->rule, &scene->views, &scene->clock, &scene->state) > now_ms);
    return scene->judgement.verdict;
}

static bool is_inconclusive(struct scene *scene, int64_t now_ms, enum reason reason)
{
    return judge(scene, now_ms) == VERDICT_INCONCLUSIVE && scene->judgement.reason == reason;
}

static int64_t deadline(const struct scene *scene)
{
    return rule_deadline(&scene->rule, &scene->views, &scene->clock, &scene->state);
}

static void test_the_nearest_past_lies_beside_the_first_traffic(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, before_side, before_side);
    fake_fill(&scene.candidate, 90, 145, 1, 10);
    fake_fill(&scene.before, 0, 94, 0, 1);
    for (int64_t step = 30; step <= 54; step++)
        fake_put(&scene.before, step, step == 54 ? 3 : 0, 10);
    assert_int_equal(judge(&scene, 111000), VERDICT_INCONCLUSIVE);
    assert_true(scene.state.sequential.stable_events == 3 && scene.state.sequential.stable_total == 100);
    assert_true(scene.judgement.against == 1 && scene.judgement.stable_count == 100);
    (void)judge(&scene, 121000); /* 44..35 */
    assert_true(scene.state.sequential.stable_total == 200);
    (void)judge(&scene, 131000); /* 34..30, and 29..25 */
    assert_true(scene.state.sequential.stable_total == 255);
}

static void test_a_version_worse_than_its_past_fails(void **state)
{
    struct scene scene;
    int64_t now_ms = 200000;

    (void)state;
    start(&scene, SERIES_COUNT, before_side, before_side);
    scene.state.began_ms = 200000;
    scene.clock.routed_ms = 200000;
    scene.clock.confirmed_ms = 200000;
    fake_fill(&scene.candidate, 200, 400, 2, 10);
    fake_fill(&scene.before, 0, 199, 0.1, 10);
    while (judge(&scene, now_ms) != VERDICT_FAIL && now_ms < 400000)
        now_ms += 1000;
    assert_int_equal(scene.judgement.verdict, VERDICT_FAIL);
    assert_true(scene.judgement.estimate > 10 && now_ms < 350000);
}

static void test_a_version_like_its_past_passes(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, before_side, before_side);
    fake_fill(&scene.candidate, 90, 125, 0.1, 10);
    fake_fill(&scene.before, 0, 59, 0.1, 10);
    assert_true(is_inconclusive(&scene, 112000, REASON_TOO_FEW));
    assert_int_equal(judge(&scene, 125000), VERDICT_PASS);
    fake_fill(&scene.candidate, 126, 400, 0.1, 10); /* the past is over, what was compared still counts */
    assert_int_equal(judge(&scene, 400000), VERDICT_PASS);
    assert_true(scene.state.sequential.stable_total < 600);
    scene.clock.confirmed_ms = 300000; /* a step that has no past any more does not pass */
    assert_true(is_inconclusive(&scene, 401000, REASON_TOO_FEW));
}

static void test_without_a_past_nothing_passes(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, before_side, before_side);
    fake_fill(&scene.candidate, 90, 125, 0.1, 10);
    assert_true(is_inconclusive(&scene, 121000, REASON_NO_BASELINE)); /* no value of it */
    scene.before.view.trouble = SERIES_LOADING;
    assert_true(is_inconclusive(&scene, 122000, REASON_LOADING));
    scene.views.side[SIDE_BEFORE] = NULL;
    assert_true(is_inconclusive(&scene, 122000, REASON_NO_BASELINE));
    scene.views.side[SIDE_BEFORE] = &scene.before.view;
    scene.before.view.trouble = SERIES_FINE;
    scene.before.view.kind = SERIES_GAUGE;
    assert_true(is_inconclusive(&scene, 122000, REASON_UNDECIDED));
    scene.views.side[SIDE_CANDIDATE] = NULL;
    assert_true(is_inconclusive(&scene, 122000, REASON_NO_DATA));
}

static void test_a_past_that_came_late_is_compared_from_the_route_on(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, before_side, before_side);
    fake_fill(&scene.candidate, 90, 125, 0.1, 10);
    scene.before.view.trouble = SERIES_LOADING;
    assert_true(is_inconclusive(&scene, 121000, REASON_LOADING));
    fake_fill(&scene.before, 0, 59, 0.1, 10);
    scene.before.view.trouble = SERIES_FINE;
    assert_int_equal(judge(&scene, 125000), VERDICT_PASS);
    assert_int_equal(scene.state.sequential.blocks, 2);
    assert_int_equal(scene.judgement.from_ms, 100000);
}

static void test_a_look_that_came_after_the_route_reads_nothing_of_the_candidate(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, before_side, before_side);
    scene.state.began_ms = 0;
    fake_fill(&scene.candidate, 90, 125, 0.1, 10);
    fake_fill(&scene.before, 0, 94, 0.1, 10);
    fake_fill(&scene.before, 95, 125, 5, 10);
    (void)judge(&scene, 125000);
    assert_int_equal(scene.state.began_ms, 125000);
    assert_true(scene.state.sequential.stable_events < 2.5);
}

static void test_days_ago_is_the_same_time_of_day(void **state)
{
    static const struct baseline yesterday = {.kind = BASELINE_DAYS, .days = 1};
    const int64_t shift = 86400;
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, yesterday, yesterday);
    scene.clock.routed_ms += shift * 1000;
    scene.clock.confirmed_ms += shift * 1000;
    fake_fill(&scene.candidate, shift + 90, shift + 125, 0.1, 10);
    assert_true(is_inconclusive(&scene, shift * 1000 + 111000, REASON_NO_BASELINE));
    scene.views.ago[0] = &scene.ago.view;
    fake_fill(&scene.ago, 100, 119, 0.1, 20);
    assert_int_equal(judge(&scene, shift * 1000 + 125000), VERDICT_PASS);
    assert_true(scene.state.sequential.stable_total == 400);
}

static void test_levels_of_the_past(void **state)
{
    struct scene scene;

    (void)state;
    for (int test = COMPARISON_MEAN_DIFFERENCE; test <= COMPARISON_MANN_WHITNEY; test++)
        for (int is_worse = 0; is_worse < 2; is_worse++) {
            start(&scene, SERIES_GAUGE, before_side, before_side);
            scene.rule.comparison.test = (enum comparison_test)test;
            scene.rule.comparison.allowed_ratio = 1.2;
            scene.rule.comparison.confidence = .98;
            scene.rule.comparison.tolerance = .25;
            scene.rule.need = 1;
            scene.state.began_ms = 300000;
            scene.clock.routed_ms = 300000;
            scene.clock.confirmed_ms = 300000;
            for (int64_t step = 0; step < 600; step++) {
                double noise = (double)(step * 7919 % 101) / 100;
                fake_put(step < 300 ? &scene.before : &scene.candidate, step,
                         (step >= 300 && is_worse != 0 ? 200 : 100) + noise, 0);
            }
            assert_int_equal(judge(&scene, 600000), is_worse != 0 ? VERDICT_FAIL : VERDICT_PASS);
        }
}

/* ---- the first that has data ---- */

static void test_stable_comes_first_and_stays_for_the_step(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, stable_side, before_side);
    fake_fill(&scene.candidate, 90, 125, 0.1, 10);
    fake_fill(&scene.stable, 0, 125, 0.1, 90);
    fake_fill(&scene.before, 0, 59, 0.1, 50);
    assert_true(is_inconclusive(&scene, 112000, REASON_TOO_FEW)); /* chosen, but not yet behind the warm-up */
    assert_true(scene.state.against == 1 && scene.state.settled_ms == 0);
    assert_int_equal(judge(&scene, 125000), VERDICT_PASS);
    assert_true(scene.state.against == 1 && scene.state.settled_ms == 100000);
    fake_fill(&scene.candidate, 126, 200, 0.1, 10);
    assert_true(is_inconclusive(&scene, 200000, REASON_STALE)); /* it fell silent: no other takes its place */
    assert_int_equal(scene.state.against, 1);
}

static void test_without_traffic_of_stable_the_past_is_next(void **state)
{
    struct scene scene;

    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        start(&scene, SERIES_COUNT, stable_side, before_side);
        fake_fill(&scene.candidate, 90, 145, 0.1, 10);
        fake_fill(&scene.before, 0, 59, 0.1, 50);
        if (kind == 0)
            scene.views.side[SIDE_STABLE] = NULL;
        if (kind == 1)
            scene.stable.view.trouble = SERIES_NO_DATA;
        if (kind == 2)
            fake_fill(&scene.stable, 90, 145, 0, 0);
        assert_int_equal(judge(&scene, 145000), VERDICT_PASS);
        assert_true(scene.state.against == 2 && scene.judgement.against == 2);
        assert_int_equal(scene.state.settled_ms, 100000);
    }
}

static void test_a_source_that_errs_is_waited_for(void **state)
{
    static const struct {
        enum series_trouble trouble;
        enum reason reason;
    } cases[] = {{SERIES_ERROR, REASON_SOURCE_ERROR},
                 {SERIES_LOADING, REASON_LOADING},
                 {SERIES_AMBIGUOUS, REASON_AMBIGUOUS},
                 {SERIES_NOT_FINITE, REASON_NOT_FINITE}};
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        start(&scene, SERIES_COUNT, stable_side, before_side);
        fake_fill(&scene.candidate, 90, 125, 0.1, 10);
        fake_fill(&scene.before, 0, 59, 0.1, 50);
        scene.stable.view.trouble = cases[i].trouble;
        assert_true(is_inconclusive(&scene, 126000, cases[i].reason));
        assert_true(scene.state.against == 0 && scene.state.next_block == 10 - 10);
        assert_true(deadline(&scene) > 127000); /* not at once again: only news can change it */
        fake_fill(&scene.stable, 90, 125, 0.1, 90);
        scene.stable.view.trouble = SERIES_FINE;
        assert_int_equal(judge(&scene, 126500), VERDICT_PASS);
        assert_int_equal(scene.state.against, 1);
    }
    start(&scene, SERIES_COUNT, stable_side, before_side);
    fake_fill(&scene.candidate, 90, 125, 0.1, 10);
    scene.views.is_same_series = true;
    assert_true(is_inconclusive(&scene, 126000, REASON_SAME_SERIES));
}

static void test_nothing_anywhere(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, stable_side, before_side);
    scene.views.side[SIDE_BEFORE] = NULL;
    fake_fill(&scene.candidate, 90, 145, 0.1, 10);
    assert_true(is_inconclusive(&scene, 145000, REASON_NO_BASELINE));
    assert_true(scene.state.against == 0 && scene.state.next_block == 13); /* 15 s are waited for stable */
    scene.views.side[SIDE_CANDIDATE] = NULL;
    assert_true(is_inconclusive(&scene, 146000, REASON_NO_DATA));
}

static void test_a_block_without_the_candidate_settles_nothing(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, stable_side, before_side);
    fake_fill(&scene.candidate, 121, 145, 0.1, 10);
    fake_fill(&scene.stable, 121, 145, 0.1, 10);
    fake_fill(&scene.before, 0, 59, 0.1, 50);
    (void)judge(&scene, 121500);
    assert_true(scene.state.against == 0 && scene.state.next_block == 12);
    assert_int_equal(judge(&scene, 145000), VERDICT_PASS);
    assert_int_equal(scene.state.against, 1);
}

/* The next step is confirmed at 200 s, and stable gets no traffic any more. */
static void go_to_the_next_step(struct scene *scene)
{
    scene->clock.confirmed_ms = 200000;
    fake_fill(&scene->stable, 200, 260, 0, 0);
}

static void test_a_step_settles_anew(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, stable_side, before_side);
    scene.clock.routed_ms = 160000;
    scene.clock.confirmed_ms = 160000;
    scene.state.began_ms = 160000;
    fake_fill(&scene.before, 0, 159, 0.1, 50);
    fake_fill(&scene.candidate, 160, 260, 0.01, 10);
    fake_fill(&scene.stable, 160, 199, 0.1, 90);
    assert_int_equal(judge(&scene, 199000), VERDICT_PASS);
    assert_int_equal(scene.judgement.against, 1);
    double wealth = scene.state.sequential.log_wealth[0];
    assert_true(wealth != 0);
    go_to_the_next_step(&scene);
    assert_true(is_inconclusive(&scene, 211000, REASON_TOO_FEW)); /* stable goes on, until it is settled */
    assert_int_equal(scene.judgement.against, 1);
    assert_int_equal(judge(&scene, 241000), VERDICT_PASS);
    assert_int_equal(scene.judgement.against, 2);
    assert_int_equal(scene.state.settled_ms, 200000);
    assert_int_equal(scene.state.sequential.blocks, 3); /* 210..239: the sums began anew */
    assert_true(scene.judgement.from_ms == 210000 && scene.judgement.stable_count == 1500);
    assert_true(scene.state.sequential.log_wealth[0] != wealth); /* and the wealth went on */
}

static void test_what_failed_stays_failed(void **state)
{
    struct scene scene;

    (void)state;
    for (int test = COMPARISON_SEQUENTIAL; test <= COMPARISON_MEAN_DIFFERENCE; test += 2) {
        enum series_kind kind = test == COMPARISON_SEQUENTIAL ? SERIES_COUNT : SERIES_GAUGE;
        start(&scene, kind, stable_side, before_side);
        scene.rule.comparison.test = (enum comparison_test)test;
        scene.rule.comparison.block_ms = test == COMPARISON_SEQUENTIAL ? 10000 : 2000;
        scene.rule.need = 1;
        fake_fill(&scene.before, 0, 59, 5, 10);
        for (int64_t step = 90; step < 560; step++)
            fake_put(&scene.candidate, step, 5 + (double)(step % 3) / 100, 10);
        for (int64_t step = 90; step < 500; step++)
            fake_put(&scene.stable, step, 0.1 + (double)(step % 5) / 100, 10);
        assert_int_equal(judge(&scene, 499000), VERDICT_FAIL);
        scene.clock.confirmed_ms = 500000;
        scene.views.side[SIDE_STABLE] = NULL;
        scene.clock.routed_ms = 499000; /* so that the past reaches as far back */
        assert_int_equal(judge(&scene, 560000), VERDICT_FAIL);
        assert_true(scene.state.against == 2 && scene.state.is_lost);
        assert_true(scene.judgement.estimate < 2); /* beside the past it is no worse */
        scene.clock.confirmed_ms = 560000;
        scene.views.side[SIDE_STABLE] = &scene.stable.view;
        fake_fill(&scene.candidate, 560, 620, 5, 10);
        fake_fill(&scene.stable, 560, 620, 5, 10);
        assert_int_equal(judge(&scene, 620000), VERDICT_FAIL); /* nor beside stable again */
        assert_true(scene.state.against == 1 && scene.state.is_lost);
    }
}

static void test_a_past_that_is_read_again_is_waited_for(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, stable_side, before_side);
    scene.views.side[SIDE_STABLE] = NULL;
    fake_fill(&scene.candidate, 90, 125, 0.1, 10);
    fake_fill(&scene.before, 0, 59, 0.1, 50);
    assert_int_equal(judge(&scene, 125000), VERDICT_PASS);
    struct rule_state kept = scene.state;
    scene.before.view.trouble = SERIES_LOADING; /* after a restart */
    fake_fill(&scene.candidate, 126, 145, 0.1, 10);
    assert_true(is_inconclusive(&scene, 145000, REASON_LOADING));
    assert_int_equal(scene.state.next_block, kept.next_block);
    scene.before.view.trouble = SERIES_FINE;
    assert_int_equal(judge(&scene, 146000), VERDICT_PASS);
    assert_int_equal(scene.state.next_block, kept.next_block + 2);
    /* In the next step stable errs, and the past goes on; without being settled nothing passes. */
    scene.clock.confirmed_ms = 140000;
    scene.views.side[SIDE_STABLE] = &scene.stable.view;
    scene.stable.view.trouble = SERIES_ERROR;
    fake_fill(&scene.candidate, 146, 190, 0.1, 10);
    uint32_t blocks = scene.state.sequential.blocks;
    assert_true(is_inconclusive(&scene, 190000, REASON_SOURCE_ERROR));
    assert_true(scene.state.sequential.blocks > blocks);
    assert_int_equal(scene.state.against, 2);
}

/* After a restart a block that lies behind is not taken in before its steps are there again. */
static void test_windows_that_are_read_again_are_waited_for(void **state)
{
    struct scene scene;

    (void)state;
    for (int side = 0; side < 3; side++) {
        start(&scene, SERIES_COUNT, stable_side, side == 2 ? before_side : stable_side);
        struct series_view *view = side != 1 ? &scene.candidate.view : &scene.stable.view;
        view->trouble = SERIES_LOADING;
        assert_true(is_inconclusive(&scene, 145000, REASON_LOADING));
        assert_int_equal(scene.state.next_block, 0);
        fake_fill(&scene.candidate, 90, 145, 0.1, 10);
        fake_fill(&scene.stable, 90, 145, 0.1, 10);
        view->trouble = SERIES_FINE;
        assert_int_equal(judge(&scene, 145000), VERDICT_PASS);
        assert_true(scene.state.sequential.total == 400);
    }
}

static void test_names(void **state)
{
    struct rule rule = {.kind = RULE_TRIGGER};

    (void)state;
    assert_false(baseline_names(&rule, BASELINE_STABLE));
    rule.kind = RULE_COMPARISON;
    assert_true(baseline_names(&rule, BASELINE_STABLE)); /* none said is stable */
    rule.comparison.against_count = 1;
    rule.comparison.against[0] = before_side;
    assert_true(baseline_names(&rule, BASELINE_BEFORE));
    assert_false(baseline_names(&rule, BASELINE_DAYS));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nearest_past_lies_beside_the_first_traffic),
        cmocka_unit_test(test_a_version_worse_than_its_past_fails),
        cmocka_unit_test(test_a_version_like_its_past_passes),
        cmocka_unit_test(test_without_a_past_nothing_passes),
        cmocka_unit_test(test_a_past_that_came_late_is_compared_from_the_route_on),
        cmocka_unit_test(test_a_look_that_came_after_the_route_reads_nothing_of_the_candidate),
        cmocka_unit_test(test_days_ago_is_the_same_time_of_day),
        cmocka_unit_test(test_levels_of_the_past),
        cmocka_unit_test(test_stable_comes_first_and_stays_for_the_step),
        cmocka_unit_test(test_without_traffic_of_stable_the_past_is_next),
        cmocka_unit_test(test_a_source_that_errs_is_waited_for),
        cmocka_unit_test(test_nothing_anywhere),
        cmocka_unit_test(test_a_block_without_the_candidate_settles_nothing),
        cmocka_unit_test(test_a_step_settles_anew),
        cmocka_unit_test(test_what_failed_stays_failed),
        cmocka_unit_test(test_a_past_that_is_read_again_is_waited_for),
        cmocka_unit_test(test_windows_that_are_read_again_are_waited_for),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
