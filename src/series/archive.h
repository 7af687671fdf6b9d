/* archive.h - which value goes to which RRD file: <data>/series/<service>/<environment>/<key>/<metric>.rrd.
 * SPDX-License-Identifier: MIT
 *
 * A row's time is that of the wall clock, in whole seconds and whole steps. Of resolutions that are no whole
 * seconds (RRD cannot) a row has the steps that begin in it, series_row_ms() long: the last value of a gauge,
 * sums of counts and buckets. */
#ifndef SERIES_ARCHIVE_H
#define SERIES_ARCHIVE_H

#include "base/err.h"
#include "io/rrd_writer.h"
#include "series/series.h"

#define ARCHIVE_BUCKETS ".buckets" /* suffix of a histogram's file whose columns are its buckets */

struct archive;
struct loop;
struct log;

struct archive_counts {
    struct rrd_writer_counts files;
    uint64_t skipped; /* values that no file can hold */
};

/* [start_s, end_s) in seconds since 1970, rows of at least row_s. */
struct archive_span {
    int64_t start_s, end_s, row_s;
    bool is_former; /* of an earlier life alone: nothing that waits belongs to it */
};

/* `folder` is made where it is missing (its parent is not). A new file keeps what the spans say (at most
 * RRD_FILE_ARCHIVES_MAX, copied; none: rrd_file_archives_default); one that is there keeps its archives, of
 * which those that the spans want longer grow. */
MUST_CHECK bool archive_new(struct loop *loop, const struct log *log, const char *folder,
                            const struct rrd_file_span *spans, size_t span_count,
                            struct archive **ret_archive, struct err *err);
/* Writes what waits and stops the thread; runs the loop meanwhile, so not from inside one of its callbacks.
 * NULL is fine. */
void archive_free(struct archive *archive);

/* The closed steps of a row of a series, by one of them (histograms: observations as total, beside it what
 * fell into each bucket, as METRIC.buckets.rrd, and the 50 %, 95 % and 99 % quantiles as gauges:
 * METRIC.p50.rrd ...). Never blocks; bounded; what does not fit is dropped and counted. `wall_offset_ms`:
 * wall clock minus engine's clock, as of now. */
void archive_add(struct archive *archive, struct series *series, int64_t step, int64_t wall_offset_ms);

/* Writes out now what waits of an environment of a service. */
void archive_flush(struct archive *archive, const char *service, const char *environment);

/* Writes out now what waits of the files below a folder of the archive ("" or "shop/prod/"); `done` from the
 * loop. */
void archive_sync(struct archive *archive, const char *folder, void (*done)(void *data), void *data);

/* Where rows lie: wall clock less the engine's in whole seconds, the nearest; and the first step that begins
 * within a row or after it (not below 0), which of a row of one step is that step. Rows begin at whole steps
 * of the wall clock, so up to a step before the engine's. */
int64_t archive_offset_ms(int64_t wall_offset_ms);
int64_t archive_step_from(int64_t row_start_s, int64_t offset_ms, int64_t step_ms);

/* Of the file that holds the steps of such a series: its suffix, and whether rows have the columns of it (a
 * histogram's last bucket has no end). */
const char *archive_suffix(enum series_kind kind);
bool archive_is_row_of(enum series_kind kind, const struct rrd_file_rows *rows);

/* The file's path below the folder; `suffix` is "", ARCHIVE_BUCKETS, or ".p95" and so on. False: no name of a
 * file. */
MUST_CHECK bool archive_path(const struct series_name *name, const char *suffix, char *to, size_t size);

/* Reads rows back, what waits included; `suffix` as for archive_path(). False, and `done` is never
 * called: ERR_LIMIT, ERR_INVALID. */
MUST_CHECK bool archive_fetch(struct archive *archive, const struct series_name *name, const char *suffix,
                              const struct archive_span *span, rrd_writer_fetched *done, void *data,
                              struct err *err);

struct archive_counts archive_counts(const struct archive *archive);

#endif
