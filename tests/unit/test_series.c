/* test_series.c - windows: steps, closing, holds, troubles, readers, growth, limits, speed.
 * SPDX-License-Identifier: MIT */
#include "judge/losses.h"
#include "series/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { CLOSED_MAX = 256, T = 100000 /* a moment at the start of a step */ };

struct bench {
    struct series_book *book;
    struct series *series;
    uint64_t marks;
    uint64_t deployment;
    uint8_t rule;
    size_t closed_count;
    int64_t closed_steps[CLOSED_MAX];
    double closed_values[CLOSED_MAX];
};

static const struct series_name name = {"shop", "prod", "slot.blue", "availability"};

static void note_mark(void *data, uint64_t deployment, uint8_t rule)
{
    struct bench *bench = data;

    bench->marks++;
    bench->deployment = deployment;
    bench->rule = rule;
}

static void note_closed(void *data, struct series *series, int64_t step)
{
    struct bench *bench = data;
    const struct series_step *slot = series_view_at(series_view_of(series), step);

    assert_non_null(slot);
    assert_true(bench->closed_count < CLOSED_MAX);
    bench->closed_steps[bench->closed_count] = step;
    bench->closed_values[bench->closed_count++] = slot->value;
}

static struct series *open_shape(struct bench *bench, const struct series_shape *shape)
{
    struct series *series = NULL;
    struct err err = {0};

    if (!series_open(bench->book, &name, shape, &series, &err))
        fail_msg("%s", err.text);
    return series;
}

static void begin(struct bench *bench, enum series_kind kind, uint32_t capacity, int64_t holds_ms)
{
    struct series_events events = {.data = bench, .marked = note_mark, .closed = note_closed};
    struct series_shape shape = {.kind = kind, .step_ms = 1000, .capacity = capacity, .holds_ms = holds_ms};

    memset(bench, 0, sizeof(*bench));
    bench->book = series_book_new(&events);
    bench->series = open_shape(bench, &shape);
    assert_true(series_read_by(bench->series, 7, 3, NULL));
}

static void end(struct bench *bench)
{
    series_close(bench->series);
    assert_int_equal(series_book_counts(bench->book).series, 0);
    series_book_free(bench->book);
}

static double value_at(const struct bench *bench, int64_t step)
{
    const struct series_step *slot = series_view_at(series_view_of(bench->series), step);

    return slot != NULL ? slot->value : -1;
}

static void test_gauge_keeps_the_last_value_of_a_step(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE, 10, 0);
    assert_int_equal(series_view_of(bench.series)->newest_step, SERIES_NEVER);
    series_put_gauge(bench.series, T + 10, T + 10, 1.5);
    series_put_gauge(bench.series, T + 999, T + 999, 2.5);
    series_put_gauge(bench.series, T + 3000, T + 3000, 4);
    assert_true(value_at(&bench, T / 1000) == 2.5);
    assert_null(series_view_at(series_view_of(bench.series), T / 1000 + 1));
    assert_int_equal(series_view_of(bench.series)->newest_step, T / 1000 + 3);
    assert_int_equal(bench.marks, 3);
    assert_int_equal(bench.deployment, 7);
    assert_int_equal(bench.rule, 3);
    end(&bench);
}

static void test_counts_and_histograms_add_up(void **state)
{
    static const double bounds[] = {0.1, 1, INFINITY};
    static const double other[] = {0.2, 1, INFINITY};
    static const double counts[] = {3, 2, 1};
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_COUNT, 10, 0);
    series_put_count(bench.series, T, T, 1, 10);
    series_put_count(bench.series, T + 500, T + 500, 2, 20);
    assert_true(value_at(&bench, T / 1000) == 3);
    assert_true(series_view_at(series_view_of(bench.series), T / 1000)->total == 30);
    end(&bench);

    begin(&bench, SERIES_HISTOGRAM, 4, 0);
    const struct series_view *view = series_view_of(bench.series);
    series_put_histogram(bench.series, T, T, bounds, counts, 3);
    series_put_histogram(bench.series, T + 1, T + 1, bounds, counts, 3);
    assert_true(view->ring[(T / 1000) % 4].total == 12);
    assert_true(view->buckets[(T / 1000) % 4 * 3] == 6);
    assert_true(view->bounds[2] == INFINITY);
    series_put_histogram(bench.series, T + 4000, T + 4000, bounds, counts, 3); /* the same slot again */
    assert_true(view->buckets[(T / 1000 + 4) % 4 * 3] == 3);
    series_put_histogram(bench.series, T + 5000, T + 5000, other, counts, 3);
    assert_null(series_view_at(view, T / 1000 + 4)); /* other buckets: a new window */
    assert_true(view->bounds[0] == 0.2);
    assert_int_equal(view->newest_step, T / 1000 + 5);
    series_put_histogram(bench.series, T + 5000, T + 5000, other, counts, 2); /* no +Inf */
    assert_int_equal(series_book_counts(bench.book).not_finite, 1);
    end(&bench);
}

static void test_refuses_late_and_future_and_counts_them(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE, 10, 0);
    series_put_gauge(bench.series, T, T, 1);
    series_put_gauge(bench.series, T - 1, T, 9);
    assert_int_equal(series_book_counts(bench.book).late, 1);
    series_put_gauge(bench.series, T + SERIES_FUTURE_MS + 1, T, 9);
    assert_int_equal(series_book_counts(bench.book).future, 1);
    assert_int_equal(bench.marks, 3);                     /* who reads it hears that something was lost */
    series_put_gauge(bench.series, T + 4000, T + 100, 2); /* a clock ahead: it is of now */
    assert_true(value_at(&bench, T / 1000) == 2);
    series_book_close_steps(bench.book, T + 2100);
    series_put_gauge(bench.series, T + 500, T + 2100, 9); /* closed by time, though nothing newer came */
    assert_true(value_at(&bench, T / 1000) == 2);
    assert_int_equal(series_book_counts(bench.book).late, 2);
    assert_int_equal(series_book_counts(bench.book).put, 2);
    end(&bench);
}

static uint32_t sum_of(const uint32_t counts[LOSSES_SPANS])
{
    uint32_t sum = 0;

    for (size_t i = 0; i < LOSSES_SPANS; i++)
        sum += counts[i];
    return sum;
}

static void test_counts_for_each_series_what_was_lost(void **state)
{
    static const double bounds[] = {1, INFINITY};
    static const double counts[] = {1, -1};
    struct bench bench;
    struct bench other;

    (void)state;
    begin(&bench, SERIES_GAUGE, 60, 0);
    begin(&other, SERIES_HISTOGRAM, 60, 0);
    assert_int_equal(series_put_gauge(bench.series, T, T, 1), SERIES_TAKEN);
    assert_int_equal(series_put_gauge(bench.series, T - 1, T, 9), SERIES_LATE);
    assert_int_equal(series_put_gauge(bench.series, T + 3600000, T, 9), SERIES_FUTURE);
    assert_int_equal(series_put_gauge(bench.series, T + 1, T + 1, NAN), SERIES_NO_NUMBER);
    assert_int_equal(series_put_gauge(bench.series, T - 3600000, T, 9), SERIES_LATE); /* before all of it */
    const struct losses *losses = series_view_of(bench.series)->losses;
    assert_true(sum_of(losses->taken) == 1 && sum_of(losses->dropped) == 3);
    assert_int_equal(series_put_histogram(other.series, T, T, bounds, counts, 2), SERIES_NO_NUMBER);
    losses = series_view_of(other.series)->losses;
    assert_true(sum_of(losses->taken) == 0 && sum_of(losses->dropped) == 1);
    end(&other);
    /* A window that grows keeps them. */
    struct series *same =
        open_shape(&bench, &(struct series_shape){.kind = SERIES_GAUGE, .step_ms = 1000, .capacity = 600});
    losses = series_view_of(same)->losses;
    assert_int_equal(losses->steps, losses_span(600));
    assert_true(sum_of(losses->taken) == 1 && sum_of(losses->dropped) == 3);
    series_close(same);
    end(&bench);
}

/* It has other buckets, and comes late, from the future, or for a step that others are in: the window stays.
 */
static void test_a_refused_histogram_wipes_no_window(void **state)
{
    static const double bounds[] = {0.1, 1, INFINITY};
    static const double other[] = {0.2, 1, INFINITY};
    static const double counts[] = {3, 2, 1};
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_HISTOGRAM, 10, 0);
    const struct series_view *view = series_view_of(bench.series);
    assert_int_equal(series_put_histogram(bench.series, T, T, bounds, counts, 3), SERIES_TAKEN);
    assert_int_equal(series_put_histogram(bench.series, T + 1000, T + 1000, bounds, counts, 3), SERIES_TAKEN);
    assert_int_equal(series_put_histogram(bench.series, T, T + 1000, other, counts, 3), SERIES_LATE);
    assert_int_equal(series_put_histogram(bench.series, T + 60000, T + 1000, other, counts, 3),
                     SERIES_FUTURE);
    assert_int_equal(series_put_histogram(bench.series, T + 1000, T + 1000, other, counts, 3), SERIES_LATE);
    assert_true(view->bounds[0] == 0.1);
    assert_non_null(series_view_at(view, T / 1000));
    assert_true(series_view_at(view, T / 1000 + 1)->total == 6);
    assert_int_equal(series_book_counts(bench.book).late, 2);
    assert_int_equal(series_book_counts(bench.book).future, 1);
    assert_int_equal(series_put_histogram(bench.series, T + 2000, T + 2000, other, counts, 3), SERIES_TAKEN);
    assert_true(view->bounds[0] == 0.2 && view->newest_step == T / 1000 + 2);
    assert_int_equal(bench.closed_count, 2);
    end(&bench);
}

static void test_not_finite_is_unknown_or_refused(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE, 10, 60000);
    series_put_gauge(bench.series, T, T, 1);
    series_put_gauge(bench.series, T + 1000, T + 1000, INFINITY);
    assert_true(isnan(value_at(&bench, T / 1000 + 1)));
    series_book_close_steps(bench.book, T + 5000);
    assert_int_equal(series_view_of(bench.series)->newest_step, T / 1000 + 1); /* and ends what was held */
    end(&bench);

    begin(&bench, SERIES_COUNT, 10, 0);
    series_put_count(bench.series, T, T, NAN, 1);
    series_put_count(bench.series, T, T, 0, -1);
    assert_int_equal(series_book_counts(bench.book).not_finite, 2);
    assert_int_equal(series_view_of(bench.series)->newest_step, SERIES_NEVER);
    end(&bench);
}

static void test_closes_each_step_once_in_order(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE, 3, 0);
    for (int i = 0; i < 6; i++) /* more than the ring holds: nothing is lost unseen */
        series_put_gauge(bench.series, T + i * 1000, T + i * 1000, i);
    assert_int_equal(bench.closed_count, 5);
    series_book_close_steps(bench.book, T + 6000); /* the grace has not passed */
    assert_int_equal(bench.closed_count, 5);
    series_book_close_steps(bench.book, T + 7000);
    series_book_close_steps(bench.book, T + 8000);
    assert_int_equal(bench.closed_count, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(bench.closed_steps[i], T / 1000 + i);
        assert_true(bench.closed_values[i] == i);
    }
    series_put_gauge(bench.series, T + 9000, T + 9000, 9);
    end(&bench); /* the last one is closed with its series */
    assert_int_equal(bench.closed_count, 7);
}

/* A source that is asked for the past (lag) has every value in time, and its steps close as late. */
static void test_a_lagging_source_is_not_late(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_COUNT, 60, 0);
    for (int64_t at = T; at < T + 20000; at += 500) {
        series_put_count(bench.series, at - 1, at + 30000 + at % 7 * 30, 1, 2);
        series_book_close_steps(bench.book, at + 30000 + 300);
    }
    assert_int_equal(series_book_counts(bench.book).late, 0);
    for (int64_t step = T / 1000; step < T / 1000 + 18; step++)
        assert_true(value_at(&bench, step) == 2);
    assert_true(bench.closed_count >= 18);
    end(&bench);
}

static void test_a_held_value_repeats_while_it_holds(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE, 60, 5000);
    series_put_gauge(bench.series, T + 100, T + 100, 0.5);
    series_book_close_steps(bench.book, T + 3100); /* the open step waits for its own value */
    assert_true(value_at(&bench, T / 1000 + 2) == 0.5);
    assert_int_equal(series_view_of(bench.series)->newest_step, T / 1000 + 2);
    assert_int_equal(bench.marks, 2); /* rules see the new steps */
    series_book_close_steps(bench.book, T + 60000);
    assert_int_equal(series_view_of(bench.series)->newest_step, T / 1000 + 5);
    assert_int_equal(bench.marks, 3);
    series_put_gauge(bench.series, T + 70000, T + 70000, 1);
    series_put_gauge(bench.series, T + 74000, T + 74000, 2); /* the steps between, though nobody closed */
    assert_true(value_at(&bench, T / 1000 + 73) == 1);
    assert_true(value_at(&bench, T / 1000 + 74) == 2);
    series_set_trouble(bench.series, SERIES_ERROR);
    series_book_close_steps(bench.book, T + 78000);
    assert_int_equal(series_view_of(bench.series)->newest_step, T / 1000 + 74);
    end(&bench);
}

static void test_trouble_marks_when_it_changes_and_ends_with_a_value(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE, 10, 0);
    series_set_trouble(bench.series, SERIES_NO_DATA);
    series_set_trouble(bench.series, SERIES_NO_DATA);
    assert_int_equal(bench.marks, 1);
    assert_int_equal(series_view_of(bench.series)->trouble, SERIES_NO_DATA);
    series_put_gauge(bench.series, T, T, 1);
    assert_int_equal(series_view_of(bench.series)->trouble, SERIES_FINE);
    series_set_trouble(bench.series, SERIES_ERROR);
    series_put_gauge(bench.series, T - 5000, T, 1); /* refused: it proves nothing about now */
    assert_int_equal(series_view_of(bench.series)->trouble, SERIES_ERROR);
    end(&bench);
}

static void test_one_series_for_all_who_ask(void **state)
{
    struct bench bench;
    struct series_shape longer = {.kind = SERIES_GAUGE, .step_ms = 1000, .capacity = 20};
    struct series_shape other = {.kind = SERIES_COUNT, .step_ms = 1000, .capacity = 20};
    struct series_shape slower = {.kind = SERIES_GAUGE, .step_ms = 5000, .capacity = 20};
    struct series_shape endless = {
        .kind = SERIES_GAUGE, .step_ms = 1000, .capacity = SERIES_CAPACITY_MAX + 1};
    struct series *second = NULL;
    struct err err = {0};

    (void)state;
    begin(&bench, SERIES_GAUGE, 5, 0);
    for (int i = 0; i < 5; i++)
        series_put_gauge(bench.series, T + i * 1000, T + i * 1000, i);
    second = open_shape(&bench, &longer);
    assert_ptr_equal(second, bench.series);
    assert_int_equal(series_view_of(second)->capacity, 20);
    for (int i = 0; i < 5; i++)
        assert_true(value_at(&bench, T / 1000 + i) == i);
    assert_false(series_open(bench.book, &name, &other, &second, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(series_open(bench.book, &name, &slower, &second, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(series_open(bench.book, &name, &endless, &second, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    series_close(bench.series);
    assert_int_equal(series_book_counts(bench.book).series, 1);
    end(&bench);
}

static void test_histogram_windows_grow_with_their_buckets(void **state)
{
    static const double bounds[] = {1, INFINITY};
    struct bench bench;
    struct series_shape longer = {.kind = SERIES_HISTOGRAM, .step_ms = 1000, .capacity = 7};

    (void)state;
    begin(&bench, SERIES_HISTOGRAM, 3, 0);
    for (int i = 0; i < 3; i++)
        series_put_histogram(bench.series, T + i * 1000, T + i * 1000, bounds, (double[]){i, 10}, 2);
    series_close(open_shape(&bench, &longer));
    const struct series_view *view = series_view_of(bench.series);
    for (int64_t i = 0; i < 3; i++)
        assert_true(view->buckets[(T / 1000 + i) % 7 * 2] == (float)i);
    end(&bench);
}

static void test_readers_are_bounded_and_forgotten(void **state)
{
    struct bench bench;
    struct err err = {0};

    (void)state;
    begin(&bench, SERIES_GAUGE, 5, 0);
    assert_true(series_read_by(bench.series, 7, 3, &err)); /* again: once is enough */
    for (uint64_t i = 1; i < SERIES_READERS_MAX; i++)
        assert_true(series_read_by(bench.series, 100 + i % 2, (uint8_t)i, &err));
    assert_false(series_read_by(bench.series, 8, 0, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    series_put_gauge(bench.series, T, T, 1);
    assert_int_equal(bench.marks, SERIES_READERS_MAX);
    series_forget(bench.series, 100);
    series_forget(bench.series, 101);
    bench.marks = 0;
    series_put_gauge(bench.series, T, T, 1);
    assert_int_equal(bench.marks, 1);
    end(&bench);
}

static double seconds_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* All series that there may be, found again by name and closed in another order; one more is refused. */
/* What was said before anybody listened holds from then, up to now and not for longer. */
static void test_a_kept_value_holds_from_its_own_time(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, SERIES_GAUGE, 60, 20000);
    series_put_kept(bench.series, T, T + 12000, 3);
    series_book_close_steps(bench.book, T + 12100);
    assert_int_equal(series_view_of(bench.series)->newest_step, T / 1000 + 11);
    assert_true(value_at(&bench, T / 1000 + 11) == 3);
    series_book_close_steps(bench.book, T + 60000);
    assert_int_equal(series_view_of(bench.series)->newest_step, T / 1000 + 20);
    assert_int_equal(series_put_kept(bench.series, T + 5000, T + 60000, 4), SERIES_LATE); /* and no loss */
    assert_int_equal(series_book_counts(bench.book).late, 0);
    end(&bench);
}

static void test_holds_as_many_as_declared(void **state)
{
    static struct series *all[SERIES_COUNT_MAX];
    struct series_events events = {0};
    struct series_book *book = series_book_new(&events);
    struct series_shape shape = {.kind = SERIES_GAUGE, .step_ms = 1000, .capacity = 2};
    struct series *again = NULL;
    struct err err = {0};
    char metric[32];
    struct series_name own = {"shop", "prod", "slot.blue", metric};

    (void)state;
    for (int i = 0; i < SERIES_COUNT_MAX; i++) {
        (void)snprintf(metric, sizeof(metric), "m%d", i);
        assert_true(series_open(book, &own, &shape, &all[i], &err));
    }
    assert_true(series_open(book, &own, &shape, &again, &err));
    assert_ptr_equal(again, all[SERIES_COUNT_MAX - 1]);
    own.key = "slot.green";
    assert_false(series_open(book, &own, &shape, &again, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(series_book_counts(book).refused_series, 1);
    double start_s = seconds_now();
    for (int i = 0; i < SERIES_COUNT_MAX; i++)
        series_put_gauge(all[i], T, T, i);
    series_book_close_steps(book, T + 5000);
    print_message("%d puts and closings: %.1f ms\n", SERIES_COUNT_MAX, (seconds_now() - start_s) * 1e3);
    series_close(all[SERIES_COUNT_MAX - 1]);
    for (int i = 0; i < SERIES_COUNT_MAX; i++)
        series_close(all[(i * 7919) % SERIES_COUNT_MAX]);
    assert_int_equal(series_book_counts(book).series, 0);
    series_book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gauge_keeps_the_last_value_of_a_step),
        cmocka_unit_test(test_counts_and_histograms_add_up),
        cmocka_unit_test(test_refuses_late_and_future_and_counts_them),
        cmocka_unit_test(test_counts_for_each_series_what_was_lost),
        cmocka_unit_test(test_a_refused_histogram_wipes_no_window),
        cmocka_unit_test(test_not_finite_is_unknown_or_refused),
        cmocka_unit_test(test_closes_each_step_once_in_order),
        cmocka_unit_test(test_a_lagging_source_is_not_late),
        cmocka_unit_test(test_a_held_value_repeats_while_it_holds),
        cmocka_unit_test(test_trouble_marks_when_it_changes_and_ends_with_a_value),
        cmocka_unit_test(test_one_series_for_all_who_ask),
        cmocka_unit_test(test_histogram_windows_grow_with_their_buckets),
        cmocka_unit_test(test_readers_are_bounded_and_forgotten),
        cmocka_unit_test(test_a_kept_value_holds_from_its_own_time),
        cmocka_unit_test(test_holds_as_many_as_declared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
