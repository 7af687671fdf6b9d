/* fuzz_otlp.c - libFuzzer: any bytes as a request of an OTLP exporter, and metrics of every kind.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp_series.h"
#include "io/memory.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define WALL_MS INT64_C(1700000000000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    (void)data;
    (void)at_ms;
    if (!isfinite(value))
        abort();
    return SERIES_TAKEN;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    (void)data;
    (void)at_ms;
    if (!(events >= 0 && total >= 0))
        abort();
    return SERIES_TAKEN;
}

static enum series_answer put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                        size_t count)
{
    (void)data;
    (void)at_ms;
    if (count < 2 || bounds[count - 1] != INFINITY)
        abort();
    for (size_t i = 0; i < count; i++)
        if (!(counts[i] >= 0) || (i > 0 && !(bounds[i] > bounds[i - 1])))
            abort();
    return SERIES_TAKEN;
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    (void)data;
    if (trouble == SERIES_FINE || why[0] == '\0')
        abort();
}

static void take(void *data, const struct otlp_point *point)
{
    struct err err = {0};

    if (!otlp_series_take(data, point, &err) && err.text[0] == '\0')
        abort();
}

static void read_as(enum series_kind kind, const struct otlp_request *request)
{
    struct option_value options[OTLP_METRIC_OPTION_COUNT] = {[OTLP_QUERY].text = "x",
                                                             [OTLP_TOTAL].text = "x",
                                                             [OTLP_EVENTS].text = "x{a=~'5.*'}",
                                                             [OTLP_BUCKETS].text = "x"};
    const struct collector_series what = {
        .kind = kind,
        .options = options,
        .sink = {.gauge = put_gauge, .count = put_count, .histogram = put_histogram, .trouble = put_trouble}};
    struct otlp_series *series = NULL;

    if (!otlp_series_new(&what, 0, WALL_MS, &series, NULL))
        abort();
    for (int64_t i = 0; i < 2; i++) { /* the second time nothing is new */
        otlp_series_begin(series, i, WALL_MS);
        otlp_request_each(request, take, series);
        otlp_series_end(series);
    }
    otlp_series_free(series);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct otlp_request *request = NULL;
    struct err err = {0};
    char *text = memory_copy_bytes(bytes, size);

    if (otlp_request_parse(text, size, &request, &err)) {
        for (size_t kind = SERIES_GAUGE; kind <= SERIES_HISTOGRAM; kind++)
            read_as((enum series_kind)kind, request);
        otlp_request_free(request);
    } else if (err.text[0] == '\0')
        abort();
    free(text);
    return 0;
}
