/* test_cloudwatch.c - the collector against a peer that checks every request: values, lateness, pages.
 * SPDX-License-Identifier: MIT */
#include "support/cloudwatch_fixture.h"

enum { WATCHES = 30 };

static void test_values(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;

    aws_bench_tell(&fixture->aws,
                   "{'metrics': {'AWS/X Time': {'value': 0.25, 'stat': 'p95'}, 'My/App Queue depth': 7,"
                   "'AWS/X Errors|TargetGroup=targetgroup/green/1,LoadBalancer=app/shop': 2,"
                   "'AWS/X Requests|TargetGroup=targetgroup/green/1,LoadBalancer=app/shop': 50}}");
    struct collector_tally *time = watch_gauge(fixture, "AWS/X Time", "p95");
    struct collector_tally *depth = watch_gauge(fixture, "My/App Queue depth", "Maximum");
    struct collector_tally *rate = watch_count(fixture, "AWS/X Errors", "AWS/X Requests");
    struct collector_tally *quiet = watch_count(fixture, "AWS/X Nothing", "AWS/X Requests");
    struct collector_tally *none = watch_count(fixture, "AWS/X Errors", "AWS/X Nothing");
    COLLECTOR_BENCH_WAIT(bench,
                         time->puts >= 17 && depth->puts >= 17 && rate->puts >= 17 && quiet->puts >= 17);
    assert_true(time->value == 0.25 && depth->value == 7);
    assert_true(rate->events == 2.0 * rate->puts && rate->total == 50.0 * rate->puts);
    assert_true(quiet->events == 0 &&
                quiet->total == 50.0 * quiet->puts); /* what never rose is not reported */
    assert_true(none->puts == 0 && none->trouble == SERIES_NO_DATA);
    assert_true(time->at_ms <= loop_now_ms() && time->at_ms > loop_now_ms() - 10000);
    assert_null(bench->type->trouble(bench->collector));
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".most"), 8); /* all watches in one call */
}

/* A value that has gone is no data at once, and what came before it stays. */
static void test_gaps(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;

    aws_bench_tell(&fixture->aws, "{'metrics': {'A B': 1}}");
    struct collector_tally *value = watch_gauge(fixture, "A B", "Sum");
    COLLECTOR_BENCH_WAIT(bench, value->puts >= 2 && !value->is_troubled);
    aws_bench_tell(&fixture->aws, "{}");
    COLLECTOR_BENCH_WAIT(bench, value->is_troubled);
    assert_int_equal(value->trouble, SERIES_NO_DATA);
    aws_bench_tell(&fixture->aws, "{'metrics': {'A B': 3}}");
    COLLECTOR_BENCH_WAIT(bench, !value->is_troubled && value->value == 3);
}

/* What arrives late is waited for: with a delay longer than that, every period is whole. */
static void test_lateness(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;

    aws_bench_tell(&fixture->aws, "{'metrics': {'A B': {'value': 1, 'late': 2}}}");
    struct collector_tally *hasty = watch_gauge(fixture, "A B", "Sum");
    struct collector_tally *patient = collector_bench_watch(
        bench, SERIES_GAUGE, EVERY_MS,
        (const char *[]){"metric", "A B", "stat", "Sum", "period", "1s", "delay", "3s", NULL});
    COLLECTOR_BENCH_WAIT(bench, patient->puts >= 17);
    assert_int_equal(patient->troubles, 0);
    assert_true(patient->at_ms <= loop_now_ms() - 2900 && patient->at_ms > loop_now_ms() - 12000);
    assert_true(hasty->is_troubled && hasty->trouble == SERIES_NO_DATA);
}

/* Its periods end by its own clock, which is ten minutes behind ours; they are values of now all the same. */
static void test_its_own_clock(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;
    struct source_tally heard = {0};

    collector_bench_close(bench);
    bench->env.tally = &heard;
    collector_bench_open(bench, &cloudwatch_collector,
                         (const char *[]){"region", "eu-test-1", "endpoint", fixture->aws.url, NULL});
    aws_bench_tell(&fixture->aws, "{'skew': -600, 'metrics': {'A B': 1}}");
    struct collector_tally *value = watch_gauge(fixture, "A B", "Sum");
    COLLECTOR_BENCH_WAIT(bench, heard.has_skew);
    assert_true(llabs(heard.skew_ms + 600000) < 3000);
    collector_bench_unwatch(value);
    value = watch_gauge(fixture, "A B", "Sum");
    COLLECTOR_BENCH_WAIT(bench, value->puts >= 16);
    assert_true(value->at_ms <= loop_now_ms() + 1000 && value->at_ms > loop_now_ms() - 10000);
    collector_bench_close(bench);
    bench->env.tally = NULL;
    collector_bench_open(bench, &cloudwatch_collector,
                         (const char *[]){"region", "eu-test-1", "endpoint", fixture->aws.url, NULL});
}

static void test_pages(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;
    struct collector_tally *values[WATCHES];

    aws_bench_tell(&fixture->aws, "{'page': 7, 'metrics': {'A B': 1}}");
    for (size_t i = 0; i < WATCHES; i++)
        values[i] = watch_gauge(fixture, "A B", "Sum");
    for (size_t i = 0; i < WATCHES; i++)
        COLLECTOR_BENCH_WAIT(bench, values[i]->puts >= 15);
    assert_true(aws_bench_seen(&fixture->aws, ".pages") >= 5 * aws_bench_seen(&fixture->aws, ".calls") - 4);
    for (size_t i = 1; i < WATCHES; i++)
        collector_bench_unwatch(values[i]);
    aws_bench_tell(&fixture->aws,
                   "{'split': true, 'metrics': {'A B': 2}}"); /* points of one series on two pages */
    unsigned puts = values[0]->puts;
    COLLECTOR_BENCH_WAIT(bench, values[0]->puts >= puts + 3 && values[0]->value == 2);
    aws_bench_tell(&fixture->aws, "{'endless': true, 'metrics': {'A B': 2}}");
    COLLECTOR_BENCH_WAIT(bench, values[0]->is_troubled);
    assert_int_equal(values[0]->trouble, SERIES_ERROR);
    assert_non_null(strstr(values[0]->why, "more than 50 pages"));
}

/* Anything but Complete is inconclusive, for the series that it is said of; the periods are asked for again.
 */
static void test_not_complete(void **state)
{
    static const char *const words[] = {"PartialData", "InternalError", "Forbidden", "SomethingNew"};
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;
    char how[128];

    struct collector_tally *value = watch_gauge(fixture, "A B", "Sum");
    struct collector_tally *other = watch_gauge(fixture, "A C", "Sum");
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(how, sizeof(how), "{'codes': {'A B': '%s'}, 'metrics': {'A B': 1, 'A C': 1}}",
                       words[i]);
        aws_bench_tell(&fixture->aws, how);
        const char *part = i == 0 ? "PartialData" : "did not answer";
        COLLECTOR_BENCH_WAIT(bench,
                             value->is_troubled && strstr(value->why, part) != NULL && !other->is_troubled);
        assert_int_equal(value->trouble, SERIES_ERROR);
    }
    unsigned puts = value->puts;
    COLLECTOR_BENCH_WAIT(bench, other->puts >= puts + 18);
    aws_bench_tell(&fixture->aws, "{'metrics': {'A B': 1, 'A C': 1}}");
    COLLECTOR_BENCH_WAIT(bench, !value->is_troubled);
    assert_true(value->puts + 3 >= other->puts); /* nothing was left out */
}

/* Nobody watches: nothing is asked that costs; the keys are looked at. */
static void test_idle_costs_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct collector_bench *bench = &fixture->bench;
    char *text = NULL;
    size_t size = 0;
    const bool never = false;

    for (int turns = 0; turns < 500 && bench->type->trouble(bench->collector) != NULL; turns++)
        assert_false(loop_run_until(fixture->loop, &never, 10));
    assert_null(bench->type->trouble(bench->collector));
    assert_int_equal((int)aws_bench_seen(&fixture->aws, ".calls"), 0);
    aws_bench_tell(&fixture->aws, "{'metrics': {'A B': 1}}");
    struct collector_tally *value = watch_gauge(fixture, "A B", "Sum");
    COLLECTOR_BENCH_WAIT(bench, value->puts >= 17);
    collector_bench_unwatch(value);
    FILE *to = open_memstream(&text, &size);
    bench->type->add_metrics(bench->collector, "eu", to);
    (void)fclose(to);
    assert_non_null(strstr(text, "verdict_cloudwatch_metrics_requested_total{source=\"eu\"} "));
    assert_non_null(strstr(text, "verdict_cloudwatch_cost_dollars_total{source=\"eu\"} 0.0000"));
    free(text);
}

static void test_refused_watches(void **state)
{
    struct fixture *fixture = *state;

    assert_non_null(strstr(collector_bench_watch_refused(&fixture->bench, SERIES_HISTOGRAM,
                                                         (const char *[]){"metric", "A B", NULL}),
                           "no histograms"));
    assert_non_null(
        strstr(collector_bench_watch_refused(&fixture->bench, SERIES_GAUGE,
                                             (const char *[]){"metric", "AB", "period", "1s", NULL}),
               "a namespace, a blank, a name"));
    assert_non_null(strstr(
        collector_bench_watch_refused(&fixture->bench, SERIES_GAUGE, (const char *[]){"period", "1s", NULL}),
        "missing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gaps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lateness, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_its_own_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_complete, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idle_costs_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_watches, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
