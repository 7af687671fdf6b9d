/* cloudwatch_query.c - the names of a metric, the periods that are open, and what they become.
 * SPDX-License-Identifier: MIT */
#include "collectors/cloudwatch_query.h"

#include "base/duration.h"
#include "base/text.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LONGEST = 255, VALUE_LONGEST = 1024, MINUTE_S = 60, ID_SIZE = 16, MS_PER_S = 1000 };

const struct option cloudwatch_query_options[CLOUDWATCH_QUERY_OPTION_COUNT] = {
    [CLOUDWATCH_METRIC] = {.name = "metric",
                           .type = OPTION_TEXT,
                           .help = "\"NAMESPACE NAME\" of a gauge, like \"AWS/ApplicationELB "
                                   "TargetResponseTime\"; templates allowed"},
    [CLOUDWATCH_EVENTS] = {.name = "events",
                           .type = OPTION_TEXT,
                           .help = "\"NAMESPACE NAME\" of what is counted against the total; templates "
                                   "allowed"},
    [CLOUDWATCH_TOTAL] = {.name = "total",
                          .type = OPTION_TEXT,
                          .help = "\"NAMESPACE NAME\" of everything that is counted; templates allowed"},
    [CLOUDWATCH_STAT] = {.name = "stat",
                         .type = OPTION_TEXT,
                         .help = "Average (of gauges, where left out), Sum (of counters), Minimum, Maximum, "
                                 "SampleCount, p95 ..."},
    [CLOUDWATCH_DIMENSIONS] = {.name = "dimensions",
                               .type = OPTION_MAP,
                               .max = CLOUDWATCH_DIMENSIONS_MAX,
                               .help = "Names and values that single out the series; templates allowed"},
    [CLOUDWATCH_PERIOD] = {.name = "period",
                           .type = OPTION_DURATION,
                           .min = 1000,
                           .max = 86400000,
                           .fallback = "60s",
                           .help = "Span of one value: 1s, 5s, 10s, 20s, 30s or whole minutes"},
    [CLOUDWATCH_DELAY] = {.name = "delay",
                          .type = OPTION_DURATION,
                          .min = 0,
                          .max = 86400000,
                          .fallback = "3m",
                          .help = "So long after its end a period counts as complete: values come late"},
};

struct part {
    char *name_space, *name;
    enum cloudwatch_state state;           /* of its latest result; FAILED: none came */
    double values[CLOUDWATCH_PERIODS_MAX]; /* of the open periods; NAN: none */
};

struct cloudwatch_query {
    enum series_kind kind;
    int64_t period_s, delay_ms;
    char *stat;
    char **dimensions; /* name, value, name, value ... */
    size_t dimension_count;
    int64_t from_s;
    size_t period_count;
    size_t part_count; /* a count's first is its total */
    struct part parts[CLOUDWATCH_PARTS_MAX];
};

/* ---- options ---- */

static bool has_template(const char *text)
{
    return strstr(text, "{{") != NULL;
}

/* "NAMESPACE NAME": the name may have blanks, the namespace has none. */
static bool check_name(const char *option, const char *text, struct err *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/#:";
    size_t space = text == NULL ? 0 : strspn(text, letters);

    if (text == NULL || has_template(text))
        return true;
    if (space == 0 || space > NAME_LONGEST || text[space] != ' ' || text[space + 1] == ' ' ||
        text[space + 1] == '\0' || strlen(text + space + 1) > NAME_LONGEST)
        return err_set(
            err, ERR_INVALID,
            "%s: '%.80s' is not like \"AWS/ApplicationELB RequestCount\": a namespace, a blank, a name",
            option, text);
    return true;
}

static bool is_percentile(const char *text)
{
    static const char *const kinds[] = {"p", "tm", "wm", "tc", "ts"};
    double number = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        size_t length = strlen(kinds[i]);
        if (strncmp(text, kinds[i], length) == 0 && text_to_number(text + length, &number) && number >= 0 &&
            number <= 100 && text[length] != '-')
            return true;
    }
    return false;
}

static bool check_stat(enum series_kind kind, const char *text, struct err *err)
{
    static const char *const known[] = {"Average", "Sum", "Minimum", "Maximum", "SampleCount", "IQM"};

    if (text == NULL || has_template(text))
        return true;
    if (kind == SERIES_COUNT && strcmp(text, "Sum") != 0)
        return err_set(err, ERR_INVALID, "stat: counters are sums; '%.40s' belongs to kind = \"gauge\"",
                       text);
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i], text) == 0)
            return true;
    const char *nearest = text_nearest(text, known, ARRAY_LENGTH(known));
    return is_percentile(text) ||
           err_set(
               err, ERR_INVALID,
               "stat: '%.40s' is none of Average, Sum, Minimum, Maximum, SampleCount, IQM, or like p95%s%s%s",
               text, nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "'?" : "");
}

static bool check_period(const struct option_value *period, int64_t every_ms, const char **ret_option,
                         struct err *err)
{
    static const int64_t short_ones_s[] = {1, 5, 10, 20, 30};
    int64_t period_ms = period->duration_ms;
    char is[DURATION_TEXT_MAX];
    char wanted[DURATION_TEXT_MAX];
    bool is_good = period_ms % ((int64_t)MINUTE_S * MS_PER_S) == 0;

    if (!period->is_set)
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(short_ones_s); i++)
        is_good = is_good || period_ms == short_ones_s[i] * MS_PER_S;
    if (!is_good)
        return err_set(err, ERR_INVALID, "period: %s is neither 1s, 5s, 10s, 20s, 30s nor whole minutes",
                       duration_format(period_ms, is, sizeof(is)));
    if (every_ms >= period_ms)
        return true;
    *ret_option = "every";
    return err_set(err, ERR_INVALID, "every: %s is shorter than the period of its values, %s",
                   duration_format(every_ms, is, sizeof(is)),
                   duration_format(period_ms, wanted, sizeof(wanted)));
}

static bool check_dimensions(const struct option_value *dimensions, struct err *err)
{
    for (size_t i = 0; i < dimensions->list_length; i++) {
        size_t length = strlen(dimensions->list[i]);
        if (length == 0 || length > (i % 2 == 0 ? NAME_LONGEST : VALUE_LONGEST))
            return err_set(err, ERR_INVALID, "dimensions: a name has 1 to %d characters, a value 1 to %d",
                           NAME_LONGEST, VALUE_LONGEST);
    }
    return true;
}

bool cloudwatch_query_check(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                            const char **ret_option, struct err *err)
{
    static const enum cloudwatch_query_option names[] = {CLOUDWATCH_METRIC, CLOUDWATCH_EVENTS,
                                                         CLOUDWATCH_TOTAL};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        *ret_option = cloudwatch_query_options[names[i]].name;
        if (!check_name(*ret_option, options[names[i]].text, err))
            return false;
    }
    *ret_option = cloudwatch_query_options[CLOUDWATCH_STAT].name;
    if (!check_stat(kind, options[CLOUDWATCH_STAT].text, err))
        return false;
    *ret_option = cloudwatch_query_options[CLOUDWATCH_DIMENSIONS].name;
    if (!check_dimensions(&options[CLOUDWATCH_DIMENSIONS], err))
        return false;
    *ret_option = cloudwatch_query_options[CLOUDWATCH_PERIOD].name;
    return check_period(&options[CLOUDWATCH_PERIOD], every_ms, ret_option, err);
}

static bool add_part(struct cloudwatch_query *query, const struct option_value *option, struct err *err)
{
    struct part *part = &query->parts[query->part_count];
    const char *text = option->text;

    if (text == NULL)
        return err_set(err, ERR_INVALID, "its name in CloudWatch is missing");
    size_t space = strcspn(text, " ");
    part->name_space = memory_copy_bytes(text, space);
    part->name = memory_copy_text(text + space + 1);
    query->part_count++;
    return true;
}

static void copy_dimensions(struct cloudwatch_query *query, const struct option_value *dimensions)
{
    query->dimension_count = dimensions->list_length / 2;
    query->dimensions = memory_take_array(dimensions->list_length + 1, sizeof(*query->dimensions));
    for (size_t i = 0; i < 2 * query->dimension_count; i++)
        query->dimensions[i] = memory_copy_text(dimensions->list[i]);
}

bool cloudwatch_query_new(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                          struct cloudwatch_query **ret_query, struct err *err)
{
    const char *option = "";
    const char *stat = options[CLOUDWATCH_STAT].text;

    if (kind == SERIES_HISTOGRAM)
        return err_set(err, ERR_INVALID, "CloudWatch has no histograms");
    if (!cloudwatch_query_check(kind, every_ms, options, &option, err))
        return false;
    struct cloudwatch_query *query = memory_take(sizeof(*query));
    query->kind = kind;
    query->period_s = options[CLOUDWATCH_PERIOD].duration_ms / MS_PER_S;
    query->delay_ms = options[CLOUDWATCH_DELAY].duration_ms;
    query->stat = memory_copy_text(stat != NULL ? stat : kind == SERIES_COUNT ? "Sum" : "Average");
    copy_dimensions(query, &options[CLOUDWATCH_DIMENSIONS]);
    bool is_good = kind == SERIES_GAUGE ? add_part(query, &options[CLOUDWATCH_METRIC], err)
                                        : add_part(query, &options[CLOUDWATCH_TOTAL], err) &&
                                              add_part(query, &options[CLOUDWATCH_EVENTS], err);
    if (!is_good) {
        cloudwatch_query_free(query);
        return false;
    }
    *ret_query = query;
    return true;
}

void cloudwatch_query_free(struct cloudwatch_query *query)
{
    for (size_t i = 0; i < query->part_count; i++) {
        free(query->parts[i].name_space);
        free(query->parts[i].name);
    }
    for (size_t i = 0; i < 2 * query->dimension_count; i++)
        free(query->dimensions[i]);
    free(query->dimensions);
    free(query->stat);
    free(query);
}

size_t cloudwatch_query_parts(const struct cloudwatch_query *query)
{
    return query->part_count;
}

int64_t cloudwatch_query_period_s(const struct cloudwatch_query *query)
{
    return query->period_s;
}

int64_t cloudwatch_query_delay_ms(const struct cloudwatch_query *query)
{
    return query->delay_ms;
}

/* ---- the question ---- */

static cJSON *metric_of(const struct cloudwatch_query *query, const struct part *part)
{
    cJSON *metric = cJSON_CreateObject();
    cJSON *dimensions = cJSON_AddArrayToObject(metric, "Dimensions");

    cJSON_AddStringToObject(metric, "Namespace", part->name_space);
    cJSON_AddStringToObject(metric, "MetricName", part->name);
    for (size_t i = 0; i < query->dimension_count; i++) {
        cJSON *dimension = cJSON_CreateObject();
        cJSON_AddStringToObject(dimension, "Name", query->dimensions[2 * i]);
        cJSON_AddStringToObject(dimension, "Value", query->dimensions[2 * i + 1]);
        cJSON_AddItemToArray(dimensions, dimension);
    }
    return metric;
}

static void add_query(const struct cloudwatch_query *query, const struct part *part, uint32_t number,
                      cJSON *array)
{
    cJSON *entry = cJSON_CreateObject();
    char id[ID_SIZE];

    (void)snprintf(id, sizeof(id), "m%u", number);
    cJSON_AddStringToObject(entry, "Id", id);
    cJSON *stat = cJSON_AddObjectToObject(entry, "MetricStat");
    cJSON_AddItemToObject(stat, "Metric", metric_of(query, part));
    cJSON_AddNumberToObject(stat, "Period", (double)query->period_s);
    cJSON_AddStringToObject(stat, "Stat", query->stat);
    cJSON_AddItemToArray(array, entry);
}

void cloudwatch_query_begin(struct cloudwatch_query *query, int64_t from_s, int64_t to_s,
                            uint32_t first_number, cJSON *array)
{
    query->from_s = from_s;
    query->period_count = (size_t)((to_s - from_s) / query->period_s);
    for (size_t i = 0; i < query->part_count; i++) {
        query->parts[i].state = CLOUDWATCH_FAILED;
        for (size_t k = 0; k < query->period_count; k++)
            query->parts[i].values[k] = NAN;
        add_query(query, &query->parts[i], first_number + (uint32_t)i, array);
    }
}

/* ---- the answer ---- */

void cloudwatch_query_take(struct cloudwatch_query *query, size_t part,
                           const struct cloudwatch_result *result)
{
    int64_t end_s = query->from_s + (int64_t)query->period_count * query->period_s;

    query->parts[part].state = result->state;
    for (size_t i = 0; i < result->count; i++) {
        const struct cloudwatch_point *point = &result->points[i];
        if (point->at_s >= query->from_s && point->at_s < end_s)
            query->parts[part].values[(point->at_s - query->from_s) / query->period_s] = point->value;
    }
}

static void put(const struct cloudwatch_query *query, size_t period, int64_t offset_ms,
                const struct collector_sink *sink)
{
    int64_t begins_s = query->from_s + (int64_t)period * query->period_s;
    int64_t at_ms = begins_s * MS_PER_S + query->period_s * MS_PER_S / 2 + offset_ms;
    double value = query->parts[0].values[period];

    if (isnan(value))
        return;
    if (query->kind == SERIES_GAUGE) {
        sink->gauge(sink->data, at_ms, value);
        return;
    }
    double events = query->parts[1].values[period];
    sink->count(sink->data, at_ms, isnan(events) ? 0 : events, value);
}

bool cloudwatch_query_end(struct cloudwatch_query *query, int64_t offset_ms,
                          const struct collector_sink *sink)
{
    for (size_t i = 0; i < query->part_count; i++)
        if (query->parts[i].state != CLOUDWATCH_COMPLETE) {
            sink->trouble(sink->data, SERIES_ERROR,
                          query->parts[i].state == CLOUDWATCH_PARTIAL
                              ? "CloudWatch answered a part of it only (PartialData)"
                              : "CloudWatch did not answer it (InternalError, Forbidden, or nothing)");
            return false;
        }
    for (size_t period = 0; period < query->period_count; period++)
        put(query, period, offset_ms, sink);
    if (query->period_count == 0 || isnan(query->parts[0].values[query->period_count - 1]))
        sink->trouble(sink->data, SERIES_NO_DATA, "CloudWatch has no value of the latest period");
    return true;
}
