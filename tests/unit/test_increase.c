/* test_increase.c - rises of raw counters: births, restarts, gaps, limits; cumulative buckets.
 * SPDX-License-Identifier: MIT */
#include "collectors/increase.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static double take(struct increase *increase, const char *labels, double reading)
{
    double rise = -1;

    assert_true(increase_take(increase, labels, reading, &rise));
    return rise;
}

static void test_rises_per_series(void **state)
{
    struct increase *increase = increase_new();

    (void)state;
    increase_begin(increase, false);
    assert_true(take(increase, "a", 100) == 0);
    assert_true(take(increase, "b", 7) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "b", 9) == 2);
    assert_true(take(increase, "a", 100) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "a", 101.5) == 1.5);
    increase_free(increase);
}

static void test_a_series_born_meanwhile_counts_from_zero(void **state)
{
    struct increase *increase = increase_new();

    (void)state;
    increase_begin(increase, false);
    assert_true(take(increase, "old", 1000) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "new", 12) == 12);
    increase_begin(increase, false); /* nobody was measured before: it may be of any age */
    assert_true(take(increase, "older", 500) == 0);
    increase_free(increase);
}

static void test_a_restart_begins_at_zero(void **state)
{
    struct increase *increase = increase_new();

    (void)state;
    increase_begin(increase, false);
    assert_true(take(increase, "a", 1000) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "a", 4) == 4);
    increase_begin(increase, true);
    assert_true(take(increase, "a", 0) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "a", 3) == 3);
    increase_free(increase);
}

static void test_a_series_that_is_away_keeps_its_reading(void **state)
{
    struct increase *increase = increase_new();

    (void)state;
    increase_begin(increase, false);
    assert_true(take(increase, "a", 10) == 0);
    for (int i = 0; i < 100; i++)
        increase_begin(increase, true);
    assert_true(take(increase, "a", 15) == 5);
    increase_free(increase);
}

static void test_readings_that_no_counter_has(void **state)
{
    struct increase *increase = increase_new();

    (void)state;
    increase_begin(increase, false);
    assert_true(take(increase, "a", 10) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "a", NAN) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "a", -1) == 0);
    assert_true(take(increase, "b", INFINITY) == 0);
    increase_begin(increase, true);
    assert_true(take(increase, "a", 12) == 2);
    assert_true(take(increase, "a", 20) == 0); /* twice in one poll */
    increase_free(increase);
}

static void fill(struct increase *increase, int first, int count)
{
    char labels[32];

    for (int i = first; i < first + count; i++) {
        (void)snprintf(labels, sizeof(labels), "series %d", i);
        (void)take(increase, labels, i);
    }
}

static void test_the_longest_absent_makes_room(void **state)
{
    struct increase *increase = increase_new();
    double rise = 0;

    (void)state;
    increase_begin(increase, false);
    fill(increase, 0, INCREASE_SERIES_MAX);
    assert_false(increase_take(increase, "one more", 1, &rise));
    increase_begin(increase, false);
    fill(increase, 1, INCREASE_SERIES_MAX - 1); /* all but number 0 */
    assert_true(increase_take(increase, "one more", 1, &rise));
    increase_begin(increase, true);
    assert_true(take(increase, "one more", 3) == 2);
    assert_true(take(increase, "series 1", 2) == 1);
    assert_true(take(increase, "series 0", 5) == 5); /* forgotten, so born again */
    increase_free(increase);
}

static void test_buckets_are_sorted_added_and_split(void **state)
{
    struct increase_buckets buckets = {0};

    (void)state;
    assert_true(increase_add_bucket(&buckets, INFINITY, 10));
    assert_true(increase_add_bucket(&buckets, 0.1, 3));
    assert_true(increase_add_bucket(&buckets, 1, 7));
    assert_true(increase_add_bucket(&buckets, 0.1, 1)); /* of another instance */
    assert_true(increase_add_bucket(&buckets, INFINITY, 2));
    assert_true(increase_split_buckets(&buckets));
    assert_int_equal(buckets.count, 3);
    assert_true(buckets.bounds[0] == 0.1 && buckets.counts[0] == 4);
    assert_true(buckets.bounds[1] == 1 && buckets.counts[1] == 3);
    assert_true(buckets.bounds[2] == INFINITY && buckets.counts[2] == 5);
}

static void test_buckets_that_are_none(void **state)
{
    struct increase_buckets buckets = {0};

    (void)state;
    assert_false(increase_split_buckets(&buckets));
    assert_false(increase_add_bucket(&buckets, NAN, 1));
    assert_true(increase_add_bucket(&buckets, 1, 5));
    assert_false(increase_split_buckets(&buckets));   /* no +Inf */
    assert_true(increase_add_bucket(&buckets, 2, 3)); /* read a moment earlier: behind its lower one */
    assert_true(increase_add_bucket(&buckets, INFINITY, 6));
    assert_true(increase_split_buckets(&buckets));
    assert_true(buckets.counts[0] == 5 && buckets.counts[1] == 0 && buckets.counts[2] == 1);
    buckets.count = 0;
    for (int i = 0; i < SERIES_BUCKETS_MAX; i++)
        assert_true(increase_add_bucket(&buckets, i, 1));
    assert_false(increase_add_bucket(&buckets, 1000, 1));
}

/* Behind a gap a series begins anew, others that were heard meanwhile go on. */
static void test_what_rose_in_a_gap_does_not_count(void **state)
{
    struct increase *increase = increase_new();
    double reading = 0;
    int64_t at_ms = 0;

    (void)state;
    increase_begin_since(increase, false, 1000, 1000);
    assert_true(take(increase, "a", 100) == 0);
    assert_true(take(increase, "b", 100) == 0);
    increase_begin_since(increase, true, 2000, 1000);
    assert_true(take(increase, "a", 103) == 3);
    increase_begin_since(increase, true, 3000, 1500);
    assert_true(take(increase, "a", 104) == 1);
    assert_true(take(increase, "b", 900) == 0);
    assert_true(take(increase, "c", 5) == 5);
    increase_begin_since(increase, true, 4000, 1500);
    assert_true(take(increase, "b", 902) == 2);
    assert_true(increase_last(increase, "a", &reading, &at_ms) && reading == 104 && at_ms == 3000);
    assert_false(increase_last(increase, "d", &reading, &at_ms));
    increase_free(increase);
}

static void test_who_was_observed(void **state)
{
    (void)state;
    assert_false(increase_is_observed(SERIES_NEVER, 0));
    assert_true(increase_is_observed(1000, 1000 + INCREASE_GAP_MAX_MS));
    assert_false(increase_is_observed(1000, 1001 + INCREASE_GAP_MAX_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rises_per_series),
        cmocka_unit_test(test_a_series_born_meanwhile_counts_from_zero),
        cmocka_unit_test(test_a_restart_begins_at_zero),
        cmocka_unit_test(test_a_series_that_is_away_keeps_its_reading),
        cmocka_unit_test(test_readings_that_no_counter_has),
        cmocka_unit_test(test_the_longest_absent_makes_room),
        cmocka_unit_test(test_buckets_are_sorted_added_and_split),
        cmocka_unit_test(test_buckets_that_are_none),
        cmocka_unit_test(test_what_rose_in_a_gap_does_not_count),
        cmocka_unit_test(test_who_was_observed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
