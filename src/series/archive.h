/* archive.h - which value goes to which RRD file: <data>/series/<service>/<environment>/<key>/<metric>.rrd.
 * SPDX-License-Identifier: MIT
 *
 * A row's time is that of the wall clock, in whole seconds and whole steps. Resolutions that are no whole
 * seconds are not archived (RRD cannot), but counted. */
#ifndef SERIES_ARCHIVE_H
#define SERIES_ARCHIVE_H

#include "base/err.h"
#include "io/rrd_writer.h"
#include "series/series.h"

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
};

/* `folder` is made where it is missing (its parent is not). */
MUST_CHECK bool archive_new(struct loop *loop, const struct log *log, const char *folder,
                            struct archive **ret_archive, struct err *err);
/* Writes what waits and stops the thread; runs the loop meanwhile, so not from inside one of its callbacks.
 * NULL is fine. */
void archive_free(struct archive *archive);

/* A closed step of a series (histograms: observations as total, and the 50 %, 95 % and 99 % quantiles as
 * gauges beside: METRIC.p50.rrd ...). Never blocks; bounded; what does not fit is dropped and counted.
 * `wall_offset_ms`: wall clock minus engine's clock, as of now. */
void archive_add(struct archive *archive, const struct series *series, int64_t step, int64_t wall_offset_ms);

/* Writes everything out now; `done` from the loop (may be NULL). */
void archive_flush(struct archive *archive, void (*done)(void *data), void *data);

/* The file's path below the folder; `suffix` is "" or ".p95" and so on. False: no name of a file. */
MUST_CHECK bool archive_path(const struct series_name *name, const char *suffix, char *to, size_t size);

/* Reads rows back, what waits included; `suffix` is "" or ".p95" and so on. False, and `done` is never
 * called: ERR_LIMIT, ERR_INVALID. */
MUST_CHECK bool archive_fetch(struct archive *archive, const struct series_name *name, const char *suffix,
                              const struct archive_span *span, rrd_writer_fetched *done, void *data,
                              struct err *err);

struct archive_counts archive_counts(const struct archive *archive);

#endif
