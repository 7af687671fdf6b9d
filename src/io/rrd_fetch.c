/* rrd_fetch.c - rows of an RRD file read back through librrd.
 * SPDX-License-Identifier: MIT */
#include "io/memory.h"
#include "io/rrd_columns.h"
#include "io/rrd_file_parts.h"

#include <math.h>
#include <rrd.h>
#include <stdlib.h>
#include <unistd.h>

/* What the columns are called, as bounds; NULL: they are no buckets. Gives the names back. */
static double *take_names(char **names, size_t count)
{
    double *bounds = count > RRD_FILE_BUCKETS_MAX ? NULL : memory_take_array(count, sizeof(*bounds));
    bool are_bounds = bounds != NULL;

    for (size_t i = 0; i < count; i++) {
        are_bounds = are_bounds && rrd_column_bound(names[i], &bounds[i]);
        rrd_freemem(names[i]);
    }
    rrd_freemem(names);
    if (are_bounds && rrd_columns_are_bounds(bounds, count))
        return bounds;
    free(bounds);
    return NULL;
}

/* One rrd_fetch_r; the data are librrd's. */
static bool fetch_range(const char *full, const char *path, int64_t start_s, int64_t end_s, int64_t row_s,
                        struct rrd_file_rows *ret_rows, struct err *err)
{
    time_t start = (time_t)start_s;
    time_t end = (time_t)end_s;
    unsigned long step = (unsigned long)row_s;
    unsigned long columns = 0;
    char **names = NULL;
    rrd_value_t *values = NULL;

    rrd_clear_error();
    if (rrd_fetch_r(full, "AVERAGE", &start, &end, &step, &columns, &names, &values) != 0)
        return rrd_file_failed(err, path, "reading");
    double *bounds = take_names(names, columns);
    int64_t step_s = (int64_t)step;
    int64_t wanted = (end_s - (int64_t)start + step_s - 1) / step_s;
    int64_t given = ((int64_t)end - (int64_t)start) / step_s;
    *ret_rows = (struct rrd_file_rows){.start_s = (int64_t)start,
                                       .row_s = step_s,
                                       .count = (size_t)(wanted < given ? wanted : given),
                                       .columns = columns,
                                       .values = values,
                                       .bounds = bounds};
    return true;
}

static bool has_known_row(const struct rrd_file_rows *rows, int64_t before_s)
{
    for (size_t i = 0; i < rows->count; i++)
        for (size_t j = 0; j < rows->columns; j++)
            if (rows->start_s + (int64_t)(i + 1) * rows->row_s <= before_s &&
                !isnan(rows->values[i * rows->columns + j]))
                return true;
    return false;
}

/* Whether the file knows anything of [start_s, end_s), by the rows of that length. */
static bool knows_before(const char *full, const char *path, int64_t start_s, int64_t end_s, int64_t row_s)
{
    struct rrd_file_rows rows = {0};
    struct err err = {0};

    if ((end_s - start_s) / row_s > RRD_FILE_FETCH_ROWS_MAX ||
        !fetch_range(full, path, start_s, end_s, row_s, &rows, &err))
        return true;
    bool is_known = has_known_row(&rows, end_s);
    rrd_file_rows_done(&rows);
    return is_known;
}

/* librrd takes an archive that reaches back to the start. One that is as old as the file has all there is,
 * though, however young that file: where the rows before it are unknown, it is read from its first row on. */
static bool skip_what_is_unknown(const char *full, const char *path, int64_t wanted_row_s, int64_t *start_s,
                                 int64_t end_s, struct rrd_file_rows *first, struct err *err)
{
    for (int i = 0; i < RRD_FILE_ARCHIVES_MAX && first->row_s > wanted_row_s; i++) {
        struct rrd_file_rows finer = {0};
        int64_t reach_s = (int64_t)rrd_first_r(full, i);
        if (reach_s <= *start_s || reach_s >= end_s) /* -1: there is none of that number */
            break;
        if (!fetch_range(full, path, reach_s, reach_s + 1, wanted_row_s, &finer, err))
            return false;
        rrd_file_rows_done(&finer);
        reach_s -= finer.row_s; /* librrd names a row by its end */
        if (finer.row_s < first->row_s && *start_s < reach_s &&
            !knows_before(full, path, *start_s, reach_s, first->row_s)) {
            *first = finer;
            *start_s = reach_s;
        }
    }
    rrd_clear_error();
    return true;
}

bool rrd_file_fetch(const char *root, const char *path, int64_t start_s, int64_t end_s, int64_t row_s,
                    struct rrd_file_rows *ret_rows, struct err *err)
{
    char full[RRD_FILE_FULL_PATH_MAX];
    struct rrd_file_rows first = {.row_s = 1};

    if (!rrd_file_is_path(path) || start_s < 0 || end_s <= start_s || row_s < 1)
        return err_set(err, ERR_INVALID, "%s: no range of rows", path);
    if (!rrd_file_full_path(root, path, full, err))
        return false;
    if (access(full, F_OK) != 0)
        return err_set(err, ERR_NOT_FOUND, "%s: no such series", path);
    /* The archive is chosen by the start alone, so one row tells how many the whole span would be. */
    if (!fetch_range(full, path, start_s, start_s + 1, row_s, &first, err))
        return false;
    rrd_file_rows_done(&first);
    if (!skip_what_is_unknown(full, path, row_s, &start_s, end_s, &first, err))
        return false;
    if (first.row_s < 1 || (end_s - start_s) / first.row_s > RRD_FILE_FETCH_ROWS_MAX)
        return err_set(err, ERR_LIMIT, "%s: more than %d rows", path, RRD_FILE_FETCH_ROWS_MAX);
    return fetch_range(full, path, start_s, end_s, row_s, ret_rows, err);
}

void rrd_file_rows_done(struct rrd_file_rows *rows)
{
    rrd_freemem((void *)(uintptr_t)rows->values);
    rows->values = NULL;
    free((void *)(uintptr_t)rows->bounds);
    rows->bounds = NULL;
}
