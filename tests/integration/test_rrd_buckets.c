/* test_rrd_buckets.c - files whose columns are the buckets of a histogram: what they keep, and what becomes
 * of them when the buckets change.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "io/rrd_columns.h"
#include "io/rrd_writer.h"
#include "support/folder.h"
#include "support/process.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000, OUTPUT_MAX = 262144, WANTED = 20000, MANY = 3500 };

static const struct rrd_file_archive archives[] = {{RRD_FILE_AVERAGE, 1, WANTED},
                                                   {RRD_FILE_AVERAGE, 60, 43200}};
static const char path[] = "shop/prod/slot.blue/time.buckets.rrd";
static const char former_path[] = "shop/prod/slot.blue/time.buckets.rrd.former";

struct bench {
    struct folder folder;
    struct loop *loop;
    struct rrd_writer *writer;
    int64_t start_s; /* a whole minute */
    struct rrd_file_buckets wide, narrow;
    size_t set_aside, rebucketed;
    bool is_done;
    struct rrd_file_rows rows;
    double *values;
    double bounds[RRD_FILE_BUCKETS_MAX];
};

static void note_set_aside(void *data, const char *name, bool has_other_buckets)
{
    struct bench *bench = data;

    assert_string_equal(name, path);
    bench->set_aside += !has_other_buckets;
    bench->rebucketed += has_other_buckets;
}

static void set_flag(void *data)
{
    *(bool *)data = true;
}

static void open_writer(struct bench *bench)
{
    const struct rrd_writer_callbacks callbacks = {.on_set_aside = note_set_aside};
    const struct rrd_writer_settings settings = {
        .root = bench->folder.path, .flush_ms = 3600 * 1000, .points_per_series_max = MANY};
    struct err err = {0};

    if (!rrd_writer_new(bench->loop, &settings, &callbacks, bench, &bench->writer, &err))
        fail_msg("%s", err.text);
}

static void close_writer(struct bench *bench)
{
    bool is_freed = false;

    rrd_writer_free(bench->writer, set_flag, &is_freed);
    assert_true(loop_run_until(bench->loop, &is_freed, DEADLINE_MS));
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    bench->loop = loop_new();
    bench->start_s = (int64_t)time(NULL) / 60 * 60 - 7200;
    bench->wide.count = RRD_FILE_BUCKETS_MAX;
    for (size_t i = 0; i < RRD_FILE_BUCKETS_MAX - 1; i++)
        bench->wide.bounds[i] = pow(1.3, (double)i) / 1000; /* no short decimals */
    bench->wide.bounds[RRD_FILE_BUCKETS_MAX - 1] = INFINITY;
    bench->narrow = (struct rrd_file_buckets){.count = 3, .bounds = {0.1, 0.25, INFINITY}};
    open_writer(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    close_writer(bench);
    loop_free(bench->loop);
    folder_remove(&bench->folder);
    free(bench->values);
    free(bench);
    return 0;
}

static double value_of(int64_t second, size_t column)
{
    return (double)(second * 100 + (int64_t)column) + (column % 5 == 0 ? 0.5 : 0);
}

static void put(struct bench *bench, const struct rrd_file_buckets *buckets, int64_t second)
{
    const struct rrd_file_shape shape = {RRD_FILE_BUCKETS, 1, archives, 2, buckets};
    double values[RRD_FILE_BUCKETS_MAX];

    for (size_t i = 0; i < buckets->count; i++)
        values[i] = value_of(second, i);
    assert_true(rrd_writer_add(bench->writer, path, &shape, bench->start_s + second, values, NULL));
}

static void flush(struct bench *bench)
{
    bench->is_done = false;
    assert_true(rrd_writer_sync(bench->writer, "", set_flag, &bench->is_done));
    assert_true(loop_run_until(bench->loop, &bench->is_done, DEADLINE_MS));
    assert_int_equal(rrd_writer_counts(bench->writer).failed, 0);
}

static void note_rows(void *data, const struct rrd_file_rows *rows, const struct err *err)
{
    struct bench *bench = data;

    bench->is_done = true;
    if (rows == NULL)
        fail_msg("%s", err->text);
    assert_non_null(rows->bounds);
    bench->rows = *rows;
    free(bench->values);
    bench->values = malloc(rows->count * rows->columns * sizeof(double));
    memcpy(bench->values, rows->values, rows->count * rows->columns * sizeof(double));
    memcpy(bench->bounds, rows->bounds, rows->columns * sizeof(double));
}

/* The seconds [from, to) are as they were put, but for one. */
static void expect(struct bench *bench, const struct rrd_file_buckets *buckets, int64_t from, int64_t to,
                   int64_t gap)
{
    bench->is_done = false;
    rrd_writer_flush(bench->writer, path);
    assert_true(rrd_writer_fetch(bench->writer, path, bench->start_s + from, bench->start_s + to, 1,
                                 note_rows, bench));
    assert_true(loop_run_until(bench->loop, &bench->is_done, DEADLINE_MS));
    assert_int_equal(bench->rows.columns, buckets->count);
    assert_memory_equal(bench->bounds, buckets->bounds, buckets->count * sizeof(double));
    assert_int_equal(bench->rows.row_s, 1);
    assert_int_equal(bench->rows.start_s, bench->start_s + from);
    assert_int_equal(bench->rows.count, to - from);
    for (int64_t second = from; second < to; second++)
        for (size_t i = 0; i < buckets->count; i++) {
            double value = bench->values[(size_t)(second - from) * buckets->count + i];
            if (second == gap ? !isnan(value) : value != value_of(second, i))
                fail_msg("second %d, column %zu: %.17g", (int)second, i, value);
        }
}

static char *info_of(const struct bench *bench, const char *name)
{
    char full[FOLDER_PATH_MAX];
    char *output = malloc(OUTPUT_MAX);
    const char *const argv[] = {"rrdtool", "info", folder_path(&bench->folder, name, full), NULL};

    assert_int_equal(process_run(argv, output, OUTPUT_MAX, DEADLINE_MS), 0);
    return output;
}

/* More values than one call of librrd takes, a gap among them, and archives that grow twice. */
static void test_every_bucket_comes_back(void **state)
{
    struct bench *bench = *state;

    for (int64_t second = 0; second < MANY; second++)
        if (second != 7)
            put(bench, &bench->wide, second);
    flush(bench);
    for (int64_t second = MANY; second < MANY + 3; second++)
        put(bench, &bench->wide, second);
    flush(bench);
    expect(bench, &bench->wide, MANY - 700, MANY + 3, -1);
    assert_true(rrd_writer_counts(bench->writer).grown >= 1);
    assert_int_equal(rrd_writer_counts(bench->writer).written, MANY + 2);
}

static void test_a_gap_stays_one(void **state)
{
    struct bench *bench = *state;

    for (int64_t second = 0; second < 60; second++)
        if (second != 7)
            put(bench, &bench->narrow, second);
    flush(bench);
    expect(bench, &bench->narrow, 0, 60, 7);
}

static void test_rrdtool_reads_the_bounds(void **state)
{
    struct bench *bench = *state;
    struct stat status;
    char full[FOLDER_PATH_MAX];

    put(bench, &bench->narrow, 0);
    flush(bench);
    char *info = info_of(bench, path);
    assert_non_null(strstr(info, "ds[le0p1].index = 0\n"));
    assert_non_null(strstr(info, "ds[le0p25].index = 1\n"));
    assert_non_null(strstr(info, "ds[leInf].index = 2\n"));
    assert_non_null(strstr(info, "rra[0].rows = 1024\n"));
    assert_non_null(strstr(info, "rra[1].rows = 256\n"));
    free(info);
    assert_int_equal(stat(folder_path(&bench->folder, path, full), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(status.st_size < 40 * 1000);
}

/* The second of them, of as many columns, comes while the writer believes to know the file. */
static void test_other_buckets_begin_another_file(void **state)
{
    struct bench *bench = *state;
    struct rrd_file_buckets moved = bench->narrow;

    moved.bounds[1] = 0.5;
    put(bench, &bench->narrow, 0);
    flush(bench);
    put(bench, &moved, 1);
    flush(bench);
    expect(bench, &moved, 1, 2, -1);
    char *info = info_of(bench, former_path);
    assert_non_null(strstr(info, "ds[le0p25].index = 1\n"));
    free(info);
    put(bench, &bench->narrow, 2); /* and back, within one batch forth again */
    put(bench, &bench->wide, 3);
    put(bench, &bench->narrow, 3);
    flush(bench);
    expect(bench, &bench->wide, 3, 4, -1);
    info = info_of(bench, former_path);
    assert_non_null(strstr(info, "ds[le0p25].index = 1\n"));
    free(info);
    assert_int_equal(bench->rebucketed, 3);
    assert_int_equal(bench->set_aside, 0);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 3);
}

static void test_a_restart_knows_its_buckets(void **state)
{
    struct bench *bench = *state;

    put(bench, &bench->wide, 0);
    close_writer(bench);
    open_writer(bench);
    put(bench, &bench->wide, 1);
    flush(bench);
    expect(bench, &bench->wide, 0, 2, -1);
    assert_int_equal(bench->rebucketed + bench->set_aside, 0);
}

static void test_what_is_no_such_file_is_set_aside(void **state)
{
    const struct rrd_file_shape counts = {RRD_FILE_COUNT, 1, archives, 2, NULL};
    struct bench *bench = *state;

    assert_true(rrd_writer_add(bench->writer, path, &counts, bench->start_s, (double[]){1, 2}, NULL));
    flush(bench);
    put(bench, &bench->narrow, 1);
    flush(bench);
    assert_int_equal(bench->set_aside, 1);
    folder_write(&bench->folder, path, "this is no RRD file");
    put(bench, &bench->narrow, 2);
    flush(bench);
    expect(bench, &bench->narrow, 2, 3, -1);
    assert_int_equal(bench->set_aside, 2);
    assert_int_equal(bench->rebucketed, 0);
}

/* A point of 32 columns takes the room of eleven others. */
static void test_what_waits_is_bounded(void **state)
{
    struct bench *bench = *state;
    const struct rrd_file_shape shape = {RRD_FILE_BUCKETS, 1, archives, 2, &bench->wide};
    const struct rrd_writer_settings settings = {
        .root = bench->folder.path, .flush_ms = 3600 * 1000, .points_max = 30};
    const struct rrd_writer_callbacks callbacks = {0};
    struct err err = {0};
    double values[RRD_FILE_BUCKETS_MAX] = {0};

    close_writer(bench);
    assert_true(rrd_writer_new(bench->loop, &settings, &callbacks, bench, &bench->writer, &err));
    for (int64_t second = 0; second < 4; second++)
        assert_true(rrd_writer_add(bench->writer, path, &shape, bench->start_s + second, values, NULL));
    assert_int_equal(rrd_writer_counts(bench->writer).waiting, 2);
    assert_int_equal(rrd_writer_counts(bench->writer).dropped, 2);
    flush(bench);
    assert_int_equal(rrd_writer_counts(bench->writer).waiting, 0);
    assert_int_equal(rrd_writer_counts(bench->writer).written, 2);
    for (int64_t second = 4; second < 6; second++)
        assert_true(rrd_writer_add(bench->writer, path, &shape, bench->start_s + second, values, NULL));
    assert_int_equal(rrd_writer_counts(bench->writer).dropped, 2);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_every_bucket_comes_back),     WITH_BENCH(test_a_gap_stays_one),
        WITH_BENCH(test_rrdtool_reads_the_bounds),    WITH_BENCH(test_other_buckets_begin_another_file),
        WITH_BENCH(test_a_restart_knows_its_buckets), WITH_BENCH(test_what_is_no_such_file_is_set_aside),
        WITH_BENCH(test_what_waits_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
