/* http_json_query.c - options of a metric, its questions with their times, and what answers put.
 * SPDX-License-Identifier: MIT */
#include "collectors/http_json_query.h"

#include "base/text.h"
#include "collectors/answer_status.h"
#include "collectors/http_json_place.h"
#include "collectors/increase.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AHEAD_MAX_MS = 60 * 1000, /* the other side's clock */
    SAID_MAX = 120,
    MS_PER_S = 1000
};

enum method { METHOD_GET, METHOD_POST };
enum counts { COUNTS_RAW, COUNTS_SPAN };
enum absent { ABSENT_ERROR, ABSENT_NO_DATA };

static const char *const methods[] = {[METHOD_GET] = "GET", [METHOD_POST] = "POST", NULL};
static const char *const counts[] = {[COUNTS_RAW] = "raw", [COUNTS_SPAN] = "span", NULL};
static const char *const absents[] = {[ABSENT_ERROR] = "error", [ABSENT_NO_DATA] = "no_data", NULL};

static const struct json_limits limits = {
    .size_max = HTTP_JSON_ANSWER_MAX, .depth_max = 32, .keys_max = 65536, .allows_rounding = true};

const struct option http_json_options[HTTP_JSON_OPTION_COUNT] = {
    [HTTP_JSON_URL] = {.name = "url",
                       .type = OPTION_TEXT,
                       .is_required = true,
                       .help =
                           "Address to ask; templates allowed, and $(from), $(to), $(from_ms), $(to_ms): the "
                           "span that is asked for, since 1970"},
    [HTTP_JSON_METHOD] = {.name = "method",
                          .type = OPTION_CHOICE,
                          .choices = methods,
                          .help = "GET, or POST; POST where there is a body"},
    [HTTP_JSON_BODY] = {.name = "body",
                        .type = OPTION_TEXT,
                        .help = "JSON to send; templates allowed, and the times of url"},
    [HTTP_JSON_VALUE] = {.name = "value",
                         .type = OPTION_TEXT,
                         .help = "Place of a gauge in the answer, like \".series[0].points[-1][1]\""},
    [HTTP_JSON_EVENTS] = {.name = "events",
                          .type = OPTION_TEXT,
                          .help = "Place of the counter of what is counted against the total"},
    [HTTP_JSON_TOTAL] = {.name = "total", .type = OPTION_TEXT, .help = "Place of the counter of everything"},
    [HTTP_JSON_TIME] = {.name = "time",
                        .type = OPTION_TEXT,
                        .help = "Place of the value's own time; the same time again is the same value"},
    [HTTP_JSON_COUNTS] = {.name = "counts",
                          .type = OPTION_CHOICE,
                          .choices = counts,
                          .fallback = "raw",
                          .help =
                              "Of counters: raw, that only rise; or span, what happened in the span that is "
                              "asked for"},
    [HTTP_JSON_SPAN] = {.name = "span",
                        .type = OPTION_DURATION,
                        .min = 1000,
                        .max = 86400000,
                        .help = "From $(from) to $(to); default: every"},
    [HTTP_JSON_DELAY] = {.name = "delay",
                         .type = OPTION_DURATION,
                         .min = 0,
                         .max = 86400000,
                         .fallback = "0s",
                         .help = "How far behind the present to ask: until then the API knows all"},
    [HTTP_JSON_ABSENT] = {.name = "absent",
                          .type = OPTION_CHOICE,
                          .choices = absents,
                          .fallback = "error",
                          .help = "What it is where the answer has no such place: error, or no_data"},
    [HTTP_JSON_REFUSE] = {.name = "refuse",
                          .type = OPTION_LIST,
                          .max = HTTP_JSON_REFUSALS_MAX,
                          .help =
                              "Places where a good answer has nothing, like \".error\" or \".timed_out\""},
};

struct http_json_query {
    enum series_kind kind;
    char *url, *body;
    enum method method;
    char *value, *events, *total, *time; /* places */
    char *refusals[HTTP_JSON_REFUSALS_MAX];
    size_t refusal_count;
    bool is_span;           /* counts are those of the span */
    bool is_absent_no_data; /* a place that is not there is one */
    int64_t span_ms, delay_ms;
    int64_t wall_ms, at_ms; /* the moment that was asked for, on both clocks */
    int64_t time_ms;        /* of the value that was put last; -1: none */
    int64_t read_at_ms;     /* raw counters were read last, or SERIES_NEVER */
    bool is_troubled;
    struct increase *event_rises, *total_rises;
    char url_filled[HTTP_JSON_TEXT_MAX], body_filled[HTTP_JSON_TEXT_MAX];
};

/* ---- times in texts ---- */

static const char *const time_names[] = {"$(from)", "$(to)", "$(from_ms)", "$(to_ms)"};

/* `from` and `to` in ms. False: an unknown $(name), or no room. */
static bool fill_times(const char *text, int64_t from_ms, int64_t to_ms, char *to, size_t size,
                       struct err *err)
{
    const int64_t times[] = {from_ms / MS_PER_S, to_ms / MS_PER_S, from_ms, to_ms};
    struct text filled;

    text_init(&filled, to, size);
    for (const char *at = strstr(text, "$("); at != NULL; at = strstr(text, "$(")) {
        size_t which = 0;
        while (which < ARRAY_LENGTH(time_names) &&
               strncmp(at, time_names[which], strlen(time_names[which])) != 0)
            which++;
        if (which == ARRAY_LENGTH(time_names))
            return err_set(err, ERR_INVALID,
                           "'%.12s': only $(from), $(to), $(from_ms) and $(to_ms) are known", at);
        text_add_bytes(&filled, text, (size_t)(at - text));
        text_add(&filled, "%" PRId64, times[which]);
        text = at + strlen(time_names[which]);
    }
    text_add(&filled, "%s", text);
    return !filled.is_cut || err_set(err, ERR_LIMIT, "longer than %zu bytes when it is filled in", size - 1);
}

/* ---- options ---- */

static bool check_text(const char *text, struct err *err)
{
    char filled[HTTP_JSON_TEXT_MAX];

    return text == NULL || fill_times(text, 0, 0, filled, sizeof(filled), err);
}

static bool check_url(const char *url, struct err *err)
{
    if (!text_is_web_url(url) && strncmp(url, "{{", 2) != 0)
        return err_set(err, ERR_INVALID, "'%.80s' does not begin with http:// or https://", url);
    return check_text(url, err);
}

static bool check_places(const struct option_value *options, const char **ret_option, struct err *err)
{
    static const enum http_json_option places[] = {HTTP_JSON_VALUE, HTTP_JSON_EVENTS, HTTP_JSON_TOTAL,
                                                   HTTP_JSON_TIME};
    const struct option_value *refuse = &options[HTTP_JSON_REFUSE];

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        *ret_option = http_json_options[places[i]].name;
        const char *text = options[places[i]].text;
        if (text != NULL && strstr(text, "{{") == NULL && !json_path_check(text, err))
            return false;
    }
    *ret_option = http_json_options[HTTP_JSON_REFUSE].name;
    for (size_t i = 0; i < refuse->list_length; i++)
        if (strstr(refuse->list[i], "{{") == NULL && !json_path_check(refuse->list[i], err))
            return false;
    return true;
}

/* Where counts are those of a span, each thing is in one span. */
static bool check_span(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                       struct err *err)
{
    const struct option_value *span = &options[HTTP_JSON_SPAN];

    if (kind != SERIES_COUNT || options[HTTP_JSON_COUNTS].choice != COUNTS_SPAN || !span->is_set)
        return true;
    return span->duration_ms == every_ms ||
           err_set(err, ERR_INVALID,
                   "span is not every: with counts = \"span\" things would be counted twice, or never");
}

static bool check_value(enum series_kind kind, const struct option_value *options, struct err *err)
{
    bool is_set = options[HTTP_JSON_VALUE].text != NULL;

    if (kind == SERIES_GAUGE && !is_set)
        return err_set(err, ERR_INVALID, "value is missing: where a gauge is in the answer");
    return kind == SERIES_GAUGE || !is_set || err_set(err, ERR_INVALID, "value is of gauges");
}

bool http_json_query_check(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                           const char **ret_option, struct err *err)
{
    *ret_option = http_json_options[HTTP_JSON_URL].name;
    if (!check_url(options[HTTP_JSON_URL].text, err))
        return err_wrap(err, "url");
    *ret_option = http_json_options[HTTP_JSON_BODY].name;
    if (!check_text(options[HTTP_JSON_BODY].text, err))
        return err_wrap(err, "body");
    *ret_option = http_json_options[HTTP_JSON_SPAN].name;
    if (!check_span(kind, every_ms, options, err))
        return false;
    *ret_option = http_json_options[HTTP_JSON_VALUE].name;
    return check_value(kind, options, err) && check_places(options, ret_option, err);
}

static bool check_kind(enum series_kind kind, const struct option_value *options, struct err *err)
{
    if (kind == SERIES_HISTOGRAM)
        return err_set(err, ERR_INVALID, "histograms are not read from JSON");
    return kind == SERIES_GAUGE ||
           (options[HTTP_JSON_EVENTS].text != NULL && options[HTTP_JSON_TOTAL].text != NULL) ||
           err_set(err, ERR_INVALID, "a counter needs events and total");
}

static enum method method_of(const struct option_value *options)
{
    if (options[HTTP_JSON_METHOD].is_set)
        return (enum method)options[HTTP_JSON_METHOD].choice;
    return options[HTTP_JSON_BODY].text != NULL ? METHOD_POST : METHOD_GET;
}

bool http_json_query_new(enum series_kind kind, int64_t every_ms, const struct option_value *options,
                         struct http_json_query **ret_query, struct err *err)
{
    const struct option_value *refuse = &options[HTTP_JSON_REFUSE];
    const char *option = "";

    if (!check_kind(kind, options, err) || !http_json_query_check(kind, every_ms, options, &option, err))
        return false;
    struct http_json_query *query = memory_take(sizeof(*query));
    query->kind = kind;
    query->url = memory_copy_text(options[HTTP_JSON_URL].text);
    query->body = memory_copy_text(options[HTTP_JSON_BODY].text);
    query->method = method_of(options);
    query->value = memory_copy_text(options[HTTP_JSON_VALUE].text);
    query->events = memory_copy_text(options[HTTP_JSON_EVENTS].text);
    query->total = memory_copy_text(options[HTTP_JSON_TOTAL].text);
    query->time = memory_copy_text(options[HTTP_JSON_TIME].text);
    for (size_t i = 0; i < refuse->list_length && i < HTTP_JSON_REFUSALS_MAX; i++)
        query->refusals[query->refusal_count++] = memory_copy_text(refuse->list[i]);
    query->is_span = options[HTTP_JSON_COUNTS].choice == COUNTS_SPAN;
    query->is_absent_no_data = options[HTTP_JSON_ABSENT].choice == ABSENT_NO_DATA;
    query->span_ms = options[HTTP_JSON_SPAN].is_set ? options[HTTP_JSON_SPAN].duration_ms : every_ms;
    query->delay_ms = options[HTTP_JSON_DELAY].duration_ms;
    query->time_ms = -1;
    query->read_at_ms = SERIES_NEVER;
    query->event_rises = increase_new();
    query->total_rises = increase_new();
    *ret_query = query;
    return true;
}

void http_json_query_free(struct http_json_query *query)
{
    increase_free(query->event_rises);
    increase_free(query->total_rises);
    for (size_t i = 0; i < query->refusal_count; i++)
        free(query->refusals[i]);
    free(query->url);
    free(query->body);
    free(query->value);
    free(query->events);
    free(query->total);
    free(query->time);
    free(query);
}

bool http_json_query_is_timed(const struct http_json_query *query)
{
    return query->time != NULL || strstr(query->url, "$(") != NULL ||
           (query->body != NULL && strstr(query->body, "$(") != NULL);
}

int64_t http_json_query_delay_ms(const struct http_json_query *query)
{
    return query->delay_ms;
}

/* ---- a poll ---- */

bool http_json_query_ask(struct http_json_query *query, int64_t wall_ms, int64_t at_ms,
                         struct http_request *request, struct err *err)
{
    int64_t from_ms = wall_ms - query->span_ms;

    query->wall_ms = wall_ms;
    query->at_ms = at_ms;
    if (!fill_times(query->url, from_ms, wall_ms, query->url_filled, sizeof(query->url_filled), err) ||
        (query->body != NULL &&
         !fill_times(query->body, from_ms, wall_ms, query->body_filled, sizeof(query->body_filled), err)))
        return false;
    request->method = methods[query->method];
    request->url = query->url_filled;
    request->body = query->body != NULL ? query->body_filled : NULL;
    request->body_length = query->body != NULL ? strlen(query->body_filled) : 0;
    return true;
}

static bool check_refusals(const struct http_json_query *query, const cJSON *root, struct err *err)
{
    char said[SAID_MAX] = "something";

    for (size_t i = 0; i < query->refusal_count; i++)
        if (http_json_is_something(root, query->refusals[i])) {
            if (!json_value_text(json_path(root, query->refusals[i]), said, sizeof(said)))
                (void)snprintf(said, sizeof(said), "something");
            return err_set(err, ERR_UNAVAILABLE, "the answer has %s at %.200s, so it is not a good one", said,
                           query->refusals[i]);
        }
    return true;
}

/* Where a value goes. False: it has been put before. */
static bool place_in_time(struct http_json_query *query, const cJSON *root, int64_t *ret_at_ms,
                          bool *ret_is_new, struct err *err)
{
    int64_t time_ms = 0;

    *ret_is_new = true;
    *ret_at_ms = query->kind == SERIES_GAUGE ? query->at_ms : query->at_ms - 1;
    if (query->time == NULL)
        return true;
    if (!http_json_time(root, query->time, &time_ms, err))
        return false;
    if (time_ms > query->wall_ms + query->delay_ms + AHEAD_MAX_MS)
        return err_set(err, ERR_PROTOCOL, "the answer is of the future: %" PRId64 " s ahead",
                       (time_ms - query->wall_ms) / MS_PER_S);
    *ret_is_new = time_ms > query->time_ms;
    *ret_at_ms = query->at_ms - (query->wall_ms - time_ms);
    query->time_ms = *ret_is_new ? time_ms : query->time_ms;
    return true;
}

/* NAN: the API knows of none. False: `err`. */
static bool read_number(const struct http_json_query *query, const cJSON *root, const char *path,
                        double *ret_number, bool *ret_is_there, struct err *err)
{
    struct err why = {0};
    enum http_json_found found = http_json_number(root, path, ret_number, &why);

    *ret_is_there = found == HTTP_JSON_FOUND;
    if (found == HTTP_JSON_FOUND || found == HTTP_JSON_NOTHING ||
        (found == HTTP_JSON_MISSING && query->is_absent_no_data))
        return true;
    return err_set(err, why.code, "%s", why.text);
}

static void put_no_data(struct http_json_query *query, const char *path, const struct collector_sink *sink)
{
    char why[SAID_MAX];

    (void)snprintf(why, sizeof(why), "the answer has nothing at %.90s", path);
    sink->trouble(sink->data, SERIES_NO_DATA, why);
    query->is_troubled = true;
}

static bool take_gauge(struct http_json_query *query, const cJSON *root, const struct collector_sink *sink,
                       struct err *err)
{
    double value = 0;
    bool is_there = false;
    bool is_new = false;
    int64_t at_ms = 0;

    if (!read_number(query, root, query->value, &value, &is_there, err))
        return false;
    if (!is_there) {
        put_no_data(query, query->value, sink);
        return true;
    }
    if (!place_in_time(query, root, &at_ms, &is_new, err))
        return false;
    if (is_new || query->is_troubled) /* the same once more says that all is well again */
        sink->gauge(sink->data, at_ms, value);
    query->is_troubled = false;
    return true;
}

static double rise_of(struct increase *increase, double reading)
{
    double rise = 0;

    increase_begin(increase, false);
    return increase_take(increase, "", reading, &rise) ? rise : 0;
}

static void put_rises(struct http_json_query *query, int64_t at_ms, double events, double total,
                      const struct collector_sink *sink)
{
    bool is_continuous = increase_is_observed(query->read_at_ms, query->at_ms);

    events = rise_of(query->event_rises, events);
    total = rise_of(query->total_rises, total);
    query->read_at_ms = query->at_ms;
    if (is_continuous)
        sink->count(sink->data, at_ms, events, total);
}

static bool take_count(struct http_json_query *query, const cJSON *root, const struct collector_sink *sink,
                       struct err *err)
{
    double events = 0;
    double total = 0;
    bool has_events = false;
    bool has_total = false;
    bool is_new = false;
    int64_t at_ms = 0;

    if (!read_number(query, root, query->total, &total, &has_total, err) ||
        !read_number(query, root, query->events, &events, &has_events, err))
        return false;
    if (!has_total) {
        put_no_data(query, query->total, sink);
        return true;
    }
    events = has_events ? events : 0; /* beside a total */
    if (events < 0 || total < 0)
        return err_set(err, ERR_PROTOCOL, "a counter in the answer is less than 0");
    if (!place_in_time(query, root, &at_ms, &is_new, err))
        return false;
    query->is_troubled = false;
    if (is_new && query->is_span)
        sink->count(sink->data, at_ms, events, total);
    else if (is_new)
        put_rises(query, at_ms, events, total, sink);
    return true;
}

static bool take_answer(struct http_json_query *query, const struct http_answer *answer,
                        const struct collector_sink *sink, struct err *err)
{
    CLEANUP(json_free_at) cJSON *root = NULL;
    struct err why = {0};

    if (!answer_status_check(answer, err))
        return false;
    if (!json_parse(answer->body, answer->length, &limits, &root, &why))
        return err_set(err, ERR_PROTOCOL, "answered with something that is no JSON (%.200s)", why.text);
    if (!check_refusals(query, root, err))
        return false;
    return query->kind == SERIES_GAUGE ? take_gauge(query, root, sink, err)
                                       : take_count(query, root, sink, err);
}

bool http_json_query_take(struct http_json_query *query, const struct http_answer *answer,
                          const struct collector_sink *sink, struct err *err)
{
    if (take_answer(query, answer, sink, err))
        return true;
    sink->trouble(sink->data, SERIES_ERROR, err->text);
    query->is_troubled = true;
    return false;
}
