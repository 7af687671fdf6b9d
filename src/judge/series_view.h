/* series_view.h - how the judge sees a series: a const window of closed and open steps in somebody else's
 * memory. SPDX-License-Identifier: MIT
 *
 * Time is cut into steps of `step_ms` (the resolution): step s covers [s * step_ms, (s + 1) * step_ms) of the
 * engine's clock. A step whose end has passed is closed and never revised. The ring holds the newest
 * `capacity` steps, step s in slot s % capacity; a slot that nothing was put into is a gap. */
#ifndef JUDGE_SERIES_VIEW_H
#define JUDGE_SERIES_VIEW_H

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERIES_BUCKETS_MAX = 32, COMPARISON_AGAINST_MAX = 4 /* baselines of one comparison */ };

#define SERIES_NEVER INT64_MIN
#define SERIES_GAP   (-INFINITY) /* the total of a step that is not held */

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

/* What becomes of a value that comes for a series. */
enum series_answer {
    SERIES_TAKEN,
    SERIES_LATE,     /* its step is closed */
    SERIES_FUTURE,   /* too far ahead of our clock */
    SERIES_NO_NUMBER /* not finite, or a negative count, or no buckets */
};

struct series_step {
    double value;
    double total; /* SERIES_GAP: nothing is known of this step */
};

struct losses; /* losses.h */

struct series_view {
    enum series_kind kind;
    enum series_trouble trouble; /* of the newest answer */
    uint32_t step_ms;
    uint32_t capacity; /* slots of the ring, ≥ 2 */
    uint32_t bucket_count;
    int64_t newest_step;            /* newest step held, or SERIES_NEVER */
    const struct series_step *ring; /* [capacity] */
    const double *bounds; /* histogram: upper bounds, ascending, the last one INFINITY; [bucket_count] */
    const float *buckets; /* histogram: [capacity][bucket_count] */
    const struct losses *losses; /* NULL: nobody counts them */
};

/* The series of one metric, by side; NULL where the deployment has no such side. */
struct metric_views {
    const struct series_view *side[3]; /* by enum expression_side */
    const struct series_view
        *ago[COMPARISON_AGAINST_MAX]; /* comparison: by baseline, what its days ago was */
    bool is_same_series; /* candidate and stable ask their source the same: nothing can be compared */
};

static inline bool series_is_gap(const struct series_step *step)
{
    return step->total < -DBL_MAX;
}

/* The slot of a step, or NULL where it is a gap. */
static inline const struct series_step *series_view_at(const struct series_view *view, int64_t step)
{
    if (step < 0 || step > view->newest_step || view->newest_step - step >= view->capacity)
        return NULL;
    assert(view->capacity > 0);
    const struct series_step *slot = &view->ring[(uint64_t)step % view->capacity];
    return series_is_gap(slot) ? NULL : slot;
}

/* Who fills a ring: makes it hold nothing. */
static inline void series_ring_clear(struct series_view *view, struct series_step *ring)
{
    for (uint32_t slot = 0; slot < view->capacity; slot++)
        ring[slot] = (struct series_step){.total = SERIES_GAP};
    view->newest_step = SERIES_NEVER;
}

/* Who fills a ring: is the step newer than all, or a gap of those that are kept? The slot of an older one is
 * another step's. */
static inline bool series_ring_has_room(const struct series_view *view, int64_t step)
{
    if (view->newest_step == SERIES_NEVER || step > view->newest_step)
        return step >= 0;
    return step >= 0 && view->newest_step - step < view->capacity && series_view_at(view, step) == NULL;
}

/* Who fills a ring: the slot of a step that is kept or newer than all, to be filled now. Steps that it passes
 * over become gaps. */
static inline struct series_step *series_ring_slot(struct series_view *view, struct series_step *ring,
                                                   int64_t step)
{
    assert(view->capacity > 0);
    if (view->newest_step == SERIES_NEVER)
        view->newest_step = step;
    int64_t passed = view->newest_step + 1;
    if (step - passed > view->capacity)
        passed = step - view->capacity;
    for (; passed < step; passed++)
        ring[(uint64_t)passed % view->capacity].total = SERIES_GAP;
    if (step > view->newest_step)
        view->newest_step = step;
    return &ring[(uint64_t)step % view->capacity];
}

#endif
