/* rrd_writer.h - the one thread that owns librrd: values are collected on the loop and written in batches.
 * SPDX-License-Identifier: MIT
 *
 * A batch goes out every flush_ms while no other is under way, and of more files than files_per_s for each
 * second since the one before up to wait_max_ms later: of a large fleet values are written seldomer, more of
 * them at once, and a kill loses as much. What somebody asks for goes out at once, and nothing else with it.
 * A busy disk makes batches larger as well, up to the limits, and then the oldest values of a series are
 * dropped and counted: writing never holds up judging. All functions on the loop thread; all callbacks from
 * the loop. */
#ifndef IO_RRD_WRITER_H
#define IO_RRD_WRITER_H

#include "base/attributes.h"
#include "base/err.h"
#include "io/rrd_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct rrd_writer;

/* Where the values of one path and shape wait; whoever adds them keeps it for them, zeroed at first. */
struct rrd_writer_place {
    uint64_t batch; /* its number, from 1 on */
    size_t index;
};

enum {
    RRD_WRITER_FLUSH_MS = 10 * 1000,
    RRD_WRITER_WAIT_MAX_MS = 110 * 1000,
    RRD_WRITER_FILES_PER_S = 100,
    RRD_WRITER_SERIES_MAX = 50 * 1000, /* different files in one batch */
    RRD_WRITER_POINTS_PER_SERIES_MAX = 900,
    RRD_WRITER_POINTS_MAX = 4 * 1000 * 1000, /* waiting or being written; of more than two columns one counts
                                                as many as it has room for */
    RRD_WRITER_REQUESTS_MAX = 64,            /* fetches and flushes waiting */
    RRD_WRITER_FUTURE_S = 60                 /* steps that begin later than now + this are refused */
};

/* Zero in a number means the default above. */
struct rrd_writer_settings {
    const char *root; /* existing folder, absolute; copied */
    int64_t flush_ms, wait_max_ms;
    size_t files_per_s;
    size_t series_max;
    size_t points_per_series_max;
    size_t points_max;
};

/* What went wrong in one batch; told once per batch. */
struct rrd_writer_trouble {
    const char *path;  /* of the first file */
    const char *text;  /* of its error; a full disk says so */
    size_t file_count; /* files that failed */
};

struct rrd_writer_callbacks {
    void (*on_trouble)(void *data, const struct rrd_writer_trouble *trouble); /* may be NULL */
    /* A corrupt or foreign file, or one of former buckets; may be NULL. */
    void (*on_set_aside)(void *data, const char *path, bool has_other_buckets);
};

struct rrd_writer_counts {
    uint64_t added; /* points taken by rrd_writer_add */
    uint64_t written;
    uint64_t late; /* not later than what the series has */
    uint64_t future;
    uint64_t dropped;   /* by the limits of the queue */
    uint64_t failed;    /* points lost because their file could not be written */
    uint64_t created;   /* files */
    uint64_t grown;     /* times that a file got longer archives (rrd_growth.h) */
    uint64_t set_aside; /* files */
    size_t waiting;     /* points not yet written now */
};

typedef void rrd_writer_flushed(void *data);
/* rows is NULL on error (err says why); both only during the call. */
typedef void rrd_writer_fetched(void *data, const struct rrd_file_rows *rows, const struct err *err);

/* Starts the thread. ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK bool rrd_writer_new(struct loop *loop, const struct rrd_writer_settings *settings,
                               const struct rrd_writer_callbacks *callbacks, void *data,
                               struct rrd_writer **ret_writer, struct err *err);

/* Writes what waits, ends the thread, frees, calls `done` (may be NULL). Every request is answered before. */
void rrd_writer_free(struct rrd_writer *writer, void (*done)(void *data), void *data);

/* Takes the value(s) of the step that starts at time_s (rounded down to the step). False: refused and counted
 * (late, future, limit); asserts that path and shape are well-formed (rrd_file_is_path, rrd_file_is_shape).
 * The shape's archives must outlive the writer. `place` (may be NULL) is where it waits. */
bool rrd_writer_add(struct rrd_writer *writer, const char *path, const struct rrd_file_shape *shape,
                    int64_t time_s, const double *values, struct rrd_writer_place *place);
/* The same of the path and shape that the place was got with, without looking for them. False: that batch is
 * under way, and another place is to be got. */
MUST_CHECK bool rrd_writer_add_again(struct rrd_writer *writer, const struct rrd_writer_place *place,
                                     int64_t time_s, const double *values);

/* Writes what waits of the files below a folder (its path with the last "/"; "" is all). */
void rrd_writer_flush(struct rrd_writer *writer, const char *folder);

/* The same; `done` when it is in the files. False (and no `done`): too many requests. */
MUST_CHECK bool rrd_writer_sync(struct rrd_writer *writer, const char *folder, rrd_writer_flushed *done,
                                void *data);

/* Reads rows as rrd_file_fetch does, behind what was flushed before. False (and no `done`): too many
 * requests. */
MUST_CHECK bool rrd_writer_fetch(struct rrd_writer *writer, const char *path, int64_t start_s, int64_t end_s,
                                 int64_t row_s, rrd_writer_fetched *done, void *data);

struct rrd_writer_counts rrd_writer_counts(const struct rrd_writer *writer);

#endif
