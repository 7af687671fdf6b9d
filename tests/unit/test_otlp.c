/* test_otlp.c - what metrics make of the points of OTLP requests.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp_streams.h"
#include "support/otlp_metric.h"

enum { POINTS_MAX = 2048 };

/* A point of a sum or gauge: so many seconds after listening began. */
static const char *number_point(int start_s, int time_s, const char *value, const char *code)
{
    static char points[4][POINTS_MAX];
    static unsigned next;
    char *point = points[next++ % 4];

    (void)snprintf(point, POINTS_MAX,
                   "{\"startTimeUnixNano\":\"%lld000000000\",\"timeUnixNano\":\"%lld000000000\",%s,"
                   "\"attributes\":[{\"key\":\"code\",\"value\":{\"intValue\":\"%s\"}}]}",
                   (long long)WALL_MS / 1000 + start_s, (long long)WALL_MS / 1000 + time_s, value, code);
    return point;
}

static const char *sum_of(int temporality, const char *points)
{
    static char part[2 * POINTS_MAX + 512];

    (void)snprintf(part, sizeof(part),
                   "\"sum\":{\"aggregationTemporality\":%d,\"isMonotonic\":true,\"dataPoints\":[%s]}",
                   temporality, points);
    return part;
}

static const char *both(const char *a, const char *b)
{
    static char points[2 * POINTS_MAX];

    (void)snprintf(points, sizeof(points), "%s,%s", a, b);
    return points;
}

static void post_sum(struct metric *metric, int after_s, int temporality, const char *points)
{
    post_at(metric, after_s * INT64_C(1000), body_of("requests", sum_of(temporality, points)));
}

/* ---- counters ---- */

static void cumulative_counts_say_when_they_began(void **state)
{
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_COUNT, "requests", "requests{code=~'5..',service.name='shop'}", -1);
    /* It began long before us: only remembered. */
    post_sum(&metric, 10, OTLP_CUMULATIVE, number_point(-999, 10, "\"asInt\":\"1000\"", "200"));
    assert_true(metric.told.total == 0);
    post_sum(&metric, 20, OTLP_CUMULATIVE, number_point(-999, 20, "\"asInt\":1010", "200"));
    assert_true(metric.told.total == 10 && metric.told.events == 0);
    /* The first failures of a program that was heard before were not there before. */
    post_sum(&metric, 30, OTLP_CUMULATIVE,
             both(number_point(-999, 30, "\"asInt\":\"1020\"", "200"),
                  number_point(-999, 30, "\"asDouble\":3", "503")));
    assert_true(metric.told.total == 23 && metric.told.events == 3);
    /* The same once more, and an old one: exporters repeat. */
    post_sum(&metric, 31, OTLP_CUMULATIVE, number_point(-999, 30, "\"asInt\":\"1020\"", "200"));
    post_sum(&metric, 32, OTLP_CUMULATIVE, number_point(-999, 25, "\"asInt\":\"1015\"", "200"));
    assert_true(metric.told.total == 23);
    /* A new start is a reset, even where the count is higher; a fall without one is a reset too. */
    post_sum(&metric, 40, OTLP_CUMULATIVE, number_point(35, 40, "\"asInt\":\"2000\"", "200"));
    assert_true(metric.told.total == 2023);
    post_sum(&metric, 50, OTLP_CUMULATIVE, number_point(35, 50, "\"asInt\":\"7\"", "200"));
    assert_true(metric.told.total == 2030 && metric.told.events == 3);
    /* After a gap counting begins anew. */
    post_sum(&metric, 500, OTLP_CUMULATIVE, number_point(35, 500, "\"asInt\":\"9000\"", "200"));
    assert_true(metric.told.total == 2030);
    assert_int_equal(metric.told.troubles + metric.told.rejected, 0);
    otlp_series_free(metric.series);
}

static void what_began_after_us_counts_from_nothing(void **state)
{
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_COUNT, "requests", "requests{code='500'}", -1);
    post_sum(
        &metric, 20, OTLP_CUMULATIVE,
        both(number_point(5, 20, "\"asInt\":\"90\"", "200"), number_point(5, 20, "\"asInt\":\"9\"", "500")));
    assert_true(metric.told.total == 99 && metric.told.events == 9);
    otlp_series_free(metric.series);
    /* A sender that says that it does not know when it began. */
    open_metric(&metric, SERIES_COUNT, "requests", "requests{code='500'}", -1);
    post_sum(&metric, 20, OTLP_CUMULATIVE, number_point(20, 20, "\"asInt\":\"90\"", "200"));
    assert_true(metric.told.total == 0);
    post_sum(&metric, 30, OTLP_CUMULATIVE, number_point(20, 30, "\"asInt\":\"91\"", "200"));
    assert_true(metric.told.total == 1);
    otlp_series_free(metric.series);
}

static void deltas_are_what_happened(void **state)
{
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_COUNT, "requests", "requests{code='500'}", -1);
    post_sum(&metric, 10, OTLP_DELTA, number_point(-50, 10, "\"asInt\":\"60\"", "200"));
    assert_true(metric.told.total == 0); /* most of it was before we listened */
    post_sum(
        &metric, 20, OTLP_DELTA,
        both(number_point(10, 20, "\"asInt\":\"5\"", "200"), number_point(10, 20, "\"asInt\":\"1\"", "500")));
    assert_true(metric.told.total == 6 && metric.told.events == 1);
    post_sum(&metric, 21, OTLP_DELTA, number_point(10, 20, "\"asInt\":\"5\"", "200"));
    assert_true(metric.told.total == 6);
    post_sum(&metric, 30, OTLP_DELTA, number_point(20, 30, "\"asInt\":\"5\"", "200"));
    assert_true(metric.told.total == 11);
    otlp_series_free(metric.series);
}

static const char *histogram_of(int time_s, const char *rest)
{
    static char part[2 * POINTS_MAX + 512];

    (void)snprintf(part, sizeof(part),
                   "\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"startTimeUnixNano\":"
                   "\"%lld000000000\",\"timeUnixNano\":\"%lld000000000\",%s}]}",
                   (long long)WALL_MS / 1000 - 60, (long long)WALL_MS / 1000 + time_s, rest);
    return part;
}

static void histograms_by_bucket_and_by_count(void **state)
{
    static const char first[] =
        "\"count\":\"6\",\"sum\":1.5,\"bucketCounts\":[\"1\",\"2\",3],\"explicitBounds\":[0.1,1]";
    static const char second[] =
        "\"count\":\"10\",\"bucketCounts\":[\"2\",\"2\",\"6\"],\"explicitBounds\":[0.1,1]";
    static const char other[] = "\"count\":\"20\",\"bucketCounts\":[\"10\",\"10\"],\"explicitBounds\":[0.5]";
    struct metric buckets;
    struct metric counter;

    (void)state;
    open_metric(&buckets, SERIES_HISTOGRAM, "latency{otel.scope.name='lib'}", NULL, -1);
    open_metric(&counter, SERIES_COUNT, "latency", "latency{code='500'}", -1);
    post_at(&buckets, 10000, body_of("latency", histogram_of(10, first)));
    post_at(&counter, 10000, body_of("latency", histogram_of(10, first)));
    post_at(&buckets, 20000, body_of("latency", histogram_of(20, second)));
    post_at(&counter, 20000, body_of("latency", histogram_of(20, second)));
    assert_int_equal(buckets.told.bucket_count, 3);
    assert_true(buckets.told.buckets[0] == 1 && buckets.told.buckets[1] == 0 && buckets.told.buckets[2] == 3);
    assert_true(counter.told.total == 4 && counter.told.events == 0);
    /* Other bounds begin anew. */
    post_at(&buckets, 30000, body_of("latency", histogram_of(30, other)));
    assert_int_equal(buckets.told.bucket_count, 2);
    assert_true(buckets.told.buckets[2] == 3);
    assert_int_equal(buckets.told.troubles + counter.told.troubles, 0);
    otlp_series_free(buckets.series);
    otlp_series_free(counter.series);
}

static void many_streams_have_a_bound(void **state)
{
    struct otlp_streams *streams = otlp_streams_new(0, 1);
    struct otlp_point point = {.temporality = OTLP_CUMULATIVE, .start_ns = 1};
    const double one = 1;
    double rise = 0;

    (void)state;
    for (uint64_t i = 0; i < 2 * OTLP_STREAMS_MAX; i++) {
        point.time_ns = (int64_t)i + 2;
        otlp_streams_take(
            streams, &(struct otlp_reading){.stream = i, .point = &point, .cells = &one, .cell_count = 1},
            &rise);
    }
    assert_true(rise == 2 * OTLP_STREAMS_MAX);
    otlp_streams_begin(streams);
    assert_true(otlp_streams_knows(streams, 2 * OTLP_STREAMS_MAX - 1, 10));
    assert_false(otlp_streams_knows(streams, 0, 10)); /* the longest silent */
    otlp_streams_free(streams);
}

/* ---- gauges ---- */

static const char *gauge_of(const char *points)
{
    static char part[2 * POINTS_MAX + 512];

    (void)snprintf(part, sizeof(part), "\"gauge\":{\"dataPoints\":[%s]}", points);
    return part;
}

static void gauges_are_one_or_combined(void **state)
{
    struct metric one;
    struct metric all;

    (void)state;
    open_metric(&one, SERIES_GAUGE, "up{code='1'}", NULL, -1);
    post_at(&one, 1000,
            body_of("up", gauge_of(both(number_point(0, 1, "\"asDouble\":0.5", "1"),
                                        number_point(0, 1, "\"asDouble\":9", "2")))));
    assert_true(one.told.puts == 1 && one.told.value == 0.5);
    post_at(&one, 2000, body_of("down", gauge_of(number_point(0, 2, "\"asDouble\":7", "1"))));
    assert_int_equal(one.told.puts, 1); /* of another metric */
    otlp_series_free(one.series);
    open_metric(&one, SERIES_GAUGE, "up", NULL, -1);
    post_at(&one, 1000,
            body_of("up", gauge_of(both(number_point(0, 1, "\"asDouble\":0.5", "1"),
                                        number_point(0, 1, "\"asDouble\":9", "2")))));
    assert_true(one.told.trouble == SERIES_AMBIGUOUS && one.told.puts == 0);
    assert_string_equal(one.told.why, "the request has several series where one is expected; choose one, or "
                                      "combine them: {code=\"1\"}, {code=\"2\"}");
    post_at(&one, 3000, body_of("up", gauge_of("{\"timeUnixNano\":\"1700000003000000000\",\"flags\":1}")));
    assert_int_equal(one.told.trouble, SERIES_NO_DATA);
    otlp_series_free(one.series);
    open_metric(&all, SERIES_GAUGE, "up", NULL, 3); /* sum */
    post_at(&all, 1000,
            body_of("up", gauge_of(both(number_point(0, 1, "\"asDouble\":0.5", "1"),
                                        number_point(0, 1, "\"asDouble\":9", "2")))));
    assert_int_equal(all.told.puts, 0); /* not everybody may have been heard yet */
    post_at(&all, 60001, body_of("up", gauge_of(number_point(0, 60, "\"asInt\":\"1\"", "1"))));
    assert_true(all.told.puts == 1 && all.told.value == 10);
    otlp_series_pass(all.series, 110000);
    assert_true(all.told.puts == 2 && all.told.value == 1);
    otlp_series_pass(all.series, 999000);
    assert_int_equal(all.told.trouble, SERIES_NO_DATA);
    otlp_series_free(all.series);
}

/* ---- what is no value ---- */

static const struct {
    enum series_kind kind;
    const char *part, *why;
} unusable[] = {
    {SERIES_GAUGE,
     "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\",\"asDouble\":\"NaN\"}]}",
     "not finite"},
    {SERIES_GAUGE,
     "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\",\"asDouble\":1e308}]}", NULL},
    {SERIES_GAUGE, "\"gauge\":{\"dataPoints\":[{\"asDouble\":1}]}", "when it was measured"},
    {SERIES_GAUGE, "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\"}]}", "no value"},
    {SERIES_GAUGE, "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1699990001000000000\",\"asInt\":1}]}",
     "of the past"},
    {SERIES_GAUGE, "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1700990001000000000\",\"asInt\":1}]}",
     "of the future"},
    {SERIES_GAUGE, "\"summary\":{\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\"}]}",
     "are not read"},
    {SERIES_GAUGE,
     "\"sum\":{\"aggregationTemporality\":1,\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\","
     "\"asInt\":1}]}",
     "no gauge"},
    {SERIES_COUNT, "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\",\"asInt\":1}]}",
     "is a gauge"},
    {SERIES_COUNT,
     "\"sum\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\","
     "\"asInt\":1}]}",
     "is a gauge"},
    {SERIES_COUNT,
     "\"sum\":{\"isMonotonic\":true,\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\",\"asInt\":1}]}",
     "delta or cumulative"},
    {SERIES_COUNT,
     "\"sum\":{\"isMonotonic\":true,\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":"
     "\"1700000001000000000\",\"asInt\":-1}]}",
     "below 0"},
    {SERIES_HISTOGRAM,
     "\"sum\":{\"isMonotonic\":true,\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":"
     "\"1700000001000000000\",\"asInt\":1}]}",
     "no histogram"},
    {SERIES_HISTOGRAM,
     "\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\","
     "\"count\":3,\"bucketCounts\":[1,1],\"explicitBounds\":[1]}]}",
     "do not add up"},
    {SERIES_HISTOGRAM,
     "\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\","
     "\"count\":2,\"bucketCounts\":[1,1],\"explicitBounds\":[1,2]}]}",
     "one bucket more"},
    {SERIES_HISTOGRAM,
     "\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\","
     "\"count\":3,\"bucketCounts\":[1,1,1],\"explicitBounds\":[2,2]}]}",
     "do not rise"},
    {SERIES_HISTOGRAM,
     "\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\","
     "\"count\":33,\"bucketCounts\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"
     "\"explicitBounds\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,"
     "31,32]}]}",
     "too many buckets"},
};

static void points_that_are_none_say_why(void **state)
{
    struct metric metric;

    (void)state;
    for (size_t i = 0; i < sizeof(unusable) / sizeof(*unusable); i++) {
        open_metric(&metric, unusable[i].kind, "x", unusable[i].kind == SERIES_COUNT ? "x{y='z'}" : NULL, -1);
        post_at(&metric, 1000, body_of("x", unusable[i].part));
        if (unusable[i].why == NULL)
            assert_true(metric.told.puts == 1 && metric.told.rejected == 0);
        else if (metric.told.rejected != 1 || metric.told.puts != 0 || metric.told.troubles != 1 ||
                 strstr(metric.told.why, unusable[i].why) == NULL ||
                 strstr(metric.err.text, unusable[i].why) == NULL)
            fail_msg("%zu: %u rejected, %u puts: %s", i, metric.told.rejected, metric.told.puts,
                     metric.told.why);
        otlp_series_free(metric.series);
    }
    /* What nobody wants may be anything. */
    open_metric(&metric, SERIES_GAUGE, "other", NULL, -1);
    for (size_t i = 0; i < sizeof(unusable) / sizeof(*unusable); i++)
        post_at(&metric, 1000, body_of("x", unusable[i].part));
    assert_int_equal(metric.told.rejected + metric.told.troubles + metric.told.puts, 0);
    otlp_series_free(metric.series);
}

static void attributes_are_labels(void **state)
{
    static const char point[] =
        "\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"1700000001000000000\",\"asInt\":4,\"attributes\":["
        "{\"key\":\"t\",\"value\":{\"stringValue\":\"a b\"}},{\"key\":\"i\",\"value\":{\"intValue\":\"5\"}},"
        "{\"key\":\"j\",\"value\":{\"intValue\":6}},{\"key\":\"f\",\"value\":{\"boolValue\":false}},"
        "{\"key\":\"d\",\"value\":{\"doubleValue\":0.5}},"
        "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"}]}}},"
        "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"mine\"}}]}]}";
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_GAUGE,
                "x{t='a b',i='5',j='6',f='false',d='0.5',l='{\"values\":[{\"intValue\":\"1\"}]}',"
                "service.name='mine',otel.scope.name='lib',none=''}",
                NULL, -1);
    post_at(&metric, 1000, body_of("x", point));
    assert_true(metric.told.puts == 1 && metric.told.value == 4);
    otlp_series_free(metric.series);
}

static void metrics_that_cannot_be(void **state)
{
    struct option_value options[OTLP_METRIC_OPTION_COUNT] = {0};
    const struct collector_series what = {.metric = "m", .kind = SERIES_COUNT, .options = options};
    struct otlp_series *series = NULL;
    const char *option = "";
    struct err err = {0};

    (void)state;
    assert_false(otlp_series_new(&what, 0, 0, &series, &err));
    assert_non_null(strstr(err.text, "total is missing"));
    options[OTLP_TOTAL].text = "x";
    options[OTLP_EVENTS].text = "sum(x)";
    assert_false(otlp_series_new(&what, 0, 0, &series, &err));
    assert_non_null(strstr(err.text, "events"));
    assert_false(otlp_series_check(options, &option, &err));
    assert_string_equal(option, "events");
    options[OTLP_EVENTS].text = "x{a='b'}";
    assert_true(otlp_series_check(options, &option, &err));
    options[OTLP_COMBINE].is_set = true;
    assert_false(otlp_series_new(&what, 0, 0, &series, &err));
    assert_non_null(strstr(err.text, "gauges"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cumulative_counts_say_when_they_began),
        cmocka_unit_test(what_began_after_us_counts_from_nothing),
        cmocka_unit_test(deltas_are_what_happened),
        cmocka_unit_test(histograms_by_bucket_and_by_count),
        cmocka_unit_test(many_streams_have_a_bound),
        cmocka_unit_test(gauges_are_one_or_combined),
        cmocka_unit_test(points_that_are_none_say_why),
        cmocka_unit_test(attributes_are_labels),
        cmocka_unit_test(metrics_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
