/* http_json_polls.h - a metric of http_json by its options, and polls of it with the answers that a test
 * gives.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_HTTP_JSON_POLLS_H
#define SUPPORT_HTTP_JSON_POLLS_H

#include "base/arena.h"
#include "collectors/http_json_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 60000 };

#define WALL_MS (INT64_C(1700000000) * 1000)

/* What the last answer put. */
struct put {
    char kind; /* 'g', 'c', 't', or 0 */
    enum series_trouble trouble;
    int64_t at_ms;
    double value, events, total;
    char why[ERR_TEXT_MAX];
};

static inline enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    *(struct put *)data = (struct put){.kind = 'g', .at_ms = at_ms, .value = value};
    return SERIES_TAKEN;
}

static inline enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    *(struct put *)data = (struct put){.kind = 'c', .at_ms = at_ms, .events = events, .total = total};
    return SERIES_TAKEN;
}

static inline void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    struct put *put = data;

    *put = (struct put){.kind = 't', .trouble = trouble};
    (void)snprintf(put->why, sizeof(put->why), "%s", why);
}

/* Options as name, text, name, text ..., NULL; `refuse` is one place. */
static inline struct http_json_query *query_of(enum series_kind kind, const char *const *texts,
                                               struct err *err)
{
    struct option_value options[HTTP_JSON_OPTION_COUNT] = {0};
    struct http_json_query *query = NULL;
    static char memory[4 * HTTP_JSON_TEXT_MAX];
    struct arena arena;

    arena_init(&arena, memory, sizeof(memory));
    for (; *texts != NULL; texts += 2) {
        size_t at = option_find(http_json_options, HTTP_JSON_OPTION_COUNT, texts[0]);
        assert_true(at < HTTP_JSON_OPTION_COUNT);
        assert_true(option_parse(&http_json_options[at], texts[1], &arena, &options[at], NULL));
    }
    assert_true(option_complete(http_json_options, HTTP_JSON_OPTION_COUNT, &arena, options, NULL));
    return http_json_query_new(kind, EVERY_MS, options, &query, err) ? query : NULL;
}

static inline struct http_json_query *good(enum series_kind kind, const char *const *texts)
{
    struct err err = {0};
    struct http_json_query *query = query_of(kind, texts, &err);

    if (query == NULL)
        fail_msg("%s", err.text);
    return query;
}

/* A poll of the moment at_ms; the wall's clock runs with the engine's. */
static inline struct put poll_at(struct http_json_query *query, int64_t at_ms, int status, const char *body)
{
    struct put put = {0};
    const struct collector_sink sink = {&put, put_gauge, NULL, put_count, NULL, put_trouble};
    struct http_answer answer = {.status = status, .body = body, .length = strlen(body), .headers = ""};
    struct http_request request = {0};
    struct err err = {0};

    if (status == 0)
        (void)err_set(&answer.err, ERR_UNAVAILABLE, "nobody answers");
    if (!http_json_query_ask(query, WALL_MS + at_ms, at_ms, &request, &err))
        fail_msg("%s", err.text);
    bool is_good = http_json_query_take(query, &answer, &sink, &err);
    assert_true(is_good == (put.kind != 't' || put.trouble == SERIES_NO_DATA));
    return put;
}

#endif
