/* test_rule_past_tail.c - histograms held against their past: which bound is bet on, and which past is none.
 * SPDX-License-Identifier: MIT */
#include "judge/baseline.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Blocks of 10 s in steps of 1 s. Begun at 100 s and routed at once: step 99 lies beside 100, 0 beside 199.
 */
struct scene {
    struct fake_series candidate, stable, before, ago;
    struct metric_views views;
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

enum { ROUTED = 100, ROUTED_MS = ROUTED * 1000, DAY_STEPS = 24 * 3600, TOMORROW = DAY_STEPS + 400 };

static const struct baseline stable_side = {.kind = BASELINE_STABLE};
static const struct baseline before_side = {.kind = BASELINE_BEFORE};

/* Above 0.1, 0.5 and 1 are 20, 4 and 1 %: the second is chosen. Of the slower ones 30, 20 and 10 %: the last.
 */
static const float usual[FAKE_BUCKETS] = {80, 16, 3, 1};
static const float slower[FAKE_BUCKETS] = {70, 10, 10, 10};
static const float quick[FAKE_BUCKETS] = {100, 0, 0, 0};

static void start(struct scene *scene, struct baseline first, struct baseline second, int64_t routed)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->candidate, SERIES_HISTOGRAM, 1000, FAKE_CAPACITY);
    fake_start(&scene->stable, SERIES_HISTOGRAM, 1000, FAKE_CAPACITY);
    fake_start(&scene->before, SERIES_HISTOGRAM, 1000, FAKE_CAPACITY);
    fake_start(&scene->ago, SERIES_HISTOGRAM, 1000, FAKE_CAPACITY);
    scene->views.side[SIDE_CANDIDATE] = &scene->candidate.view;
    scene->views.side[SIDE_STABLE] = &scene->stable.view;
    scene->views.side[SIDE_BEFORE] = &scene->before.view;
    scene->views.ago[0] = &scene->ago.view;
    scene->rule = (struct rule){.kind = RULE_COMPARISON,
                                .need = 100,
                                .metric_count = 1,
                                .metrics = {{.age_max_ms = 15000, .is_lower_better = true}},
                                .comparison = {.test = COMPARISON_LATENCY_TAIL,
                                               .allowed_ratio = 1.1,
                                               .alpha = 0.01,
                                               .events_min = 5,
                                               .block_ms = 10000,
                                               .against = {first, second},
                                               .against_count = first.kind == second.kind ? 1 : 2}};
    scene->clock = (struct rule_clock){.routed_ms = routed * 1000, .confirmed_ms = routed * 1000};
    scene->state.began_ms = routed * 1000;
}

static void observe(struct fake_series *series, int64_t from, int64_t to, const float counts[FAKE_BUCKETS])
{
    for (int64_t step = from; step <= to; step++)
        fake_put_buckets(series, step, counts);
}

static enum verdict judge(struct scene *scene, int64_t now_ms)
{
    scene->clock.now_ms = now_ms;
    rule_judge(&scene->rule, &scene->views, &scene->clock, &scene->state, &scene->state, &scene->judgement);
    return scene->judgement.verdict;
}

static bool is_inconclusive(struct scene *scene, int64_t now_ms, enum reason reason)
{
    return judge(scene, now_ms) == VERDICT_INCONCLUSIVE && scene->judgement.reason == reason;
}

static void test_as_quick_as_before_passes_and_slower_fails(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, before_side, before_side, ROUTED);
    observe(&scene.before, 0, 99, usual);
    observe(&scene.candidate, ROUTED, 150, usual);
    assert_int_equal(judge(&scene, 151000), VERDICT_PASS);
    assert_true(scene.judgement.against == 1 && scene.state.bound == 2);
    start(&scene, before_side, before_side, 300);
    observe(&scene.before, 0, 299, usual);
    observe(&scene.candidate, 300, 590, slower);
    assert_int_equal(judge(&scene, 591000), VERDICT_FAIL);
    assert_true(scene.judgement.estimate > 4.9 && scene.judgement.estimate < 5.1);
    assert_int_equal(scene.judgement.against, 1);
    start(&scene, before_side, before_side, ROUTED);
    scene.rule.comparison.above = 1;
    observe(&scene.before, 0, 99, usual);
    observe(&scene.candidate, ROUTED, 150, usual);
    (void)judge(&scene, 151000);
    assert_int_equal(scene.state.bound, 3);
}

/* Of `before` the oldest half, of days ago the newest: what lies beside the first blocks tells nothing. */
static void test_the_far_half_tells_the_bound(void **state)
{
    const struct baseline yesterday = {.kind = BASELINE_DAYS, .days = 1};
    struct scene scene;

    (void)state;
    start(&scene, before_side, before_side, ROUTED);
    observe(&scene.before, 20, 59, usual);
    observe(&scene.before, 60, 99, slower);
    observe(&scene.candidate, ROUTED, 120, slower);
    (void)judge(&scene, 121000);
    assert_true(scene.state.bound == 2 && scene.state.sequential.blocks == 2);
    start(&scene, yesterday, yesterday, TOMORROW);
    observe(&scene.ago, 400, 599, slower);
    observe(&scene.ago, 600, 799, usual);
    observe(&scene.candidate, TOMORROW, TOMORROW + 20, slower);
    (void)judge(&scene, (int64_t)(TOMORROW + 21) * 1000);
    assert_true(scene.state.bound == 2 && scene.state.sequential.blocks == 2);
}

static void test_all_of_it_where_the_far_half_tells_none(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, before_side, before_side, ROUTED);
    observe(&scene.before, 20, 59, quick);
    observe(&scene.before, 60, 99, slower);
    observe(&scene.candidate, ROUTED, 120, usual);
    (void)judge(&scene, 121000);
    assert_int_equal(scene.state.bound, 3); /* 15, 10 and 5 % of all */
    start(&scene, before_side, before_side, ROUTED);
    observe(&scene.before, 99, 99, usual); /* one step is all there is */
    observe(&scene.candidate, ROUTED, 120, usual);
    (void)judge(&scene, 121000);
    assert_int_equal(scene.state.bound, 2);
    start(&scene, before_side, before_side, ROUTED);
    observe(&scene.before, 20, 99, quick); /* no bound fits */
    observe(&scene.candidate, ROUTED, 120, usual);
    assert_true(is_inconclusive(&scene, 121000, REASON_TOO_FEW));
    assert_int_equal(scene.state.bound, 0);
}

static void test_a_past_of_other_buckets_is_none(void **state)
{
    static const double other_bounds[FAKE_BUCKETS] = {.1, .5, 2, INFINITY};
    struct scene scene;

    (void)state;
    start(&scene, before_side, before_side, ROUTED);
    observe(&scene.before, 0, 99, usual);
    observe(&scene.candidate, ROUTED, 150, usual);
    scene.before.view.bounds = other_bounds;
    assert_true(is_inconclusive(&scene, 151000, REASON_NO_BASELINE));
    scene.before.view.bucket_count = 0; /* none was read */
    assert_true(is_inconclusive(&scene, 151000, REASON_NO_BASELINE));
    start(&scene, before_side, stable_side, ROUTED);
    observe(&scene.before, 0, 99, usual);
    observe(&scene.stable, ROUTED, 150, usual);
    observe(&scene.stable, 50, 99, usual);
    observe(&scene.candidate, ROUTED, 150, usual);
    scene.before.view.bounds = other_bounds;
    assert_int_equal(judge(&scene, 151000), VERDICT_PASS);
    assert_int_equal(scene.judgement.against, 2);
}

static void test_a_stable_that_never_came_is_passed_over(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, stable_side, before_side, ROUTED);
    observe(&scene.before, 0, 99, usual);
    observe(&scene.candidate, ROUTED, 150, usual);
    scene.stable.view.bucket_count = 0;
    scene.stable.view.trouble = SERIES_ERROR; /* it may yet come */
    assert_true(is_inconclusive(&scene, 151000, REASON_SOURCE_ERROR));
    assert_int_equal(scene.state.against, 0);
    scene.stable.view.trouble = SERIES_NO_DATA;
    assert_int_equal(judge(&scene, 152000), VERDICT_PASS);
    assert_int_equal(scene.judgement.against, 2);
}

static void test_what_never_came_is_said_so(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, stable_side, stable_side, ROUTED);
    scene.stable.view.bucket_count = 0;
    observe(&scene.candidate, ROUTED, 150, usual);
    assert_true(is_inconclusive(&scene, 151000, REASON_NO_BASELINE));
    scene.candidate.view.bucket_count = 0; /* what it holds cannot be read */
    assert_true(is_inconclusive(&scene, 151000, REASON_NO_DATA));
    fake_start(&scene.candidate, SERIES_HISTOGRAM, 1000, FAKE_CAPACITY);
    scene.candidate.view.bucket_count = 0;
    assert_true(is_inconclusive(&scene, 151000, REASON_NO_DATA));
    scene.candidate.view.trouble = SERIES_ERROR;
    assert_true(is_inconclusive(&scene, 151000, REASON_SOURCE_ERROR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_quick_as_before_passes_and_slower_fails),
        cmocka_unit_test(test_the_far_half_tells_the_bound),
        cmocka_unit_test(test_all_of_it_where_the_far_half_tells_none),
        cmocka_unit_test(test_a_past_of_other_buckets_is_none),
        cmocka_unit_test(test_a_stable_that_never_came_is_passed_over),
        cmocka_unit_test(test_what_never_came_is_said_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
