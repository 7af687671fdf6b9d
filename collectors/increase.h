/* increase.h - what raw cumulative counters rose by since the last poll, series by series.
 * SPDX-License-Identifier: MIT
 *
 * A watch asks a query once per poll and gives each series' reading here. A series that is new counts from 0
 * where the watch says that it was born since the last poll (its service was being measured then), else its
 * first reading is only remembered. A reading below the last one is a restart: the counter began at 0 again.
 * A series that is away for some polls keeps its last reading; what rose while the source itself was not
 * observed (for longer than INCREASE_GAP_MAX_MS, or as its watch says) does not count, since it would all
 * fall into one step. */
#ifndef COLLECTORS_INCREASE_H
#define COLLECTORS_INCREASE_H

#include "base/attributes.h"
#include "judge/series_view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    INCREASE_SERIES_MAX = 4096, /* of one query; with more, the longest absent is forgotten */
    INCREASE_GAP_MAX_MS = 5 * 60 * 1000
};

struct increase; /* the last readings of one query */

struct increase *increase_new(void);
void increase_free(struct increase *increase); /* NULL is fine */

/* A poll that was answered begins. */
void increase_begin(struct increase *increase, bool is_birth_counted);

/* The same for a source whose series speak one by one: what was read before `since_ms` was read before a gap,
 * and the next reading behind it is only remembered. */
void increase_begin_since(struct increase *increase, bool is_birth_counted, int64_t now_ms, int64_t since_ms);

/* Was a source that was read last at `read_at_ms` (SERIES_NEVER: it was not) observed until `at_ms`? */
bool increase_is_observed(int64_t read_at_ms, int64_t at_ms);

/* The last reading of a series and when it was taken. False: there is none. */
MUST_CHECK bool increase_last(const struct increase *increase, const char *labels, double *ret_reading,
                              int64_t *ret_at_ms);

/* What the series named `labels` rose by; 0 for a first reading that does not count, for one that is no
 * counter's (negative, not finite), and for the second of that name in one poll. False: more than
 * INCREASE_SERIES_MAX in one poll. */
MUST_CHECK bool increase_take(struct increase *increase, const char *labels, double reading,
                              double *ret_rise);

/* Rises of cumulative buckets (Prometheus' `le`), added up by upper bound. */
struct increase_buckets {
    size_t count;
    double bounds[SERIES_BUCKETS_MAX];
    double counts[SERIES_BUCKETS_MAX];
};

/* False: more than SERIES_BUCKETS_MAX different bounds, or a bound that is NAN. */
MUST_CHECK bool increase_add_bucket(struct increase_buckets *buckets, double bound, double rise);

/* From cumulative to how many fell into each; a bound that fell behind its lower neighbour (readings of
 * different moments) counts 0. False: the last bound is not INFINITY. */
MUST_CHECK bool increase_split_buckets(struct increase_buckets *buckets);

#endif
