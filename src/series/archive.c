/* archive.c - closed steps become rows of RRD files.
 * SPDX-License-Identifier: MIT */
#include "series/archive.h"

#include "base/text.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"
#include "judge/series_window.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    END_DEADLINE_MS = 60 * 1000,
    OFFSET_TOLERANCE_MS = 750 /* a wall clock that is slewed must not move values from step to step */
};

/* The archives of all files of one step; the writer reads them as long as it lives. */
struct archive_plan {
    struct archive_plan *next;
    int64_t step_s;
    size_t count;
    struct rrd_file_archive archives[RRD_FILE_ARCHIVES_MAX];
};

struct archive {
    struct loop *loop;
    const struct log *log;
    struct rrd_writer *writer;
    int64_t offset_ms; /* of the wall clock, whole seconds; valid where has_offset */
    bool has_offset;
    uint64_t skipped;
    size_t span_count;
    struct rrd_file_span spans[RRD_FILE_ARCHIVES_MAX];
    struct archive_plan *plans;
};

struct quantile_file {
    const char *suffix;
    double quantile;
};

static const struct quantile_file quantile_files[] = {{".p50", 0.5}, {".p95", 0.95}, {".p99", 0.99}};

static void log_trouble(void *data, const struct rrd_writer_trouble *trouble)
{
    const struct archive *archive = data;

    log_say(archive->log, LOG_LEVEL_ERROR, "%zu series files could not be written, first %s: %s",
            trouble->file_count, trouble->path, trouble->text);
}

static void log_set_aside(void *data, const char *path, bool has_other_buckets)
{
    const struct archive *archive = data;

    if (has_other_buckets)
        log_say(archive->log, LOG_LEVEL_WARN,
                "%s: its source has other buckets now: begun anew, what was kept is %s.former", path, path);
    else
        log_say(archive->log, LOG_LEVEL_WARN, "%s was no file of this series: set aside, begun anew", path);
}

bool archive_new(struct loop *loop, const struct log *log, const char *folder,
                 const struct rrd_file_span *spans, size_t span_count, struct archive **ret_archive,
                 struct err *err)
{
    static const struct rrd_writer_callbacks callbacks = {.on_trouble = log_trouble,
                                                          .on_set_aside = log_set_aside};
    struct rrd_writer_settings settings = {.root = folder};
    struct archive *archive = memory_take(sizeof(*archive));

    archive->loop = loop;
    archive->log = log;
    assert(span_count <= RRD_FILE_ARCHIVES_MAX);
    archive->span_count = span_count;
    if (span_count > 0)
        memcpy(archive->spans, spans, span_count * sizeof(*spans));
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        free(archive);
        return err_set(err, ERR_IO, "making the folder %s: %s", folder, strerror(errno));
    }
    if (!rrd_writer_new(loop, &settings, &callbacks, archive, &archive->writer, err)) {
        free(archive);
        return err_wrap(err, "opening the archive of series");
    }
    *ret_archive = archive;
    return true;
}

static void set_flag(void *data)
{
    *(bool *)data = true;
}

static void free_all(struct archive *archive)
{
    for (struct archive_plan *plan = archive->plans; plan != NULL;) {
        struct archive_plan *next = plan->next;
        free(plan);
        plan = next;
    }
    free(archive);
}

void archive_free(struct archive *archive)
{
    bool is_ended = false;

    if (archive == NULL)
        return;
    rrd_writer_free(archive->writer, set_flag, &is_ended);
    /* A thread that hangs in a broken disk still points to all this: the process is about to end anyway. */
    if (loop_run_until(archive->loop, &is_ended, END_DEADLINE_MS))
        free_all(archive);
}

static int64_t round_down(int64_t number, int64_t unit)
{
    int64_t rest = number % unit;

    return number - (rest < 0 ? rest + unit : rest);
}

int64_t archive_offset_ms(int64_t wall_offset_ms)
{
    return round_down(wall_offset_ms + 500, 1000);
}

int64_t archive_step_from(int64_t row_start_s, int64_t offset_ms, int64_t step_ms)
{
    int64_t at_ms = row_start_s * 1000 - offset_ms;

    return at_ms <= 0 ? 0 : (at_ms + step_ms - 1) / step_ms;
}

/* Neighbouring steps must become neighbouring rows: the offset stays until the wall clock was really set. */
static int64_t settled_offset_ms(struct archive *archive, int64_t wall_offset_ms)
{
    int64_t change_ms = wall_offset_ms - archive->offset_ms;

    if (!archive->has_offset || change_ms < -OFFSET_TOLERANCE_MS || change_ms > OFFSET_TOLERANCE_MS)
        archive->offset_ms = archive_offset_ms(wall_offset_ms);
    archive->has_offset = true;
    return archive->offset_ms;
}

const char *archive_suffix(enum series_kind kind)
{
    return kind == SERIES_HISTOGRAM ? ARCHIVE_BUCKETS : "";
}

bool archive_is_row_of(enum series_kind kind, const struct rrd_file_rows *rows)
{
    if (kind == SERIES_HISTOGRAM)
        return rows->bounds != NULL && rows->columns >= 2 && rows->bounds[rows->columns - 1] == INFINITY;
    return rows->columns == (kind == SERIES_COUNT ? 2 : 1);
}

bool archive_path(const struct series_name *name, const char *suffix, char *to, size_t size)
{
    const char *const parts[] = {name->service, "/",   name->environment, "/", name->key, "/", name->metric,
                                 suffix,        ".rrd"};
    struct text text;

    text_init(&text, to, size);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        text_add_text(&text, parts[i]);
    return !text.is_cut && rrd_file_is_path(to);
}

static const struct archive_plan *plan_of(struct archive *archive, int64_t step_s)
{
    struct archive_plan *plan = archive->plans;

    while (plan != NULL && plan->step_s != step_s)
        plan = plan->next;
    if (plan != NULL)
        return plan;
    plan = memory_take(sizeof(*plan));
    plan->step_s = step_s;
    plan->count = archive->span_count == 0
                      ? rrd_file_archives_default(step_s, plan->archives)
                      : rrd_file_archives(archive->spans, archive->span_count, step_s, plan->archives);
    plan->next = archive->plans;
    archive->plans = plan;
    return plan;
}

/* One value of one file. */
struct row {
    enum rrd_file_kind kind;
    const char *suffix;
    const double *values;
    const struct rrd_file_buckets *buckets; /* BUCKETS; else NULL */
    struct rrd_writer_place *place;         /* of the file without a suffix; else NULL */
};

static void add_row(struct archive *archive, const struct series *series, int64_t time_s,
                    const struct row *row)
{
    const struct series_view *view = series_view_of(series);
    const struct archive_plan *plan = plan_of(archive, series_row_ms(view) / 1000);
    struct rrd_file_shape shape = {.kind = row->kind,
                                   .step_s = plan->step_s,
                                   .archives = plan->archives,
                                   .archive_count = plan->count,
                                   .buckets = row->buckets};
    char path[RRD_FILE_PATH_MAX];

    if (archive_path(series_name_of(series), row->suffix, path, sizeof(path)) && rrd_file_is_shape(&shape))
        (void)rrd_writer_add(archive->writer, path, &shape, time_s, row->values, row->place);
    else
        archive->skipped++;
}

static void add_quantiles(struct archive *archive, const struct series *series,
                          const struct series_window *window, int64_t time_s)
{
    for (size_t i = 0; i < ARRAY_LENGTH(quantile_files); i++) {
        double value = series_window_quantile(window, quantile_files[i].quantile);
        struct row row = {.kind = RRD_FILE_GAUGE, .suffix = quantile_files[i].suffix, .values = &value};
        add_row(archive, series, time_s, &row);
    }
}

static void add_buckets(struct archive *archive, const struct series *series,
                        const struct series_window *window, int64_t time_s)
{
    static_assert((int)RRD_FILE_BUCKETS_MAX == (int)SERIES_BUCKETS_MAX, "a file holds what a window does");
    const struct series_view *view = window->view;
    struct rrd_file_buckets buckets = {.count = view->bucket_count};
    double values[RRD_FILE_BUCKETS_MAX] = {0};

    (void)series_window_buckets(window, values);
    for (uint32_t i = 0; i < view->bucket_count; i++)
        buckets.bounds[i] = view->bounds[i];
    struct row row = {
        .kind = RRD_FILE_BUCKETS, .suffix = ARCHIVE_BUCKETS, .values = values, .buckets = &buckets};
    add_row(archive, series, time_s, &row);
}

/* The steps of the row that this one is in. */
static struct series_window row_window(const struct series_view *view, int64_t row)
{
    int64_t row_ms = series_row_ms(view);
    struct series_window window = {.view = view,
                                   .oldest = series_first_from(row * row_ms, view->step_ms),
                                   .newest = series_first_from((row + 1) * row_ms, view->step_ms) - 1};
    int64_t oldest_kept = series_oldest_kept(view);

    if (window.newest > view->newest_step)
        window.newest = view->newest_step;
    if (window.oldest < oldest_kept)
        window.oldest = oldest_kept;
    return window;
}

void archive_add(struct archive *archive, struct series *series, int64_t step, int64_t wall_offset_ms)
{
    const struct series_view *view = series_view_of(series);
    const struct series_step *newest = series_view_at(view, step);

    if (newest == NULL)
        return;
    int64_t row_number = step * view->step_ms / series_row_ms(view);
    struct series_window window = row_window(view, row_number);
    struct series_sum sum = series_window_sum(&window, INFINITY);
    int64_t time_s = (row_number * series_row_ms(view) + settled_offset_ms(archive, wall_offset_ms)) / 1000;
    double values[] = {view->kind == SERIES_GAUGE ? newest->value : sum.value, sum.total};
    struct row row = {.kind = RRD_FILE_COUNT, .suffix = "", .values = values, .place = series_place(series)};
    if (view->kind == SERIES_GAUGE)
        row.kind = RRD_FILE_GAUGE;
    if (view->kind == SERIES_HISTOGRAM)
        values[0] = NAN; /* there are no events among the observations */
    if (!rrd_writer_add_again(archive->writer, row.place, time_s, values))
        add_row(archive, series, time_s, &row);
    if (view->kind != SERIES_HISTOGRAM)
        return;
    add_buckets(archive, series, &window, time_s);
    if (sum.total > 0)
        add_quantiles(archive, series, &window, time_s);
}

void archive_flush(struct archive *archive, const char *service, const char *environment)
{
    char folder[RRD_FILE_PATH_MAX];
    int length = snprintf(folder, sizeof(folder), "%s/%s/", service, environment);

    if (length > 0 && (size_t)length < sizeof(folder))
        rrd_writer_flush(archive->writer, folder);
}

void archive_sync(struct archive *archive, const char *folder, void (*done)(void *data), void *data)
{
    /* Refused only while many others wait: what is drawn ends a batch earlier then. */
    if (!rrd_writer_sync(archive->writer, folder, done, data))
        loop_defer(archive->loop, done, data);
}

bool archive_fetch(struct archive *archive, const struct series_name *name, const char *suffix,
                   const struct archive_span *span, rrd_writer_fetched *done, void *data, struct err *err)
{
    char path[RRD_FILE_PATH_MAX];

    if (!archive_path(name, suffix, path, sizeof(path)))
        return err_set(err, ERR_INVALID, "%s of %s has no name of a file", name->metric, name->key);
    if (!span->is_former)
        rrd_writer_flush(archive->writer, path);
    if (!rrd_writer_fetch(archive->writer, path, span->start_s, span->end_s, span->row_s, done, data))
        return err_set(err, ERR_LIMIT, "too many readings of series files wait already");
    return true;
}

struct archive_counts archive_counts(const struct archive *archive)
{
    return (struct archive_counts){.files = rrd_writer_counts(archive->writer), .skipped = archive->skipped};
}
