/* otlp_series.c - which points are a metric's, and what they add up to.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp_series.h"

#include "base/hash.h"
#include "base/text.h"
#include "collectors/ambiguous.h"
#include "collectors/combine_tell.h"
#include "collectors/increase.h"
#include "collectors/otlp_streams.h"
#include "collectors/selector.h"
#include "io/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = OTLP_PARTS_MAX, IDENTITY_MAX = 2 * LABELLED_LINE_MAX };

#define MS_NS INT64_C(1000000)

const struct option otlp_metric_options[OTLP_METRIC_OPTION_COUNT] = {
    [OTLP_QUERY] = {.name = "query",
                    .type = OPTION_TEXT,
                    .help = "Which gauge (or sum that also falls): "
                            "process.memory.usage{service.version='{{version}}'}; templates allowed"},
    [OTLP_EVENTS] = {.name = "events",
                     .type = OPTION_TEXT,
                     .help = "Counter of what is counted against the total, a sum or a histogram: "
                             "http.server.request.duration{http.response.status_code=~'5..'}; templates "
                             "allowed"},
    [OTLP_TOTAL] = {.name = "total", .type = OPTION_TEXT, .help = "Counter of everything; templates allowed"},
    [OTLP_BUCKETS] = {.name = "buckets",
                      .type = OPTION_TEXT,
                      .help = "Which histogram, with explicit bounds; templates allowed"},
    [OTLP_COMBINE] = {.name = "combine",
                      .type = OPTION_CHOICE,
                      .choices = combine_names,
                      .help = "One value of what all that fit the query said last; share: of those that are "
                              "not 0"},
};

/* What a selector chooses, and what that rose by. */
struct part {
    struct selector_entry entry;
    struct selector *selector;
    struct otlp_streams *streams; /* of counts and histograms */
    double rise;                  /* in the request under way */
};

struct otlp_series {
    struct collector_sink sink;
    enum series_kind kind;
    size_t part_count;
    struct part parts[PARTS_MAX];   /* a count's first is its total */
    struct otlp_streams *reporters; /* who was heard, of counts and histograms */
    struct combine *combine;        /* what each reporter said last; NULL: they are not told apart */
    /* the request under way */
    int64_t now_ms, wall_ms;
    size_t taken;      /* points of the first part that have a value */
    bool is_new;       /* of a gauge: one is younger than what we had */
    bool is_silent;    /* one that says that there is no value any more */
    bool is_ambiguous; /* gauges of several streams */
    bool has_trouble;  /* one that is none */
    enum series_trouble trouble;
    char why[AMBIGUOUS_WHY_SIZE];
    struct increase_buckets buckets;
    /* the gauge: of the request under way, and before */
    uint64_t stream, first_stream;
    int64_t time_ns;
    double value;
    char *first; /* labels of the first gauge of the request; NULL: none yet */
    char *identity;
    size_t identity_size;
};

/* ---- whose point it is ---- */

/* Room for the texts of all labels; of the longest there are, their beginning counts. */
static void make_room(struct otlp_series *series, const struct labelled *labelled)
{
    size_t size = 1;

    for (size_t i = 0; i < labelled->label_count; i++)
        size += strlen(labelled->labels[i].name) + strlen(labelled->labels[i].value) + 2;
    if (size > IDENTITY_MAX)
        size = IDENTITY_MAX;
    if (size <= series->identity_size)
        return;
    series->identity_size = size;
    series->identity = memory_resize(series->identity, size);
}

/* Equal sets of labels are equal texts, whatever their order. */
static uint64_t identify(struct otlp_series *series, const struct otlp_point *point)
{
    const struct label *sorted[LABELLED_LABELS_MAX];
    struct text text;

    make_room(series, &point->labelled);
    selector_sort_labels(&point->labelled, sorted);
    text_init(&text, series->identity, series->identity_size);
    for (size_t i = 0; i < point->labelled.label_count; i++) {
        text_add_bytes(&text, sorted[i]->name, strlen(sorted[i]->name));
        text_add_bytes(&text, "\x1f", 1);
        text_add_bytes(&text, sorted[i]->value, strlen(sorted[i]->value));
        text_add_bytes(&text, "\x1e", 1);
    }
    return hash_bytes(HASH_BEGIN, series->identity, text.length);
}

static uint64_t hash_bounds(const struct otlp_point *point)
{
    return hash_bytes(HASH_BEGIN, point->bounds, point->bucket_count * sizeof(*point->bounds));
}

/* ---- what is no value ---- */

static bool check_count(const struct otlp_point *point, struct err *err)
{
    const char *name = point->labelled.name;

    if (point->kind == OTLP_GAUGE || (point->kind == OTLP_SUM && !point->is_monotonic))
        return err_set(err, ERR_INVALID, "%.80s is a gauge; what counts is a monotonic sum or a histogram",
                       name);
    if (point->temporality == OTLP_UNSPECIFIED)
        return err_set(err, ERR_INVALID, "%.80s does not say whether it is a delta or cumulative", name);
    return point->labelled.value >= 0 || err_set(err, ERR_INVALID, "%.80s counts below 0", name);
}

static bool check_kind(const struct otlp_series *series, const struct otlp_point *point, struct err *err)
{
    const char *name = point->labelled.name;

    switch (series->kind) {
    case SERIES_GAUGE:
        if (point->kind == OTLP_HISTOGRAM || (point->kind == OTLP_SUM && point->temporality == OTLP_DELTA))
            return err_set(err, ERR_INVALID, "%.80s is no gauge: it counts what happened", name);
        return true;
    case SERIES_COUNT:
        return check_count(point, err);
    case SERIES_HISTOGRAM:
        if (point->kind != OTLP_HISTOGRAM || point->bucket_count < 2)
            return err_set(err, ERR_INVALID, "%.80s is no histogram with buckets", name);
        return check_count(point, err);
    }
    return false;
}

static bool check_point(const struct otlp_series *series, const struct otlp_point *point, struct err *err)
{
    const char *name = point->labelled.name;
    int64_t age_ms = series->wall_ms - point->time_ns / MS_NS;

    if (point->wrong != NULL)
        return err_set(err, ERR_INVALID, "%.80s: %s", name, point->wrong);
    if (age_ms > LABELLED_AGE_MAX_MS || age_ms < -LABELLED_AGE_MAX_MS)
        return err_set(err, ERR_UNAVAILABLE, "%.80s says of itself that it is of %s, %" PRId64 " s away",
                       name, age_ms > 0 ? "the past" : "the future", (age_ms > 0 ? age_ms : -age_ms) / 1000);
    if (!point->is_silent && !isfinite(point->labelled.value))
        return err_set(err, ERR_INVALID, "%.80s is not finite", name);
    return point->is_silent || check_kind(series, point, err);
}

/* ---- taking ---- */

static void note_trouble(struct otlp_series *series, enum series_trouble trouble, const char *why)
{
    if (!series->has_trouble)
        (void)snprintf(series->why, sizeof(series->why), "%.170s", why);
    series->trouble = series->has_trouble ? series->trouble : trouble;
    series->has_trouble = true;
}

/* A second gauge beside the first of the request. */
static void note_ambiguous(struct otlp_series *series)
{
    const struct prometheus_sample samples[] = {{.labels = series->first}, {.labels = series->identity}};

    if (!series->is_ambiguous && !series->has_trouble)
        ambiguous_format(series->why, "the request", samples, ARRAY_LENGTH(samples), 0);
    series->is_ambiguous = true;
}

static void keep_first(struct otlp_series *series, uint64_t stream)
{
    if (series->first != NULL && series->first_stream == stream)
        return;
    free(series->first);
    series->first = memory_copy_text(series->identity);
    series->first_stream = stream;
}

static bool take_gauge(struct otlp_series *series, const struct otlp_point *point, struct err *err)
{
    uint64_t stream = identify(series, point);
    bool is_same = stream == series->stream;

    if (series->combine != NULL)
        return combine_put(series->combine, series->identity, point->labelled.value, series->now_ms) ||
               err_set(err, ERR_LIMIT, "%.80s has more than %d reporters", point->labelled.name,
                       COMBINE_REPORTERS_MAX);
    if (series->taken == 1)
        keep_first(series, stream);
    else if (!is_same)
        note_ambiguous(series);
    if (is_same && point->time_ns <= series->time_ns)
        return true;
    series->stream = stream;
    series->time_ns = point->time_ns;
    series->value = point->labelled.value;
    series->is_new = true;
    return true;
}

/* What a reporter that was heard in an earlier request says for the first time was born since. */
static void take_rise(struct otlp_series *series, struct part *part, const struct otlp_point *point)
{
    const double zero = 0;
    double rises[SERIES_BUCKETS_MAX] = {0};
    bool has_buckets = series->kind == SERIES_HISTOGRAM;
    struct otlp_reading reading = {
        .stream = identify(series, point),
        .shape = has_buckets ? hash_bounds(point) : 0,
        .point = point,
        .is_birth_counted = otlp_streams_knows(series->reporters, point->resource, point->time_ns),
        .cells = has_buckets ? point->counts : &point->labelled.value,
        .cell_count = has_buckets ? point->bucket_count : 1,
    };
    const struct otlp_reading reporter = {
        .stream = point->resource, .point = point, .cells = &zero, .cell_count = 1};

    otlp_streams_take(part->streams, &reading, rises);
    part->rise += rises[0];
    if (part == &series->parts[0])
        otlp_streams_take(series->reporters, &reporter, rises);
    for (size_t i = 0; has_buckets && i < point->bucket_count; i++)
        if (!increase_add_bucket(&series->buckets, point->bounds[i], rises[i]))
            note_trouble(series, SERIES_ERROR, "the histograms have too many different bounds");
}

static bool take_value(struct otlp_series *series, struct part *part, const struct otlp_point *point,
                       struct err *err)
{
    if (point->is_silent) {
        series->is_silent = true;
        return true;
    }
    if (part == &series->parts[0])
        series->taken++;
    if (series->kind == SERIES_GAUGE)
        return take_gauge(series, point, err);
    take_rise(series, part, point);
    return true;
}

static bool take_part(struct otlp_series *series, struct part *part, const struct otlp_point *point,
                      struct err *err)
{
    bool fits = false;

    if (!selector_fits(part->selector, &point->labelled, &fits, err)) {
        note_trouble(series, SERIES_ERROR, err->text);
        return false;
    }
    if (!fits)
        return true;
    if (check_point(series, point, err))
        return take_value(series, part, point, err);
    bool is_number = point->wrong != NULL || point->is_silent || isfinite(point->labelled.value);
    note_trouble(series, is_number ? SERIES_ERROR : SERIES_NOT_FINITE, err->text);
    return false;
}

void otlp_series_index(struct otlp_series *series, struct selector_index *index, void *owner)
{
    for (size_t i = 0; i < series->part_count; i++)
        selector_index_add(index, &series->parts[i].entry, series->parts[i].selector, owner);
}

bool otlp_series_take(struct otlp_series *series, const struct otlp_point *point, struct err *err)
{
    bool is_good = true;

    for (size_t i = 0; i < series->part_count; i++)
        is_good = take_part(series, &series->parts[i], point, err) && is_good;
    return is_good;
}

/* ---- a request ---- */

void otlp_series_begin(struct otlp_series *series, int64_t now_ms, int64_t wall_ms)
{
    series->now_ms = now_ms;
    series->wall_ms = wall_ms;
    series->taken = 0;
    series->is_new = false;
    series->is_silent = false;
    series->is_ambiguous = false;
    series->has_trouble = false;
    series->buckets = (struct increase_buckets){0};
    for (size_t i = 0; i < series->part_count; i++)
        series->parts[i].rise = 0;
    otlp_streams_begin(series->reporters);
}

static void put_gauge(struct otlp_series *series)
{
    if (series->combine != NULL)
        (void)combine_tell(series->combine, series->now_ms, &series->sink);
    else if (series->is_ambiguous)
        series->sink.trouble(series->sink.data, SERIES_AMBIGUOUS, series->why);
    else if (series->is_new) /* what is sent once more keeps nothing fresh */
        series->sink.gauge(series->sink.data, series->now_ms, series->value);
}

static void put(struct otlp_series *series)
{
    struct increase_buckets *buckets = &series->buckets;

    switch (series->kind) {
    case SERIES_GAUGE:
        put_gauge(series);
        return;
    case SERIES_COUNT:
        series->sink.count(series->sink.data, series->now_ms, series->parts[1].rise, series->parts[0].rise);
        return;
    case SERIES_HISTOGRAM:
        if (buckets->count > 0)
            series->sink.histogram(series->sink.data, series->now_ms, buckets->bounds, buckets->counts,
                                   buckets->count);
        return;
    }
}

void otlp_series_end(struct otlp_series *series)
{
    if (series->has_trouble)
        series->sink.trouble(series->sink.data, series->trouble, series->why);
    else if (series->taken > 0)
        put(series);
    else if (series->is_silent && series->kind == SERIES_GAUGE && series->combine == NULL)
        series->sink.trouble(series->sink.data, SERIES_NO_DATA, "its sender has no value any more");
}

void otlp_series_pass(struct otlp_series *series, int64_t now_ms)
{
    if (series->combine != NULL && series->combine->count > 0 &&
        combine_is_complete(series->combine, now_ms) && !combine_tell(series->combine, now_ms, &series->sink))
        series->sink.trouble(series->sink.data, SERIES_NO_DATA, "nobody posts it any more");
}

/* ---- options ---- */

bool otlp_series_check(const struct option_value *options, const char **ret_option, struct err *err)
{
    for (size_t i = OTLP_QUERY; i <= OTLP_BUCKETS; i++) {
        *ret_option = otlp_metric_options[i].name;
        if (options[i].text != NULL && !selector_check(options[i].text, err))
            return err_wrap(err, "%s", otlp_metric_options[i].name);
    }
    return true;
}

static bool add_part(struct otlp_series *series, const struct collector_series *what,
                     enum otlp_metric_option option, int64_t since_ns, struct err *err)
{
    struct part *part = &series->parts[series->part_count];
    const char *text = what->options[option].text;

    if (text == NULL)
        return err_set(err, ERR_INVALID, "%s is missing", otlp_metric_options[option].name);
    if (!selector_new(text, &part->selector, err))
        return err_wrap(err, "%s", otlp_metric_options[option].name);
    part->streams = otlp_streams_new(since_ns, series->kind == SERIES_HISTOGRAM ? SERIES_BUCKETS_MAX : 1);
    series->part_count++;
    return true;
}

static bool add_parts(struct otlp_series *series, const struct collector_series *what, int64_t since_ns,
                      struct err *err)
{
    static const enum otlp_metric_option first[] = {
        [SERIES_GAUGE] = OTLP_QUERY, [SERIES_COUNT] = OTLP_TOTAL, [SERIES_HISTOGRAM] = OTLP_BUCKETS};

    if (what->options[OTLP_COMBINE].is_set && what->kind != SERIES_GAUGE)
        return err_set(err, ERR_INVALID, "combine is for gauges");
    return add_part(series, what, first[what->kind], since_ns, err) &&
           (what->kind != SERIES_COUNT || add_part(series, what, OTLP_EVENTS, since_ns, err));
}

bool otlp_series_new(const struct collector_series *what, int64_t now_ms, int64_t wall_ms,
                     struct otlp_series **ret_series, struct err *err)
{
    struct otlp_series *series = memory_take(sizeof(*series));
    const struct option_value *combine = &what->options[OTLP_COMBINE];

    series->sink = what->sink;
    series->kind = what->kind;
    series->reporters = otlp_streams_new(wall_ms * MS_NS, 1);
    if (!add_parts(series, what, wall_ms * MS_NS, err)) {
        otlp_series_free(series);
        return false;
    }
    if (combine->is_set) {
        series->combine = memory_take(sizeof(*series->combine));
        combine_init(series->combine, (enum combine_kind)combine->choice, what->silence_max_ms, now_ms);
    }
    *ret_series = series;
    return true;
}

void otlp_series_free(struct otlp_series *series)
{
    for (size_t i = 0; i < PARTS_MAX; i++) {
        selector_free(series->parts[i].selector);
        otlp_streams_free(series->parts[i].streams);
    }
    otlp_streams_free(series->reporters);
    free(series->combine);
    free(series->first);
    free(series->identity);
    free(series);
}
