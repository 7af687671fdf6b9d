/* command_series.h - what the output of a command means for one metric.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_COMMAND_SERIES_H
#define COLLECTORS_COMMAND_SERIES_H

#include "collectors/collector.h"
#include "collectors/prometheus_query.h"

/* The first are prometheus_query's. */
enum command_option {
    COMMAND_EXEC = QUERY_OPTION_COUNT,
    COMMAND_TIMEOUT,
    COMMAND_DECODER,
    COMMAND_OPTION_COUNT
};

extern const struct option command_options[COMMAND_OPTION_COUNT];

struct command_series;

/* As collector_type.check_metric: what is beyond the table. */
MUST_CHECK bool command_series_check(enum series_kind kind, const struct option_value *options,
                                     const char **ret_option, struct err *err);

MUST_CHECK bool command_series_new(const struct collector_series *what, struct command_series **ret_series,
                                   struct err *err);
void command_series_free(struct command_series *series);

/* What it printed at `now_ms` (the engine's; `wall_ms` since 1970): puts its value, or why there is none. */
void command_series_take(struct command_series *series, const char *output, size_t length, int64_t now_ms,
                         int64_t wall_ms);

/* There is no value. */
void command_series_trouble(struct command_series *series, const char *why);

#endif
