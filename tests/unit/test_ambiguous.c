/* test_ambiguous.c - the names of the series where one is expected: which are told, and where they are cut.
 * SPDX-License-Identifier: MIT */
#include "collectors/ambiguous.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LABEL(name, value) name "\x1f" value "\x1e"
#define HEAD               " series where one is expected; choose one, or combine them: "
#define TEN                "0123456789"

static const char *said(const char *const *labels, size_t named, size_t count)
{
    static char why[AMBIGUOUS_WHY_SIZE];
    struct prometheus_sample samples[64];

    assert_true(named <= 64);
    for (size_t i = 0; i < named; i++)
        samples[i] = (struct prometheus_sample){.labels = labels[i]};
    memset(why, 'x', sizeof(why));
    ambiguous_format(why, "the query", samples, named, count);
    assert_non_null(memchr(why, '\0', sizeof(why)));
    return why;
}

static void test_series_are_told_by_what_they_differ_in(void **state)
{
    static const char *const two[] = {
        LABEL("__name__", "up") LABEL("instance", "a:9100") LABEL("job", "node"),
        LABEL("__name__", "up") LABEL("instance", "b:9100") LABEL("job", "node")};
    static const char *const lacking[] = {LABEL("a", "1") LABEL("b", "2"), LABEL("b", "2")};
    static const char *const addresses[] = {"address 1\x1e" LABEL("a", "1"), "address 2\x1e" LABEL("a", "1")};
    static const char *const same[] = {"\x1e", "\x1e"};

    (void)state;
    assert_string_equal(said(two, 2, 2),
                        "the query has 2" HEAD "{instance=\"a:9100\"}, {instance=\"b:9100\"}");
    assert_string_equal(said(two, 2, 0),
                        "the query has several" HEAD "{instance=\"a:9100\"}, {instance=\"b:9100\"}");
    assert_string_equal(said(two, 2, 3),
                        "the query has 3" HEAD "{instance=\"a:9100\"}, {instance=\"b:9100\"}, ...");
    assert_string_equal(said(lacking, 2, 2), "the query has 2" HEAD "{a=\"1\"}, {}");
    assert_string_equal(said(addresses, 2, 2), "the query has 2" HEAD "{address 1}, {address 2}");
    assert_string_equal(said(same, 2, 2), "the query has 2" HEAD "{}, {}");
}

static void test_what_does_not_fit_is_said_by_dots(void **state)
{
    static const char *const lengthy[] = {LABEL("pod", TEN TEN TEN TEN "a") LABEL("x", "1"),
                                          LABEL("pod", TEN TEN TEN TEN "b") LABEL("x", "2")};
    static const char *const wide[] = {
        LABEL(TEN TEN TEN TEN TEN TEN TEN TEN, "1") LABEL("x", "1"),
        LABEL("a", "1") LABEL(TEN TEN TEN TEN TEN TEN TEN TEN, "2"),
    };
    static const char *const umlauts[] = {LABEL("p", "a" TEN TEN TEN "12345678\xc3\xbc\xc3\xbc"),
                                          LABEL("p", "\xc3\xbc")};

    (void)state;
    assert_string_equal(said(lengthy, 2, 2),
                        "the query has 2" HEAD "{pod=\"" TEN TEN TEN TEN "...\",x=\"1\"}, ...");
    assert_string_equal(said(wide, 2, 2), "the query has 2" HEAD "{...}, {a=\"1\",...}");
    assert_string_equal(said(umlauts, 2, 2),
                        "the query has 2" HEAD "{p=\"a" TEN TEN TEN "12345678...\"}, {p=\"\xc3\xbc\"}");
}

static void test_many_series_are_a_few_names(void **state)
{
    char texts[64][16];
    const char *labels[64];

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), LABEL("i", "%zu"), i);
        labels[i] = texts[i];
    }
    assert_string_equal(said(labels, 64, 64),
                        "the query has 64" HEAD
                        "{i=\"0\"}, {i=\"1\"}, {i=\"2\"}, {i=\"3\"}, {i=\"4\"}, {i=\"5\"}, "
                        "{i=\"6\"}, {i=\"7\"}, ...");
    for (size_t count = 1; count <= 64; count++)
        assert_true(strlen(said(labels, count, 1000 * count)) < AMBIGUOUS_WHY_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series_are_told_by_what_they_differ_in),
        cmocka_unit_test(test_what_does_not_fit_is_said_by_dots),
        cmocka_unit_test(test_many_series_are_a_few_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
