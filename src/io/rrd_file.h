/* rrd_file.h - one series as one RRD file (librrd): create, update, fetch, blocking; for the one thread that
 * may call librrd (rrd_writer.h). SPDX-License-Identifier: MIT
 *
 * A value belongs to a step, named by its start: [time_s, time_s + step_s), time_s a multiple of step_s. It
 * is written at the step's END, always exactly one step after the write before it (a gap is closed with an
 * explicit unknown first), so the file holds the value itself and no interpolation; rrdtool prints it beside
 * the end, as RRD always does. Whole numbers up to 2^53 come back exactly, other values to 15 digits
 * (librrd's own text conversion). */
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
    RRD_FILE_COLUMNS_MAX = 2,
    RRD_FILE_ROWS_MAX = 400 * 1000, /* of an archive, and of a fetch */
    RRD_FILE_STEP_MAX_S = 86400
};

enum rrd_file_kind {
    RRD_FILE_GAUGE, /* one column: "value" */
    RRD_FILE_COUNT, /* two columns: "events", "total" of the step */
    RRD_FILE_KIND_COUNT
};

enum rrd_file_consolidation { RRD_FILE_AVERAGE, RRD_FILE_MIN, RRD_FILE_MAX, RRD_FILE_CONSOLIDATION_COUNT };

struct rrd_file_archive {
    enum rrd_file_consolidation consolidation;
    int64_t row_s; /* a multiple of the shape's step */
    int64_t rows;
};

struct rrd_file_shape {
    enum rrd_file_kind kind;
    int64_t step_s;
    const struct rrd_file_archive *archives; /* NULL: rrd_file_archives_default */
    size_t archive_count;
};

struct rrd_file_point {
    int64_t time_s;                      /* start of its step */
    double values[RRD_FILE_COLUMNS_MAX]; /* NaN: unknown; infinite is stored as unknown */
};

/* What a write did. */
struct rrd_file_result {
    size_t written;
    size_t late; /* steps that the file has already, or older */
    bool was_created;
    bool was_set_aside; /* a file that is no RRD of this shape was renamed to PATH.corrupt-UNIXTIME */
};

struct rrd_file_rows {
    int64_t start_s; /* start of the first row's step */
    int64_t row_s;
    size_t count; /* rows */
    size_t columns;
    const double *values; /* count * columns, row by row; NaN: unknown */
};

/* For step_s: 2 days of single steps, 30 days of minutes, 2 years of hours, averages (a row is known when any
 * of its steps is). Fills at most RRD_FILE_ARCHIVES_MAX; returns how many. */
size_t rrd_file_archives_default(int64_t step_s, struct rrd_file_archive *ret_archives);

/* Whether a path below the root is one that we make: folders and a name of [A-Za-z0-9._+~-], none beginning
 * with a dot, ending in ".rrd". */
bool rrd_file_is_path(const char *path);

bool rrd_file_is_shape(const struct rrd_file_shape *shape);

/* Number of columns of a kind. */
size_t rrd_file_columns(enum rrd_file_kind kind);

/* Appends points in order of time, creating folders (0700) and file (0600). `last_s` is the end of the last
 * step in the file where the caller knows it, else 0; *ret_last_s is what it is afterwards. ERR_IO (also a
 * full disk), ERR_LIMIT; some points may have been written. */
MUST_CHECK bool rrd_file_write(int root_fd, const char *root, const char *path,
                               const struct rrd_file_shape *shape, const struct rrd_file_point *points,
                               size_t count, int64_t last_s, struct rrd_file_result *ret_result,
                               int64_t *ret_last_s, struct err *err);

/* Rows whose steps start in [start_s, end_s), from the finest archive that reaches back far enough, not finer
 * than row_s. The caller frees ret_rows->values with rrd_file_rows_done. ERR_NOT_FOUND, ERR_LIMIT, ERR_IO. */
MUST_CHECK bool rrd_file_fetch(const char *root, const char *path, int64_t start_s, int64_t end_s,
                               int64_t row_s, struct rrd_file_rows *ret_rows, struct err *err);
void rrd_file_rows_done(struct rrd_file_rows *rows);

#endif
