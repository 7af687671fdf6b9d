/* series.c - one window: steps that open and close, values that hold, troubles, and who is told.
 * SPDX-License-Identifier: MIT */
#include "series/series.h"

#include "io/memory.h"
#include "series/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void window_tell_readers(const struct series *series)
{
    const struct series_events *events = &series->book->events;

    for (size_t i = 0; events->marked != NULL && i < series->reader_count; i++)
        events->marked(events->data, series->readers[i].deployment, series->readers[i].rule);
}

static int64_t row_of(const struct series *series, int64_t step)
{
    return step * series->view.step_ms / series_row_ms(&series->view);
}

static void tell_row(struct series *series)
{
    const struct series_events *events = &series->book->events;

    if (series->untold != SERIES_NEVER && events->closed != NULL)
        events->closed(events->data, series, series->untold);
    series->untold = SERIES_NEVER;
}

/* The rows that end before this step. */
static void tell_rows_before(struct series *series, int64_t step)
{
    if (series->untold != SERIES_NEVER && row_of(series, series->untold) < row_of(series, step))
        tell_row(series);
}

static void close_step(struct series *series, int64_t step)
{
    if (series_view_at(&series->view, step) == NULL)
        return;
    tell_rows_before(series, step);
    series->untold = step;
}

/* Announces what is before `end` and not yet announced. */
static void close_before(struct series *series, int64_t end)
{
    const struct series_view *view = &series->view;
    int64_t oldest_kept = view->newest_step - (int64_t)view->capacity + 1;
    int64_t step = series->first_open < oldest_kept ? oldest_kept : series->first_open;
    int64_t held_end = end > view->newest_step + 1 ? view->newest_step + 1 : end;

    for (; step < held_end; step++)
        close_step(series, step);
    tell_rows_before(series, end);
    if (series->first_open < held_end)
        series->first_open = held_end;
}

void window_close_all(struct series *series)
{
    if (series->view.newest_step != SERIES_NEVER)
        close_before(series, series->view.newest_step + 1);
    tell_row(series);
}

static struct series_step *slot_of(struct series *series, int64_t step)
{
    return &series->ring[(uint64_t)step % series->view.capacity];
}

static float *buckets_of(struct series *series, int64_t step)
{
    return &series->buckets[((uint64_t)step % series->view.capacity) * series->view.bucket_count];
}

/* The slot of a step that may still change, empty where it is new. A new newest step closes those before it.
 */
static struct series_step *open_step(struct series *series, int64_t step)
{
    struct series_view *view = &series->view;

    if (step == view->newest_step)
        return slot_of(series, step);
    if (view->newest_step != SERIES_NEVER)
        close_before(series, step);
    struct series_step *slot = series_ring_slot(view, series->ring, step);
    *slot = (struct series_step){0};
    if (view->bucket_count > 0)
        memset(buckets_of(series, step), 0, view->bucket_count * sizeof(float));
    return slot;
}

/* Repeats the held value in the steps up to `last` that begin while it holds. */
static bool repeat_held(struct series *series, int64_t last)
{
    struct series_view *view = &series->view;
    bool is_new = false;

    if (series->held_until_ms == SERIES_NEVER)
        return false;
    for (int64_t step = view->newest_step + 1; step <= last; step++) {
        if (step * view->step_ms > series->held_until_ms) {
            series->held_until_ms = SERIES_NEVER;
            break;
        }
        open_step(series, step)->value = series->held;
        is_new = true;
    }
    return is_new;
}

static void hear(struct series *series, enum series_trouble trouble)
{
    series->told = trouble;
    if (!series->is_recalling)
        series->view.trouble = trouble;
}

/* It is not in the window, but who reads that hears of it. */
static void drop(struct series *series, int64_t at_ms)
{
    losses_note(&series->losses, at_ms / series->view.step_ms, true);
    window_tell_readers(series);
}

static enum series_answer refuse_late(struct series *series, int64_t at_ms)
{
    series->book->counts.late++;
    drop(series, at_ms);
    return SERIES_LATE;
}

static bool is_late(const struct series *series, int64_t at_ms)
{
    int64_t step = at_ms / series->view.step_ms;

    return at_ms < 0 || step < series->first_open || step < series->view.newest_step;
}

/* May a value of that time come in? What is a moment ahead is of now. */
static enum series_answer check_time(struct series *series, int64_t *at_ms, int64_t now_ms)
{
    if (*at_ms > now_ms + SERIES_FUTURE_MS) {
        series->book->counts.future++;
        drop(series, now_ms);
        return SERIES_FUTURE;
    }
    if (*at_ms > now_ms) /* a clock slightly ahead must not make steps that refuse what comes next */
        *at_ms = now_ms;
    return is_late(series, *at_ms) ? refuse_late(series, *at_ms) : SERIES_TAKEN;
}

/* Where a value of a time that was checked goes. */
static struct series_step *take(struct series *series, int64_t at_ms, int64_t now_ms, bool is_finite)
{
    int64_t step = at_ms / series->view.step_ms;

    series->book->counts.put++;
    losses_note(&series->losses, step, !is_finite);
    series->lag_ms = now_ms - at_ms;
    hear(series, SERIES_FINE);
    (void)repeat_held(series, step - 1);
    return open_step(series, step);
}

static enum series_answer refuse_number(struct series *series, int64_t at_ms, int64_t now_ms)
{
    series->book->counts.not_finite++;
    drop(series, at_ms < now_ms ? at_ms : now_ms);
    return SERIES_NO_NUMBER;
}

enum series_answer series_put_gauge(struct series *series, int64_t at_ms, int64_t now_ms, double value)
{
    bool is_finite = isfinite(value);

    assert(series->view.kind == SERIES_GAUGE);
    series->book->counts.not_finite += is_finite ? 0 : 1;
    enum series_answer answer = check_time(series, &at_ms, now_ms);
    if (answer != SERIES_TAKEN)
        return answer;
    struct series_step *slot = take(series, at_ms, now_ms, is_finite);
    slot->value = is_finite ? value : NAN;
    if (series->holds_ms > 0) {
        series->held = slot->value;
        series->held_until_ms = is_finite ? at_ms + series->holds_ms : SERIES_NEVER;
    }
    window_tell_readers(series);
    return is_finite ? SERIES_TAKEN : SERIES_NO_NUMBER;
}

/* What is newer is known already, which is no loss. */
enum series_answer series_put_kept(struct series *series, int64_t at_ms, int64_t now_ms, double value)
{
    int64_t lag_ms = series->lag_ms;

    if (is_late(series, at_ms))
        return SERIES_LATE;
    enum series_answer answer = series_put_gauge(series, at_ms, now_ms, value);
    series->lag_ms = lag_ms;
    return answer;
}

static bool is_amount(double value)
{
    return isfinite(value) && value >= 0;
}

enum series_answer series_put_count(struct series *series, int64_t at_ms, int64_t now_ms, double events,
                                    double total)
{
    assert(series->view.kind == SERIES_COUNT);
    if (!is_amount(events) || !is_amount(total))
        return refuse_number(series, at_ms, now_ms);
    enum series_answer answer = check_time(series, &at_ms, now_ms);
    if (answer != SERIES_TAKEN)
        return answer;
    struct series_step *slot = take(series, at_ms, now_ms, true);
    slot->value += events;
    slot->total += total;
    window_tell_readers(series);
    return SERIES_TAKEN;
}

static bool are_buckets(const double *bounds, const double *counts, size_t bucket_count)
{
    if (bucket_count < 2 || bucket_count > SERIES_BUCKETS_MAX || bounds[bucket_count - 1] != INFINITY)
        return false;
    for (size_t i = 0; i < bucket_count; i++) {
        if (!is_amount(counts[i]) || (i > 0 && !(bounds[i] > bounds[i - 1])))
            return false;
    }
    return true;
}

bool window_has_bounds(const struct series *series, const double *bounds, size_t bucket_count)
{
    return bucket_count == series->view.bucket_count &&
           memcmp(bounds, series->bounds, bucket_count * sizeof(*bounds)) == 0;
}

void window_set_bounds(struct series *series, const double *bounds, size_t bucket_count)
{
    struct series_view *view = &series->view;

    if (window_has_bounds(series, bounds, bucket_count))
        return;
    window_close_all(series);
    free(series->buckets);
    series->buckets = memory_take_array((size_t)view->capacity * bucket_count, sizeof(float));
    if (series->bounds == NULL)
        series->bounds = memory_take_array(SERIES_BUCKETS_MAX, sizeof(*series->bounds));
    memcpy(series->bounds, bounds, bucket_count * sizeof(*bounds));
    view->bucket_count = (uint32_t)bucket_count;
    view->buckets = series->buckets;
    view->bounds = series->bounds;
    window_clear(series);
}

/* Other bounds close what is there, the newest step too. */
static bool is_closed_by(const struct series *series, int64_t at_ms, const double *bounds,
                         size_t bucket_count)
{
    return at_ms / series->view.step_ms <= series->view.newest_step &&
           !window_has_bounds(series, bounds, bucket_count);
}

enum series_answer series_put_histogram(struct series *series, int64_t at_ms, int64_t now_ms,
                                        const double *bounds, const double *counts, size_t bucket_count)
{
    assert(series->view.kind == SERIES_HISTOGRAM);
    if (!are_buckets(bounds, counts, bucket_count))
        return refuse_number(series, at_ms, now_ms);
    enum series_answer answer = check_time(series, &at_ms, now_ms);
    if (answer != SERIES_TAKEN) /* nothing is begun anew for what does not come in */
        return answer;
    if (is_closed_by(series, at_ms, bounds, bucket_count))
        return refuse_late(series, at_ms);
    window_set_bounds(series, bounds, bucket_count);
    struct series_step *slot = take(series, at_ms, now_ms, true);
    float *buckets = buckets_of(series, series->view.newest_step);
    for (size_t i = 0; i < bucket_count; i++) {
        buckets[i] += (float)counts[i];
        slot->total += counts[i];
    }
    window_tell_readers(series);
    return SERIES_TAKEN;
}

void series_set_trouble(struct series *series, enum series_trouble trouble)
{
    bool is_new = series->told != trouble;

    hear(series, trouble);
    if (trouble != SERIES_FINE)
        series->held_until_ms = SERIES_NEVER;
    if (is_new)
        window_tell_readers(series);
}

/* A source that answers late has steps that end late. */
void window_pass_time(struct series *series, int64_t now_ms)
{
    struct series_view *view = &series->view;
    int64_t own_now_ms = now_ms - series->lag_ms;

    if (view->newest_step == SERIES_NEVER)
        return;
    if (repeat_held(series, own_now_ms / view->step_ms - 1))
        window_tell_readers(series);
    close_before(series, (own_now_ms - SERIES_GRACE_MS) / view->step_ms);
}

const struct series_view *series_view_of(const struct series *series)
{
    return &series->view;
}

struct rrd_writer_place *series_place(struct series *series)
{
    return &series->place;
}

const struct series_name *series_name_of(const struct series *series)
{
    return &series->name;
}
