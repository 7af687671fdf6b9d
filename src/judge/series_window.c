/* series_window.c - one walk from the newest step back, and what is made of it.
 * SPDX-License-Identifier: MIT */
#include "judge/series_window.h"

#include <assert.h>

static const enum reason reason_of_trouble[] = {
    [SERIES_FINE] = REASON_DECIDED,        [SERIES_LOADING] = REASON_LOADING,
    [SERIES_ERROR] = REASON_SOURCE_ERROR,  [SERIES_NO_DATA] = REASON_NO_DATA,
    [SERIES_AMBIGUOUS] = REASON_AMBIGUOUS, [SERIES_NOT_FINITE] = REASON_NOT_FINITE,
};

/* Walks the slots backwards with their index, because a division per step is what would cost most. */
struct cursor {
    const struct series_view *view;
    int64_t step;
    int64_t oldest;
    uint32_t slot;
};

static struct cursor start(const struct series_window *window)
{
    return (struct cursor){.view = window->view,
                           .step = window->newest,
                           .oldest = window->oldest,
                           .slot = (uint32_t)((uint64_t)window->newest % window->view->capacity)};
}

/* The next older step that is held, or NULL at the end. */
static const struct series_step *next_held(struct cursor *cursor)
{
    while (cursor->step >= cursor->oldest) {
        const struct series_step *slot = &cursor->view->ring[cursor->slot];

        cursor->step--;
        cursor->slot = (cursor->slot == 0 ? cursor->view->capacity : cursor->slot) - 1;
        if (!series_is_gap(slot))
            return slot;
    }
    return NULL;
}

enum reason series_freshness(const struct series_view *view, int64_t age_max_ms, int64_t now_ms)
{
    if (view == NULL)
        return REASON_NO_DATA;
    if (view->trouble != SERIES_FINE)
        return reason_of_trouble[view->trouble];
    if (view->newest_step == SERIES_NEVER)
        return REASON_NO_DATA;
    return now_ms - series_end_ms(view) > age_max_ms ? REASON_STALE : REASON_DECIDED;
}

struct series_window series_window_open(const struct series_view *view, int64_t from_ms, int64_t span_ms)
{
    struct series_window window = {.view = view, .newest = view->newest_step};
    int64_t oldest_kept = series_oldest_kept(view);

    assert(view->capacity > 0 && view->step_ms > 0);
    if (view->newest_step == SERIES_NEVER)
        return (struct series_window){.view = view, .oldest = 0, .newest = -1};
    window.oldest = series_first_from(from_ms, view->step_ms);
    if (window.oldest < oldest_kept)
        window.oldest = oldest_kept;
    int64_t reach = (span_ms - 1) / view->step_ms; /* steps beside the newest */
    if (window.oldest < window.newest - reach)
        window.oldest = window.newest - reach;
    return window;
}

struct series_sum series_window_sum(const struct series_window *window, double enough)
{
    const struct series_view *view = window->view;
    struct series_sum sum = {.oldest = window->newest + 1, .is_finite = true};
    struct cursor cursor = start(window);
    const struct series_step *held = next_held(&cursor);

    for (; held != NULL; held = next_held(&cursor)) {
        sum.oldest = cursor.step + 1;
        if (!series_is_usable(view, held)) {
            sum.is_finite = false;
            continue;
        }
        sum.value += held->value;
        sum.total += held->total;
        sum.amount += view->kind == SERIES_GAUGE ? 1 : held->total;
        if (sum.amount > 0 && sum.amount >= enough)
            break;
    }
    return sum;
}

struct series_extremes series_window_extremes(const struct series_window *window)
{
    const struct series_view *view = window->view;
    struct series_extremes extremes = {.least = NAN, .most = NAN};
    struct cursor cursor = start(window);
    const struct series_step *held = next_held(&cursor);

    for (; held != NULL; held = next_held(&cursor)) {
        double number = view->kind == SERIES_GAUGE ? held->value : held->value / held->total;

        if (view->kind == SERIES_GAUGE || held->total > 0) {
            extremes.least = fmin(extremes.least, number);
            extremes.most = fmax(extremes.most, number);
        }
    }
    return extremes;
}

double series_window_buckets(const struct series_window *window, double counts[SERIES_BUCKETS_MAX])
{
    const struct series_view *view = window->view;
    struct cursor cursor = start(window);
    const struct series_step *held = next_held(&cursor);
    double sum = 0;

    for (; held != NULL; held = next_held(&cursor)) {
        const float *buckets = &view->buckets[(size_t)(held - view->ring) * view->bucket_count];

        for (uint32_t bucket = 0; bucket < view->bucket_count; bucket++)
            counts[bucket] += (double)buckets[bucket];
    }
    for (uint32_t bucket = 0; bucket < view->bucket_count; bucket++)
        sum += counts[bucket] >= 0 ? counts[bucket] : NAN;
    return sum;
}

double series_step_above(const struct series_view *view, const struct series_step *step, uint32_t bucket)
{
    const float *buckets = &view->buckets[(size_t)(step - view->ring) * view->bucket_count];
    double sum = 0;

    for (uint32_t at = bucket + 1; at < view->bucket_count; at++)
        sum += (double)buckets[at];
    return sum;
}

double series_window_quantile(const struct series_window *window, double quantile)
{
    const struct series_view *view = window->view;
    double counts[SERIES_BUCKETS_MAX] = {0};

    assert(view->bucket_count >= 2 && view->bucket_count <= SERIES_BUCKETS_MAX);
    double sum = series_window_buckets(window, counts);
    double left = sum * quantile; /* rank, less what the buckets below hold */
    uint32_t bucket = 0;
    uint32_t last = view->bucket_count - 1;

    if (!(isfinite(sum) && sum > 0))
        return NAN;
    while (counts[last] <= 0) /* so that a rounded rank cannot run past the highest observation */
        last--;
    while (bucket < last && (counts[bucket] <= 0 || counts[bucket] < left))
        left -= counts[bucket++];
    double lower = bucket == 0 ? fmin(0, view->bounds[0]) : view->bounds[bucket - 1];
    if (bucket == view->bucket_count - 1)
        return lower;
    return lower + (view->bounds[bucket] - lower) * fmin(1, left / counts[bucket]);
}
