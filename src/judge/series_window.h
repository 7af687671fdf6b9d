/* series_window.h - reads the newest part of a series: is it fresh, what does it sum up to, its extremes and
 * quantiles. SPDX-License-Identifier: MIT
 *
 * A step is usable when its numbers are finite and, for counts and histograms, not negative. What is not
 * usable is never added; `is_finite` tells that it was met. Look-backs go from new to old and stop as soon as
 * they have enough. */
#ifndef JUDGE_SERIES_WINDOW_H
#define JUDGE_SERIES_WINDOW_H

#include "judge/judgement.h"
#include "judge/series_view.h"

#include <stdbool.h>
#include <stdint.h>

#define SERIES_EVER INT64_MAX /* a span without end, an age that never is too old */

/* Steps oldest..newest of a view, both inclusive; empty where oldest > newest. */
struct series_window {
    const struct series_view *view;
    int64_t oldest;
    int64_t newest;
};

struct series_sum {
    double value;   /* sum of the values or events */
    double total;   /* sum of the totals */
    double amount;  /* what `need` counts: values of a gauge, otherwise total */
    int64_t oldest; /* oldest step read; newest + 1: none was */
    bool is_finite; /* every held step read was usable */
};

struct series_extremes {
    double least, most; /* of the values (counts: of value/total where total > 0); NAN where there are none */
};

static inline int64_t series_step_start_ms(const struct series_view *view, int64_t step)
{
    return step * view->step_ms;
}

/* First number n with n * length_ms >= at_ms, not below 0. */
static inline int64_t series_first_from(int64_t at_ms, int64_t length_ms)
{
    if (at_ms <= 0)
        return 0;
    return (at_ms - 1) / length_ms + 1;
}

/* Oldest step that the ring can still hold; 0 where nothing is held. */
static inline int64_t series_oldest_kept(const struct series_view *view)
{
    if (view->newest_step < (int64_t)view->capacity)
        return 0;
    return view->newest_step - (int64_t)view->capacity + 1;
}

/* End of the newest step, SERIES_NEVER where none is held. */
static inline int64_t series_end_ms(const struct series_view *view)
{
    if (view->newest_step == SERIES_NEVER)
        return SERIES_NEVER;
    return series_step_start_ms(view, view->newest_step + 1);
}

static inline bool series_is_usable(const struct series_view *view, const struct series_step *step)
{
    if (view->kind == SERIES_GAUGE)
        return isfinite(step->value);
    if (view->kind == SERIES_HISTOGRAM)
        return isfinite(step->total) && step->total >= 0;
    return isfinite(step->value + step->total) && step->value >= 0 && step->total >= 0;
}

/* REASON_DECIDED when the newest answer is fine and its newest step ended at most age_max_ms ago; else why
 * not. NULL: NO_DATA. */
enum reason series_freshness(const struct series_view *view, int64_t age_max_ms, int64_t now_ms);

/* The newest span_ms / step_ms steps (at least one) that start at or after from_ms and are in the ring. */
struct series_window series_window_open(const struct series_view *view, int64_t from_ms, int64_t span_ms);

/* Adds from the newest step back until amount is more than 0 and at least `enough` (INFINITY: all). */
struct series_sum series_window_sum(const struct series_window *window, double enough);

/* Adds what a histogram observed in each bucket; returns the sum of all, NAN where one is not a count. */
double series_window_buckets(const struct series_window *window, double counts[SERIES_BUCKETS_MAX]);

/* Observations of a histogram's step in buckets behind number `bucket`: above its upper bound. */
double series_step_above(const struct series_view *view, const struct series_step *step, uint32_t bucket);

/* Not for histograms. */
struct series_extremes series_window_extremes(const struct series_window *window);

/* Of a histogram, linear inside a bucket; the lowest bucket begins at 0 unless its bound is negative; in the
 * last bucket (up to infinity) its lower bound. NAN where nothing was observed. */
double series_window_quantile(const struct series_window *window, double quantile);

#endif
