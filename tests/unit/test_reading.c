/* test_reading.c - what a node reads from a series: present values, spans, quantiles, and every kind of
 * unknown. SPDX-License-Identifier: MIT */
#include "judge/series_window.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* One metric with three sides; the node under test is node 0. */
struct scene {
    struct fake_series candidate, stable, before;
    struct metric_views views;
    struct rule_metric metric;
    struct expression_input input;
    struct expression expression;
    struct judgement judgement;
};

/* Steps of 1 s; it is 100.5 s, step 100 is open. */
static struct expression_node *start(struct scene *scene, enum series_kind kind, enum expression_op op,
                                     int64_t span_ms)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->candidate, kind, 1000, 60);
    fake_start(&scene->stable, kind, 1000, 60);
    fake_start(&scene->before, kind, 1000, 60);
    scene->views.side[SIDE_CANDIDATE] = &scene->candidate.view;
    scene->views.side[SIDE_STABLE] = &scene->stable.view;
    scene->views.side[SIDE_BEFORE] = &scene->before.view;
    scene->metric.age_max_ms = 15000;
    scene->input = (struct expression_input){.views = &scene->views,
                                             .metrics = &scene->metric,
                                             .metric_count = 1,
                                             .now_ms = 100500,
                                             .from_ms = SERIES_NEVER};
    struct expression_node *node = fake_node(&scene->expression, op);
    node->span_ms = span_ms;
    return node;
}

static struct operand take(struct scene *scene)
{
    return expression_evaluate(&scene->expression, &scene->input, NULL, &scene->judgement);
}

static bool gives(struct scene *scene, double number)
{
    struct operand operand = take(scene);

    return operand.is_known && fabs(operand.number - number) < 1e-9;
}

static bool is_unknown(struct scene *scene, enum reason reason)
{
    struct operand operand = take(scene);

    return !operand.is_known && operand.reason == reason && isnan(operand.number);
}

static void test_present_value_of_a_gauge_is_the_open_step(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_VALUE, 0);
    fake_fill(&scene.candidate, 90, 99, 1, 0);
    fake_put(&scene.candidate, 100, 7, 0);
    assert_true(gives(&scene, 7));
    assert_true(scene.judgement.count == 1 && isnan(scene.judgement.stable_count));
    assert_true(scene.judgement.from_ms == 100000 && scene.judgement.to_ms == 101000);
    scene.input.need = 11;
    assert_true(gives(&scene, 7));
    assert_true(scene.judgement.count == 11 && scene.judgement.from_ms == 90000);
    scene.input.need = 12;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
    assert_true(scene.judgement.count == 11); /* 11 of 12 */
    scene.input.need = 3;
    fake_put(&scene.candidate, 99, NAN, 0); /* an older step does not touch it, and is not counted */
    assert_true(gives(&scene, 7));
    assert_true(scene.judgement.from_ms == 97000);
}

static void test_present_rate_rests_on_need(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, EXPRESSION_VALUE, 0);
    fake_fill(&scene.candidate, 91, 98, 1, 10);
    fake_put(&scene.candidate, 99, 2, 10);
    fake_put(&scene.candidate, 100, 3, 5);
    assert_true(gives(&scene, 3.0 / 5));
    scene.input.need = 15;
    assert_true(gives(&scene, 5.0 / 15));
    scene.input.need = 15.5;
    assert_true(gives(&scene, 6.0 / 25));
    assert_true(scene.judgement.count == 25 && scene.judgement.from_ms == 98000);
    scene.input.need = 95;
    assert_true(gives(&scene, 13.0 / 95));
    scene.input.need = 96;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
    fake_put(&scene.candidate, 99, 0, 0); /* idle seconds are looked through */
    fake_put(&scene.candidate, 100, 0, 0);
    scene.input.need = 0;
    assert_true(gives(&scene, 0.1));
    fake_fill(&scene.candidate, 91, 100, 0, 0);
    assert_true(is_unknown(&scene, REASON_NO_TRAFFIC));
}

static void test_spans_end_with_the_newest_step(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_AVG, 5000);
    for (int64_t step = 80; step <= 98; step++)
        fake_put(&scene.candidate, step, (double)step, 0);
    assert_true(gives(&scene, 96)); /* 94..98; nothing of 99 and 100 has come yet */
    assert_true(scene.judgement.count == 5);
    assert_true(scene.judgement.from_ms == 94000 && scene.judgement.to_ms == 99000);
    scene.expression.nodes[0].span_ms = 4001; /* a begun step counts */
    assert_true(gives(&scene, 96));
    scene.expression.nodes[0].span_ms = 1;
    assert_true(gives(&scene, 98));
    scene.expression.nodes[0].span_ms = 0;
    assert_true(gives(&scene, 98));
    scene.candidate.ring[96 % 60].total = SERIES_GAP; /* gaps are skipped */
    scene.candidate.ring[97 % 60].total = SERIES_GAP;
    scene.expression.nodes[0].span_ms = 5000;
    assert_true(gives(&scene, (94 + 95 + 98) / 3.0));
}

static const struct {
    enum series_kind kind;
    enum expression_op op;
    double result;
} operations[] = {
    /* values 4 1 7 2 (oldest first) of totals 10 20 0 40 */
    {SERIES_GAUGE, EXPRESSION_AVG, 14.0 / 4},  {SERIES_GAUGE, EXPRESSION_MAX, 7},
    {SERIES_GAUGE, EXPRESSION_MIN, 1},         {SERIES_GAUGE, EXPRESSION_SUM, 14},
    {SERIES_COUNT, EXPRESSION_AVG, 14.0 / 70}, {SERIES_COUNT, EXPRESSION_MAX, 4.0 / 10},
    {SERIES_COUNT, EXPRESSION_MIN, 2.0 / 40},  {SERIES_COUNT, EXPRESSION_SUM, 14},
    {SERIES_COUNT, EXPRESSION_RATE, 14.0 / 4},
};

static void test_operations_over_a_span(void **state)
{
    struct scene scene;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(operations); index++) {
        start(&scene, operations[index].kind, operations[index].op, 4000);
        fake_fill(&scene.candidate, 60, 96, 1000, 1); /* before the span */
        fake_put(&scene.candidate, 97, 4, 10);
        fake_put(&scene.candidate, 98, 1, 20);
        fake_put(&scene.candidate, 99, 7, 0);
        fake_put(&scene.candidate, 100, 2, 40);
        assert_true(gives(&scene, operations[index].result));
    }
}

static void test_operations_that_a_kind_does_not_have(void **state)
{
    static const enum series_kind kinds[] = {SERIES_GAUGE, SERIES_COUNT, SERIES_HISTOGRAM};
    struct scene scene;
    int unknowns = 0;

    (void)state;
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
        for (enum expression_op op = EXPRESSION_VALUE; op <= EXPRESSION_QUANTILE; op++) {
            start(&scene, kinds[kind], op, 5000);
            fake_put_buckets(&scene.candidate, 100, (float[]){1, 1, 1, 1});
            unknowns += is_unknown(&scene, REASON_UNDECIDED);
        }
    }
    assert_int_equal(unknowns, 2 + 1 + 6);
    start(&scene, SERIES_HISTOGRAM, EXPRESSION_VALUE, 0);
    fake_put_buckets(&scene.candidate, 100, (float[]){1, 1, 1, 1});
    assert_true(is_unknown(&scene, REASON_UNDECIDED));
}

static void test_rate_divides_by_what_it_covers(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, EXPRESSION_RATE, 60000);
    fake_fill(&scene.candidate, 81, 100, 3, 10);
    assert_true(gives(&scene, 1)); /* 60 events in 60 s: nothing came in the other 40 */
    scene.input.from_ms = 90500;   /* step 91 is the first to begin after it */
    assert_true(gives(&scene, 3));
    start(&scene, SERIES_COUNT, EXPRESSION_RATE, 60000);
    scene.candidate.view.capacity = 10;
    fake_fill(&scene.candidate, 61, 100, 3, 10); /* the ring holds ten of them */
    assert_true(gives(&scene, 3));
    assert_true(scene.judgement.count == 100 && scene.judgement.from_ms == 91000);
}

static void test_nothing_before_from_is_read(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, EXPRESSION_AVG, 30000);
    fake_fill(&scene.candidate, 60, 95, 10, 10);
    fake_fill(&scene.candidate, 96, 100, 0, 10);
    scene.input.from_ms = 96000;
    assert_true(gives(&scene, 0));
    scene.input.from_ms = 95001; /* 95 began before it */
    assert_true(gives(&scene, 0));
    scene.input.from_ms = 95000;
    assert_true(gives(&scene, 10.0 / 60));
    scene.expression.nodes[0].op = EXPRESSION_VALUE;
    scene.input.from_ms = 96000;
    scene.input.need = 51;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
    scene.input.from_ms = 101000;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
    assert_true(scene.judgement.count == 0 && scene.judgement.to_ms == 0);
}

static void test_from_holds_for_stable_but_not_for_before(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_VALUE, 0)->side = SIDE_STABLE;
    fake_put(&scene.stable, 100, 7, 0);
    fake_put(&scene.before, 10, 8, 0); /* ends 90 s ago, never stale */
    scene.input.from_ms = 100000;
    assert_true(gives(&scene, 7));
    assert_true(isnan(scene.judgement.count) && scene.judgement.stable_count == 1);
    assert_true(scene.judgement.to_ms == 101000);
    scene.input.from_ms = 100001;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
    scene.expression.nodes[0].side = SIDE_BEFORE;
    assert_true(gives(&scene, 8));
    assert_true(scene.judgement.stable_count == 1 && scene.judgement.to_ms == 0);
}

static void test_need_is_looked_for_before_the_span(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_COUNT, EXPRESSION_AVG, 3000);
    fake_fill(&scene.candidate, 71, 100, 1, 10);
    scene.input.need = 300;
    assert_true(gives(&scene, 0.1));
    scene.input.need = 301;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
    scene.input.need = 300;
    scene.input.from_ms = 71001;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
}

static void test_span_of_two_series_is_the_wider(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_AVG, 2000);
    struct expression_node *node = fake_node(&scene.expression, EXPRESSION_AVG);
    node->side = SIDE_STABLE;
    node->span_ms = 9000;
    (void)fake_node(&scene.expression, EXPRESSION_SUBTRACT);
    fake_fill(&scene.candidate, 60, 100, 4, 0);
    fake_fill(&scene.stable, 60, 98, 1, 0);
    assert_true(gives(&scene, 3));
    assert_true(scene.judgement.from_ms == 90000 && scene.judgement.to_ms == 101000);
    assert_true(scene.judgement.count == 2 && scene.judgement.stable_count == 9);
}

static void test_quantiles(void **state)
{
    struct scene scene;
    struct expression_node *node;
    static const struct {
        double quantile, result;
    } cases[] = {{0, 0.1}, {0.25, 0.3}, {0.5, 0.5}, {0.75, 0.75}, {0.8, 0.8}, {1, 1}};

    (void)state;
    node = start(&scene, SERIES_HISTOGRAM, EXPRESSION_QUANTILE, 2000);
    fake_put_buckets(&scene.candidate, 98, (float[]){1000, 0, 0, 0}); /* before the span */
    fake_put_buckets(&scene.candidate, 99, (float[]){0, 30, 10, 0});
    fake_put_buckets(&scene.candidate, 100, (float[]){0, 20, 40, 0});
    for (size_t index = 0; index < ARRAY_LENGTH(cases); index++) {
        node->number = cases[index].quantile;
        assert_true(gives(&scene, cases[index].result));
    }
    assert_true(scene.judgement.count == 100);
    fake_put_buckets(&scene.candidate, 100, (float[]){10, 0, 0, 50});
    node->number = 0.05;
    assert_true(gives(&scene, 0.05)); /* half of the first bucket, which begins at 0 */
    node->number = 0.99;
    assert_true(gives(&scene, 1)); /* nobody knows how far beyond */
    scene.input.need = 1101;
    assert_true(is_unknown(&scene, REASON_TOO_FEW));
}

static void test_quantile_of_negative_bounds(void **state)
{
    static const double bounds[FAKE_BUCKETS] = {-1, 0, 1, INFINITY};
    struct scene scene;

    (void)state;
    start(&scene, SERIES_HISTOGRAM, EXPRESSION_QUANTILE, 1000)->number = 0.25;
    scene.candidate.view.bounds = bounds;
    fake_put_buckets(&scene.candidate, 100, (float[]){50, 50, 0, 0});
    assert_true(gives(&scene, -1));
}

/* The sum of these two counts is rounded up: the highest rank lies behind both, but nothing was seen there.
 */
static void test_quantile_of_rounded_counts(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_HISTOGRAM, EXPRESSION_QUANTILE, 60000)->number = 1;
    fake_put_buckets(&scene.candidate, 100, (float[]){1, 0x1.8p-53F, 0, 0});
    assert_true(gives(&scene, 0.5));
    scene.expression.nodes[0].number = 0; /* nor does the lowest lie in an empty bucket */
    fake_put_buckets(&scene.candidate, 100, (float[]){0, 0, 5, 0});
    assert_true(gives(&scene, 0.5));
}

static void test_quantile_of_nothing(void **state)
{
    static const float bad[][FAKE_BUCKETS] = {{NAN, 1, 1, 1}, {1, -1, 1, 1}, {1, 1, 1, INFINITY}};
    struct scene scene;

    (void)state;
    start(&scene, SERIES_HISTOGRAM, EXPRESSION_QUANTILE, 1000)->number = 0.5;
    fake_put_buckets(&scene.candidate, 100, (float[]){0, 0, 0, 0});
    assert_true(is_unknown(&scene, REASON_NO_TRAFFIC));
    scene.candidate.ring[100 % 60].total = 5; /* the buckets say something else */
    assert_true(is_unknown(&scene, REASON_NOT_FINITE));
    for (size_t index = 0; index < ARRAY_LENGTH(bad); index++) {
        fake_put_buckets(&scene.candidate, 100, bad[index]);
        scene.candidate.ring[100 % 60].total = 5;
        assert_true(is_unknown(&scene, REASON_NOT_FINITE));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_present_value_of_a_gauge_is_the_open_step),
        cmocka_unit_test(test_present_rate_rests_on_need),
        cmocka_unit_test(test_spans_end_with_the_newest_step),
        cmocka_unit_test(test_operations_over_a_span),
        cmocka_unit_test(test_operations_that_a_kind_does_not_have),
        cmocka_unit_test(test_rate_divides_by_what_it_covers),
        cmocka_unit_test(test_nothing_before_from_is_read),
        cmocka_unit_test(test_from_holds_for_stable_but_not_for_before),
        cmocka_unit_test(test_need_is_looked_for_before_the_span),
        cmocka_unit_test(test_span_of_two_series_is_the_wider),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_quantile_of_negative_bounds),
        cmocka_unit_test(test_quantile_of_rounded_counts),
        cmocka_unit_test(test_quantile_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
