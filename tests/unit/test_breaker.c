/* test_breaker.c - a receiver that is gone is left alone, and asked with one notice at a time.
 * SPDX-License-Identifier: MIT */
#include "drivers/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void fail_times(struct breaker *breaker, int count)
{
    for (int i = 0; i < count; i++)
        (void)breaker_tried(breaker, false, 0, 0);
}

static void test_it_opens_after_some_failures_in_a_row(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    fail_times(&breaker, BREAKER_FAILURES - 1);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_false(breaker_tried(&breaker, true, 0, 0)); /* it answers: they are forgotten */
    fail_times(&breaker, BREAKER_FAILURES - 1);
    assert_true(breaker_lets(&breaker, 0));
    assert_true(breaker_tried(&breaker, false, 0, 100));
    assert_string_equal(breaker_state_name(breaker.state), "open");
    assert_false(breaker_lets(&breaker, 100));
    assert_false(breaker_lets(&breaker, 5099));
}

static void test_one_notice_says_whether_the_others_follow(void **state)
{
    static const int64_t pauses_ms[] = {15000, 60000, 60000, 60000};
    struct breaker breaker = {0};

    (void)state;
    fail_times(&breaker, BREAKER_FAILURES);
    for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(*pauses_ms); i++) {
        int64_t now_ms = breaker.open_until_ms;
        assert_true(breaker_lets(&breaker, now_ms));
        assert_string_equal(breaker_state_name(breaker.state), "half open");
        assert_true(breaker_tried(&breaker, false, 0, now_ms));
        assert_int_equal(breaker.open_until_ms, now_ms + pauses_ms[i]);
    }
    assert_true(breaker_lets(&breaker, breaker.open_until_ms));
    assert_true(breaker_tried(&breaker, true, 0, 0));
    assert_string_equal(breaker_state_name(breaker.state), "closed");
    assert_int_equal(breaker.failures, 0);
}

/* Who says when to come again means all of them. */
static void test_a_receiver_that_asks_for_patience(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    assert_true(breaker_tried(&breaker, false, 30000, 1000));
    assert_false(breaker_lets(&breaker, 30999));
    assert_true(breaker_lets(&breaker, 31000));
    assert_true(breaker_tried(&breaker, false, 10, 31000));
    assert_int_equal(breaker.open_until_ms, 36000);
}

static void test_failures_are_counted_to_their_end(void **state)
{
    struct breaker breaker = {.failures = UINT32_MAX};

    (void)state;
    assert_true(breaker_tried(&breaker, false, 0, 0));
    assert_int_equal(breaker.open_until_ms, BREAKER_PAUSE_MAX_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_opens_after_some_failures_in_a_row),
        cmocka_unit_test(test_one_notice_says_whether_the_others_follow),
        cmocka_unit_test(test_a_receiver_that_asks_for_patience),
        cmocka_unit_test(test_failures_are_counted_to_their_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
