/* test_command_series.c - what a command prints, for metrics of every kind, right and wrong.
 * SPDX-License-Identifier: MIT */
#include "collectors/command_series.h"
#include "collectors/decode.h"
#include "io/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_MS = 1000, OPENMETRICS = 3, INFLUX = 2, JSON = 1, NUMBER = 0 };

#define WALL_MS (INT64_C(1700000000) * 1000)

static struct told {
    int puts, troubles;
    double value, events, total;
    size_t bucket_count;
    char why[256];
} told;

static enum series_answer take_gauge(void *data, int64_t at_ms, double value)
{
    (void)data;
    (void)at_ms;
    told.puts++;
    told.value = value;
    return SERIES_TAKEN;
}

static enum series_answer take_count(void *data, int64_t at_ms, double events, double total)
{
    (void)data;
    (void)at_ms;
    told.puts++;
    told.events += events;
    told.total += total;
    return SERIES_TAKEN;
}

static enum series_answer take_histogram(void *data, int64_t at_ms, const double *bounds,
                                         const double *counts, size_t count)
{
    (void)data;
    (void)at_ms;
    (void)bounds;
    (void)counts;
    told.puts++;
    told.bucket_count = count;
    return SERIES_TAKEN;
}

static void take_trouble(void *data, enum series_trouble trouble, const char *why)
{
    (void)data;
    (void)trouble;
    told.troubles++;
    (void)snprintf(told.why, sizeof(told.why), "%s", why);
}

/* Places are NULL where they are not given, `decoder` -1. */
struct asked {
    enum series_kind kind;
    int decoder;
    const char *value, *events, *total, *buckets;
    const char *program;
};

static void fill(const struct asked *asked, const char *const *exec,
                 struct option_value options[COMMAND_OPTION_COUNT])
{
    memset(options, 0, COMMAND_OPTION_COUNT * sizeof(*options));
    options[QUERY_VALUE].text = asked->value;
    options[QUERY_EVENTS].text = asked->events;
    options[QUERY_TOTAL].text = asked->total;
    options[QUERY_BUCKETS].text = asked->buckets;
    options[COMMAND_DECODER].is_set = asked->decoder >= 0;
    options[COMMAND_DECODER].choice = asked->decoder >= 0 ? (unsigned)asked->decoder : 0;
    options[COMMAND_EXEC].list = exec;
    options[COMMAND_EXEC].list_length = asked->program != NULL ? 1 : 0;
}

static bool make(const struct asked *asked, struct command_series **ret_series, struct err *err)
{
    const char *exec[] = {asked->program};
    struct option_value options[COMMAND_OPTION_COUNT];
    const struct collector_series what = {
        .metric = "m",
        .kind = asked->kind,
        .every_ms = 5000,
        .options = options,
        .sink = {
            .gauge = take_gauge, .count = take_count, .histogram = take_histogram, .trouble = take_trouble}};

    fill(asked, exec, options);
    memset(&told, 0, sizeof(told));
    return command_series_new(&what, ret_series, err);
}

static struct command_series *make_good(const struct asked *asked)
{
    struct command_series *series = NULL;
    struct err err = {0};

    if (!make(asked, &series, &err))
        fail_msg("%s", err.text);
    return series;
}

static void take(struct command_series *series, const char *output)
{
    command_series_take(series, output, strlen(output), NOW_MS, WALL_MS);
}

static void test_gauges(void **state)
{
    static const struct {
        struct asked asked;
        const char *output;
    } gauges[] = {
        {{SERIES_GAUGE, -1, NULL, NULL, NULL, NULL, "/p"}, "17\n"},
        {{SERIES_GAUGE, NUMBER, NULL, NULL, NULL, NULL, "{{program}}"}, " 17 "},
        {{SERIES_GAUGE, JSON, NULL, NULL, NULL, NULL, "/p"}, "17"},
        {{SERIES_GAUGE, -1, ".a[0]", NULL, NULL, NULL, "/p"}, "{\"a\":[17]}"},
        {{SERIES_GAUGE, OPENMETRICS, "up{j='a'}", NULL, NULL, NULL, "/p"}, "up{j=\"a\"} 17\nup{j=\"b\"} 1\n"},
        {{SERIES_GAUGE, INFLUX, "cpu.idle", NULL, NULL, NULL, "/p"}, "cpu idle=17i\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(gauges) / sizeof(*gauges); i++) {
        struct command_series *series = make_good(&gauges[i].asked);
        take(series, gauges[i].output);
        if (told.puts != 1 || told.value != 17)
            fail_msg("%s: %s", gauges[i].output, told.why);
        take(series, "seventeen");
        if (told.troubles != 1)
            fail_msg("taken: %s", gauges[i].output);
        command_series_free(series);
    }
}

static void test_counts_and_buckets(void **state)
{
    struct command_series *counts =
        make_good(&(struct asked){SERIES_COUNT, -1, NULL, ".e", ".t", NULL, "/p"});

    (void)state;
    take(counts, "{\"e\":1,\"t\":10}");
    take(counts, "{\"e\":3,\"t\":15}");
    assert_true(told.events == 2 && told.total == 5);
    take(counts, "{\"t\":16}");
    assert_true(told.troubles == 1 && strstr(told.why, ".e") != NULL);
    take(counts, "{\"e\":3}");
    assert_true(told.troubles == 2 && strstr(told.why, ".t") != NULL);
    command_series_free(counts);
    struct command_series *exposed =
        make_good(&(struct asked){SERIES_COUNT, OPENMETRICS, NULL, "r{c='5'}", "r", NULL, "/p"});
    take(exposed, "r{c=\"2\"} 10\n");
    take(exposed, "r{c=\"2\"} 14\nr{c=\"5\"} 1\n");
    assert_true(told.events == 1 && told.total == 5);
    take(exposed, "q 1\n"); /* without a total nothing else is asked */
    assert_int_equal(told.troubles, 1);
    command_series_free(exposed);
    struct command_series *buckets =
        make_good(&(struct asked){SERIES_HISTOGRAM, OPENMETRICS, NULL, NULL, NULL, "h_bucket", "/p"});
    take(buckets, "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n");
    take(buckets, "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 5\n");
    assert_true(told.puts >= 1 && told.bucket_count == 2);
    command_series_free(buckets);
}

static void test_more_than_may_be_printed(void **state)
{
    struct command_series *series =
        make_good(&(struct asked){SERIES_GAUGE, -1, NULL, NULL, NULL, NULL, "/p"});
    char *output = memory_take(DECODE_PAYLOAD_MAX + 2);

    (void)state;
    memset(output, ' ', DECODE_PAYLOAD_MAX + 1);
    output[0] = '7';
    command_series_take(series, output, DECODE_PAYLOAD_MAX, NOW_MS, WALL_MS);
    assert_true(told.puts == 1 && told.value == 7);
    command_series_take(series, output, DECODE_PAYLOAD_MAX + 1, NOW_MS, WALL_MS);
    assert_true(told.troubles == 1 && strstr(told.why, "64 KiB") != NULL);
    free(output);
    command_series_free(series);
}

static void test_metrics_that_cannot_be(void **state)
{
    static const struct {
        struct asked asked;
        const char *said;
    } bad[] = {
        {{SERIES_GAUGE, -1, NULL, NULL, NULL, NULL, NULL}, "no whole path"},
        {{SERIES_GAUGE, -1, NULL, NULL, NULL, NULL, "p"}, "'p' is no whole path"},
        {{SERIES_GAUGE, NUMBER, ".a", NULL, NULL, NULL, "/p"}, "no places"},
        {{SERIES_COUNT, NUMBER, NULL, ".e", ".t", NULL, "/p"}, "no places"},
        {{SERIES_HISTOGRAM, JSON, NULL, NULL, NULL, ".b", "/p"}, "openmetrics"},
        {{SERIES_GAUGE, OPENMETRICS, NULL, NULL, NULL, NULL, "/p"}, "value is missing"},
        {{SERIES_GAUGE, INFLUX, NULL, NULL, NULL, NULL, "/p"}, "value is missing"},
        {{SERIES_GAUGE, JSON, "a", NULL, NULL, NULL, "/p"}, "value: "},
        {{SERIES_COUNT, JSON, NULL, "e", ".t", NULL, "/p"}, "events: "},
        {{SERIES_COUNT, JSON, NULL, ".e", NULL, NULL, "/p"}, "total"},
        {{SERIES_COUNT, -1, NULL, NULL, ".t", NULL, "/p"}, "events"},
        {{SERIES_GAUGE, OPENMETRICS, "up{", NULL, NULL, NULL, "/p"}, "value: "},
        {{SERIES_GAUGE, OPENMETRICS, "up{j={{slot}}}", NULL, NULL, NULL, "/p"}, "in quotes"},
        {{SERIES_COUNT, OPENMETRICS, NULL, "e", "t{j={{slot}}}", NULL, "/p"}, "in quotes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct command_series *series = NULL;
        struct err err = {0};
        if (make(&bad[i].asked, &series, &err))
            fail_msg("taken: %zu", i);
        if (strstr(err.text, bad[i].said) == NULL)
            fail_msg("%zu: '%s' does not say '%s'", i, err.text, bad[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gauges),
        cmocka_unit_test(test_counts_and_buckets),
        cmocka_unit_test(test_more_than_may_be_printed),
        cmocka_unit_test(test_metrics_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
