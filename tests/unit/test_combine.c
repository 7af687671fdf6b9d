/* test_combine.c - one gauge of several reporters: kinds, silence, the bound, what is not finite.
 * SPDX-License-Identifier: MIT */
#include "collectors/combine.h"
#include "collectors/prometheus_query.h"
#include "io/memory.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SILENCE_MS = 1000 };

static double of(const double *numbers, size_t count, enum combine_kind kind)
{
    struct combine_values values = {0};

    for (size_t i = 0; i < count; i++)
        combine_add(&values, numbers[i]);
    return combine_of(&values, kind);
}

static void test_kinds(void **state)
{
    static const double numbers[] = {-3, 0, 5, 0};
    static const double negative[] = {-3, -5};

    (void)state;
    assert_true(of(numbers, 4, COMBINE_MAX) == 5 && of(numbers, 4, COMBINE_MIN) == -3);
    assert_true(of(numbers, 4, COMBINE_AVG) == 0.5 && of(numbers, 4, COMBINE_SUM) == 2);
    assert_true(of(numbers, 4, COMBINE_SHARE) == 0.5);
    assert_true(of(negative, 2, COMBINE_MAX) == -3 && of(negative, 2, COMBINE_MIN) == -5);
    assert_true(of(negative, 2, COMBINE_SHARE) == 1);
    assert_true(of(numbers + 1, 1, COMBINE_SHARE) == 0);
}

/* One that is unknown makes all of them so: the others' maximum would be a guess. */
static void test_what_is_not_finite(void **state)
{
    static const double unknown[][2] = {{NAN, 1}, {1, NAN}, {INFINITY, 1}, {1, -INFINITY}};
    static const double large[] = {DBL_MAX, DBL_MAX};

    (void)state;
    for (int kind = COMBINE_MAX; kind <= COMBINE_SHARE; kind++) {
        for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
            assert_true(isnan(of(unknown[i], 2, (enum combine_kind)kind)));
        assert_true(isnan(of(NULL, 0, (enum combine_kind)kind)));
    }
    assert_true(isnan(of(large, 2, COMBINE_SUM)) && isnan(of(large, 2, COMBINE_AVG)));
    assert_true(of(large, 2, COMBINE_MAX) == DBL_MAX && of(large, 2, COMBINE_SHARE) == 1);
}

static void test_names_stand_as_the_kinds(void **state)
{
    (void)state;
    assert_string_equal(combine_names[COMBINE_MAX], "max");
    assert_string_equal(combine_names[COMBINE_MIN], "min");
    assert_string_equal(combine_names[COMBINE_AVG], "avg");
    assert_string_equal(combine_names[COMBINE_SUM], "sum");
    assert_string_equal(combine_names[COMBINE_SHARE], "share");
    assert_null(combine_names[COMBINE_SHARE + 1]);
}

static void put(struct combine *combine, const char *reporter, double value, int64_t now_ms)
{
    assert_true(combine_put(combine, reporter, value, now_ms));
}

static double value_at(struct combine *combine, int64_t now_ms)
{
    double value = -1;

    assert_true(combine_value(combine, now_ms, &value));
    return value;
}

static void test_each_reporter_counts_with_its_last_word(void **state)
{
    struct combine combine;
    double value = -1;

    (void)state;
    combine_init(&combine, COMBINE_SUM, SILENCE_MS, -SILENCE_MS);
    assert_false(combine_value(&combine, 0, &value));
    assert_true(value == -1);
    put(&combine, "a", 1, 0);
    put(&combine, "b", 10, 0);
    put(&combine, "a", 2, 100);
    assert_true(value_at(&combine, 100) == 12);
}

/* What a part of the fleet has said in the first moments looks like a fleet that shrank. */
static void test_no_value_before_everybody_could_speak(void **state)
{
    struct combine combine;
    double value = -1;

    (void)state;
    combine_init(&combine, COMBINE_SUM, SILENCE_MS, 5000);
    put(&combine, "a", 1, 5100);
    put(&combine, "b", 10, 5900);
    assert_false(combine_is_complete(&combine, 5000 + SILENCE_MS - 1));
    assert_false(combine_value(&combine, 5000 + SILENCE_MS - 1, &value));
    assert_true(combine_is_complete(&combine, 5000 + SILENCE_MS));
    assert_true(value_at(&combine, 5000 + SILENCE_MS) == 11);
    combine_begin(&combine, 6010);
    put(&combine, "b", 5, 6500);
    assert_false(combine_value(&combine, 6010 + SILENCE_MS - 1, &value));
    assert_true(value == -1);
    assert_true(value_at(&combine, 6010 + SILENCE_MS) == 5); /* a's word of before is forgotten */
}

static void test_who_falls_silent_leaves(void **state)
{
    struct combine combine;
    double value = -1;

    (void)state;
    combine_init(&combine, COMBINE_SHARE, SILENCE_MS, -SILENCE_MS);
    put(&combine, "a", 1, 0);
    put(&combine, "b", 0, 400);
    put(&combine, "c", 0, 400);
    assert_true(value_at(&combine, SILENCE_MS) == 1.0 / 3); /* as old as it may be */
    assert_true(value_at(&combine, SILENCE_MS + 1) == 0);
    put(&combine, "b", 7, SILENCE_MS + 100);
    assert_true(value_at(&combine, SILENCE_MS + 400) == 0.5);
    assert_true(value_at(&combine, SILENCE_MS + 401) == 1);
    put(&combine, "a", 0, SILENCE_MS + 402); /* who comes back counts again */
    assert_true(value_at(&combine, SILENCE_MS + 402) == 0.5);
    assert_false(combine_value(&combine, 10 * SILENCE_MS, &value));
}

static void test_the_table_is_bounded(void **state)
{
    struct combine combine;
    char name[32];

    (void)state;
    combine_init(&combine, COMBINE_SUM, SILENCE_MS, -SILENCE_MS);
    for (int i = 0; i < COMBINE_REPORTERS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "devices/%d/up", i);
        put(&combine, name, 1, i == 0 ? 0 : 500);
    }
    assert_false(combine_put(&combine, "one more", 1, SILENCE_MS));
    put(&combine, "devices/1/up", 3, SILENCE_MS); /* who is in goes on counting */
    assert_true(value_at(&combine, SILENCE_MS) == COMBINE_REPORTERS_MAX + 2);
    put(&combine, "devices/0/up", 1, SILENCE_MS);
    assert_false(combine_put(&combine, "one more", 1, SILENCE_MS + 1));
    put(&combine, "one more", 1, SILENCE_MS + 501); /* the silent make place */
    assert_true(value_at(&combine, SILENCE_MS + 501) == 3 + 1 + 1);
}

/* ---- of Prometheus ---- */

struct told {
    double value;
    enum series_trouble trouble; /* the last call; SERIES_FINE: a value */
    char why[256];
};

static enum series_answer note_gauge(void *data, int64_t at_ms, double value)
{
    struct told *told = data;

    assert_int_equal(at_ms, 5000);
    *told = (struct told){.value = value};
    return SERIES_TAKEN;
}

static void note_trouble(void *data, enum series_trouble trouble, const char *why)
{
    struct told *told = data;

    told->trouble = trouble;
    (void)snprintf(told->why, sizeof(told->why), "%s", why);
}

enum { COMBINE_NONE = -1 };

/* NULL: refused. */
static struct prometheus_query *query_of(enum series_kind kind, int how)
{
    struct option_value options[QUERY_OPTION_COUNT] = {[QUERY_VALUE].text = "g",
                                                       [QUERY_EVENTS].text = "e",
                                                       [QUERY_TOTAL].text = "t",
                                                       [QUERY_BUCKETS].text = "b"};
    struct prometheus_query *query = NULL;
    struct err err = {0};

    if (how != COMBINE_NONE)
        options[QUERY_COMBINE] = (struct option_value){.is_set = true, .choice = (size_t)how};
    return prometheus_query_new(kind, options, &query, &err) ? query : NULL;
}

static struct told poll(struct prometheus_query *query, const double *numbers, size_t count)
{
    static const char *const labels[] = {"job\x1fx\x1ei\x1f"
                                         "a\x1e",
                                         "job\x1fx\x1ei\x1f"
                                         "b\x1e",
                                         ""};
    struct prometheus_vector vector = {.count = count,
                                       .samples = memory_take_array(count + 1, sizeof(*vector.samples))};
    struct told told = {0};
    struct collector_sink sink = {.data = &told, .gauge = note_gauge, .trouble = note_trouble};

    for (size_t i = 0; i < count; i++)
        vector.samples[i] = (struct prometheus_sample){.labels = labels[i], .value = numbers[i]};
    prometheus_query_begin(query);
    prometheus_query_give(query, &vector);
    prometheus_query_end(query, 5000, &sink);
    return told;
}

/* Prometheus says itself which series there are: what is not in an answer does not count. */
static void test_series_of_an_answer_made_one(void **state)
{
    static const double numbers[] = {2, 0, NAN};
    static const double expected[] = {
        [COMBINE_MAX] = 2, [COMBINE_MIN] = 0, [COMBINE_AVG] = 1, [COMBINE_SUM] = 2, [COMBINE_SHARE] = 0.5};

    (void)state;
    for (int how = COMBINE_MAX; how <= COMBINE_SHARE; how++) {
        struct prometheus_query *query = query_of(SERIES_GAUGE, how);
        assert_non_null(query);
        struct told told = poll(query, numbers, 2);
        assert_true(told.trouble == SERIES_FINE && told.value == expected[how]);
        told = poll(query, numbers, 1);
        assert_true(told.trouble == SERIES_FINE && told.value == (how == COMBINE_SHARE ? 1 : 2));
        assert_int_equal(poll(query, numbers, 3).trouble, SERIES_NOT_FINITE);
        assert_int_equal(poll(query, numbers, 0).trouble, SERIES_NO_DATA);
        prometheus_query_free(query);
    }
}

static void test_series_that_nobody_makes_one(void **state)
{
    static const double numbers[] = {2, 2};
    struct prometheus_query *query = query_of(SERIES_GAUGE, COMBINE_NONE);

    (void)state;
    struct told told = poll(query, numbers, 2);
    assert_int_equal(told.trouble, SERIES_AMBIGUOUS);
    assert_string_equal(told.why,
                        "the query has 2 series where one is expected; choose one, or combine them: "
                        "{i=\"a\"}, {i=\"b\"}");
    assert_int_equal(poll(query, numbers, 1).trouble, SERIES_FINE);
    prometheus_query_free(query);
    assert_null(query_of(SERIES_COUNT, COMBINE_SUM));
    assert_null(query_of(SERIES_HISTOGRAM, COMBINE_SUM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_what_is_not_finite),
        cmocka_unit_test(test_names_stand_as_the_kinds),
        cmocka_unit_test(test_each_reporter_counts_with_its_last_word),
        cmocka_unit_test(test_no_value_before_everybody_could_speak),
        cmocka_unit_test(test_who_falls_silent_leaves),
        cmocka_unit_test(test_the_table_is_bounded),
        cmocka_unit_test(test_series_of_an_answer_made_one),
        cmocka_unit_test(test_series_that_nobody_makes_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
