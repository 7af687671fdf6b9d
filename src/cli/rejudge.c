/* rejudge.c - values of the past through series windows and the judge.
 * SPDX-License-Identifier: MIT */
#include "cli/rejudge.h"

#include "config/side.h"
#include "io/memory.h"
#include "series/series.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRACKS_MAX = DEFINITION_METRICS_MAX * (REJUDGE_SIDES + REJUDGE_AGO_MAX), KEY_SIZE = 16 };

/* A series on its way through its steps. */
struct track {
    struct series *series;
    const struct rejudge_values *values;
    enum series_kind kind;
    int64_t step_ms;
    size_t columns;
    size_t at;
    int64_t due_ms; /* end of the next step; INT64_MAX: no more */
};

struct judged {
    const struct rule *rule;
    bool is_open; /* it has not failed yet */
    int64_t deadline_ms;
    struct rule_state state;
    struct metric_views views[RULE_METRICS_MAX];
};

struct run {
    const struct rejudge *rejudge;
    struct series_book *book;
    struct track tracks[TRACKS_MAX];
    size_t track_count;
    struct judged rules[PLAN_RULES_MAX];
    uint32_t dirty; /* bit r: something that rule r reads came */
    uint32_t open;
    size_t mark;
    bool has_held; /* some gauge holds: time closes steps */
    struct rule_clock clock;
    struct rejudged *results;
};

static void note_value(void *data, uint64_t deployment, uint8_t rule)
{
    struct run *run = data;

    (void)deployment;
    run->dirty |= UINT32_C(1) << rule;
}

/* ---- opening ---- */

static size_t columns_of(const struct metric_definition *metric, const struct rejudge_values *values)
{
    return metric->kind == SERIES_HISTOGRAM ? values->bucket_count : metric->kind == SERIES_COUNT ? 2 : 1;
}

static bool add_readers(const struct run *run, size_t metric, struct series *series, struct err *err)
{
    const struct definition *definition = run->rejudge->definition;

    for (size_t r = 0; r < definition->rule_count; r++) {
        const struct rule_definition *rule = &definition->rules[r];
        for (uint8_t i = 0; i < rule->rule.metric_count; i++)
            if (rule->metrics[i] == metric && !series_read_by(series, 1, (uint8_t)r, err))
                return false;
    }
    return true;
}

static void put(const struct track *track)
{
    const double *row = &track->values->values[track->at * track->columns];
    int64_t at_ms = track->due_ms - 1;

    if (isnan(row[0]))
        return;
    if (track->kind == SERIES_GAUGE)
        series_put_gauge(track->series, at_ms, track->due_ms, row[0]);
    else if (track->kind == SERIES_COUNT)
        series_put_count(track->series, at_ms, track->due_ms, row[0], row[1]);
    else
        series_put_histogram(track->series, at_ms, track->due_ms, track->values->bounds, row,
                             track->values->bucket_count);
}

static void advance(struct track *track)
{
    put(track);
    track->at++;
    track->due_ms += track->step_ms;
    if (track->at == track->values->count)
        track->due_ms = INT64_MAX;
}

/* A past is a fixed reading: all of it is there from the beginning. */
static void read_past(struct track *track, int64_t until_ms)
{
    while (track->due_ms <= until_ms && track->due_ms != INT64_MAX)
        advance(track);
    track->due_ms = INT64_MAX;
}

static bool add_track(struct run *run, size_t metric, const char *key, const struct rejudge_values *values,
                      bool is_past, struct track **ret_track, struct err *err)
{
    const struct definition *definition = run->rejudge->definition;
    const struct metric_definition *measured = &definition->metrics[metric];
    int64_t capacity = is_past ? side_past_steps(definition, metric) : side_window(definition, metric);
    struct series_shape shape = {.kind = measured->kind,
                                 .step_ms = (uint32_t)measured->step_ms,
                                 .capacity = capacity > SERIES_CAPACITY_MAX ? SERIES_CAPACITY_MAX
                                                                            : (uint32_t)capacity,
                                 .holds_ms = is_past ? 0 : measured->holds_ms};
    struct series_name name = {definition->service, definition->environment, key, measured->name};
    struct track *track = &run->tracks[run->track_count];

    if (!series_open(run->book, &name, &shape, &track->series, err))
        return false;
    run->track_count++;
    track->values = values;
    track->kind = measured->kind;
    track->step_ms = measured->step_ms;
    track->columns = columns_of(measured, values);
    track->due_ms = (values->first_step + 1) * measured->step_ms;
    run->has_held = run->has_held || shape.holds_ms > 0;
    *ret_track = track;
    return true;
}

static bool open_track(struct run *run, size_t metric, enum expression_side side, struct err *err)
{
    static const char *const keys[] = {"candidate", "stable", "before"};
    const struct rejudge_values *values = &run->rejudge->metrics[metric].side[side];
    struct track *track = NULL;

    if (values->count == 0)
        return true;
    if (!add_track(run, metric, keys[side], values, side == SIDE_BEFORE, &track, err))
        return false;
    if (side != SIDE_BEFORE)
        return add_readers(run, metric, track->series, err);
    read_past(track, run->rejudge->routed_ms);
    return true;
}

/* Shows the reading to the rules that compare with that day. */
static void show_ago(struct run *run, size_t metric, uint16_t days, const struct series_view *view)
{
    const struct definition *definition = run->rejudge->definition;

    for (size_t r = 0; r < definition->rule_count; r++) {
        const struct comparison *comparison = &definition->rules[r].rule.comparison;
        for (uint8_t i = 0; i < comparison->against_count && definition->rules[r].metrics[0] == metric; i++)
            if (comparison->against[i].kind == BASELINE_DAYS && comparison->against[i].days == days)
                run->rules[r].views[0].ago[i] = view;
    }
}

static bool open_ago(struct run *run, size_t metric, struct err *err)
{
    const struct rejudge_metric *measured = &run->rejudge->metrics[metric];

    for (size_t i = 0; i < measured->ago_count; i++) {
        const struct rejudge_ago *ago = &measured->ago[i];
        struct track *track = NULL;
        char key[KEY_SIZE];
        if (ago->values.count == 0)
            continue;
        (void)snprintf(key, sizeof(key), "%ud", ago->days);
        if (!add_track(run, metric, key, &ago->values, true, &track, err))
            return false;
        read_past(track, INT64_MAX);
        show_ago(run, metric, ago->days, series_view_of(track->series));
    }
    return true;
}

static void find_views(struct run *run, size_t metric, size_t first_track)
{
    const struct definition *definition = run->rejudge->definition;
    struct metric_views views = {.is_same_series = run->rejudge->metrics[metric].is_same_series};
    size_t track = first_track;

    for (size_t side = 0; side < REJUDGE_SIDES; side++)
        if (run->rejudge->metrics[metric].side[side].count > 0)
            views.side[side] = series_view_of(run->tracks[track++].series);
    for (size_t r = 0; r < definition->rule_count; r++)
        for (uint8_t i = 0; i < definition->rules[r].rule.metric_count; i++)
            if (definition->rules[r].metrics[i] == metric)
                run->rules[r].views[i] = views;
}

static bool open_all(struct run *run, struct err *err)
{
    const struct definition *definition = run->rejudge->definition;

    for (size_t r = 0; r < definition->rule_count; r++) {
        bool is_judged = (run->rejudge->rules >> r & 1) != 0;
        run->rules[r].rule = &definition->rules[r].rule;
        run->rules[r].deadline_ms = INT64_MAX;
        run->rules[r].state.began_ms = run->rejudge->began_ms;
        run->open |= is_judged ? UINT32_C(1) << r : 0;
    }
    for (size_t m = 0; m < definition->metric_count; m++) {
        size_t first = run->track_count;
        for (int side = 0; side < REJUDGE_SIDES; side++)
            if (!open_track(run, m, (enum expression_side)side, err))
                return false;
        find_views(run, m, first);
        if (!open_ago(run, m, err))
            return false;
    }
    return true;
}

/* ---- going on ---- */

static int64_t next_instant(const struct run *run)
{
    const struct rejudge *rejudge = run->rejudge;
    int64_t next_ms = rejudge->until_ms;

    for (size_t i = 0; i < run->track_count; i++)
        next_ms = run->tracks[i].due_ms < next_ms ? run->tracks[i].due_ms : next_ms;
    for (size_t r = 0; r < rejudge->definition->rule_count; r++)
        next_ms = run->rules[r].deadline_ms < next_ms ? run->rules[r].deadline_ms : next_ms;
    if (run->mark < rejudge->mark_count && rejudge->marks[run->mark].at_ms < next_ms)
        next_ms = rejudge->marks[run->mark].at_ms;
    return next_ms;
}

/* A new step asks for new evidence: all is judged again. */
static void take_marks(struct run *run)
{
    const struct rejudge *rejudge = run->rejudge;

    for (; run->mark < rejudge->mark_count && rejudge->marks[run->mark].at_ms <= run->clock.now_ms;
         run->mark++) {
        const struct rejudge_mark *mark = &rejudge->marks[run->mark];
        run->clock.share = mark->share;
        run->clock.is_stable_bad = run->clock.is_stable_bad || mark->calls_stable_bad;
        if (mark->confirms)
            run->clock.confirmed_ms = mark->at_ms;
        run->dirty = run->open;
    }
}

static void judge(struct run *run, size_t index)
{
    struct judged *judged = &run->rules[index];
    struct rejudged *result = &run->results[index];

    rule_judge(judged->rule, judged->views, &run->clock, &judged->state, &judged->state, &result->judgement);
    result->at_ms = run->clock.now_ms;
    if (result->judgement.verdict == VERDICT_FAIL) {
        run->open &= ~(UINT32_C(1) << index);
        judged->deadline_ms = INT64_MAX;
    } else
        judged->deadline_ms = rule_deadline(judged->rule, judged->views, &run->clock, &judged->state);
}

static void judge_dirty(struct run *run)
{
    size_t count = run->rejudge->definition->rule_count;

    for (size_t r = 0; r < count; r++) {
        bool is_due = (run->dirty >> r & 1) != 0 || run->rules[r].deadline_ms <= run->clock.now_ms;
        if (is_due && (run->open >> r & 1) != 0)
            judge(run, r);
    }
    run->dirty = 0;
}

static void go_on(struct run *run)
{
    const struct rejudge *rejudge = run->rejudge;

    do {
        run->clock.now_ms = next_instant(run);
        for (size_t i = 0; i < run->track_count; i++)
            while (run->tracks[i].due_ms <= run->clock.now_ms)
                advance(&run->tracks[i]);
        if (run->has_held)
            series_book_close_steps(run->book, run->clock.now_ms);
        take_marks(run);
        if (run->clock.now_ms >= rejudge->until_ms)
            run->dirty = run->open;
        if (run->clock.now_ms >= rejudge->routed_ms)
            judge_dirty(run);
    } while (run->clock.now_ms < rejudge->until_ms && run->open != 0);
}

bool rejudge_run(const struct rejudge *rejudge, struct rejudged *ret_rules, struct err *err)
{
    struct run *run = memory_take(sizeof(*run));
    const struct series_events events = {.data = run, .marked = note_value};

    run->rejudge = rejudge;
    run->results = ret_rules;
    run->book = series_book_new(&events);
    run->clock = (struct rule_clock){.routed_ms = rejudge->routed_ms, .confirmed_ms = rejudge->routed_ms};
    bool is_good = open_all(run, err);
    if (is_good)
        go_on(run);
    for (size_t i = 0; i < run->track_count; i++)
        series_close(run->tracks[i].series);
    series_book_free(run->book);
    free(run);
    return is_good;
}
