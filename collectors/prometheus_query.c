/* prometheus_query.c - the texts of a metric, their answers, and what these make of raw counters.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_query.h"

#include "base/text.h"
#include "collectors/ambiguous.h"
#include "collectors/combine.h"
#include "collectors/increase.h"
#include "io/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 2, WHY_MAX = 128, FORM_EXTRA_MAX = 256 };

struct prometheus_query {
    enum series_kind kind;
    bool is_combined;          /* a gauge, of all series of the answer */
    enum combine_kind combine; /* then: how */
    size_t part_count;         /* a count asks for its total first: without it there is nothing to count */
    char *texts[PARTS_MAX];
    struct increase *rises[PARTS_MAX]; /* not of a gauge */
    struct prometheus_vector vectors[PARTS_MAX];
    size_t taken;
    bool is_lent[PARTS_MAX]; /* the vector is the caller's */
    bool
        is_living; /* the last poll that was answered had something to count, so what is new was born since */
    int64_t read_at_ms; /* when there was something to count last, or SERIES_NEVER */
};

static bool is_counter_text(const char *name, const char *text, struct err *err)
{
    if (text == NULL)
        return err_set(err, ERR_INVALID, "%s is missing", name);
    if (strstr(text, "rate(") != NULL || strstr(text, "increase(") != NULL)
        return err_set(err, ERR_INVALID, "%s: give the raw counter; its increase is taken here", name);
    return true;
}

static bool check(enum series_kind kind, const struct option_value *options, struct err *err)
{
    if (options[QUERY_COMBINE].is_set && kind != SERIES_GAUGE)
        return err_set(err, ERR_INVALID, "combine is for gauges");
    switch (kind) {
    case SERIES_GAUGE:
        return options[QUERY_VALUE].text != NULL || err_set(err, ERR_INVALID, "query is missing");
    case SERIES_COUNT:
        return is_counter_text("total", options[QUERY_TOTAL].text, err) &&
               is_counter_text("events", options[QUERY_EVENTS].text, err);
    case SERIES_HISTOGRAM:
        return is_counter_text("buckets", options[QUERY_BUCKETS].text, err);
    }
    return false;
}

static void add_part(struct prometheus_query *query, const struct option_value *option)
{
    query->texts[query->part_count] = memory_copy_text(option->text);
    if (query->kind != SERIES_GAUGE)
        query->rises[query->part_count] = increase_new();
    query->part_count++;
}

bool prometheus_query_new(enum series_kind kind, const struct option_value *options,
                          struct prometheus_query **ret_query, struct err *err)
{
    static const enum prometheus_query_option first[] = {
        [SERIES_GAUGE] = QUERY_VALUE, [SERIES_COUNT] = QUERY_TOTAL, [SERIES_HISTOGRAM] = QUERY_BUCKETS};

    if (!check(kind, options, err))
        return false;
    struct prometheus_query *query = memory_take(sizeof(*query));
    query->kind = kind;
    query->is_combined = options[QUERY_COMBINE].is_set;
    query->combine = (enum combine_kind)options[QUERY_COMBINE].choice;
    query->read_at_ms = SERIES_NEVER;
    add_part(query, &options[first[kind]]);
    if (kind == SERIES_COUNT)
        add_part(query, &options[QUERY_EVENTS]);
    *ret_query = query;
    return true;
}

void prometheus_query_begin(struct prometheus_query *query)
{
    for (size_t i = 0; i < query->taken; i++)
        if (!query->is_lent[i])
            prometheus_vector_done(&query->vectors[i]);
    query->taken = 0;
}

void prometheus_query_free(struct prometheus_query *query)
{
    prometheus_query_begin(query);
    for (size_t i = 0; i < query->part_count; i++) {
        free(query->texts[i]);
        increase_free(query->rises[i]);
    }
    free(query);
}

const char *prometheus_query_text(const struct prometheus_query *query)
{
    bool is_empty = query->taken > 0 && query->vectors[0].count == 0;

    return query->taken < query->part_count && !is_empty ? query->texts[query->taken] : NULL;
}

bool prometheus_query_take(struct prometheus_query *query, const struct http_answer *answer, struct err *err)
{
    struct prometheus_vector vector;

    if (!prometheus_read(answer, &vector, err))
        return false;
    prometheus_query_give(query, &vector);
    return true;
}

static void add_vector(struct prometheus_query *query, const struct prometheus_vector *vector, bool is_lent)
{
    query->is_lent[query->taken] = is_lent;
    query->vectors[query->taken++] = *vector;
}

void prometheus_query_give(struct prometheus_query *query, const struct prometheus_vector *vector)
{
    add_vector(query, vector, false);
}

void prometheus_query_lend(struct prometheus_query *query, const struct prometheus_vector *vector)
{
    add_vector(query, vector, true);
}

static bool sum_rises(const struct prometheus_query *query, size_t part, double *ret_sum)
{
    const struct prometheus_vector *vector = &query->vectors[part];
    double sum = 0;

    increase_begin(query->rises[part], query->is_living);
    for (size_t i = 0; i < vector->count; i++) {
        double rise = 0;
        if (!increase_take(query->rises[part], vector->samples[i].labels, vector->samples[i].value, &rise))
            return false;
        sum += rise;
    }
    *ret_sum = sum;
    return true;
}

/* A reading that is none makes the whole poll unknown: what counts nothing would look like no errors. */
static const struct prometheus_sample *find_not_finite(const struct prometheus_query *query)
{
    for (size_t part = 0; part < query->taken; part++)
        for (size_t i = 0; i < query->vectors[part].count; i++)
            if (!isfinite(query->vectors[part].samples[i].value))
                return &query->vectors[part].samples[i];
    return NULL;
}

static void put_not_finite(double value, const struct collector_sink *sink)
{
    char why[WHY_MAX];

    (void)snprintf(why, sizeof(why), "the query answered %s, which is not a number",
                   isnan(value) ? "NaN"
                   : value > 0  ? "+Inf"
                                : "-Inf");
    sink->trouble(sink->data, SERIES_NOT_FINITE, why);
}

static double gauge_of(const struct prometheus_query *query)
{
    const struct prometheus_vector *vector = &query->vectors[0];
    struct combine_values values = {0};

    if (!query->is_combined)
        return vector->samples[0].value;
    for (size_t i = 0; i < vector->count; i++)
        combine_add(&values, vector->samples[i].value);
    return combine_of(&values, query->combine);
}

static void put_gauge(const struct prometheus_query *query, int64_t at_ms, const struct collector_sink *sink)
{
    size_t count = query->vectors[0].count;
    char why[AMBIGUOUS_WHY_SIZE];

    if (count > 1 && !query->is_combined) {
        ambiguous_format(why, "the query", query->vectors[0].samples, count, count);
        sink->trouble(sink->data, SERIES_AMBIGUOUS, why);
        return;
    }
    double value = gauge_of(query);
    sink->gauge(sink->data, at_ms, value);
    if (!isfinite(value)) /* after the value, which would say that all is well */
        put_not_finite(value, sink);
}

/* A scrape that failed or a source that was away for a while loses nothing. */
static bool is_continuous(const struct prometheus_query *query, int64_t at_ms)
{
    return increase_is_observed(query->read_at_ms, at_ms);
}

/* What rose in the interval before at_ms belongs to the interval's last moment. */
static void put_count(const struct prometheus_query *query, int64_t at_ms, const struct collector_sink *sink)
{
    double total = 0;
    double events = 0;

    if (!sum_rises(query, 0, &total) || !sum_rises(query, 1, &events))
        sink->trouble(sink->data, SERIES_ERROR, "the query has too many series; sum them");
    else if (is_continuous(query, at_ms))
        sink->count(sink->data, at_ms - 1, events, total);
}

/* The series of one bucket is named by its labels and its bound. */
static bool add_bucket(const struct prometheus_query *query, const struct prometheus_sample *sample,
                       struct increase_buckets *buckets, struct text *name)
{
    double rise = 0;

    text_init(name, name->data, name->size);
    text_add(name, "%a ", sample->bound);
    text_add(name, "%s", sample->labels);
    return !name->is_cut && increase_take(query->rises[0], name->data, sample->value, &rise) &&
           increase_add_bucket(buckets, sample->bound, rise);
}

static bool add_buckets(const struct prometheus_query *query, struct increase_buckets *buckets)
{
    const struct prometheus_vector *vector = &query->vectors[0];
    char memory[4096];
    struct text name = {.data = memory, .size = sizeof(memory)};

    increase_begin(query->rises[0], query->is_living);
    for (size_t i = 0; i < vector->count; i++) {
        if (!add_bucket(query, &vector->samples[i], buckets, &name))
            return false;
    }
    return increase_split_buckets(buckets);
}

static void put_histogram(const struct prometheus_query *query, int64_t at_ms,
                          const struct collector_sink *sink)
{
    struct increase_buckets buckets = {0};

    if (!add_buckets(query, &buckets))
        sink->trouble(sink->data, SERIES_ERROR,
                      "the buckets are none: each needs its le, one of them +Inf, at most 32 different");
    else if (is_continuous(query, at_ms))
        sink->histogram(sink->data, at_ms - 1, buckets.bounds, buckets.counts, buckets.count);
}

void prometheus_query_end(struct prometheus_query *query, int64_t at_ms, const struct collector_sink *sink)
{
    bool is_empty = query->vectors[0].count == 0;
    const struct prometheus_sample *none = query->kind == SERIES_GAUGE ? NULL : find_not_finite(query);

    if (none != NULL) {
        put_not_finite(none->value, sink);
        prometheus_query_begin(query);
        return;
    }
    if (is_empty)
        sink->trouble(sink->data, SERIES_NO_DATA, "the query has no series");
    else if (query->kind == SERIES_GAUGE)
        put_gauge(query, at_ms, sink);
    else if (query->kind == SERIES_COUNT)
        put_count(query, at_ms, sink);
    else
        put_histogram(query, at_ms, sink);
    query->is_living = !is_empty;
    if (!is_empty)
        query->read_at_ms = at_ms;
    prometheus_query_begin(query);
}

static void add_encoded(struct text *form, const char *bytes)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *bytes != '\0'; bytes++) {
        if (strchr(plain, *bytes) != NULL)
            text_add_bytes(form, bytes, 1);
        else
            text_add(form, "%%%02X", (unsigned)(unsigned char)*bytes);
    }
}

char *prometheus_query_form(const char *text, int64_t time_ms, int64_t timeout_ms)
{
    size_t size = 3 * strlen(text) + FORM_EXTRA_MAX;
    char *memory = memory_take(size);
    struct text form;

    text_init(&form, memory, size);
    text_add(&form, "query=");
    add_encoded(&form, text);
    text_add(&form, "&time=%" PRId64 ".%03d&timeout=%" PRId64 "ms&partial_response=false&dedup=true",
             time_ms / 1000, (int)(time_ms % 1000), timeout_ms);
    return memory;
}

char *prometheus_query_range_form(const char *text, int64_t from_ms, int64_t to_ms, int64_t step_ms,
                                  int64_t timeout_ms)
{
    size_t size = 3 * strlen(text) + FORM_EXTRA_MAX;
    char *memory = memory_take(size);
    struct text form;

    text_init(&form, memory, size);
    text_add(&form, "query=");
    add_encoded(&form, text);
    text_add(&form, "&start=%" PRId64 ".%03d&end=%" PRId64 ".%03d&step=%" PRId64 ".%03d", from_ms / 1000,
             (int)(from_ms % 1000), to_ms / 1000, (int)(to_ms % 1000), step_ms / 1000, (int)(step_ms % 1000));
    text_add(&form, "&timeout=%" PRId64 "ms&partial_response=false&dedup=true", timeout_ms);
    return memory;
}

static char *address(const char *url, const char *path)
{
    size_t length = strlen(url);
    size_t path_size = strlen(path) + 1;
    char *memory = memory_take(length + path_size);

    while (length > 0 && url[length - 1] == '/')
        length--;
    (void)snprintf(memory, length + path_size, "%.*s%s", (int)length, url, path);
    return memory;
}

char *prometheus_query_url(const char *url)
{
    return address(url, "/api/v1/query");
}

char *prometheus_query_range_url(const char *url)
{
    return address(url, "/api/v1/query_range");
}
