/* otlp_series.h - what points mean for one metric: its options, and values out of requests.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_OTLP_SERIES_H
#define COLLECTORS_OTLP_SERIES_H

#include "collectors/collector.h"
#include "collectors/otlp_request.h"
#include "collectors/selector_index.h"

enum otlp_metric_option {
    OTLP_QUERY,
    OTLP_EVENTS,
    OTLP_TOTAL,
    OTLP_BUCKETS,
    OTLP_COMBINE,
    OTLP_METRIC_OPTION_COUNT
};

extern const struct option otlp_metric_options[OTLP_METRIC_OPTION_COUNT];

struct otlp_series;

/* As collector_type.check_metric: what is beyond the table. */
MUST_CHECK bool otlp_series_check(const struct option_value *options, const char **ret_option,
                                  struct err *err);

/* `now_ms` is the engine's, `wall_ms` since 1970: when listening begins. */
MUST_CHECK bool otlp_series_new(const struct collector_series *series, int64_t now_ms, int64_t wall_ms,
                                struct otlp_series **ret_series, struct err *err);
void otlp_series_free(struct otlp_series *series);

/* Its selectors, for `owner`, who gives it the points that they may fit. */
enum { OTLP_PARTS_MAX = 2 };
void otlp_series_index(struct otlp_series *series, struct selector_index *index, void *owner);

/* A request: its points one by one, then what they come to is put. */
void otlp_series_begin(struct otlp_series *series, int64_t now_ms, int64_t wall_ms);

/* False: the point is one of this metric's, and none that it can use. */
MUST_CHECK bool otlp_series_take(struct otlp_series *series, const struct otlp_point *point, struct err *err);
void otlp_series_end(struct otlp_series *series);

/* Steps in which nobody posts have a value as well, and who falls silent leaves (combine): once a second. */
void otlp_series_pass(struct otlp_series *series, int64_t now_ms);

#endif
