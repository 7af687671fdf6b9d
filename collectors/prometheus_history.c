/* prometheus_history.c - ranges asked in pieces, and taken apart into polls.
 * SPDX-License-Identifier: MIT */
#include "collectors/prometheus_history.h"

#include "collectors/access.h"
#include "collectors/prometheus.h"
#include "collectors/prometheus_query.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECE_INSTANTS = 600, /* of one request: Prometheus answers 11 000 at most, and we read so many bytes */
    PARTS_MAX = 2
};

struct prometheus_history {
    char *url;
    int64_t timeout_ms;
    struct access access;
};

bool prometheus_history_open(const char *name, const struct option_value *options,
                             struct prometheus_history **ret_history, struct err *err)
{
    struct prometheus_history *history = memory_take(sizeof(*history));

    history->url = prometheus_query_range_url(options[PROMETHEUS_URL].text);
    history->timeout_ms = options[PROMETHEUS_TIMEOUT].duration_ms;
    if (!access_open(&history->access, NULL, &options[PROMETHEUS_ACCESS], err)) {
        prometheus_history_close(history);
        return err_wrap(err, "prometheus %s", name);
    }
    access_add_header(&history->access, "Content-Type", "application/x-www-form-urlencoded");
    *ret_history = history;
    return true;
}

void prometheus_history_close(struct prometheus_history *history)
{
    if (history == NULL)
        return;
    access_close(&history->access);
    free(history->url);
    free(history);
}

static bool ask(struct prometheus_history *history, const char *text, int64_t from_ms, int64_t to_ms,
                int64_t step_ms, struct prometheus_matrix *ret_matrix, struct err *err)
{
    char *body = prometheus_query_range_form(text, from_ms, to_ms, step_ms, history->timeout_ms);
    struct http_request request = {.method = "POST",
                                   .url = history->url,
                                   .body = body,
                                   .body_length = strlen(body),
                                   .timeout_ms = history->timeout_ms,
                                   .answer_max = PROMETHEUS_RANGE_MAX};
    struct http_answer answer;

    access_apply(&history->access, &request);
    bool is_good = http_perform(&request, &answer, err);
    if (is_good) {
        is_good = prometheus_read_range(&answer, ret_matrix, err);
        http_answer_done(&answer);
    }
    free(body);
    return is_good;
}

/* One poll of the past: each question is answered out of its range, where the poll comes to it. */
static void poll(struct prometheus_query *query, const char *const *texts,
                 const struct prometheus_matrix *matrices, int64_t at_ms, const struct collector_sink *sink)
{
    const char *text = NULL;

    prometheus_query_begin(query);
    while ((text = prometheus_query_text(query)) != NULL) {
        size_t part = text == texts[0] ? 0 : 1;
        struct prometheus_vector vector;
        prometheus_matrix_at(&matrices[part], at_ms, &vector);
        prometheus_query_give(query, &vector);
    }
    prometheus_query_end(query, at_ms, sink);
}

/* Every text that a poll may ask for, by walking one through whose answers are never empty. */
static size_t find_texts(struct prometheus_query *query, const char *texts[PARTS_MAX])
{
    size_t count = 0;

    prometheus_query_begin(query);
    while (count < PARTS_MAX && (texts[count] = prometheus_query_text(query)) != NULL) {
        struct prometheus_vector one = {.count = 1, .samples = memory_take(sizeof(struct prometheus_sample))};
        prometheus_query_give(query, &one);
        count++;
    }
    prometheus_query_begin(query);
    return count;
}

static bool read_piece(struct prometheus_history *history, struct prometheus_query *query,
                       const struct collector_series *series, int64_t from_ms, int64_t to_ms, struct err *err)
{
    struct prometheus_matrix matrices[PARTS_MAX] = {0};
    const char *texts[PARTS_MAX] = {0};
    size_t count = find_texts(query, texts);
    bool is_good = true;

    for (size_t i = 0; i < count && is_good; i++)
        is_good = ask(history, texts[i], from_ms, to_ms, series->every_ms, &matrices[i], err);
    for (int64_t at_ms = from_ms; is_good && at_ms <= to_ms; at_ms += series->every_ms)
        poll(query, texts, matrices, at_ms, &series->sink);
    for (size_t i = 0; i < PARTS_MAX; i++)
        prometheus_matrix_done(&matrices[i]);
    return is_good;
}

bool prometheus_history_read(struct prometheus_history *history, const struct collector_series *series,
                             int64_t from_ms, int64_t to_ms, struct err *err)
{
    struct prometheus_query *query = NULL;
    int64_t every_ms = series->every_ms;
    int64_t piece_ms = every_ms * (PIECE_INSTANTS - 1);
    bool is_good = true;

    if (!prometheus_query_new(series->kind, series->options, &query, err))
        return err_wrap(err, "metric %s", series->metric);
    /* One instant before: what a counter rose by in the first interval is counted from there. */
    int64_t last_ms = to_ms - to_ms % every_ms;
    for (int64_t at_ms = from_ms - from_ms % every_ms; at_ms <= last_ms && is_good;
         at_ms += piece_ms + every_ms) {
        int64_t end_ms = at_ms + piece_ms < last_ms ? at_ms + piece_ms : last_ms;
        is_good = read_piece(history, query, series, at_ms, end_ms, err);
    }
    prometheus_query_free(query);
    return is_good || err_wrap(err, "metric %s", series->metric);
}
