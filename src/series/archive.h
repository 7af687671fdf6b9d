/* archive.h - which value goes to which RRD file: <data>/series/<service>/<environment>/<key>/<metric>.rrd.
 * SPDX-License-Identifier: MIT */
#ifndef SERIES_ARCHIVE_H
#define SERIES_ARCHIVE_H

#include "base/err.h"
#include "series/series.h"

struct archive;
struct loop;
struct log;

/* `folder` is made where it is missing. `wall_offset_ms`: wall clock minus engine's clock, as of now. */
MUST_CHECK bool archive_new(struct loop *loop, const struct log *log, const char *folder,
                            struct archive **ret_archive, struct err *err);
/* Writes what waits and stops the thread. */
void archive_free(struct archive *archive);

/* A closed step of a series (histograms: observations as total, and the 50 %, 95 % and 99 % quantiles as
 * gauges beside: METRIC.p50.rrd ...). Never blocks; bounded; what does not fit is dropped and counted. */
void archive_add(struct archive *archive, const struct series *series, int64_t step, int64_t wall_offset_ms);

/* Writes everything out now; `done` from the loop (may be NULL). */
void archive_flush(struct archive *archive, void (*done)(void *data), void *data);

#endif
