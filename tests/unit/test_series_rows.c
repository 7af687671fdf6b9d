/* test_series_rows.c - steps that are no whole seconds are told by rows of them.
 * SPDX-License-Identifier: MIT */
#include "series/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { T = 100000 /* a moment at the start of a row */ };

struct told {
    int rows;
    double newest;
};

static void note_closed(void *data, struct series *series, int64_t step)
{
    struct told *told = data;

    told->rows++;
    told->newest = series_view_at(series_view_of(series), step)->value;
}

/* By the newest that is held, once the row is over: by a value of the next one, by time, or by its end. */
static void test_a_row_is_told_once(void **state)
{
    struct told told = {0};
    const struct series_events events = {.data = &told, .closed = note_closed};
    const struct series_name name = {"shop", "prod", "slot.blue", "lag"};
    const struct series_shape shape = {.kind = SERIES_GAUGE, .step_ms = 400, .capacity = 60};
    struct series_book *book = series_book_new(&events);
    struct series *series = NULL;

    (void)state;
    assert_true(series_open(book, &name, &shape, &series, NULL));
    assert_int_equal(series_row_ms(series_view_of(series)), 1000);
    for (int i = 0; i < 3; i++)
        (void)series_put_gauge(series, T + i * 400, T + i * 400, i);
    assert_int_equal(told.rows, 0);
    (void)series_put_gauge(series, T + 1200, T + 1200, 3);
    assert_true(told.rows == 1 && told.newest == 2);
    (void)series_put_gauge(series, T + 1600, T + 1600, 4);
    series_book_close_steps(book, T + 2400);
    assert_int_equal(told.rows, 1);
    series_book_close_steps(book, T + 3500); /* no value comes any more */
    assert_true(told.rows == 2 && told.newest == 4);
    series_book_close_steps(book, T + 4500);
    (void)series_put_gauge(series, T + 5000, T + 5000, 5);
    assert_int_equal(told.rows, 2);
    series_close(series);
    assert_true(told.rows == 3 && told.newest == 5);
    series_book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_row_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
