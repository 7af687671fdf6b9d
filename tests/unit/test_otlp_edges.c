/* test_otlp_edges.c - points beside each other that do not fit together, and what is sent once more.
 * SPDX-License-Identifier: MIT */
#include "collectors/combine.h"
#include "support/otlp_metric.h"

enum { PART_SIZE = 12 * 1024 };

#define TIME(seconds)  "\"timeUnixNano\":\"" #seconds "000000000\""
#define SINCE(seconds) "\"startTimeUnixNano\":\"" #seconds "000000000\""

static void what_is_sent_once_more_keeps_nothing_fresh(void **state)
{
    static const char point[] = "\"gauge\":{\"dataPoints\":[{" TIME(1700000005) ",\"asInt\":4}]}";
    static const char older[] = "\"gauge\":{\"dataPoints\":[{" TIME(1700000004) ",\"asInt\":3}]}";
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_GAUGE, "x", NULL, -1);
    post_at(&metric, 5000, body_of("x", point));
    post_at(&metric, 6000, body_of("x", point));
    post_at(&metric, 7000, body_of("x", older));
    assert_true(metric.told.puts == 1 && metric.told.value == 4 && metric.told.troubles == 0);
    otlp_series_free(metric.series);
}

static void who_has_none_any_more_is_beside_one_who_has(void **state)
{
    static const char both[] = "\"gauge\":{\"dataPoints\":[{" TIME(
        1700000001) ",\"flags\":1,\"attributes\":[{"
                    "\"key\":\"a\",\"value\":null}]},{" TIME(1700000001) ",\"asInt\":4}]}";
    static const char none[] =
        "\"sum\":{\"isMonotonic\":true,\"aggregationTemporality\":2,\"dataPoints\":[{" TIME(
            1700000001) ",\"flags\":1}]}";
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_GAUGE, "x", NULL, -1);
    post_at(&metric, 1000, body_of("x", both));
    assert_true(metric.told.puts == 1 && metric.told.value == 4 && metric.told.troubles == 0);
    otlp_series_free(metric.series);
    open_metric(&metric, SERIES_COUNT, "x", "x{a='b'}", -1);
    post_at(&metric, 1000, body_of("x", none));
    assert_int_equal(metric.told.puts + metric.told.troubles + metric.told.rejected, 0);
    otlp_series_free(metric.series);
}

static void a_gauge_may_be_a_sum_that_falls(void **state)
{
    static const char sum[] =
        "\"sum\":{\"aggregationTemporality\":2,\"dataPoints\":[{" TIME(1700000001) ",\"asInt\":-4}]}";
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_GAUGE, "x", NULL, -1);
    post_at(&metric, 1000, body_of("x", sum));
    assert_true(metric.told.value == -4);
    post_at(
        &metric, 2000,
        body_of("x", "\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{" TIME(1700000002) "}]}"));
    assert_non_null(strstr(metric.told.why, "no gauge"));
    otlp_series_free(metric.series);
}

/* The first that is wrong is told, and the others do not count either. */
static void one_bad_point_makes_the_request_unknown(void **state)
{
    static const char part[] = "\"gauge\":{\"dataPoints\":[{" TIME(
        1700000001) ",\"asDouble\":\"Infinity\"},{" TIME(1700000001) "},{" TIME(1700000001) ",\"asInt\":1}]}";
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_GAUGE, "x", NULL, -1);
    post_at(&metric, 1000, body_of("x", part));
    assert_int_equal(metric.told.rejected, 2);
    assert_true(metric.told.puts == 0 && metric.told.trouble == SERIES_NOT_FINITE);
    otlp_series_free(metric.series);
}

static void a_pattern_that_takes_too_long(void **state)
{
    char part[PART_SIZE];
    char many[4096];
    struct metric metric;

    (void)state;
    memset(many, 'a', sizeof(many));
    many[sizeof(many) - 2] = 'b';
    many[sizeof(many) - 1] = '\0';
    (void)snprintf(
        part, sizeof(part),
        "\"gauge\":{\"dataPoints\":[{" TIME(1700000001) ",\"asInt\":1,\"attributes\":[{\"key\":\"a\","
                                                        "\"value\":{\"stringValue\":\"%s\"}}]}]}",
        many);
    open_metric(&metric, SERIES_GAUGE, "x{a=~'(a+)+'}", NULL, -1);
    post_at(&metric, 1000, body_of("x", part));
    assert_true(metric.told.puts == 0 && metric.told.trouble == SERIES_ERROR && metric.told.rejected == 1);
    otlp_series_free(metric.series);
}

static void too_many_reporters_and_too_large_a_sum(void **state)
{
    char part[PART_SIZE];
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_GAUGE, "x", NULL, COMBINE_SUM);
    for (int i = 0; i <= COMBINE_REPORTERS_MAX; i++) {
        (void)snprintf(part, sizeof(part),
                       "\"gauge\":{\"dataPoints\":[{" TIME(
                           1700000001) ",\"asDouble\":1e308,\"attributes\":[{"
                                       "\"key\":\"a\",\"value\":{\"intValue\":\"%d\"}}]}]}",
                       i);
        post_at(&metric, 1000, body_of("x", part));
    }
    assert_true(metric.told.rejected == 1 && strstr(metric.err.text, "reporters") != NULL);
    otlp_series_pass(metric.series, 60500);
    assert_int_equal(metric.told.trouble, SERIES_NOT_FINITE);
    otlp_series_free(metric.series);
}

/* Two programs with bounds of their own: added up as far as one window holds them. */
static void histograms_with_different_bounds(void **state)
{
    char part[PART_SIZE];
    struct metric metric;
    size_t length = 0;

    (void)state;
    open_metric(&metric, SERIES_HISTOGRAM, "x", NULL, -1);
    length =
        (size_t)snprintf(part, sizeof(part), "\"histogram\":{\"aggregationTemporality\":1,\"dataPoints\":[");
    for (int i = 0; i < SERIES_BUCKETS_MAX; i++)
        length += (size_t)snprintf(
            part + length, sizeof(part) - length,
            "%s{" SINCE(1700000000) "," TIME(
                1700000001) ",\"count\":3,\"bucketCounts\":"
                            "[1,2],\"explicitBounds\":[%d],\"attributes\":[{\"key\":\"%d\"}]}",
            i == 0 ? "" : ",", i, i);
    (void)snprintf(part + length, sizeof(part) - length, "]}");
    post_at(&metric, 1000, body_of("x", part));
    assert_true(metric.told.puts == 0 && strstr(metric.told.why, "too many different bounds") != NULL);
    otlp_series_free(metric.series);
    open_metric(&metric, SERIES_HISTOGRAM, "x", NULL, -1);
    post_at(&metric, 1000,
            body_of("x", "\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{" TIME(
                             1700000001) ",\"count\":1,\"bucketCounts\":[1]}]}"));
    assert_non_null(strstr(metric.told.why, "no histogram with buckets"));
    post_at(&metric, 2000, body_of("x", "\"gauge\":{\"dataPoints\":[{" TIME(1700000002) ",\"asInt\":1}]}"));
    assert_int_equal(metric.told.rejected, 2);
    post_at(&metric, 3000,
            body_of("x", "\"histogram\":{\"dataPoints\":[{" TIME(
                             1700000003) ",\"count\":1,\"bucketCounts\":[1,0],\"explicitBounds\":[5]}]}"));
    assert_non_null(strstr(metric.told.why, "delta or cumulative"));
    otlp_series_free(metric.series);
}

/* The same one twice is one; two and a third are several. A reporter that has none is none that is gone. */
static void the_same_gauge_twice_in_a_request(void **state)
{
    static const char twice[] =
        "\"gauge\":{\"dataPoints\":[{" TIME(1700000001) ",\"asInt\":3},{" TIME(1700000002) ",\"asInt\":4}]}";
    static const char three[] = "\"gauge\":{\"dataPoints\":[{" TIME(1700000003) ",\"asInt\":1},{" TIME(
        1700000003) ",\"asInt\":2,\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"1\"}}]},"
                    "{" TIME(1700000003) ",\"asInt\":3,\"attributes\":[{\"key\":\"a\",\"value\":{"
                                         "\"stringValue\":\"2\"}}]}]}";
    static const char silent[] = "\"gauge\":{\"dataPoints\":[{" TIME(1700000004) ",\"flags\":1}]}";
    static const char silent_and_old[] = "\"gauge\":{\"dataPoints\":[{" TIME(1600000000) ",\"flags\":1}]}";
    struct metric metric;

    (void)state;
    open_metric(&metric, SERIES_GAUGE, "x", NULL, -1);
    otlp_series_pass(metric.series, 500);
    post_at(&metric, 1000, body_of("x", twice));
    assert_true(metric.told.puts == 1 && metric.told.value == 4 && metric.told.troubles == 0);
    post_at(&metric, 2000, body_of("x", three));
    assert_true(metric.told.puts == 1 && metric.told.trouble == SERIES_AMBIGUOUS);
    assert_non_null(strstr(metric.told.why, "combine them: {}, {a=\"1\"}"));
    post_at(&metric, 3000, body_of("x", silent_and_old));
    assert_true(metric.told.puts == 1 && metric.told.trouble == SERIES_ERROR);
    otlp_series_free(metric.series);
    open_metric(&metric, SERIES_GAUGE, "x", NULL, COMBINE_SUM);
    otlp_series_pass(metric.series, 999000);
    post_at(&metric, 4000, body_of("x", silent));
    assert_int_equal(metric.told.puts + metric.told.troubles, 0);
    otlp_series_free(metric.series);
}

/* Of both things that a count chooses, the series is told once for each that may fit. */
static void note_owner(void *data, void *owner)
{
    *(size_t *)data += owner == data;
}

static void an_index_knows_what_a_series_chooses(void **state)
{
    const struct labelled values[] = {{.name = "all"}, {.name = "bad"}, {.name = "others"}};
    struct selector_index *index = selector_index_new(OTLP_PARTS_MAX);
    struct metric metric;
    size_t told = 0;

    (void)state;
    open_metric(&metric, SERIES_COUNT, "all", "bad", -1);
    otlp_series_index(metric.series, index, &told);
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        (void)selector_index_each(index, &values[i], note_owner, &told);
    assert_int_equal(told, 2);
    selector_index_free(index);
    otlp_series_free(metric.series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_once_more_keeps_nothing_fresh),
        cmocka_unit_test(who_has_none_any_more_is_beside_one_who_has),
        cmocka_unit_test(a_gauge_may_be_a_sum_that_falls),
        cmocka_unit_test(one_bad_point_makes_the_request_unknown),
        cmocka_unit_test(a_pattern_that_takes_too_long),
        cmocka_unit_test(too_many_reporters_and_too_large_a_sum),
        cmocka_unit_test(histograms_with_different_bounds),
        cmocka_unit_test(the_same_gauge_twice_in_a_request),
        cmocka_unit_test(an_index_knows_what_a_series_chooses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
