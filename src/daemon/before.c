/* before.c - fixed readings of the past.
 * SPDX-License-Identifier: MIT */
#include "daemon/before.h"
#include "daemon/live_log.h"

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
    float *buckets; /* of a histogram whose buckets are known, as their bounds */
    double *bounds;
};

/* On its way to the archive and back. */
struct fetch {
    struct daemon *daemon;
    uint64_t deployment;
    size_t reading;
    int64_t offset_ms; /* archive_offset_ms() */
    int64_t end_ms;    /* what is older belongs to the reading */
};

static const struct series_step nothing[2] = {{.total = SERIES_GAP}, {.total = SERIES_GAP}};

static const struct series_view loading = {
    .trouble = SERIES_LOADING, .step_ms = 1000, .capacity = 2, .newest_step = SERIES_NEVER, .ring = nothing};

static void hold(struct live_before *before, int64_t step, double value, double total)
{
    *series_ring_slot(&before->view, before->ring, step) =
        (struct series_step){.value = value, .total = total};
}

/* From the window, or, where nothing came into that yet, from the archive: whichever is first. */
static void learn_buckets(struct live_before *before, const double *bounds, size_t count)
{
    before->bounds = memory_take_array(count, sizeof(*bounds));
    memcpy(before->bounds, bounds, count * sizeof(*bounds));
    before->buckets = memory_take_array(before->view.capacity * count, sizeof(*before->buckets));
    before->view.bucket_count = (uint32_t)count;
    before->view.bounds = before->bounds;
    before->view.buckets = before->buckets;
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
    before->ring = memory_take_array((size_t)steps, sizeof(*before->ring));
    before->view.ring = before->ring;
    if (view->bucket_count > 0)
        learn_buckets(before, view->bounds, view->bucket_count);
    series_ring_clear(&before->view, before->ring);
}

/* ---- the archive ---- */

static void hold_buckets(struct live_before *before, int64_t step, const double *row)
{
    uint32_t count = before->view.bucket_count;
    uint64_t first = (uint64_t)step % before->view.capacity * count;

    for (uint32_t i = 0; i < count; i++)
        before->buckets[first + i] = (float)row[i];
}

/* A row is that of every step that began in it: of one, or, where single steps are gone, of many, which then
 * all have its average. */
static void take_row(struct live_before *before, const struct fetch *fetch, int64_t start_s, int64_t end_s,
                     const double *row, double total)
{
    int64_t step_ms = before->view.step_ms;
    int64_t end = archive_step_from(end_s, fetch->offset_ms, step_ms);

    for (int64_t step = archive_step_from(start_s, fetch->offset_ms, step_ms); step < end; step++) {
        bool is_past = (step + 1) * step_ms <= fetch->end_ms;
        if (!is_past || !series_ring_has_room(&before->view, step))
            continue;
        hold(before, step, before->view.bucket_count > 0 ? 0 : row[0], total);
        hold_buckets(before, step, row);
    }
}

/* What the columns of a row add up to; NAN: it is not known. */
static double total_of(const struct live_before *before, const double *row, size_t columns)
{
    double total = columns > 1 ? row[1] : 0;

    if (before->view.kind != SERIES_HISTOGRAM)
        return total;
    total = 0;
    for (size_t i = 0; i < columns; i++)
        total += row[i];
    return total;
}

/* Counts of other buckets than the window's are no past of it. */
static bool are_readable(struct live_before *before, const struct rrd_file_rows *rows)
{
    const struct series_view *view = &before->view;

    if (view->kind != SERIES_HISTOGRAM)
        return true;
    if (!archive_is_row_of(view->kind, rows))
        return false;
    if (view->bucket_count == 0)
        learn_buckets(before, rows->bounds, rows->columns);
    return rows->columns == view->bucket_count &&
           memcmp(rows->bounds, view->bounds, rows->columns * sizeof(*rows->bounds)) == 0;
}

static void take_rows(struct live_before *before, const struct rrd_file_rows *rows, const struct fetch *fetch)
{
    if (!are_readable(before, rows))
        return;
    for (size_t i = 0; i < rows->count; i++) {
        const double *row = &rows->values[i * rows->columns];
        double total = total_of(before, row, rows->columns);
        int64_t start_s = rows->start_s + (int64_t)i * rows->row_s;

        if (isfinite(row[0] + total))
            take_row(before, fetch, start_s, start_s + rows->row_s, row, total);
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
                            .offset_ms = archive_offset_ms(clock_wall_ms() - daemon_now_ms(live->daemon)),
                            .end_ms = end_ms};
    struct archive_span span = {.start_s = (end_ms + fetch->offset_ms - span_ms) / 1000,
                                .end_s = (end_ms + fetch->offset_ms) / 1000,
                                .row_s = before->view.step_ms / 1000};
    const char *suffix = archive_suffix(before->view.kind);
    if (archive_fetch(live->daemon->archive, name, suffix, &span, fetched, fetch, &err)) {
        before->view.trouble = SERIES_LOADING;
        return;
    }
    live_log(live, LOG_LEVEL_WARN, "deployment %llu: %s", (unsigned long long)live->id, err.text);
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
    bool has_archive = live->daemon->archive != NULL && view->step_ms % 1000 == 0;
    if (!is_full && has_archive)
        ask_archive(live, before, series_name_of(series), end_ms);
}

/* What is to be read; most deployments want nothing. */
struct wanted {
    size_t count;
    struct live_before readings[READINGS_MAX];
};

static void add(struct wanted *wanted, size_t metric, uint16_t days)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->readings[i].metric == metric && wanted->readings[i].days == days)
            return;
    if (wanted->count < READINGS_MAX)
        wanted->readings[wanted->count++] = (struct live_before){.metric = metric, .days = days};
}

static void add_wanted(struct wanted *wanted, const struct definition *definition)
{
    for (size_t metric = 0; metric < definition->metric_count; metric++)
        if (side_wants_before(definition, metric))
            add(wanted, metric, 0);
    for (size_t r = 0; r < definition->rule_count; r++) {
        const struct rule_definition *rule = &definition->rules[r];
        for (uint8_t i = 0; i < rule->rule.comparison.against_count; i++)
            if (rule->rule.comparison.against[i].kind == BASELINE_DAYS)
                add(wanted, rule->metrics[0], rule->rule.comparison.against[i].days);
    }
}

void before_take(struct live *live, const struct deployment_state *state)
{
    if (live->befores != NULL || !live->is_watched || state->routed_ms == DEPLOYMENT_NEVER)
        return;
    struct wanted wanted = {0};
    add_wanted(&wanted, live->definition);
    live->befores = memory_take_array(wanted.count, sizeof(*live->befores));
    live->before_count = wanted.count;
    memcpy(live->befores, wanted.readings, wanted.count * sizeof(*live->befores));
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
        free(live->befores[i].bounds);
    }
    free(live->befores);
    live->befores = NULL;
    live->before_count = 0;
}
