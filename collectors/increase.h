/* increase.h - what raw cumulative counters rose by since the last poll, series by series.
 * SPDX-License-Identifier: MIT
 *
 * A watch asks a query once per poll and gives each series' reading here. A series that is new counts from 0
 * where the watch says that it was born since the last poll (its service was being measured then), else its
 * first reading is only remembered. A reading below the last one is a restart: the counter began at 0 again.
 * A series that is away for some polls keeps its last reading. */
#ifndef COLLECTORS_INCREASE_H
#define COLLECTORS_INCREASE_H

#include "base/attributes.h"
#include "judge/series_view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INCREASE_SERIES_MAX = 4096 /* of one query; with more, the longest absent is forgotten */ };

struct increase; /* the last readings of one query */

struct increase *increase_new(void);
void increase_free(struct increase *increase); /* NULL is fine */

/* A poll that was answered begins. */
void increase_begin(struct increase *increase, bool is_birth_counted);

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
