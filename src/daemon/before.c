/* before.c - fixed readings of the past.
 * SPDX-License-Identifier: MIT */
#include "daemon/before.h"

#include "config/side.h"

#include "io/clock.h"
#include "io/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { READINGS_MAX = DEFINITION_METRICS_MAX * (COMPARISON_AGAINST_MAX + 1) };

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

struct live_before {
    size_t metric;
    uint16_t days;           /* 0: until the first traffic */
    struct series_view view; /* kind, step and ring; capacity 0: there is no series of it */
    struct series_step *ring;
    float *buckets;
};

/* On its way to the archive and back. */
struct fetch {
    struct daemon *daemon;
    uint64_t deployment;
    size_t reading;
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
            memcpy(&before->buckets[(uint64_t)step % before->view.capacity * view->bucket_count],
                   &view->buckets[(size_t)(slot - view->ring) * view->bucket_count],
                   view->bucket_count * sizeof(float));
        oldest = step < oldest ? step : oldest;
    }
    return oldest;
}

static void open_ring(struct live_before *before, const struct series_view *view, int64_t steps)
{
    before->view = *view;
    before->view.capacity = (uint32_t)steps;
    before->view.trouble = SERIES_FINE;
    before->view.newest_step = SERIES_NEVER;
    before->ring = memory_take_array((size_t)steps, sizeof(*before->ring));
    before->buckets = memory_take_array((size_t)steps * view->bucket_count + 1, sizeof(*before->buckets));
    before->view.ring = before->ring;
    before->view.buckets = before->buckets;
    for (int64_t i = 0; i < steps; i++)
        before->ring[i].step = SERIES_NEVER;
}

/* ---- the archive ---- */

/* A row is that of every step that began in it: of one, or, where single steps are gone, of many, which then
 * all have its average. */
static void take_row(struct live_before *before, const struct fetch *fetch, int64_t row_ms, int64_t length_ms,
                     const double *row, double total)
{
    int64_t step_ms = before->view.step_ms;
    int64_t step = (row_ms + step_ms / 2) / step_ms;
    int64_t end = step + (length_ms > step_ms ? length_ms / step_ms : 1);

    for (; step < end; step++) {
        bool is_past = step >= 0 && (step + 1) * step_ms <= fetch->end_ms;
        if (is_past && series_view_at(&before->view, step) == NULL)
            hold(before, step, row[0], total);
    }
}

static void take_rows(struct live_before *before, const struct rrd_file_rows *rows, const struct fetch *fetch)
{
    for (size_t i = 0; i < rows->count; i++) {
        const double *row = &rows->values[i * rows->columns];
        double total = rows->columns > 1 ? row[1] : 0;
        int64_t row_ms = (rows->start_s + (int64_t)i * rows->row_s) * 1000 - fetch->offset_ms;

        if (isfinite(row[0] + total))
            take_row(before, fetch, row_ms, rows->row_s * 1000, row, total);
    }
}

static bool reads(const struct rule_definition *rule, const struct live_before *before)
{
    return before->days == 0 ? side_reads_before(rule, before->metric)
                             : side_reads_days(rule, before->metric, before->days);
}

static void mark(const struct live *live, const struct live_before *before)
{
    for (size_t i = 0; i < live->definition->rule_count; i++)
        if (reads(&live->definition->rules[i], before))
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
        struct live_before *before = &live->befores[fetch->reading];
        if (rows != NULL)
            take_rows(before, rows, fetch);
        before->view.trouble = SERIES_FINE;
        mark(live, before);
    }
    free(fetch);
}

static int64_t wall_offset_ms(struct daemon *daemon)
{
    return clock_wall_ms() - daemon_now_ms(daemon);
}

/* `end_ms`: on the engine's clock, of the time that is read. */
static void ask_archive(struct live *live, struct live_before *before, const struct series_name *name,
                        int64_t end_ms)
{
    struct fetch *fetch = memory_take(sizeof(*fetch));
    int64_t span_ms = (int64_t)before->view.capacity * before->view.step_ms;
    struct err err = {0};

    *fetch = (struct fetch){.daemon = live->daemon,
                            .deployment = live->id,
                            .reading = (size_t)(before - live->befores),
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

/* Until the first traffic; or, of days ago, as long as it is wanted from the time of the first traffic on. */
static void take(struct live *live, struct live_before *before, int64_t routed_ms)
{
    const struct live_series *sides = live->series[before->metric];
    struct series *series =
        sides[SIDE_STABLE].series != NULL ? sides[SIDE_STABLE].series : sides[SIDE_CANDIDATE].series;

    if (series == NULL)
        return;
    const struct series_view *view = series_view_of(series);
    int64_t steps = side_past_steps(live->definition, before->metric);
    int64_t end_ms = routed_ms;
    bool is_full = false;
    open_ring(before, view, steps > SERIES_CAPACITY_MAX ? SERIES_CAPACITY_MAX : steps);
    if (before->days == 0)
        is_full =
            copy_window(before, view, routed_ms) <= routed_ms / view->step_ms - before->view.capacity + 1;
    else
        end_ms += (int64_t)before->view.capacity * view->step_ms - before->days * day_ms;
    bool has_archive =
        live->daemon->archive != NULL && view->kind != SERIES_HISTOGRAM && view->step_ms % 1000 == 0;
    if (!is_full && has_archive)
        ask_archive(live, before, series_name_of(series), end_ms);
}

static void add(struct live *live, size_t metric, uint16_t days)
{
    for (size_t i = 0; i < live->before_count; i++)
        if (live->befores[i].metric == metric && live->befores[i].days == days)
            return;
    if (live->before_count < READINGS_MAX)
        live->befores[live->before_count++] = (struct live_before){.metric = metric, .days = days};
}

static void add_wanted(struct live *live)
{
    for (size_t metric = 0; metric < live->definition->metric_count; metric++)
        if (side_wants_before(live->definition, metric))
            add(live, metric, 0);
    for (size_t r = 0; r < live->definition->rule_count; r++) {
        const struct rule_definition *rule = &live->definition->rules[r];
        for (uint8_t i = 0; i < rule->rule.comparison.against_count; i++)
            if (rule->rule.comparison.against[i].kind == BASELINE_DAYS)
                add(live, rule->metrics[0], rule->rule.comparison.against[i].days);
    }
}

void before_take(struct live *live, const struct deployment_state *state)
{
    if (live->befores != NULL || !live->is_watched || state->routed_ms == DEPLOYMENT_NEVER)
        return;
    live->befores = memory_take_array(READINGS_MAX, sizeof(*live->befores));
    add_wanted(live);
    for (size_t i = 0; i < live->before_count; i++) {
        take(live, &live->befores[i], state->routed_ms);
        mark(live, &live->befores[i]);
    }
}

const struct series_view *before_view(const struct live *live, size_t metric, uint16_t days)
{
    if (live->befores == NULL)
        return &loading;
    for (size_t i = 0; i < live->before_count; i++)
        if (live->befores[i].metric == metric && live->befores[i].days == days)
            return live->befores[i].ring == NULL ? NULL : &live->befores[i].view;
    return NULL;
}

void before_free(struct live *live)
{
    for (size_t i = 0; i < live->before_count; i++) {
        free(live->befores[i].ring);
        free(live->befores[i].buckets);
    }
    free(live->befores);
    live->befores = NULL;
    live->before_count = 0;
}
