/* test_reading_unknown.c - everything that makes a reading unknown, and what absent() and `no_data` make of
 * it. SPDX-License-Identifier: MIT */
#include "judge/series_window.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* One metric of the candidate in steps of 1 s; it is 100.5 s. Node 0 is under test. */
struct scene {
    struct fake_series series;
    struct metric_views views;
    struct rule_metric metric;
    struct expression_input input;
    struct expression expression;
};

static struct expression_node *start(struct scene *scene, enum series_kind kind, enum expression_op op,
                                     int64_t span_ms)
{
    memset(scene, 0, sizeof(*scene));
    fake_start(&scene->series, kind, 1000, 60);
    scene->views.side[SIDE_CANDIDATE] = &scene->series.view;
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

static void move_to_side(struct scene *scene, enum expression_side side)
{
    memset(&scene->views, 0, sizeof(scene->views));
    scene->views.side[side] = &scene->series.view;
    scene->expression.nodes[0].side = side;
}

static bool gives(struct scene *scene, double number)
{
    struct judgement judgement;
    struct operand operand = expression_evaluate(&scene->expression, &scene->input, NULL, &judgement);

    return operand.is_known && fabs(operand.number - number) < 1e-9;
}

static bool is_unknown(struct scene *scene, enum reason reason)
{
    struct judgement judgement;
    struct operand operand = expression_evaluate(&scene->expression, &scene->input, NULL, &judgement);

    return !operand.is_known && operand.reason == reason && isnan(operand.number);
}

static void test_a_side_that_is_the_same_series_is_no_baseline(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_VALUE, 0);
    fake_put(&scene.series, 100, 7, 0);
    scene.views.is_same_series = true;
    assert_true(gives(&scene, 7)); /* the candidate's own */
    move_to_side(&scene, SIDE_STABLE);
    assert_true(gives(&scene, 7));
    scene.views.is_same_series = true;
    assert_true(is_unknown(&scene, REASON_SAME_SERIES));
}

static const struct {
    enum series_trouble trouble;
    enum reason candidate, other;
} troubles[] = {
    {SERIES_LOADING, REASON_LOADING, REASON_LOADING},
    {SERIES_ERROR, REASON_SOURCE_ERROR, REASON_SOURCE_ERROR},
    {SERIES_NO_DATA, REASON_NO_DATA, REASON_NO_BASELINE},
    {SERIES_AMBIGUOUS, REASON_AMBIGUOUS, REASON_AMBIGUOUS},
    {SERIES_NOT_FINITE, REASON_NOT_FINITE, REASON_NOT_FINITE},
};

static void test_trouble_is_told_whatever_is_held(void **state)
{
    struct scene scene;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(troubles); index++) {
        start(&scene, SERIES_GAUGE, EXPRESSION_VALUE, 0);
        fake_put(&scene.series, 100, 7, 0);
        scene.series.view.trouble = troubles[index].trouble;
        assert_true(is_unknown(&scene, troubles[index].candidate));
        move_to_side(&scene, SIDE_STABLE);
        assert_true(is_unknown(&scene, troubles[index].other));
        move_to_side(&scene, SIDE_BEFORE);
        assert_true(is_unknown(&scene, troubles[index].other));
        scene.series.view.trouble = SERIES_FINE;
        assert_true(gives(&scene, 7));
    }
}

static void test_no_series_and_no_value(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_AVG, 5000);
    assert_true(is_unknown(&scene, REASON_NO_DATA));
    scene.views.side[SIDE_CANDIDATE] = NULL;
    assert_true(is_unknown(&scene, REASON_NO_DATA));
    move_to_side(&scene, SIDE_STABLE);
    assert_true(is_unknown(&scene, REASON_NO_BASELINE));
    scene.views.side[SIDE_STABLE] = NULL;
    assert_true(is_unknown(&scene, REASON_NO_BASELINE));
    move_to_side(&scene, SIDE_BEFORE);
    assert_true(is_unknown(&scene, REASON_NO_BASELINE));
}

static void test_stale_after_age_max(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_VALUE, 0);
    fake_put(&scene.series, 100, 7, 0); /* ends at 101 s */
    scene.input.now_ms = 116000;
    assert_true(gives(&scene, 7));
    scene.input.now_ms = 116001;
    assert_true(is_unknown(&scene, REASON_STALE));
    move_to_side(&scene, SIDE_STABLE);
    assert_true(is_unknown(&scene, REASON_STALE));
    move_to_side(&scene, SIDE_BEFORE);
    assert_true(gives(&scene, 7));
}

static const enum expression_op span_ops[] = {EXPRESSION_AVG, EXPRESSION_MAX, EXPRESSION_MIN, EXPRESSION_SUM};

static void test_one_bad_number_in_a_span_makes_it_unknown(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    struct scene scene;

    (void)state;
    for (size_t op = 0; op < ARRAY_LENGTH(span_ops); op++) {
        for (size_t index = 0; index < ARRAY_LENGTH(bad); index++) {
            for (int64_t step = 91; step <= 100; step++) {
                start(&scene, SERIES_GAUGE, span_ops[op], 10000);
                fake_fill(&scene.series, 80, 100, 1, 0);
                fake_put(&scene.series, 90, bad[index], 0); /* outside */
                assert_false(is_unknown(&scene, REASON_NOT_FINITE));
                fake_put(&scene.series, step, bad[index], 0);
                assert_true(is_unknown(&scene, REASON_NOT_FINITE));
            }
        }
    }
}

static const struct {
    double value, total;
} bad_counts[] = {{NAN, 5}, {1, NAN}, {INFINITY, 5}, {1, INFINITY}, {-1, 5}, {1, -5}, {INFINITY, NAN}};

static void test_bad_counts_make_a_rate_unknown(void **state)
{
    struct scene scene;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(bad_counts); index++) {
        start(&scene, SERIES_COUNT, EXPRESSION_VALUE, 0);
        fake_fill(&scene.series, 90, 100, 1, 5);
        fake_put(&scene.series, 98, bad_counts[index].value, bad_counts[index].total);
        scene.input.need = 10;
        assert_true(gives(&scene, 0.2)); /* two steps are enough: it is not read */
        scene.input.need = 11;
        assert_true(is_unknown(&scene, REASON_NOT_FINITE));
        scene.expression.nodes[0].op = EXPRESSION_RATE;
        scene.expression.nodes[0].span_ms = 5000;
        assert_true(is_unknown(&scene, REASON_NOT_FINITE));
    }
}

static void test_bad_gauge_now(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_VALUE, 0);
    fake_fill(&scene.series, 90, 99, 1, 0);
    fake_put(&scene.series, 100, NAN, 0);
    assert_true(is_unknown(&scene, REASON_NOT_FINITE));
}

static void test_bad_histogram(void **state)
{
    static const double bad[] = {NAN, INFINITY, -1};
    struct scene scene;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(bad); index++) {
        start(&scene, SERIES_HISTOGRAM, EXPRESSION_QUANTILE, 5000)->number = 0.5;
        fake_put_buckets(&scene.series, 99, (float[]){1, 1, 1, 1});
        fake_put_buckets(&scene.series, 100, (float[]){1, 1, 1, 1});
        assert_true(gives(&scene, 0.5));
        scene.series.ring[99 % 60].total = bad[index];
        assert_true(is_unknown(&scene, REASON_NOT_FINITE));
    }
}

static void test_sums_that_overflow_are_not_finite(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_SUM, 5000);
    fake_fill(&scene.series, 99, 100, DBL_MAX, 0);
    assert_true(is_unknown(&scene, REASON_NOT_FINITE));
}

static void test_absent_is_known_unless_a_window_is_read_again(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_ABSENT, 0);
    assert_true(gives(&scene, 1)); /* nothing yet */
    fake_put(&scene.series, 100, 0, 0);
    assert_true(gives(&scene, 0));
    scene.input.need = 10; /* asks for no data */
    scene.input.from_ms = 200000;
    assert_true(gives(&scene, 0));
    for (size_t index = 0; index < ARRAY_LENGTH(troubles); index++) {
        scene.series.view.trouble = troubles[index].trouble;
        if (troubles[index].trouble == SERIES_LOADING)
            assert_true(is_unknown(&scene, REASON_LOADING)); /* it may be there */
        else
            assert_true(gives(&scene, 1));
    }
    scene.series.view.trouble = SERIES_FINE;
    scene.input.now_ms = 116000;
    assert_true(gives(&scene, 0));
    scene.input.now_ms = 116001;
    assert_true(gives(&scene, 1));
    scene.input.now_ms = 100500;
    fake_put(&scene.series, 100, NAN, 0);
    assert_true(gives(&scene, 1));
    scene.views.side[SIDE_CANDIDATE] = NULL;
    assert_true(gives(&scene, 1));
}

static void test_declared_zero(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_VALUE, 0);
    scene.metric.no_data = NO_DATA_ZERO;
    scene.input.need = 5;
    scene.series.view.trouble = SERIES_NO_DATA;
    assert_true(gives(&scene, 0));
    fake_put(&scene.series, 90, 7, 0);
    assert_true(gives(&scene, 0)); /* the newest answer was "nothing" */
    move_to_side(&scene, SIDE_STABLE);
    assert_true(gives(&scene, 0));
    /* Other troubles and silence without an answer are no zero. */
    scene.series.view.trouble = SERIES_ERROR;
    assert_true(is_unknown(&scene, REASON_SOURCE_ERROR));
    scene.series.view.trouble = SERIES_FINE;
    scene.input.now_ms = 500000;
    assert_true(is_unknown(&scene, REASON_STALE));
}

static void test_declared_zero_over_a_span(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_SUM, 20000);
    scene.metric.no_data = NO_DATA_ZERO;
    scene.series.view.trouble = SERIES_NO_DATA;
    assert_true(gives(&scene, 0));
    fake_put(&scene.series, 70, 100, 0);
    assert_true(gives(&scene, 0)); /* long before the span, which ends now */
    fake_put(&scene.series, 80, 7, 0);
    assert_true(gives(&scene, 0)); /* began 20.5 s ago */
    scene.input.now_ms = 100000;
    assert_true(gives(&scene, 0)); /* began 20 s ago */
    scene.input.now_ms = 99999;
    assert_true(gives(&scene, 7));
    scene.input.now_ms = 100500;
    fake_put(&scene.series, 81, 5, 0);
    assert_true(gives(&scene, 5));
    scene.input.from_ms = 82000;
    assert_true(gives(&scene, 0));
    scene.input.from_ms = SERIES_NEVER;
    fake_put(&scene.series, 81, NAN, 0);
    assert_true(is_unknown(&scene, REASON_NOT_FINITE));
}

/* A view may begin at step 0, and its ring may just have wrapped. */
static void test_edges_of_the_ring(void **state)
{
    struct scene scene;

    (void)state;
    start(&scene, SERIES_GAUGE, EXPRESSION_SUM, 60000);
    scene.series.view.capacity = 4;
    scene.input.now_ms = 0;
    for (int64_t step = 0; step <= 9; step++) {
        double expected = 0;

        fake_put(&scene.series, step, (double)step + 1, 0);
        for (int64_t held = step < 3 ? 0 : step - 3; held <= step; held++)
            expected += (double)held + 1;
        assert_true(gives(&scene, expected));
    }
    assert_int_equal(series_oldest_kept(&scene.series.view), 6);
    assert_non_null(series_view_at(&scene.series.view, 6));
    assert_null(series_view_at(&scene.series.view, 5));
    assert_null(series_view_at(&scene.series.view, -1));
    assert_true(series_ring_has_room(&scene.series.view, 10));
    scene.series.ring[7 % 4].total = SERIES_GAP;
    assert_true(series_ring_has_room(&scene.series.view, 7));
    assert_false(series_ring_has_room(&scene.series.view, 8)); /* it is held */
    assert_false(series_ring_has_room(&scene.series.view, 3)); /* its slot is that of step 7 */
    assert_false(series_ring_has_room(&scene.series.view, -1));
    series_ring_clear(&scene.series.view, scene.series.ring);
    assert_true(series_ring_has_room(&scene.series.view, 3));
    assert_false(series_ring_has_room(&scene.series.view, -1));
    assert_int_equal(series_first_from(SERIES_NEVER, 1000), 0);
    assert_int_equal(series_first_from(1, 1000), 1);
    assert_int_equal(series_first_from(1000, 1000), 1);
    assert_int_equal(series_first_from(1001, 1000), 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_side_that_is_the_same_series_is_no_baseline),
        cmocka_unit_test(test_trouble_is_told_whatever_is_held),
        cmocka_unit_test(test_no_series_and_no_value),
        cmocka_unit_test(test_stale_after_age_max),
        cmocka_unit_test(test_one_bad_number_in_a_span_makes_it_unknown),
        cmocka_unit_test(test_bad_counts_make_a_rate_unknown),
        cmocka_unit_test(test_bad_gauge_now),
        cmocka_unit_test(test_bad_histogram),
        cmocka_unit_test(test_sums_that_overflow_are_not_finite),
        cmocka_unit_test(test_absent_is_known_unless_a_window_is_read_again),
        cmocka_unit_test(test_declared_zero),
        cmocka_unit_test(test_declared_zero_over_a_span),
        cmocka_unit_test(test_edges_of_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
