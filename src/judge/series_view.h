/* series_view.h - how the judge sees a series: a const window of closed and open steps in somebody else's
 * memory. SPDX-License-Identifier: MIT
 *
 * Time is cut into steps of `step_ms` (the resolution): step s covers [s * step_ms, (s + 1) * step_ms) of the
 * engine's clock. A step whose end has passed is closed and never revised. The ring holds step s in slot s %
 * capacity if and only if that slot says so; every other step is a gap. */
#ifndef JUDGE_SERIES_VIEW_H
#define JUDGE_SERIES_VIEW_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERIES_BUCKETS_MAX = 32, COMPARISON_AGAINST_MAX = 4 /* baselines of one comparison */ };

#define SERIES_NEVER INT64_MIN

enum series_kind {
    SERIES_GAUGE,    /* value: the last one of the step */
    SERIES_COUNT,    /* value: events of the step, total: of which many (a rate is value/total) */
    SERIES_HISTOGRAM /* total: observations of the step; buckets: how many fell into each, not cumulative */
};

/* Why a series may have nothing to say although its metric is defined. */
enum series_trouble {
    SERIES_FINE,
    SERIES_LOADING,   /* its past is still being fetched */
    SERIES_ERROR,     /* the source answers with an error or not at all */
    SERIES_NO_DATA,   /* the source answered, and it has nothing under this name */
    SERIES_AMBIGUOUS, /* the source answered with more series than the metric may have */
    SERIES_NOT_FINITE /* the source answered with NaN or an infinity */
};

struct series_step {
    int64_t step; /* number of the step, or SERIES_NEVER */
    double value;
    double total;
};

struct series_view {
    enum series_kind kind;
    enum series_trouble trouble; /* of the newest answer */
    uint32_t step_ms;
    uint32_t capacity; /* slots of the ring, ≥ 2 */
    uint32_t bucket_count;
    int64_t newest_step;            /* newest step held (its slot says so), or SERIES_NEVER */
    const struct series_step *ring; /* [capacity] */
    const double *bounds; /* histogram: upper bounds, ascending, the last one INFINITY; [bucket_count] */
    const float *buckets; /* histogram: [capacity][bucket_count] */
};

/* The series of one metric, by side; NULL where the deployment has no such side. */
struct metric_views {
    const struct series_view *side[3]; /* by enum expression_side */
    const struct series_view
        *ago[COMPARISON_AGAINST_MAX]; /* comparison: by baseline, what its days ago was */
    bool is_same_series; /* candidate and stable ask their source the same: nothing can be compared */
};

/* The slot of a step, or NULL where it is a gap. */
static inline const struct series_step *series_view_at(const struct series_view *view, int64_t step)
{
    const struct series_step *slot = &view->ring[(uint64_t)step % view->capacity];
    return step >= 0 && slot->step == step ? slot : NULL;
}

#endif
