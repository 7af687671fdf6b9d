/* test_traceparent.c - the header of W3C Trace Context: what is one, what is none, and what is passed on.
 * SPDX-License-Identifier: MIT */
#include "io/traceparent.h"

#include "base/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ZEROS  "0000000000000000"
#define OURS   "0123456789abcdef"

static void expect_taken(const char *given, const char *expected)
{
    char kept[TRACEPARENT_SIZE];

    traceparent_take(given, kept);
    assert_string_equal(kept, expected);
}

static void what_came_is_kept(void **state)
{
    (void)state;
    expect_taken("00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01");
    expect_taken("00-" TRACE "-" PARENT "-00", "00-" TRACE "-" PARENT "-00");
    /* Flags that are not known yet are not passed on, and a newer version may say more. */
    expect_taken("00-" TRACE "-" PARENT "-ff", "00-" TRACE "-" PARENT "-01");
    expect_taken("00-" TRACE "-" PARENT "-02", "00-" TRACE "-" PARENT "-00");
    expect_taken("cc-" TRACE "-" PARENT "-01-what-the-future-says", "00-" TRACE "-" PARENT "-01");
    expect_taken("cc-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-01");
}

static void what_is_none_begins_a_trace(void **state)
{
    static const char *const given[] = {
        NULL,
        "",
        "00",
        "ff-" TRACE "-" PARENT "-01",
        "0G-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-0",
        "00-" TRACE "-" PARENT "-01-more",
        "00-" TRACE "-" PARENT "-01.",
        "cc-" TRACE "-" PARENT "-01.what",
        "00-" TRACE "-" ZEROS "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-" TRACE "-" PARENT "-0x",
        "00." TRACE "-" PARENT "-01",
        "00-" TRACE "." PARENT "-01",
        "00-" TRACE "-" PARENT ".01",
        " 00-" TRACE "-" PARENT "-01",
    };
    char before[TRACEPARENT_SIZE] = "";

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(given); i++) {
        char kept[TRACEPARENT_SIZE];
        struct traceparent read;
        traceparent_take(given[i], kept);
        if (!traceparent_read(kept, &read) || strcmp(read.trace, TRACE) == 0)
            fail_msg("%s became %s", given[i], kept);
        assert_string_equal(read.parent, "");
        assert_true(read.is_sampled);
        assert_string_equal(kept + 35, "-" ZEROS "-01");
        assert_string_not_equal(kept, before);
        memcpy(before, kept, sizeof(before));
    }
}

static void what_is_kept_is_read(void **state)
{
    struct traceparent read;

    (void)state;
    assert_true(traceparent_read("00-" TRACE "-" PARENT "-00", &read));
    assert_string_equal(read.trace, TRACE);
    assert_string_equal(read.parent, PARENT);
    assert_false(read.is_sampled);
    assert_false(traceparent_read("", &read));
    assert_false(traceparent_read(NULL, &read));
    assert_false(traceparent_read("00-" TRACE, &read));
}

static void others_get_our_span_as_parent(void **state)
{
    char passed[TRACEPARENT_SIZE] = "?";

    (void)state;
    traceparent_pass("00-" TRACE "-" PARENT "-01", OURS, passed);
    assert_string_equal(passed, "00-" TRACE "-" OURS "-01");
    traceparent_pass("00-" TRACE "-" ZEROS "-00", OURS, passed);
    assert_string_equal(passed, "00-" TRACE "-" OURS "-00");
    traceparent_pass("", OURS, passed);
    assert_string_equal(passed, "");
    traceparent_pass(NULL, OURS, passed);
    assert_string_equal(passed, "");
}

static void a_name_is_one_span(void **state)
{
    char first[TRACEPARENT_SPAN_SIZE];
    char second[TRACEPARENT_SPAN_SIZE];

    (void)state;
    traceparent_span("dep_1 of desk", first);
    traceparent_span("dep_1 of desk", second);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 16);
    assert_int_equal(strspn(first, "0123456789abcdef"), 16);
    traceparent_span("dep_2 of desk", second);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_is_kept),    cmocka_unit_test(what_is_none_begins_a_trace),
        cmocka_unit_test(what_is_kept_is_read), cmocka_unit_test(others_get_our_span_as_parent),
        cmocka_unit_test(a_name_is_one_span),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
