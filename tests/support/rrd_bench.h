/* rrd_bench.h - a folder, a loop and a writer of series files, for tests of what it writes.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_RRD_BENCH_H
#define SUPPORT_RRD_BENCH_H

#include "io/loop.h"
#include "io/rrd_writer.h"
#include "support/folder.h"

#include <stdbool.h>
#include <stdint.h>

enum { RRD_BENCH_DEADLINE_MS = 10000 };

/* One second, in 600 rows and an hour of minutes. */
extern const struct rrd_file_shape rrd_bench_gauge, rrd_bench_counts;

/* What a test has: a folder, a loop, a writer, and what the writer told. */
struct rrd_bench {
    struct folder folder;
    struct loop *loop;
    struct rrd_writer *writer;
    int64_t start_s; /* a full minute, some minutes ago */
    bool is_flushed;
    bool is_fetched;
    bool is_freed;
    size_t trouble_files;
    char trouble_text[ERR_TEXT_MAX];
    char set_aside[RRD_FILE_PATH_MAX];
    struct rrd_file_rows rows;
    double values[1024];
    struct err err;
};

/* Of cmocka. */
int rrd_bench_set_up(void **state);
int rrd_bench_tear_down(void **state);

/* `more` may be NULL; without flush_ms nothing is written unasked. */
void rrd_bench_open(struct rrd_bench *bench, const struct rrd_writer_settings *more);
void rrd_bench_close(struct rrd_bench *bench);

/* A gauge, `at` seconds behind start_s. */
bool rrd_bench_add(struct rrd_bench *bench, const char *path, int64_t at, double value);
void rrd_bench_flush(struct rrd_bench *bench);
void rrd_bench_fetch(struct rrd_bench *bench, const char *path, int64_t from, int64_t to, int64_t row_s);

/* Files of the folder whose names have this in them. */
int rrd_bench_count(const struct rrd_bench *bench, const char *with);

/* Callbacks: one sets a bool, one copies what was fetched into the bench. */
void rrd_bench_set(void *flag);
void rrd_bench_rows(void *bench, const struct rrd_file_rows *rows, const struct err *err);

#endif
