/* cloudwatch_query.h - what one metric asks CloudWatch, and what is made of the points that come.
 * SPDX-License-Identifier: MIT
 *
 * A point belongs to a period of CloudWatch's and is put at the middle of it. The latest period that is asked
 * for decides whether there is data: without a point in it a gauge has none, and so has a count whose total
 * has none; events without a point beside a total are 0, as counters that never rose are not reported. */
#ifndef COLLECTORS_CLOUDWATCH_QUERY_H
#define COLLECTORS_CLOUDWATCH_QUERY_H

#include "collectors/cloudwatch_answer.h"
#include "collectors/collector.h"

struct cJSON;

/* Options of a metric. */
enum cloudwatch_query_option {
    CLOUDWATCH_METRIC,
    CLOUDWATCH_EVENTS,
    CLOUDWATCH_TOTAL,
    CLOUDWATCH_STAT,
    CLOUDWATCH_DIMENSIONS,
    CLOUDWATCH_PERIOD,
    CLOUDWATCH_DELAY,
    CLOUDWATCH_QUERY_OPTION_COUNT
};

enum {
    CLOUDWATCH_PARTS_MAX = 2,
    CLOUDWATCH_PERIODS_MAX = 120, /* so far back it is asked for at most: what is older is left out */
    CLOUDWATCH_DIMENSIONS_MAX = 30
};

extern const struct option cloudwatch_query_options[CLOUDWATCH_QUERY_OPTION_COUNT];

struct cloudwatch_query;

/* Of struct collector_type. */
MUST_CHECK bool cloudwatch_query_check(enum series_kind kind, int64_t every_ms,
                                       const struct option_value *options, const char **ret_option,
                                       struct err *err);

/* ERR_INVALID. Options are copied. */
MUST_CHECK bool cloudwatch_query_new(enum series_kind kind, int64_t every_ms,
                                     const struct option_value *options, struct cloudwatch_query **ret_query,
                                     struct err *err);
void cloudwatch_query_free(struct cloudwatch_query *query);

size_t cloudwatch_query_parts(const struct cloudwatch_query *query); /* 1 or 2 */
int64_t cloudwatch_query_period_s(const struct cloudwatch_query *query);
int64_t cloudwatch_query_delay_ms(const struct cloudwatch_query *query);

/* The periods [from_s, to_s) are asked for: multiples of the period, at most CLOUDWATCH_PERIODS_MAX. Adds the
 * parts to `array` as numbers first_number, first_number + 1. */
void cloudwatch_query_begin(struct cloudwatch_query *query, int64_t from_s, int64_t to_s,
                            uint32_t first_number, struct cJSON *array);

/* Points of one part; those of other periods are left out. */
void cloudwatch_query_take(struct cloudwatch_query *query, size_t part,
                           const struct cloudwatch_result *result);

/* Puts what came; `offset_ms`: the engine's clock minus the time since 1970. False: it was not all that was
 * asked for; a trouble was put, and nothing else. */
bool cloudwatch_query_end(struct cloudwatch_query *query, int64_t offset_ms,
                          const struct collector_sink *sink);

#endif
