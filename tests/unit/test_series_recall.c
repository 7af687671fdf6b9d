/* test_series_recall.c - steps of an earlier life in a window of this one.
 * SPDX-License-Identifier: MIT */
#include "series/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CAPACITY = 10, NOW = 100 /* step */ };

struct bench {
    struct series_book *book;
    struct series *series;
    const struct series_view *view;
    size_t marks, closed;
    int64_t last_closed;
};

static const double bounds[] = {0.1, 1, INFINITY};
static const double counts[] = {3, 2, 1};

static void note_mark(void *data, uint64_t deployment, uint8_t rule)
{
    struct bench *bench = data;

    (void)deployment;
    (void)rule;
    bench->marks++;
}

static void note_closed(void *data, struct series *series, int64_t step)
{
    struct bench *bench = data;

    (void)series;
    bench->closed++;
    bench->last_closed = step;
}

static void begin(struct bench *bench, enum series_kind kind)
{
    const struct series_name name = {"shop", "prod", "slot.blue", "x"};
    const struct series_events events = {.data = bench, .marked = note_mark, .closed = note_closed};
    const struct series_shape shape = {.kind = kind, .step_ms = 1000, .capacity = CAPACITY};
    struct err err = {0};

    memset(bench, 0, sizeof(*bench));
    bench->book = series_book_new(&events);
    assert_true(series_open(bench->book, &name, &shape, &bench->series, &err));
    assert_true(series_read_by(bench->series, 7, 3, &err));
    bench->view = series_view_of(bench->series);
    assert_true(series_recall_begin(bench->series));
    assert_false(series_recall_begin(bench->series));
    assert_int_equal(bench->view->trouble, SERIES_LOADING);
}

static void end(struct bench *bench)
{
    series_close(bench->series);
    series_book_free(bench->book);
}

static void recall(struct bench *bench, int64_t step, double value)
{
    const struct series_recalled recalled = {.step = step,
                                             .value = value,
                                             .total = 2 * value,
                                             .bounds = bounds,
                                             .counts = counts,
                                             .bucket_count = 3};

    series_recall(bench->series, &recalled);
}

static double value_at(const struct bench *bench, int64_t step)
{
    const struct series_step *slot = series_view_at(bench->view, step);

    return slot == NULL ? -1 : slot->value;
}

static void put(struct bench *bench, int64_t step, double value)
{
    series_put_count(bench->series, step * 1000, step * 1000, value, value);
}

static void test_an_empty_window_is_filled_and_not_told_again(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_COUNT);
    for (int64_t step = NOW - 15; step < NOW; step++)
        recall(&bench, step, (double)step);
    assert_int_equal(bench.marks, 0);
    series_recall_end(bench.series);
    assert_int_equal(bench.marks, 1);
    assert_int_equal(bench.view->trouble, SERIES_FINE);
    assert_int_equal(bench.view->newest_step, NOW - 1);
    assert_true(value_at(&bench, NOW - 11) < 0 && value_at(&bench, NOW - 10) == NOW - 10);
    assert_true(series_view_at(bench.view, NOW - 1)->total == 2 * (NOW - 1));
    series_put_count(bench.series, (NOW - 1) * 1000 + 500, NOW * 1000, 5, 5); /* of a closed step */
    assert_int_equal(series_book_counts(bench.book).late, 1);
    put(&bench, NOW + 3, 1); /* what was between stays a gap */
    put(&bench, NOW + 4, 1);
    assert_true(value_at(&bench, NOW) < 0 && value_at(&bench, NOW - 1) == NOW - 1);
    assert_int_equal(bench.closed, 1);
    assert_int_equal(bench.last_closed, NOW + 3);
    end(&bench);
}

static void test_what_this_life_measured_stays(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_COUNT);
    put(&bench, NOW, 1);
    put(&bench, NOW + 1, 1);
    assert_int_equal(bench.view->trouble, SERIES_LOADING); /* its values are taken meanwhile */
    assert_int_equal(bench.marks, 2);
    for (int64_t step = NOW - 15; step <= NOW; step++)
        recall(&bench, step, (double)step);
    recall(&bench, -1, 5);
    series_recall_end(bench.series);
    assert_true(value_at(&bench, NOW) == 1 && value_at(&bench, NOW - 8) == NOW - 8);
    assert_true(value_at(&bench, NOW - 9) < 0);
    assert_int_equal(bench.view->newest_step, NOW + 1);
    put(&bench, NOW + 2, 1);
    assert_int_equal(bench.last_closed, NOW + 1);
    assert_int_equal(bench.closed, 2);
    assert_true(series_recall_begin(bench.series));
    end(&bench);
}

static void test_trouble_is_heard_behind_it(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_COUNT);
    series_set_trouble(bench.series, SERIES_ERROR);
    assert_int_equal(bench.view->trouble, SERIES_LOADING);
    recall(&bench, NOW - 1, 1);
    series_recall_end(bench.series);
    assert_int_equal(bench.view->trouble, SERIES_ERROR);
    put(&bench, NOW, 1);
    assert_int_equal(bench.view->trouble, SERIES_FINE);
    end(&bench);
}

static void test_gauges(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE);
    recall(&bench, NOW - 2, 2.5);
    series_recall_end(bench.series);
    assert_true(value_at(&bench, NOW - 2) == 2.5);
    end(&bench);
}

static void test_histograms_learn_their_buckets(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_HISTOGRAM);
    recall(&bench, NOW - 3, 0);
    recall(&bench, NOW - 2, 0);
    recall(&bench, NOW - 3, 0); /* it is there */
    series_recall_end(bench.series);
    assert_int_equal(bench.view->bucket_count, 3);
    assert_memory_equal(bench.view->bounds, bounds, sizeof(bounds));
    for (int64_t step = NOW - 3; step < NOW - 1; step++) {
        const struct series_step *slot = series_view_at(bench.view, step);
        assert_non_null(slot);
        assert_true(slot->total == 6);
        const float *buckets = &bench.view->buckets[(size_t)(slot - bench.view->ring) * 3];
        assert_true(buckets[0] == 3 && buckets[1] == 2 && buckets[2] == 1);
    }
    series_put_histogram(bench.series, NOW * 1000, NOW * 1000, bounds, counts, 3);
    assert_non_null(series_view_at(bench.view, NOW - 3));
    end(&bench);
}

static void test_a_window_of_other_buckets_stays(void **state)
{
    static const double other[] = {0.2, 1, INFINITY};
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_HISTOGRAM);
    series_put_histogram(bench.series, NOW * 1000, NOW * 1000, other, counts, 3);
    recall(&bench, NOW - 1, 0);
    series_recall_end(bench.series);
    assert_null(series_view_at(bench.view, NOW - 1));
    assert_memory_equal(bench.view->bounds, other, sizeof(other));
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_window_is_filled_and_not_told_again),
        cmocka_unit_test(test_what_this_life_measured_stays),
        cmocka_unit_test(test_trouble_is_heard_behind_it),
        cmocka_unit_test(test_gauges),
        cmocka_unit_test(test_histograms_learn_their_buckets),
        cmocka_unit_test(test_a_window_of_other_buckets_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
