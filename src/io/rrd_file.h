/* rrd_file.h - one series as one RRD file (librrd): create, update, fetch, blocking; for the one thread that
 * may call librrd (rrd_writer.h). SPDX-License-Identifier: MIT
 *
 * A value belongs to a step, named by its start: [time_s, time_s + step_s), time_s a multiple of step_s. It
 * is written at the step's END, always exactly one step after the write before it (a gap is closed with an
 * explicit unknown first), so the file holds the value itself and no interpolation; rrdtool prints it beside
 * the end, as RRD always does. Whole numbers up to 2^53 come back exactly, other values to 15 digits
 * (librrd's own text conversion).
 *
 * A file of buckets says in the names of its columns what their upper bounds are (rrd_columns.h). When those
 * change, it is renamed to PATH.former, in the place of an earlier one, and another is begun. */
#ifndef IO_RRD_FILE_H
#define IO_RRD_FILE_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RRD_FILE_PATH_MAX = 512, /* below the root; "service/environment/slot.blue/error_rate.rrd" */
    RRD_FILE_DEPTH_MAX = 6,  /* folders */
    RRD_FILE_ARCHIVES_MAX = 8,
    RRD_FILE_COLUMNS_MAX = 2, /* but of buckets */
    RRD_FILE_BUCKETS_MAX = 32,
    RRD_FILE_ROWS_MAX = 2700 * 1000, /* of an archive: 31 days of seconds */
    RRD_FILE_FETCH_ROWS_MAX = 400 * 1000,
    RRD_FILE_ROWS_FIRST = 4096,           /* of the finest archive of a new file; see rrd_growth.h */
    RRD_FILE_ROWS_FIRST_COARSE = 1024,    /* of the others */
    RRD_FILE_ROWS_FIRST_BUCKETS_PART = 4, /* of buckets, whose rows are long, so small a part of either */
    RRD_FILE_STEP_MAX_S = 86400
};

enum rrd_file_kind {
    RRD_FILE_GAUGE,   /* one column: "value" */
    RRD_FILE_COUNT,   /* two columns: "events", "total" of the step */
    RRD_FILE_BUCKETS, /* a column for each bucket: how many of the step fell into it */
    RRD_FILE_KIND_COUNT
};

enum rrd_file_consolidation { RRD_FILE_AVERAGE, RRD_FILE_MIN, RRD_FILE_MAX, RRD_FILE_CONSOLIDATION_COUNT };

struct rrd_file_archive {
    enum rrd_file_consolidation consolidation;
    int64_t row_s; /* a multiple of the shape's step */
    int64_t rows;
};

/* So long back in rows of that length; what archives are made from, for whichever step. */
struct rrd_file_span {
    int64_t row_s; /* 0: single steps */
    int64_t span_s;
};

struct rrd_file_buckets {
    size_t count;
    double bounds[RRD_FILE_BUCKETS_MAX]; /* upper ones, ascending; the last may be INFINITY */
};

struct rrd_file_shape {
    enum rrd_file_kind kind;
    int64_t step_s;
    const struct rrd_file_archive *archives; /* NULL: rrd_file_archives_default */
    size_t archive_count;
    const struct rrd_file_buckets *buckets; /* BUCKETS; else NULL */
};

/* Of a shape with more columns than that the memory goes on behind it: rrd_file_point_size(). */
struct rrd_file_point {
    int64_t time_s;                      /* start of its step */
    double values[RRD_FILE_COLUMNS_MAX]; /* NaN: unknown; infinite is stored as unknown */
};

/* Room for one of any shape. */
struct rrd_file_wide_point {
    struct rrd_file_point point;
    double more[RRD_FILE_BUCKETS_MAX];
};

/* What a write did. */
struct rrd_file_result {
    size_t written;
    size_t late; /* steps that the file has already, or older */
    bool was_created;
    bool was_set_aside;     /* a file that is no RRD of this shape was renamed to PATH.corrupt-UNIXTIME */
    bool had_other_buckets; /* as well: and it was to PATH.former */
};

struct rrd_file_rows {
    int64_t start_s; /* start of the first row's step */
    int64_t row_s;
    size_t count; /* rows */
    size_t columns;
    const double *values; /* count * columns, row by row; NaN: unknown */
    const double *bounds; /* [columns] of buckets; NULL: other columns */
};

/* Averages for step_s, finest first, as the spans are (at most RRD_FILE_ARCHIVES_MAX); a row is known when
 * any of its steps is. Spans whose rows are one step alike become one archive. Returns how many. */
size_t rrd_file_archives(const struct rrd_file_span *spans, size_t span_count, int64_t step_s,
                         struct rrd_file_archive *ret_archives);

/* The same of 2 days of single steps, 30 days of minutes, 2 years of hours. */
size_t rrd_file_archives_default(int64_t step_s, struct rrd_file_archive *ret_archives);

/* Whether a path below the root is one that we make: folders and a name of [A-Za-z0-9._+~-], none beginning
 * with a dot, ending in ".rrd". */
bool rrd_file_is_path(const char *path);

bool rrd_file_is_shape(const struct rrd_file_shape *shape);

/* Number of columns of such a file. */
size_t rrd_file_columns(const struct rrd_file_shape *shape);

/* From one point of an array to the next. */
size_t rrd_file_point_size(const struct rrd_file_shape *shape);

static inline const struct rrd_file_point *rrd_file_point_at(const struct rrd_file_point *points,
                                                             size_t index, size_t size)
{
    return (const struct rrd_file_point *)(const void *)((const char *)points + index * size);
}

static inline const double *rrd_file_values(const struct rrd_file_point *point)
{
    return (const double *)(const void *)((const char *)point + offsetof(struct rrd_file_point, values));
}

/* As librrd writes it: "AVERAGE". */
const char *rrd_file_consolidation_name(enum rrd_file_consolidation consolidation);

/* Appends points in order of time, rrd_file_point_size() apart, creating folders (0700) and file (0600),
 * which begins with the first rows of its archives. `last_s` is the end of the last step in the file where
 * the caller knows it, else 0; *ret_last_s is what it is afterwards. ERR_IO (also a full disk), ERR_LIMIT;
 * some points may have been written. */
MUST_CHECK bool rrd_file_write(int root_fd, const char *root, const char *path,
                               const struct rrd_file_shape *shape, const struct rrd_file_point *points,
                               size_t count, int64_t last_s, struct rrd_file_result *ret_result,
                               int64_t *ret_last_s, struct err *err);

/* Rows whose steps start in [start_s, end_s), from the finest archive that reaches back far enough, or to all
 * that the file has of that time, not finer than row_s. The first row may be later than asked for. The caller
 * frees them with rrd_file_rows_done. ERR_NOT_FOUND, ERR_LIMIT, ERR_IO. */
MUST_CHECK bool rrd_file_fetch(const char *root, const char *path, int64_t start_s, int64_t end_s,
                               int64_t row_s, struct rrd_file_rows *ret_rows, struct err *err);
void rrd_file_rows_done(struct rrd_file_rows *rows);

#endif
