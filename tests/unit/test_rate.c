/* test_rate.c - token buckets: bursts, refilling, sources apart from each other, a table that is too small.
 * SPDX-License-Identifier: MIT */
#include "api/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct rate_limit ten = {.count = 10, .span_ms = 1000};

/* How many of `tries` are taken at that time. */
static unsigned take(struct rate_table *table, const char *name, int64_t now_ms, unsigned tries)
{
    unsigned taken = 0;
    int64_t wait_ms = 0;

    for (unsigned i = 0; i < tries; i++)
        taken += rate_take(table, name, &ten, now_ms, &wait_ms);
    return taken;
}

static void a_burst_and_no_more(void **state)
{
    struct rate_table *table = rate_table_new(1);
    int64_t wait_ms = 0;

    (void)state;
    assert_int_equal(take(table, "a", 5000, 30), 10);
    assert_false(rate_take(table, "a", &ten, 5000, &wait_ms));
    assert_int_equal(wait_ms, 100); /* what is told is enough, and what is refused costs nothing */
    assert_int_equal(take(table, "a", 5099, 1), 0);
    assert_int_equal(take(table, "a", 5100, 5), 1);
    assert_int_equal(take(table, "a", 5600, 30), 5);
    assert_int_equal(take(table, "a", 1000000, 30), 10); /* never more than a burst */
    rate_table_free(table);
}

static void sources_do_not_hear_of_each_other(void **state)
{
    struct rate_table *table = rate_table_new(1);

    (void)state;
    assert_int_equal(take(table, "a", 0, 30), 10);
    assert_int_equal(take(table, "b", 0, 30), 10);
    assert_int_equal(take(table, "a", 0, 1), 0);
    rate_table_free(table);
}

static void without_a_limit_all_is_taken(void **state)
{
    static const struct rate_limit none = {0};
    struct rate_table *table = rate_table_new(1);
    int64_t wait_ms = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        assert_true(rate_take(table, "a", &none, 0, &wait_ms));
    rate_table_free(table);
}

/* A flood from many addresses is not held up by this, and does not hold anybody else up. */
static void more_sources_than_places(void **state)
{
    struct rate_table *table = rate_table_new(99);
    char name[32];

    (void)state;
    for (unsigned i = 0; i < 50 * RATE_SOURCES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(take(table, name, 0, 1), 1);
    }
    assert_int_equal(take(table, "late", 0, 30), 10);
    rate_table_free(table);
}

/* Who asks most is not who is forgotten. */
static void the_one_that_asks_most_is_kept(void **state)
{
    struct rate_table *table = rate_table_new(7);
    char name[32];
    unsigned taken = take(table, "loud", 0, 10);

    (void)state;
    for (unsigned i = 0; i < 10 * RATE_SOURCES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "quiet%u", i);
        assert_int_equal(take(table, name, 0, 1), 1);
        taken += take(table, "loud", 0, 1);
    }
    assert_int_equal(taken, 10);
    rate_table_free(table);
}

static void addresses_of_one_host_are_one_source(void **state)
{
    char one[RATE_NAME_SIZE];
    char other[RATE_NAME_SIZE];

    (void)state;
    rate_name("192.0.2.7", one);
    assert_string_equal(one, "192.0.2.7");
    rate_name("2001:db8:0:7:1234::1", one);
    rate_name("2001:db8::7:ffff:2:3:4", other);
    assert_string_equal(one, "2001:db8:0:7::");
    assert_string_equal(other, one);
    rate_name("2001:db8:0:8::1", other);
    assert_string_equal(other, "2001:db8:0:8::");
    rate_name("::ffff:192.0.2.7", one);
    assert_string_equal(one, "::ffff:192.0.2.7");
    rate_name("", one);
    assert_string_equal(one, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_no_more),
        cmocka_unit_test(sources_do_not_hear_of_each_other),
        cmocka_unit_test(without_a_limit_all_is_taken),
        cmocka_unit_test(more_sources_than_places),
        cmocka_unit_test(the_one_that_asks_most_is_kept),
        cmocka_unit_test(addresses_of_one_host_are_one_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
