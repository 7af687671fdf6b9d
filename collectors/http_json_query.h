/* http_json_query.h - one metric of a JSON API: what to ask in one poll, and where its numbers are in the
 * answer.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_HTTP_JSON_QUERY_H
#define COLLECTORS_HTTP_JSON_QUERY_H

#include "collectors/collector.h"
#include "io/http_client.h"

enum {
    HTTP_JSON_ANSWER_MAX = 1024 * 1024, /* bytes, after decoding */
    HTTP_JSON_REFUSALS_MAX = 8,
    HTTP_JSON_TEXT_MAX = 8192 /* bytes of an address or body, filled in */
};

enum http_json_option {
    HTTP_JSON_URL,
    HTTP_JSON_METHOD,
    HTTP_JSON_BODY,
    HTTP_JSON_VALUE,
    HTTP_JSON_EVENTS,
    HTTP_JSON_TOTAL,
    HTTP_JSON_TIME,
    HTTP_JSON_COUNTS,
    HTTP_JSON_SPAN,
    HTTP_JSON_DELAY,
    HTTP_JSON_ABSENT,
    HTTP_JSON_REFUSE,
    HTTP_JSON_OPTION_COUNT
};

extern const struct option http_json_options[HTTP_JSON_OPTION_COUNT];

struct http_json_query;

/* As collector_type.check_metric. */
MUST_CHECK bool http_json_query_check(enum series_kind kind, int64_t every_ms,
                                      const struct option_value *options, const char **ret_option,
                                      struct err *err);

/* `options` in the order above. ERR_INVALID: as http_json_query_check says, or a histogram. */
MUST_CHECK bool http_json_query_new(enum series_kind kind, int64_t every_ms,
                                    const struct option_value *options, struct http_json_query **ret_query,
                                    struct err *err);
void http_json_query_free(struct http_json_query *query);

/* Its url, body or `time` are of moments, by the clock of whom it asks. */
bool http_json_query_is_timed(const struct http_json_query *query);
int64_t http_json_query_delay_ms(const struct http_json_query *query);

/* Fills in what to ask for the moment `wall_ms` (since 1970), which is `at_ms` on the engine's clock:
 * address, method and body of the request, which belong to the query until it asks again. False: longer than
 * HTTP_JSON_TEXT_MAX. */
MUST_CHECK bool http_json_query_ask(struct http_json_query *query, int64_t wall_ms, int64_t at_ms,
                                    struct http_request *request, struct err *err);

/* Puts what the answer has: a value, no value (a counter's first reading; one of a time that was put before),
 * or a trouble. `ret_err`: why, of SERIES_ERROR. False: the source answered badly. */
MUST_CHECK bool http_json_query_take(struct http_json_query *query, const struct http_answer *answer,
                                     const struct collector_sink *sink, struct err *err);

#endif
