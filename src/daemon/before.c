/* before.c - fixed readings of the past.
 * SPDX-License-Identifier: MIT */
#include "daemon/before.h"

#include "config/side.h"

#include "io/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct live_before {
    struct series_view view; /* kind, step and ring; capacity 0: no rule wants it */
    struct series_step *ring;
    float *buckets;
};

/* On its way to the archive and back. */
struct fetch {
    struct daemon *daemon;
    uint64_t deployment;
    size_t metric;
    int64_t offset_ms; /* wall clock less the engine's */
    int64_t end_ms;    /* what is older belongs to the reading */
};

static const struct series_step nothing[2] = {{.step = SERIES_NEVER}, {.step = SERIES_NEVER}};

static const struct series_view loading = {
    .trouble = SERIES_LOADING, .step_ms = 1000, .capacity = 2, .newest_step = SERIES_NEVER, .ring = nothing};

static void hold(struct live_before *before, int64_t step, double value, double total)
{
    struct series_step *slot = &before->ring[(uint64_t)step % before->view.capacity];

    *slot = (struct series_step){.step = step, .value = value, .total = total};
    if (step > before->view.newest_step)
        before->view.newest_step = step;
}

/* What the window has of the time before `end_ms`; returns the oldest step taken, or that of end_ms. */
static int64_t copy_window(struct live_before *before, const struct series_view *view, int64_t end_ms)
{
    int64_t end = end_ms / view->step_ms;
    int64_t oldest = end;

    for (int64_t step = end - view->capacity; step < end; step++) {
        const struct series_step *slot = series_view_at(view, step);
        if (slot == NULL)
            continue;
        hold(before, step, slot->value, slot->total);
        if (view->bucket_count > 0)
            memcpy(&before->buckets[(uint64_t)step % view->capacity * view->bucket_count],
                   &view->buckets[(size_t)(slot - view->ring) * view->bucket_count],
                   view->bucket_count * sizeof(float));
        oldest = step < oldest ? step : oldest;
    }
    return oldest;
}

static void open_ring(struct live_before *before, const struct series_view *view)
{
    before->view = *view;
    before->view.trouble = SERIES_FINE;
    before->view.newest_step = SERIES_NEVER;
    before->ring = memory_take_array(view->capacity, sizeof(*before->ring));
    before->buckets =
        memory_take_array((size_t)view->capacity * view->bucket_count + 1, sizeof(*before->buckets));
    before->view.ring = before->ring;
    before->view.buckets = before->buckets;
    for (uint32_t i = 0; i < view->capacity; i++)
        before->ring[i].step = SERIES_NEVER;
}

/* ---- the archive ---- */

static void take_rows(struct live_before *before, const struct rrd_file_rows *rows, const struct fetch *fetch)
{
    for (size_t i = 0; i < rows->count; i++) {
        const double *row = &rows->values[i * rows->columns];
        double total = rows->columns > 1 ? row[1] : 0;
        int64_t at_ms = (rows->start_s + (int64_t)i * rows->row_s) * 1000 + before->view.step_ms / 2;
        int64_t step = (at_ms - fetch->offset_ms) / before->view.step_ms;
        bool is_past = step >= 0 && (step + 1) * before->view.step_ms <= fetch->end_ms;

        if (is_past && isfinite(row[0] + total) && series_view_at(&before->view, step) == NULL)
            hold(before, step, row[0], total);
    }
}

static void mark(const struct live *live, size_t metric)
{
    for (size_t i = 0; i < live->definition->rule_count; i++)
        if (side_reads_before(&live->definition->rules[i], metric))
            engine_mark(live->daemon->engine, live->id, (uint8_t)i);
    daemon_wants_turn(live->daemon);
}

/* The deployment may be gone meanwhile, and its reading with it. */
static void fetched(void *data, const struct rrd_file_rows *rows, const struct err *err)
{
    struct fetch *fetch = data;
    struct live *live = live_find(fetch->daemon, fetch->deployment);

    (void)err; /* without a file there is no past: the reading is what the window had */
    if (live != NULL && live->befores != NULL) {
        struct live_before *before = &live->befores[fetch->metric];
        if (rows != NULL)
            take_rows(before, rows, fetch);
        before->view.trouble = SERIES_FINE;
        mark(live, fetch->metric);
    }
    free(fetch);
}

static int64_t wall_offset_ms(struct daemon *daemon)
{
    struct timespec wall;

    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 - daemon_now_ms(daemon);
}

static void ask_archive(struct live *live, size_t metric, const struct series_name *name, int64_t end_ms)
{
    struct live_before *before = &live->befores[metric];
    struct fetch *fetch = memory_take(sizeof(*fetch));
    int64_t span_ms = (int64_t)before->view.capacity * before->view.step_ms;
    struct err err = {0};

    *fetch = (struct fetch){.daemon = live->daemon,
                            .deployment = live->id,
                            .metric = metric,
                            .offset_ms = wall_offset_ms(live->daemon),
                            .end_ms = end_ms};
    struct archive_span span = {.start_s = (end_ms + fetch->offset_ms - span_ms) / 1000,
                                .end_s = (end_ms + fetch->offset_ms) / 1000,
                                .row_s = before->view.step_ms / 1000};
    if (archive_fetch(live->daemon->archive, name, "", &span, fetched, fetch, &err)) {
        before->view.trouble = SERIES_LOADING;
        return;
    }
    log_say(&live->daemon->log, LOG_LEVEL_WARN, "deployment %llu: %s", (unsigned long long)live->id,
            err.text);
    free(fetch);
}

/* ---- the readings ---- */

static void take(struct live *live, size_t metric, int64_t routed_ms)
{
    const struct live_series *sides = live->series[metric];
    struct series *series =
        sides[SIDE_STABLE].series != NULL ? sides[SIDE_STABLE].series : sides[SIDE_CANDIDATE].series;

    if (series == NULL)
        return;
    const struct series_view *view = series_view_of(series);
    struct live_before *before = &live->befores[metric];
    open_ring(before, view);
    int64_t oldest = copy_window(before, view, routed_ms);
    bool is_full = oldest <= routed_ms / view->step_ms - view->capacity + 1;
    bool has_archive =
        live->daemon->archive != NULL && view->kind != SERIES_HISTOGRAM && view->step_ms % 1000 == 0;
    if (!is_full && has_archive)
        ask_archive(live, metric, series_name_of(series), routed_ms);
}

void before_take(struct live *live, const struct deployment_state *state)
{
    if (live->befores != NULL || !live->is_watched || state->routed_ms == DEPLOYMENT_NEVER)
        return;
    live->befores = memory_take_array(live->definition->metric_count + 1, sizeof(*live->befores));
    for (size_t metric = 0; metric < live->definition->metric_count; metric++)
        if (side_wants_before(live->definition, metric)) {
            take(live, metric, state->routed_ms);
            mark(live, metric);
        }
}

const struct series_view *before_view(const struct live *live, size_t metric)
{
    if (live->befores == NULL)
        return &loading;
    return live->befores[metric].ring == NULL ? NULL : &live->befores[metric].view;
}

void before_free(struct live *live)
{
    for (size_t i = 0; live->befores != NULL && i < live->definition->metric_count; i++) {
        free(live->befores[i].ring);
        free(live->befores[i].buckets);
    }
    free(live->befores);
    live->befores = NULL;
}
