/* prometheus_history.h - what a watch would have put in the past: the metric's questions as ranges, and their
 * answers instant by instant through prometheus_query.h, which makes of them what it makes of polls.
 * SPDX-License-Identifier: MIT
 *
 * Blocks; for the CLI. */
#ifndef COLLECTORS_PROMETHEUS_HISTORY_H
#define COLLECTORS_PROMETHEUS_HISTORY_H

#include "collectors/collector.h"

struct prometheus_history; /* one instance of a source */

/* `options` of the instance. */
MUST_CHECK bool prometheus_history_open(const char *name, const struct option_value *options,
                                        struct prometheus_history **ret_history, struct err *err);
void prometheus_history_close(struct prometheus_history *history); /* NULL is fine */

/* Puts values of [from_ms, to_ms) into the series' sink, at times since 1970, in order. The instants are
 * multiples of its interval, as those of a watch. False: the source did not answer all; some values may have
 * been put. */
MUST_CHECK bool prometheus_history_read(struct prometheus_history *history,
                                        const struct collector_series *series, int64_t from_ms, int64_t to_ms,
                                        struct err *err);

#endif
