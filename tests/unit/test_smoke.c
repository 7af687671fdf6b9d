/* test_smoke.c - expectations over extracts; the words for verdicts and reasons.
 * SPDX-License-Identifier: MIT */
#include "judge/smoke.h"

#include "base/attributes.h"
#include "support/fake_series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "status == 200 and time < 300" */
static struct expression expectation(void)
{
    struct expression expression = {0};

    (void)fake_node(&expression, EXPRESSION_EXTRACT);
    fake_number(&expression, 200);
    (void)fake_node(&expression, EXPRESSION_EQUAL);
    fake_node(&expression, EXPRESSION_EXTRACT)->index = 1;
    fake_number(&expression, 300);
    (void)fake_node(&expression, EXPRESSION_LESS);
    (void)fake_node(&expression, EXPRESSION_AND);
    return expression;
}

static const struct {
    double status, time_ms;
    enum verdict verdict;
} answers[] = {
    {200, 20, VERDICT_PASS},          {200, 300, VERDICT_FAIL},        {500, 20, VERDICT_FAIL},
    {200, NAN, VERDICT_INCONCLUSIVE}, {NAN, 20, VERDICT_INCONCLUSIVE}, {200, INFINITY, VERDICT_INCONCLUSIVE},
    {NAN, 300, VERDICT_FAIL}, /* too slow whatever else */
};

static void test_expectations(void **state)
{
    const struct expression expression = expectation();

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(answers); index++) {
        const double extracts[] = {answers[index].status, answers[index].time_ms};

        assert_int_equal(smoke_judge(&expression, extracts, 2), answers[index].verdict);
    }
    assert_int_equal(smoke_judge(&expression, (double[]){200}, 1), VERDICT_INCONCLUSIVE);
    assert_int_equal(smoke_judge(&expression, NULL, 0), VERDICT_INCONCLUSIVE);
}

static void test_names_are_distinct_words(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_INCONCLUSIVE), "inconclusive");
    assert_string_equal(verdict_name(VERDICT_PASS), "pass");
    assert_string_equal(verdict_name(VERDICT_FAIL), "fail");
    assert_string_equal(reason_name(REASON_DECIDED), "decided");
    assert_string_equal(reason_name(REASON_NO_DATA), "no-data");
    assert_string_equal(reason_name(REASON_UNDECIDED), "undecided");
    for (enum reason left = REASON_DECIDED; left <= REASON_SHARE; left++) {
        for (enum reason right = left + 1; right <= REASON_SHARE; right++)
            assert_string_not_equal(reason_name(left), reason_name(right));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_names_are_distinct_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
