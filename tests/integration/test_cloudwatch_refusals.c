/* test_cloudwatch_refusals.c - what the collector says and does when CloudWatch will not, or not well.
 * SPDX-License-Identifier: MIT */
#include "support/cloudwatch_fixture.h"

/* One metric that CloudWatch does not take does not take the others with it. */
static void test_bad_metric_is_alone(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;

    aws_bench_tell(&fixture->aws, "{'metrics': {'A B': 1}}");
    struct collector_tally *good = watch_gauge(fixture, "A B", "Sum");
    struct collector_tally *bad = watch_gauge(fixture, "A B", "IQM");
    COLLECTOR_BENCH_WAIT(bench, good->puts >= 17 && bad->is_troubled);
    assert_int_equal(bad->trouble, SERIES_ERROR);
    assert_non_null(strstr(bad->why, "ValidationError: Stat IQM"));
    assert_false(good->is_troubled);
}

static void expect_trouble(struct fixture *fixture, struct collector_tally *value, const char *how,
                           const char *part, bool is_of_all)
{
    struct collector_bench *bench = &fixture->bench;
    unsigned troubles = value->troubles;

    aws_bench_tell(&fixture->aws, how);
    COLLECTOR_BENCH_WAIT(bench, value->troubles > troubles && value->trouble == SERIES_ERROR &&
                                    strstr(value->why, part) != NULL);
    if (is_of_all)
        assert_non_null(strstr(bench->type->trouble(bench->collector), part));
    aws_bench_tell(&fixture->aws, "{'metrics': {'A B': 1}}");
    COLLECTOR_BENCH_WAIT(bench, !value->is_troubled);
    assert_null(bench->type->trouble(bench->collector));
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    struct collector_tally *value = watch_gauge(fixture, "A B", "Sum");

    expect_trouble(fixture, value, "{'fail': [[400, 'ThrottlingException']]}", "ThrottlingException", true);
    expect_trouble(fixture, value, "{'fail': [[500, 'InternalServiceFault']]}", "InternalServiceFault", true);
    expect_trouble(fixture, value, "{'fail': [[403, 'AccessDenied']]}", "AccessDenied", true);
    expect_trouble(fixture, value, "{'fail': [[400, 'InvalidSignatureException']]}",
                   "CloudWatch: it refuses the credentials (InvalidSignatureException)", true);
    expect_trouble(fixture, value, "{'fail': [[400, 'ExpiredTokenException']]}",
                   "CloudWatch: it refuses the credentials (ExpiredTokenException)", true);
    expect_trouble(fixture, value, "{'raw': '<html>'}", "no JSON", true);
    expect_trouble(fixture, value, "{'raw': '{}'}", "MetricDataResults", true);
    expect_trouble(fixture, value,
                   "{'raw': '{\\'MetricDataResults\\':[],\\'Messages\\':[{\\'Code\\':\\'X\\'}]}'}",
                   "the answer is not complete: X", true);
    expect_trouble(fixture, value, "{'raw': '{\\'MetricDataResults\\':[]}'}", "did not answer", false);
    expect_trouble(fixture, value,
                   "{'raw': '{\\'MetricDataResults\\':[{\\'Id\\':\\'m0\\',\\'StatusCode\\':\\'Complete\\',"
                   "\\'Timestamps\\':[1],\\'Values\\':[]}]}'}",
                   "1 times for 0 values", true);
}

/* A refusal is followed by a pause that grows: it is not asked at every interval. */
static void test_throttling_slows_down(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;
    struct collector_tally *value = watch_gauge(fixture, "A B", "Sum");

    aws_bench_tell(&fixture->aws, "{'fail': [[429, 'Throttling'], [429, 'Throttling'], [429, 'Throttling']], "
                                  "'metrics': {'A B': 1}}");
    int64_t began_ms = loop_now_ms();
    COLLECTOR_BENCH_WAIT(bench, value->puts > 0);
    assert_true(loop_now_ms() - began_ms >= 1000 + 2000 + 4000);
    assert_int_equal(value->troubles, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bad_metric_is_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_throttling_slows_down, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
