/* test_scan.c - conditions on what a scanner counted.
 * SPDX-License-Identifier: MIT */
#include "config/task_condition.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static enum verdict judge(const char *text, const struct scan_counts *counts)
{
    struct expression expression;
    struct err err = {0};

    if (!task_condition_fail(text, SCAN_SARIF, &expression, &err))
        fail_msg("%s", err.text);
    return scan_judge(&expression, counts);
}

static void test_counts_decide(void **state)
{
    const struct scan_counts counts = {.of = {[SCAN_CRITICAL] = 1, [SCAN_HIGH] = 5, [SCAN_FINDINGS] = 7}};

    (void)state;
    assert_int_equal(judge("critical > 0 or high > 5", &counts), VERDICT_FAIL);
    assert_int_equal(judge("critical > 1 or high > 5", &counts), VERDICT_PASS);
    assert_int_equal(judge("findings - critical - high >= 1 and not (errors > 0)", &counts), VERDICT_FAIL);
    assert_int_equal(judge("high / findings > 70%", &counts), VERDICT_FAIL);
}

/* Nobody rated a finding: the condition that needs it is not decided, and that is no pass. */
static void test_unknown_is_no_pass(void **state)
{
    const struct scan_counts counts = {.of = {[SCAN_CRITICAL] = NAN, [SCAN_ERRORS] = 1, [SCAN_FINDINGS] = 1}};

    (void)state;
    assert_int_equal(judge("critical > 0", &counts), VERDICT_INCONCLUSIVE);
    assert_int_equal(judge("critical > 0 or errors > 0", &counts), VERDICT_FAIL);
    assert_int_equal(judge("critical > 0 or errors > 1", &counts), VERDICT_INCONCLUSIVE);
    assert_int_equal(judge("errors / warnings > 2", &counts), VERDICT_INCONCLUSIVE);
}

static void test_formats_have_their_own_words(void **state)
{
    (void)state;
    for (int i = 0; i < SCAN_COUNT_COUNT; i++) {
        assert_non_null(scan_count_name((enum scan_count)i));
        assert_false(scan_has(SCAN_NONE, (enum scan_count)i));
    }
    assert_true(scan_has(SCAN_SARIF, SCAN_ERRORS));
    assert_false(scan_has(SCAN_TRIVY, SCAN_ERRORS));
    assert_true(scan_has(SCAN_TRIVY, SCAN_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_decide),
        cmocka_unit_test(test_unknown_is_no_pass),
        cmocka_unit_test(test_formats_have_their_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
