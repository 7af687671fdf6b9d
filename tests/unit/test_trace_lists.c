/* test_trace_lists.c - what comes beside a traceparent: kept within the limits of W3C, and passed on whole or
 * not at all.
 * SPDX-License-Identifier: MIT */
#include "io/trace_lists.h"

#include "base/attributes.h"
#include "io/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void keeps(const char *given, const char *wanted)
{
    struct trace_lists lists;

    trace_lists_take(&(struct trace_given){.tracestate = given}, true, &lists);
    if (wanted == NULL)
        assert_null(lists.tracestate);
    else
        assert_string_equal(lists.tracestate, wanted);
    trace_lists_done(&lists);
}

static void members(void **state)
{
    (void)state;
    keeps("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
    keeps(" congo=1 ,\trojo=2\t, ", "congo=1,rojo=2");
    keeps("a=1;x=2,,b=3", "a=1;x=2,b=3");
    keeps("a=1,b=\n2,c=\xc3\xa4,d=4", "a=1,d=4");
    keeps("", NULL);
    keeps(" , ,", NULL);
    keeps(NULL, NULL);
}

static void a_state_without_a_trace_is_none(void **state)
{
    const struct trace_given given = {.tracestate = "congo=1", .baggage = "user=alice"};
    struct trace_lists lists;

    (void)state;
    trace_lists_take(&given, false, &lists);
    assert_null(lists.tracestate);
    assert_string_equal(lists.baggage, "user=alice");
    trace_lists_done(&lists);
    assert_null(lists.baggage);
    trace_lists_done(&lists);
}

/* `count` members of `length` bytes, with commas between them. */
static char *many(char *to, size_t count, size_t length)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            to[at++] = ',';
        memset(to + at, 'k', length);
        at += length;
    }
    to[at] = '\0';
    return to;
}

static void limits(void **state)
{
    char text[2 * TRACE_BAGGAGE_MAX];
    struct trace_lists lists;

    (void)state;
    trace_lists_take(&(struct trace_given){.tracestate = many(text, 40, 3)}, true, &lists);
    assert_int_equal(strlen(lists.tracestate), 32 * 4 - 1);
    trace_lists_done(&lists);
    trace_lists_take(&(struct trace_given){.tracestate = many(text, 1, TRACE_STATE_MAX)}, true, &lists);
    assert_int_equal(strlen(lists.tracestate), TRACE_STATE_MAX);
    trace_lists_done(&lists);
    trace_lists_take(&(struct trace_given){.tracestate = many(text, 1, TRACE_STATE_MAX + 1)}, true, &lists);
    assert_null(lists.tracestate);
    trace_lists_done(&lists);
    trace_lists_take(&(struct trace_given){.tracestate = many(text, 3, 200)}, true, &lists);
    assert_int_equal(strlen(lists.tracestate), 401); /* the third would have passed 512 */
    trace_lists_done(&lists);
    trace_lists_take(&(struct trace_given){.baggage = many(text, 70, 100)}, true, &lists);
    assert_int_equal(strlen(lists.baggage), 64 * 101 - 1);
    trace_lists_done(&lists);
    trace_lists_take(&(struct trace_given){.baggage = many(text, 64, 127)}, true, &lists);
    assert_int_equal(strlen(lists.baggage), TRACE_BAGGAGE_MAX - 1);
    trace_lists_done(&lists);
}

static void what_fits(void **state)
{
    char pair[20];

    (void)state;
    assert_string_equal(trace_list_fit("BAGGAGE=", "a=1,b=2", pair, sizeof(pair)), "BAGGAGE=a=1,b=2");
    assert_string_equal(trace_list_fit("BAGGAGE=", "a=1,b=2,c=345", pair, sizeof(pair)), "BAGGAGE=a=1,b=2");
    assert_string_equal(trace_list_fit("BAGGAGE=", "abcdefghijkl=1", pair, sizeof(pair)), "");
    assert_string_equal(trace_list_fit("BAGGAGE=", NULL, pair, sizeof(pair)), "");
}

static void headers(void **state)
{
    struct http_header found[TRACE_HEADERS_MAX];

    (void)state;
    assert_int_equal(trace_lists_headers(&(struct trace_given){"00-1", "a=1", "b=2"}, found), 3);
    assert_string_equal(found[0].name, "traceparent");
    assert_string_equal(found[1].name, "tracestate");
    assert_string_equal(found[2].name, "baggage");
    assert_string_equal(found[2].value, "b=2");
    assert_int_equal(trace_lists_headers(&(struct trace_given){"00-1", "", NULL}, found), 1);
    assert_int_equal(trace_lists_headers(&(struct trace_given){"", "a=1", "b=2"}, found), 1);
    assert_string_equal(found[0].name, "baggage");
    assert_int_equal(trace_lists_headers(&(struct trace_given){NULL, "a=1", NULL}, found), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members), cmocka_unit_test(a_state_without_a_trace_is_none),
        cmocka_unit_test(limits),  cmocka_unit_test(what_fits),
        cmocka_unit_test(headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
