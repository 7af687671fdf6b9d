/* otlp_metric.h - a metric of the collector otlp that is given requests, and what it told.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_OTLP_METRIC_H
#define SUPPORT_OTLP_METRIC_H

#include "collectors/otlp_series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WALL_MS INT64_C(1700000000000) /* when listening begins */

enum { BODY_SIZE = 16384 };

struct told {
    unsigned puts, troubles, rejected;
    double value, events, total, buckets[SERIES_BUCKETS_MAX];
    size_t bucket_count;
    enum series_trouble trouble;
    char why[256];
};

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    struct told *told = data;

    (void)at_ms;
    told->puts++;
    told->value = value;
    return SERIES_TAKEN;
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    struct told *told = data;

    (void)at_ms;
    told->puts++;
    told->events += events;
    told->total += total;
    return SERIES_TAKEN;
}

static enum series_answer put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                        size_t count)
{
    struct told *told = data;

    (void)at_ms;
    told->puts++;
    told->bucket_count = count;
    assert_true(bounds[count - 1] == INFINITY);
    for (size_t i = 0; i < count; i++)
        told->buckets[i] += counts[i];
    return SERIES_TAKEN;
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    struct told *told = data;

    told->troubles++;
    told->trouble = trouble;
    (void)snprintf(told->why, sizeof(told->why), "%s", why);
}

/* A metric, its series, and what it told. */
struct metric {
    struct told told;
    struct otlp_series *series;
    struct err err;
};

static inline void open_metric(struct metric *metric, enum series_kind kind, const char *query,
                               const char *events, int combine)
{
    struct option_value options[OTLP_METRIC_OPTION_COUNT] = {0};
    static const enum otlp_metric_option first[] = {
        [SERIES_GAUGE] = OTLP_QUERY, [SERIES_COUNT] = OTLP_TOTAL, [SERIES_HISTOGRAM] = OTLP_BUCKETS};
    const struct collector_series what = {.metric = "metric",
                                          .kind = kind,
                                          .silence_max_ms = 60000,
                                          .options = options,
                                          .sink = {.data = &metric->told,
                                                   .gauge = put_gauge,
                                                   .count = put_count,
                                                   .histogram = put_histogram,
                                                   .trouble = put_trouble}};

    *metric = (struct metric){0};
    options[first[kind]] = (struct option_value){.is_set = true, .text = query};
    options[OTLP_EVENTS] = (struct option_value){.is_set = events != NULL, .text = events};
    if (combine >= 0)
        options[OTLP_COMBINE] = (struct option_value){.is_set = true, .choice = (size_t)combine};
    if (!otlp_series_new(&what, 0, WALL_MS, &metric->series, &metric->err))
        fail_msg("%s", metric->err.text);
}

static void take(void *data, const struct otlp_point *point)
{
    struct metric *metric = data;

    if (!otlp_series_take(metric->series, point, &metric->err))
        metric->told.rejected++;
}

static inline void post_at(struct metric *metric, int64_t after_ms, const char *body)
{
    struct otlp_request *request = NULL;
    struct err err = {0};

    if (!otlp_request_parse(body, strlen(body), &request, &err))
        fail_msg("%s in %s", err.text, body);
    otlp_series_begin(metric->series, after_ms, WALL_MS + after_ms);
    otlp_request_each(request, take, metric);
    otlp_series_end(metric->series);
    otlp_request_free(request);
}

/* A request of one resource with one metric; `part` is its data. */
static inline const char *body_of(const char *name, const char *part)
{
    static char body[BODY_SIZE];

    (void)snprintf(
        body, sizeof(body),
        "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
        "{\"stringValue\":\"shop\"}}],\"novelty\":1},\"scopeMetrics\":[{\"scope\":{\"name\":\"lib\"},"
        "\"metrics\":[{\"name\":\"%s\",\"unit\":\"1\",%s}]}]}]}",
        name, part);
    return body;
}

#endif
