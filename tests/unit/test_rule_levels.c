/* test_rule_levels.c - comparisons of histograms and of gauges: tails, mean differences, Mann-Whitney; and
 * what the
 * users of other judges saw pass. SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "judge/rule.h"
#include "simulation/random.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Blocks of 10 s in steps of 1 s; routed and confirmed at 100 s. */
struct scene {
    struct fake_series candidate, stable;
    struct metric_views views;
    struct rule rule;
    struct rule_clock clock;
    struct rule_state state;
    struct judgement judgement;
};

static void start(struct scene *scene, enum series_kind kind, enum comparison_test test)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->candidate, kind, 1000, FAKE_CAPACITY);
    fake_start(&scene->stable, kind, 1000, FAKE_CAPACITY);
    scene->views.side[SIDE_CANDIDATE] = &scene->candidate.view;
    scene->views.side[SIDE_STABLE] = &scene->stable.view;
    scene->rule = (struct rule){.kind = RULE_COMPARISON,
                                .need = 20,
                                .metric_count = 1,
                                .metrics = {{.age_max_ms = 15000, .is_lower_better = true}},
                                .comparison = {.test = test,
                                               .allowed_ratio = 1.1,
                                               .alpha = 0.01,
                                               .events_min = 5,
                                               .confidence = .98,
                                               .tolerance = .25,
                                               .block_ms = 10000}};
    scene->clock = (struct rule_clock){.routed_ms = 100000, .confirmed_ms = 100000};
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

/* ---- histograms ---- */

/* Buckets up to 0.1, 0.5, 1 and infinity. */
static void observe(struct fake_series *series, int64_t from, int64_t to, const float counts[FAKE_BUCKETS])
{
    for (int64_t step = from; step <= to; step++)
        fake_put_buckets(series, step, counts);
}

static const float usual[FAKE_BUCKETS] = {80, 16, 3, 1};
static const float slower[FAKE_BUCKETS] = {70, 10, 10, 10};

static void test_tail_by_a_bound(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_HISTOGRAM, COMPARISON_LATENCY_TAIL);
    scene.rule.comparison.above = .5;
    observe(&scene.candidate, 100, 399, slower);
    observe(&scene.stable, 100, 399, usual);
    assert_int_equal(judge(&scene, 401000), VERDICT_FAIL);
    assert_int_equal(scene.state.bound, 2);
    assert_true(fabs(scene.judgement.value - .2) < 1e-9 && fabs(scene.judgement.bound - .04) < 1e-9);
    assert_true(fabs(scene.judgement.estimate - 5) < 1e-9 && scene.judgement.lower > 4);
    assert_true(scene.judgement.statistic >= scene.judgement.limit && fabs(scene.judgement.limit - 2) < 1e-9);

    start(&scene, SERIES_HISTOGRAM, COMPARISON_LATENCY_TAIL);
    scene.rule.comparison.above = 7; /* beyond all: the last one that there is */
    observe(&scene.candidate, 100, 219, usual);
    observe(&scene.stable, 100, 219, usual);
    assert_int_equal(judge(&scene, 221000), VERDICT_PASS);
    assert_int_equal(scene.state.bound, 3);
}

static void test_tail_by_what_stable_was_like(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_HISTOGRAM, COMPARISON_LATENCY_TAIL);
    observe(&scene.stable, 50, 219, usual); /* it served before the candidate came */
    observe(&scene.candidate, 100, 219, usual);
    assert_int_equal(judge(&scene, 221000), VERDICT_PASS);
    assert_int_equal(scene.state.bound, 2);
    assert_int_equal(scene.judgement.from_ms, 100000);

    start(&scene, SERIES_HISTOGRAM, COMPARISON_LATENCY_TAIL);
    observe(&scene.stable, 100, 112, usual); /* no past: the first block only tells the bound */
    observe(&scene.candidate, 100, 112, usual);
    assert_true(is_inconclusive(&scene, 111000, REASON_TOO_FEW));
    assert_int_equal(scene.state.bound, 0);
    assert_int_equal(scene.state.sequential.blocks, 0);
    observe(&scene.stable, 113, 122, usual);
    observe(&scene.candidate, 113, 122, usual);
    assert_int_equal(judge(&scene, 121000), VERDICT_PASS);
    assert_int_equal(scene.judgement.from_ms, 110000);
    assert_true(scene.judgement.count == 1000);
    scene.rule.need = 1001; /* what was not judged does not count */
    assert_true(is_inconclusive(&scene, 121000, REASON_TOO_FEW));
}

static void test_tail_without_a_bound_that_fits(void **state)
{
    static const float same[FAKE_BUCKETS] = {100, 0, 0, 0};
    static const float broken[FAKE_BUCKETS] = {NAN, 1, 1, 1};
    struct scene scene;

    (void)state;
    start(&scene, SERIES_HISTOGRAM, COMPARISON_LATENCY_TAIL);
    observe(&scene.stable, 50, 219, same);
    observe(&scene.candidate, 100, 219, same);
    assert_true(is_inconclusive(&scene, 221000, REASON_TOO_FEW));
    start(&scene, SERIES_HISTOGRAM, COMPARISON_LATENCY_TAIL);
    observe(&scene.stable, 50, 219, broken);
    observe(&scene.candidate, 100, 219, usual);
    assert_int_equal(judge(&scene, 221000), VERDICT_INCONCLUSIVE);
}

static void test_kinds_that_do_not_fit(void **state)
{
    static const double other_bounds[FAKE_BUCKETS] = {.1, .5, 2, INFINITY};
    static const struct {
        enum series_kind candidate, stable;
        enum comparison_test test;
    } pairs[] = {
        {SERIES_GAUGE, SERIES_GAUGE, COMPARISON_SEQUENTIAL},
        {SERIES_HISTOGRAM, SERIES_HISTOGRAM, COMPARISON_SEQUENTIAL},
        {SERIES_COUNT, SERIES_COUNT, COMPARISON_LATENCY_TAIL},
        {SERIES_HISTOGRAM, SERIES_HISTOGRAM, COMPARISON_MEAN_DIFFERENCE},
        {SERIES_HISTOGRAM, SERIES_HISTOGRAM, COMPARISON_MANN_WHITNEY},
        {SERIES_GAUGE, SERIES_COUNT, COMPARISON_MANN_WHITNEY},
    };
    struct scene scene;

    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(pairs); at++) {
        start(&scene, pairs[at].candidate, pairs[at].test);
        scene.stable.view.kind = pairs[at].stable;
        assert_true(is_inconclusive(&scene, 221000, REASON_UNDECIDED));
    }
    start(&scene, SERIES_HISTOGRAM, COMPARISON_LATENCY_TAIL);
    scene.stable.view.bounds = other_bounds;
    assert_true(is_inconclusive(&scene, 221000, REASON_UNDECIDED));
    scene.stable.view.bounds = fake_bounds;
    scene.stable.view.bucket_count = 3;
    assert_true(is_inconclusive(&scene, 221000, REASON_UNDECIDED));
    scene.candidate.view.bucket_count = 1;
    scene.stable.view.bucket_count = 1;
    assert_true(is_inconclusive(&scene, 221000, REASON_UNDECIDED));
}

/* ---- gauges ---- */

static void put_levels(struct scene *scene, int64_t from, int64_t to, double candidate, double stable)
{
    struct dice dice = {.state = 17};

    for (int64_t step = from; step <= to; step++) {
        fake_put(&scene->candidate, step, candidate + dice_unit(&dice), 1);
        fake_put(&scene->stable, step, stable + dice_unit(&dice), 1);
    }
}

static const enum comparison_test level_tests[] = {COMPARISON_MEAN_DIFFERENCE, COMPARISON_MANN_WHITNEY};

static void test_levels(void **state)
{
    struct scene scene;

    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(level_tests); at++) {
        start(&scene, SERIES_GAUGE, level_tests[at]);
        put_levels(&scene, 100, 229, 50, 50);
        assert_true(is_inconclusive(&scene, 191000, REASON_TOO_FEW)); /* nine blocks */
        assert_int_equal(judge(&scene, 201000), VERDICT_PASS);
        assert_true(fabs(scene.judgement.estimate - 1) < .02 && scene.judgement.lower <= 1);
        assert_true(scene.judgement.upper >= 1 && fabs(scene.judgement.value - 50.5) < .2);
        assert_true(scene.judgement.count == 100);
        struct judgement before = scene.judgement;
        assert_int_equal(judge(&scene, 201500), VERDICT_PASS); /* no new block: the same numbers */
        assert_true(scene.judgement.estimate == before.estimate &&
                    scene.judgement.statistic == before.statistic);
        scene.rule.need = 101;
        assert_true(is_inconclusive(&scene, 201500, REASON_TOO_FEW));

        start(&scene, SERIES_GAUGE, level_tests[at]);
        put_levels(&scene, 100, 229, 60, 50);
        assert_int_equal(judge(&scene, 201000), VERDICT_FAIL);
        assert_true(scene.judgement.lower > 1.1 && scene.judgement.statistic > scene.judgement.limit);
        scene.rule.comparison.ignore_below = 61; /* the mean is 60.5 */
        assert_int_equal(judge(&scene, 201000), VERDICT_PASS);
        scene.rule.comparison.ignore_below = 60;
        assert_int_equal(judge(&scene, 201000), VERDICT_FAIL);

        start(&scene, SERIES_GAUGE, level_tests[at]); /* a tenth more is allowed */
        put_levels(&scene, 100, 229, 52, 50);
        assert_int_equal(judge(&scene, 231000), VERDICT_PASS);
        start(&scene, SERIES_GAUGE, level_tests[at]); /* less is better here */
        put_levels(&scene, 100, 229, 30, 50);
        assert_int_equal(judge(&scene, 231000), VERDICT_PASS);
        start(&scene, SERIES_GAUGE, level_tests[at]);
        scene.rule.metrics[0].is_lower_better = false;
        put_levels(&scene, 100, 229, 30, 50);
        assert_int_equal(judge(&scene, 231000), VERDICT_FAIL);
        start(&scene, SERIES_GAUGE, level_tests[at]); /* below zero there is no ratio */
        put_levels(&scene, 100, 229, -30, -50);
        (void)judge(&scene, 231000);
        assert_true(isnan(scene.judgement.estimate) && isfinite(scene.judgement.statistic));
    }
}

static void test_levels_of_counts(void **state)
{
    struct scene scene;

    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(level_tests); at++) {
        start(&scene, SERIES_COUNT, level_tests[at]);
        for (int64_t step = 100; step < 240; step++) {
            bool has_traffic = step >= 110; /* blocks without traffic on a side are no values */
            bool is_beside = step < 120 || step >= 130;
            fake_put(&scene.candidate, step, has_traffic ? 8 + (double)(step % 3) : 0, has_traffic ? 100 : 0);
            fake_put(&scene.stable, step, is_beside ? 2 + (double)(step % 2) : 0, is_beside ? 100 : 0);
        }
        assert_int_equal(judge(&scene, 241000), VERDICT_FAIL);
        assert_true(scene.judgement.count == 12000);
    }
}

static void test_levels_of_more_blocks_than_are_looked_at(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, COMPARISON_MANN_WHITNEY);
    scene.rule.comparison.block_ms = 1000;
    put_levels(&scene, 100, 649, 50, 50);
    assert_int_equal(judge(&scene, 651000), VERDICT_PASS);
    assert_true(scene.judgement.count == 550);
}

/* Both sides constant and different at one shift only: nothing can be said. */
static void test_levels_that_are_one_tie(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, COMPARISON_MANN_WHITNEY);
    for (int64_t step = 100; step < 200; step++) {
        fake_put(&scene.candidate, step, step < 110 ? 1e-20 : 0, 1);
        fake_put(&scene.stable, step, 1, 1);
    }
    assert_true(is_inconclusive(&scene, 201000, REASON_UNDECIDED));
}

/* ---- what passed elsewhere; the comparison of rules/http-service.rules ---- */

static void start_shipped(struct scene *scene)
{
    start(scene, SERIES_COUNT, COMPARISON_SEQUENTIAL);
    scene->rule.need = 200;
    scene->rule.warmup_ms = 30000;
    scene->rule.comparison.allowed_ratio = 1.5;
    scene->rule.comparison.ignore_below = .001;
    scene->rule.comparison.block_ms = 30000;
}

/* The control has no errors, the canary does (kayenta 377): a canary of 5 % at 5 requests a second. */
static void test_errors_beside_a_stable_without_any(void **state)
{
    struct scene scene;

    (void)state;
    start_shipped(&scene);
    for (int64_t step = 100; step < 400; step++) {
        fake_put(&scene.candidate, step, step % 10 == 0 ? 1 : 0, 5); /* 2 % */
        fake_put(&scene.stable, step, 0, 95);
    }
    assert_int_equal(judge(&scene, 401000), VERDICT_FAIL);
    assert_true(scene.judgement.bound == 0 && isinf(scene.judgement.upper));
}

/* Seven of ten points are a hundred times higher (spinnaker 6278): errors of 0.1 % and of 10 % by the minute.
 */
static void test_seven_of_ten_points_a_hundredfold(void **state)
{
    static const bool is_high[] = {true, true, false, true, true, false, true, true, false, true};
    struct scene scene;

    (void)state;
    start_shipped(&scene);
    for (int64_t step = 0; step < 600; step++) {
        bool is_bad = is_high[step / 60];
        fake_put(&scene.candidate, 100 + step, is_bad ? .5 : .005, 5);
        fake_put(&scene.stable, 100 + step, .095, 95);
    }
    enum verdict verdict = VERDICT_INCONCLUSIVE;
    int64_t now_ms = 131000;
    for (; now_ms <= 701000 && verdict != VERDICT_FAIL; now_ms += 10000)
        verdict = judge(&scene, now_ms);
    assert_int_equal(verdict, VERDICT_FAIL);
    assert_true(now_ms <= 300000); /* long before the ten minutes are over */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail_by_a_bound),
        cmocka_unit_test(test_tail_by_what_stable_was_like),
        cmocka_unit_test(test_tail_without_a_bound_that_fits),
        cmocka_unit_test(test_kinds_that_do_not_fit),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_levels_of_counts),
        cmocka_unit_test(test_levels_of_more_blocks_than_are_looked_at),
        cmocka_unit_test(test_levels_that_are_one_tie),
        cmocka_unit_test(test_errors_beside_a_stable_without_any),
        cmocka_unit_test(test_seven_of_ten_points_a_hundredfold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
