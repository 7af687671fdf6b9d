/* prometheus_query.h - one metric at a Prometheus server: what to ask in one poll, and what the answers say.
 * SPDX-License-Identifier: MIT
 *
 * A poll: begin; while there is a text, ask it and take its answer; end. All texts of a poll are asked for
 * the same instant. A poll that fails on the way is simply begun again: the counters' rises are taken in only
 * at the end. */
#ifndef COLLECTORS_PROMETHEUS_QUERY_H
#define COLLECTORS_PROMETHEUS_QUERY_H

#include "collectors/collector.h"
#include "collectors/prometheus_answer.h"

enum prometheus_query_option {
    QUERY_VALUE,
    QUERY_EVENTS,
    QUERY_TOTAL,
    QUERY_BUCKETS,
    QUERY_COMBINE,
    QUERY_OPTION_COUNT
};

struct prometheus_query;

/* `options` in the order above. ERR_INVALID: a text that this kind needs is missing, a rate() or increase()
 * where the raw counter belongs, or combine of what is no gauge. */
MUST_CHECK bool prometheus_query_new(enum series_kind kind, const struct option_value *options,
                                     struct prometheus_query **ret_query, struct err *err);
void prometheus_query_free(struct prometheus_query *query);

void prometheus_query_begin(struct prometheus_query *query);
/* What to ask next; NULL: nothing more. */
const char *prometheus_query_text(const struct prometheus_query *query);
/* False: the poll has failed. */
MUST_CHECK bool prometheus_query_take(struct prometheus_query *query, const struct http_answer *answer,
                                      struct err *err);
/* The same of an answer that was read before; the vector is taken over. */
void prometheus_query_give(struct prometheus_query *query, const struct prometheus_vector *vector);
/* The same, but it stays the caller's: it has to be there until the end. */
void prometheus_query_lend(struct prometheus_query *query, const struct prometheus_vector *vector);
/* Puts what the poll has told: a value, no value (a counter's first reading), or a trouble. */
void prometheus_query_end(struct prometheus_query *query, int64_t at_ms, const struct collector_sink *sink);

/* The body of a query as of `time_ms` since 1970; free(). */
char *prometheus_query_form(const char *text, int64_t time_ms, int64_t timeout_ms);

/* The same for the instants from_ms, from_ms + step_ms ... to_ms; free(). */
char *prometheus_query_range_form(const char *text, int64_t from_ms, int64_t to_ms, int64_t step_ms,
                                  int64_t timeout_ms);

/* The address to post it to; free(). */
char *prometheus_query_url(const char *url);
char *prometheus_query_range_url(const char *url);

#endif
