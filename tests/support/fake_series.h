/* fake_series.h - series and conditions for tests of the judge, filled by hand.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_FAKE_SERIES_H
#define SUPPORT_FAKE_SERIES_H

#include "judge/expression.h"

#include <string.h>

enum { FAKE_CAPACITY = 600, FAKE_BUCKETS = 4 };

static const double fake_bounds[FAKE_BUCKETS] = {0.1, 0.5, 1, INFINITY};

/* A series with a ring of its own; not to be moved after fake_start(). */
struct fake_series {
    struct series_view view;
    struct series_step ring[FAKE_CAPACITY];
    float buckets[FAKE_CAPACITY][FAKE_BUCKETS];
};

static inline void fake_start(struct fake_series *series, enum series_kind kind, uint32_t step_ms,
                              uint32_t capacity)
{
    memset(series, 0, sizeof(*series));
    series->view = (struct series_view){.kind = kind,
                                        .step_ms = step_ms,
                                        .capacity = capacity,
                                        .bucket_count = FAKE_BUCKETS,
                                        .ring = series->ring,
                                        .bounds = fake_bounds,
                                        .buckets = series->buckets[0]};
    series_ring_clear(&series->view, series->ring);
}

/* Holds a step; `value` is of a gauge, or the events. */
static inline void fake_put(struct fake_series *series, int64_t step, double value, double total)
{
    *series_ring_slot(&series->view, series->ring, step) =
        (struct series_step){.value = value, .total = total};
}

/* The same number in each of the steps from..to. */
static inline void fake_fill(struct fake_series *series, int64_t from, int64_t to, double value, double total)
{
    for (int64_t step = from; step <= to; step++)
        fake_put(series, step, value, total);
}

static inline void fake_put_buckets(struct fake_series *series, int64_t step, const float *counts)
{
    double total = 0;

    for (size_t bucket = 0; bucket < FAKE_BUCKETS; bucket++)
        total += (double)counts[bucket];
    memcpy(series->buckets[step % series->view.capacity], counts, FAKE_BUCKETS * sizeof(*counts));
    fake_put(series, step, 0, total);
}

/* Appends a node; returns it for what else it needs. */
static inline struct expression_node *fake_node(struct expression *expression, enum expression_op op)
{
    struct expression_node *node = &expression->nodes[expression->count++];

    *node = (struct expression_node){.op = op};
    return node;
}

static inline void fake_number(struct expression *expression, double number)
{
    fake_node(expression, EXPRESSION_NUMBER)->number = number;
}

/* "metric 0 of the candidate > bound" */
static inline void fake_greater(struct expression *expression, double bound)
{
    (void)fake_node(expression, EXPRESSION_VALUE);
    fake_number(expression, bound);
    (void)fake_node(expression, EXPRESSION_GREATER);
}

#endif
