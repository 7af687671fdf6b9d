/* kept_series.c - rows of RRD files as the values of a deployment's steps.
 * SPDX-License-Identifier: MIT */
#include "cli/kept_parts.h"

#include "io/memory.h"
#include "io/rrd_file.h"
#include "series/archive.h"

#include <string.h>

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

/* One metric of one deployment on its way out of its files. */
struct reading {
    const struct kept_place *place;
    struct past *past;
    size_t metric;
    const struct metric_definition *measured; /* by the rules of today */
    const struct metric_definition *kept;     /* as it was asked for then, or as today where it was not */
    size_t option_count;
};

static const struct metric_definition *find_kept(const struct definition *sealed, const char *name)
{
    for (size_t m = 0; m < sealed->metric_count; m++)
        if (strcmp(sealed->metrics[m].name, name) == 0)
            return &sealed->metrics[m];
    return NULL;
}

static bool are_texts_equal(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool is_value_equal(const struct option_value *one, const struct option_value *other)
{
    if (one->is_set != other->is_set || !are_texts_equal(one->text, other->text) ||
        one->list_length != other->list_length || one->duration_ms != other->duration_ms ||
        one->flag != other->flag)
        return false;
    for (size_t i = 0; i < one->list_length; i++)
        if (strcmp(one->list[i], other->list[i]) != 0)
            return false;
    return true;
}

/* Whatever is asked otherwise has other values: judging the old ones would prove nothing. */
static bool asks_the_same(const struct reading *reading)
{
    const struct metric_definition *one = reading->measured;
    const struct metric_definition *other = reading->kept;

    if (one->collector != other->collector || one->scope != other->scope ||
        !are_texts_equal(one->source, other->source))
        return false;
    for (size_t i = 0; i < reading->option_count; i++)
        if (!is_value_equal(&one->options[i], &other->options[i]))
            return false;
    return true;
}

static struct side side_of(const struct reading *reading, bool is_candidate)
{
    const struct kept_place *place = reading->place;

    return (struct side){.definition = place->sealed,
                         .is_candidate = is_candidate,
                         .version = is_candidate ? reading->past->version : reading->past->previous,
                         .previous = reading->past->previous,
                         .slot = is_candidate ? place->slot : place->stable_slot,
                         .shares_slot = place->slot == place->stable_slot};
}

/* A row is that of every step that began in it: of one, or, where single steps are gone, of many, which then
 * all have its average. */
static void spread(const struct reading *reading, const struct rrd_file_rows *rows,
                   const struct rejudge_values *values, double *to)
{
    int64_t step_ms = reading->measured->step_ms;
    int64_t offset_ms = reading->place->offset_ms;
    size_t columns = rows->columns;

    for (size_t i = 0; i < rows->count; i++) {
        int64_t start_s = rows->start_s + (int64_t)i * rows->row_s;
        int64_t end = archive_step_from(start_s + rows->row_s, offset_ms, step_ms) - values->first_step;
        int64_t step = archive_step_from(start_s, offset_ms, step_ms) - values->first_step;
        for (; step < end; step++)
            if (step >= 0 && step < (int64_t)values->count)
                memcpy(&to[(size_t)step * columns], &rows->values[i * columns], columns * sizeof(*to));
    }
}

static bool is_readable(const struct reading *reading, const struct rrd_file_rows *rows)
{
    return archive_is_row_of(reading->measured->kind, rows) &&
           rows->row_s * 1000 % reading->measured->step_ms == 0;
}

static void take_bounds(struct rejudge_values *values, const struct rrd_file_rows *rows)
{
    double *bounds = memory_take_array(rows->columns, sizeof(*bounds));

    memcpy(bounds, rows->bounds, rows->columns * sizeof(*bounds));
    values->bounds = bounds;
    values->bucket_count = rows->columns;
}

/* One file's rows of [from_ms, to_ms) on the engine's clock. */
static enum past_gap read_rows(const struct reading *reading, const char *key, struct rejudge_values *to,
                               int64_t from_ms, int64_t to_ms, bool *ret_is_coarse)
{
    struct past *past = reading->past;
    struct series_name name = {past->service, past->environment, key, reading->measured->name};
    struct rrd_file_rows rows;
    struct err err = {0};
    char path[RRD_FILE_PATH_MAX];
    const char *suffix = archive_suffix(reading->measured->kind);
    double *values = NULL;
    int64_t step_s = reading->measured->step_ms / 1000;
    int64_t start_s = (from_ms + reading->place->offset_ms) / 1000;
    int64_t end_s = (to_ms + reading->place->offset_ms) / 1000 + 1;

    if (start_s < 0 || !archive_path(&name, suffix, path, sizeof(path)) ||
        !rrd_file_fetch(reading->place->folder, path, start_s, end_s, step_s, &rows, &err))
        return PAST_NOTHING;
    enum past_gap gap = is_readable(reading, &rows) ? PAST_COMPLETE : PAST_SHAPE;
    if (gap == PAST_COMPLETE && rows.bounds != NULL)
        take_bounds(to, &rows);
    if (gap == PAST_COMPLETE && !past_fill(past, reading->metric, to, from_ms, to_ms, &values))
        gap = PAST_NOTHING;
    if (gap == PAST_COMPLETE)
        spread(reading, &rows, to, values);
    *ret_is_coarse = gap == PAST_COMPLETE && rows.row_s > step_s;
    rrd_file_rows_done(&rows);
    return gap;
}

static enum past_gap read_side(const struct reading *reading, const char *key, enum expression_side side,
                               int64_t from_ms, int64_t to_ms)
{
    struct past *past = reading->past;
    bool is_coarse = false;
    enum past_gap gap =
        read_rows(reading, key, &past->metrics[reading->metric].side[side], from_ms, to_ms, &is_coarse);

    past->is_coarse = past->is_coarse || is_coarse;
    return gap;
}

static bool has_values(const struct rejudge_values *values, enum series_kind kind)
{
    size_t columns = kind == SERIES_HISTOGRAM ? values->bucket_count : kind == SERIES_COUNT ? 2 : 1;

    for (size_t i = 0; i < values->count * columns; i++)
        if (!isnan(values->values[i]))
            return true;
    return false;
}

/* Of a metric with sides it is stable's, or the candidate's own slot where both take turns in it. */
static void read_before(const struct reading *reading, const char *key)
{
    struct past *past = reading->past;
    int64_t span_ms = side_past_steps(past->definition, reading->metric) * reading->measured->step_ms;
    int64_t from_ms = past->routed_ms > span_ms ? past->routed_ms - span_ms : 0;

    if (side_wants_before(past->definition, reading->metric))
        (void)read_side(reading, key, SIDE_BEFORE, from_ms, past->routed_ms);
}

/* Minutes, as they were read live; so they are not what makes a backtest coarse. A file that is not there is
 * a past without values. */
static void read_days(const struct reading *reading, const char *key)
{
    struct past *past = reading->past;
    int64_t span_ms = side_past_steps(past->definition, reading->metric) * reading->measured->step_ms;

    for (size_t r = 0; r < past->definition->rule_count; r++) {
        const struct rule_definition *rule = &past->definition->rules[r];
        const struct comparison *comparison = &rule->rule.comparison;
        for (uint8_t i = 0; i < comparison->against_count && rule->metrics[0] == reading->metric; i++) {
            if (comparison->against[i].kind != BASELINE_DAYS)
                continue;
            int64_t from_ms = past->routed_ms - comparison->against[i].days * day_ms;
            struct rejudge_values *values = past_days(past, reading->metric, comparison->against[i].days);
            bool is_coarse;
            if (values != NULL && values->count == 0 && from_ms >= 0)
                (void)read_rows(reading, key, values, from_ms, from_ms + span_ms, &is_coarse);
        }
    }
}

static enum past_gap read_metric(const struct reading *reading)
{
    struct past *past = reading->past;
    const struct metric_definition *measured = reading->measured;
    struct side candidate = side_of(reading, true);
    struct side stable = side_of(reading, false);
    char key[SIDE_KEY_MAX];
    char stable_key[SIDE_KEY_MAX];
    int64_t to_ms = past->until_ms + measured->step_ms;

    if (measured->step_ms % 1000 != 0 || measured->step_ms != reading->kept->step_ms ||
        measured->kind != reading->kept->kind)
        return PAST_SHAPE;
    if (!asks_the_same(reading))
        return PAST_CHANGED;
    bool has_candidate = side_key(&candidate, reading->kept, reading->option_count, key);
    bool has_stable = side_key(&stable, reading->kept, reading->option_count, stable_key);
    if (!has_candidate)
        return PAST_NOTHING;
    enum past_gap gap = read_side(reading, key, SIDE_CANDIDATE, past->from_ms, to_ms);
    if (gap == PAST_COMPLETE && has_stable)
        (void)read_side(reading, stable_key, SIDE_STABLE, past->from_ms, to_ms);
    read_before(reading, has_stable ? stable_key : key);
    read_days(reading, has_stable ? stable_key : key);
    if (gap == PAST_NOTHING && measured->kind == SERIES_HISTOGRAM)
        return PAST_HISTOGRAM;
    if (gap == PAST_COMPLETE &&
        !has_values(&past->metrics[reading->metric].side[SIDE_CANDIDATE], measured->kind))
        return PAST_NOTHING;
    past->metrics[reading->metric].is_same_series = has_stable && strcmp(key, stable_key) == 0;
    return gap;
}

void kept_read_series(const struct kept_place *place, struct past *past)
{
    const struct definition *definition = past->definition;

    for (size_t m = 0; m < definition->metric_count; m++) {
        const struct metric_definition *measured = &definition->metrics[m];
        const struct metric_definition *kept = find_kept(place->sealed, measured->name);
        struct reading reading = {.place = place,
                                  .past = past,
                                  .metric = m,
                                  .measured = measured,
                                  .kept = kept != NULL ? kept : measured,
                                  .option_count = place->schemas->collectors[measured->collector].use_count};
        past->gaps[m] = read_metric(&reading);
    }
}
