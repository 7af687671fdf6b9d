/* recall.c - steps that were closed in an earlier life of the daemon, back into their window.
 * SPDX-License-Identifier: MIT */
#include "series/window.h"

bool series_recall_begin(struct series *series)
{
    if (series->is_recalling)
        return false;
    series->is_recalling = true;
    series->view.trouble = SERIES_LOADING;
    return true;
}

/* The empty slot of a step, closed by now; NULL: what is newer has its place, or it was measured in this
 * life. */
static struct series_step *room_for(struct series *series, int64_t step)
{
    struct series_view *view = &series->view;

    if (!series_ring_has_room(view, step))
        return NULL;
    struct series_step *slot = series_ring_slot(view, series->ring, step);
    *slot = (struct series_step){0};
    if (series->first_open <= step)
        series->first_open = step + 1;
    return slot;
}

static void recall_buckets(struct series *series, const struct series_recalled *recalled)
{
    struct series_view *view = &series->view;

    if (view->bucket_count == 0)
        window_set_bounds(series, recalled->bounds, recalled->bucket_count);
    if (!window_has_bounds(series, recalled->bounds, recalled->bucket_count))
        return;
    struct series_step *slot = room_for(series, recalled->step);
    if (slot == NULL)
        return;
    float *buckets = &series->buckets[(size_t)(slot - series->ring) * view->bucket_count];
    for (size_t i = 0; i < recalled->bucket_count; i++) {
        buckets[i] = (float)recalled->counts[i];
        slot->total += recalled->counts[i];
    }
}

void series_recall(struct series *series, const struct series_recalled *recalled)
{
    if (series->view.kind == SERIES_HISTOGRAM) {
        recall_buckets(series, recalled);
        return;
    }
    struct series_step *slot = room_for(series, recalled->step);
    if (slot == NULL)
        return;
    slot->value = recalled->value;
    slot->total = recalled->total;
}

void series_recall_end(struct series *series)
{
    series->is_recalling = false;
    series->view.trouble = series->told;
    window_tell_readers(series);
}
