/* rrd_bench.c - a writer of series files, and what it told.
 * SPDX-License-Identifier: MIT */
#include "support/rrd_bench.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct rrd_file_archive small_archives[] = {{RRD_FILE_AVERAGE, 1, 600},
                                                         {RRD_FILE_AVERAGE, 60, 60}};
const struct rrd_file_shape rrd_bench_gauge = {RRD_FILE_GAUGE, 1, small_archives, 2, NULL};
const struct rrd_file_shape rrd_bench_counts = {RRD_FILE_COUNT, 1, small_archives, 2, NULL};

static void note_trouble(void *data, const struct rrd_writer_trouble *trouble)
{
    struct rrd_bench *bench = data;

    bench->trouble_files += trouble->file_count;
    (void)snprintf(bench->trouble_text, sizeof(bench->trouble_text), "%s", trouble->text);
}

static void note_set_aside(void *data, const char *path, bool has_other_buckets)
{
    struct rrd_bench *bench = data;

    assert_false(has_other_buckets);
    (void)snprintf(bench->set_aside, sizeof(bench->set_aside), "%s", path);
}

void rrd_bench_set(void *data)
{
    bool *flag = data;

    *flag = true;
}

void rrd_bench_rows(void *data, const struct rrd_file_rows *rows, const struct err *err)
{
    struct rrd_bench *bench = data;

    bench->is_fetched = true;
    bench->err = *err;
    bench->rows = rows != NULL ? *rows : (struct rrd_file_rows){0};
    if (rows != NULL) {
        assert_true(rows->count * rows->columns <= 1024);
        memcpy(bench->values, rows->values, rows->count * rows->columns * sizeof(double));
    }
}

void rrd_bench_open(struct rrd_bench *bench, const struct rrd_writer_settings *more)
{
    struct rrd_writer_settings settings = more != NULL ? *more : (struct rrd_writer_settings){0};
    const struct rrd_writer_callbacks callbacks = {.on_trouble = note_trouble,
                                                   .on_set_aside = note_set_aside};
    struct err err = {0};

    settings.root = bench->folder.path;
    if (settings.flush_ms == 0)
        settings.flush_ms = 3600 * 1000;
    if (!rrd_writer_new(bench->loop, &settings, &callbacks, bench, &bench->writer, &err))
        fail_msg("%s", err.text);
}

void rrd_bench_close(struct rrd_bench *bench)
{
    bench->is_freed = false;
    rrd_writer_free(bench->writer, rrd_bench_set, &bench->is_freed);
    assert_true(loop_run_until(bench->loop, &bench->is_freed, RRD_BENCH_DEADLINE_MS));
}

void rrd_bench_flush(struct rrd_bench *bench)
{
    bench->is_flushed = false;
    assert_true(rrd_writer_sync(bench->writer, "", rrd_bench_set, &bench->is_flushed));
    assert_true(loop_run_until(bench->loop, &bench->is_flushed, RRD_BENCH_DEADLINE_MS));
}

void rrd_bench_fetch(struct rrd_bench *bench, const char *path, int64_t from, int64_t to, int64_t row_s)
{
    bench->is_fetched = false;
    rrd_writer_flush(bench->writer, path);
    assert_true(rrd_writer_fetch(bench->writer, path, bench->start_s + from, bench->start_s + to, row_s,
                                 rrd_bench_rows, bench));
    assert_true(loop_run_until(bench->loop, &bench->is_fetched, RRD_BENCH_DEADLINE_MS));
}

int rrd_bench_set_up(void **state)
{
    struct rrd_bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    bench->loop = loop_new();
    bench->start_s = (int64_t)time(NULL) / 60 * 60 - 300;
    rrd_bench_open(bench, NULL);
    *state = bench;
    return 0;
}

int rrd_bench_tear_down(void **state)
{
    struct rrd_bench *bench = *state;

    rrd_bench_close(bench);
    loop_free(bench->loop);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}

bool rrd_bench_add(struct rrd_bench *bench, const char *path, int64_t at, double value)
{
    return rrd_writer_add(bench->writer, path, &rrd_bench_gauge, bench->start_s + at, &value, NULL);
}

int rrd_bench_count(const struct rrd_bench *bench, const char *with)
{
    DIR *listing = opendir(bench->folder.path);
    int count = 0;

    assert_non_null(listing);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += strstr(entry->d_name, with) != NULL;
    (void)closedir(listing);
    return count;
}
