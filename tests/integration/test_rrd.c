/* test_rrd.c - series files as rrdtool itself reads them: values, gaps, limits, broken files, restarts.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "io/rrd_writer.h"
#include "support/folder.h"
#include "support/process.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 10000, OUTPUT_MAX = 65536, VALUES = 40 };

static const struct rrd_file_archive small_archives[] = {{RRD_FILE_AVERAGE, 1, 600},
                                                         {RRD_FILE_AVERAGE, 60, 60}};
static const struct rrd_file_shape gauge = {RRD_FILE_GAUGE, 1, small_archives, 2};
static const struct rrd_file_shape counts = {RRD_FILE_COUNT, 1, small_archives, 2};

/* What a test has: a folder, a loop, a writer, and what the writer told. */
struct bench {
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

static void note_trouble(void *data, const struct rrd_writer_trouble *trouble)
{
    struct bench *bench = data;

    bench->trouble_files += trouble->file_count;
    (void)snprintf(bench->trouble_text, sizeof(bench->trouble_text), "%s", trouble->text);
}

static void note_set_aside(void *data, const char *path)
{
    struct bench *bench = data;

    (void)snprintf(bench->set_aside, sizeof(bench->set_aside), "%s", path);
}

static void note_flag(void *data)
{
    bool *flag = data;

    *flag = true;
}

static void note_rows(void *data, const struct rrd_file_rows *rows, const struct err *err)
{
    struct bench *bench = data;

    bench->is_fetched = true;
    bench->err = *err;
    bench->rows = rows != NULL ? *rows : (struct rrd_file_rows){0};
    if (rows != NULL) {
        assert_true(rows->count * rows->columns <= 1024);
        memcpy(bench->values, rows->values, rows->count * rows->columns * sizeof(double));
    }
}

static void open_writer(struct bench *bench, const struct rrd_writer_settings *more)
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

static void close_writer(struct bench *bench)
{
    bench->is_freed = false;
    rrd_writer_free(bench->writer, note_flag, &bench->is_freed);
    assert_true(loop_run_until(bench->loop, &bench->is_freed, DEADLINE_MS));
}

static void flush(struct bench *bench)
{
    bench->is_flushed = false;
    assert_true(rrd_writer_flush(bench->writer, note_flag, &bench->is_flushed));
    assert_true(loop_run_until(bench->loop, &bench->is_flushed, DEADLINE_MS));
}

static void fetch(struct bench *bench, const char *path, int64_t from, int64_t to, int64_t row_s)
{
    bench->is_fetched = false;
    assert_true(rrd_writer_fetch(bench->writer, path, bench->start_s + from, bench->start_s + to, row_s,
                                 note_rows, bench));
    assert_true(loop_run_until(bench->loop, &bench->is_fetched, DEADLINE_MS));
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    bench->loop = loop_new();
    bench->start_s = (int64_t)time(NULL) / 60 * 60 - 300;
    open_writer(bench, NULL);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    close_writer(bench);
    loop_free(bench->loop);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}

static bool add(struct bench *bench, const char *path, int64_t at, double value)
{
    return rrd_writer_add(bench->writer, path, &gauge, bench->start_s + at, &value);
}

/* The value that `rrdtool fetch` prints for the step that starts `at`; fails where it prints no such row. */
static double printed_value(struct bench *bench, const char *name, int64_t at, int column)
{
    char path[FOLDER_PATH_MAX];
    char start[32];
    char end[32];
    char row[32];
    char *output = malloc(OUTPUT_MAX);

    (void)snprintf(start, sizeof(start), "%lld", (long long)(bench->start_s + at));
    (void)snprintf(end, sizeof(end), "%lld", (long long)(bench->start_s + at));
    /* RRD labels a row by the end of its step. */
    (void)snprintf(row, sizeof(row), "%lld: ", (long long)(bench->start_s + at + 1));
    const char *const argv[] = {
        "rrdtool", "fetch", folder_path(&bench->folder, name, path), "AVERAGE", "-s", start, "-e", end, NULL};
    assert_int_equal(process_run(argv, output, OUTPUT_MAX, DEADLINE_MS), 0);
    char *found = strstr(output, row);
    assert_non_null(found);
    found += strlen(row);
    double value = strtod(found, &found);
    if (column == 1)
        value = strtod(found, NULL);
    free(output);
    return value;
}

static void test_rrdtool_reads_equal_gauges(void **state)
{
    static const double values[] = {0.1, 2.0 / 3, 1e-9, 123456.789, -5, 0, 9007199254740991.0, 1e300};
    struct bench *bench = *state;
    char text[64];

    for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
        assert_true(add(bench, "shop/prod/slot.blue/latency.rrd", i, values[i]));
    flush(bench);
    for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++) {
        (void)snprintf(text, sizeof(text), "%.10e", values[i]);
        assert_true(printed_value(bench, "shop/prod/slot.blue/latency.rrd", i, 0) == strtod(text, NULL));
    }
    fetch(bench, "shop/prod/slot.blue/latency.rrd", 0, 8, 1);
    assert_int_equal(bench->rows.count, 8);
    assert_int_equal(bench->rows.columns, 1);
    assert_int_equal(bench->rows.row_s, 1);
    assert_int_equal(bench->rows.start_s, bench->start_s);
    for (int i = 0; i < 8; i++)
        assert_true(fabs(bench->values[i] - values[i]) <= 1e-14 * fabs(values[i]));
    assert_true(bench->values[4] == -5 && bench->values[6] == 9007199254740991.0);
}

static void test_counts_come_back_exactly(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 10; i++) {
        const double pair[] = {i * 3, 1000000007.0 * i};
        assert_true(rrd_writer_add(bench->writer, "a/b/c/errors.rrd", &counts, bench->start_s + i, pair));
    }
    fetch(bench, "a/b/c/errors.rrd", 0, 10, 1);
    assert_int_equal(bench->rows.count, 10);
    assert_int_equal(bench->rows.columns, 2);
    for (int i = 0; i < 10; i++)
        assert_true(bench->values[2 * i] == i * 3 && bench->values[2 * i + 1] == 1000000007.0 * i);
    assert_true(printed_value(bench, "a/b/c/errors.rrd", 7, 0) == 21);
    assert_true(printed_value(bench, "a/b/c/errors.rrd", 7, 1) == 7000000049.0);
}

static void test_rrdtool_info_shows_the_shape(void **state)
{
    struct bench *bench = *state;
    char path[FOLDER_PATH_MAX];
    char *output = malloc(OUTPUT_MAX);
    struct stat status;

    assert_true(add(bench, "a/x.rrd", 0, 1));
    flush(bench);
    const char *const argv[] = {"rrdtool", "info", folder_path(&bench->folder, "a/x.rrd", path), NULL};
    assert_int_equal(process_run(argv, output, OUTPUT_MAX, DEADLINE_MS), 0);
    assert_non_null(strstr(output, "step = 1\n"));
    assert_non_null(strstr(output, "ds[value].type = \"GAUGE\""));
    assert_non_null(strstr(output, "rra[0].rows = 600"));
    assert_non_null(strstr(output, "rra[1].pdp_per_row = 60"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(stat(folder_path(&bench->folder, "a", path), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    free(output);
}

/* Short gaps (inside RRD's heartbeat), long ones, an explicit unknown, an infinite value. */
static void test_gaps_stay_unknown(void **state)
{
    static const int known[] = {0, 2, 5, 6, 30};
    struct bench *bench = *state;

    assert_true(add(bench, "g.rrd", 0, 100));
    assert_true(add(bench, "g.rrd", 2, 102));
    assert_true(add(bench, "g.rrd", 3, NAN));
    assert_true(add(bench, "g.rrd", 4, INFINITY));
    assert_true(add(bench, "g.rrd", 5, 105));
    flush(bench); /* a gap between batches is one too */
    assert_true(add(bench, "g.rrd", 6, 106));
    assert_true(add(bench, "g.rrd", 30, 130));
    fetch(bench, "g.rrd", 0, 40, 1);
    assert_int_equal(bench->rows.count, 40);
    for (int i = 0, next = 0; i < 40; i++) {
        bool is_known = next < 5 && known[next] == i;
        assert_int_equal(isnan(bench->values[i]) == 0, is_known);
        if (is_known)
            assert_true(bench->values[known[next++]] == 100 + i);
    }
    assert_true(isnan(printed_value(bench, "g.rrd", 1, 0)));
    assert_true(isnan(printed_value(bench, "g.rrd", 29, 0)));
    assert_true(printed_value(bench, "g.rrd", 30, 0) == 130);
}

static void test_long_steps_are_aligned(void **state)
{
    static const struct rrd_file_archive archives[] = {{RRD_FILE_AVERAGE, 60, 100}};
    const struct rrd_file_shape shape = {RRD_FILE_GAUGE, 60, archives, 1};
    struct bench *bench = *state;

    for (int i = 0; i < 4; i++) {
        double value = 0.1 + i;
        assert_true(rrd_writer_add(bench->writer, "m.rrd", &shape, bench->start_s + i * 60 + i * 7, &value));
    }
    fetch(bench, "m.rrd", 0, 240, 60);
    assert_int_equal(bench->rows.count, 4);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(bench->values[i] - (0.1 + i)) < 1e-13);
}

static void test_minutes_are_known_when_any_second_is(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 130; i += 5)
        assert_true(add(bench, "p.rrd", i, i < 60 ? 10 : 20));
    fetch(bench, "p.rrd", 0, 120, 60);
    assert_int_equal(bench->rows.row_s, 60);
    assert_int_equal(bench->rows.count, 2);
    assert_true(bench->values[0] == 10 && bench->values[1] == 20);
}

static void test_late_and_future_are_counted(void **state)
{
    struct bench *bench = *state;

    assert_true(add(bench, "l.rrd", 10, 1));
    assert_false(add(bench, "l.rrd", 10, 2)); /* known here already */
    assert_false(add(bench, "l.rrd", 9, 2));
    flush(bench);
    assert_true(add(bench, "l.rrd", 10, 2)); /* known by the file only */
    assert_true(add(bench, "l.rrd", 11, 3));
    assert_false(add(bench, "l.rrd", (int64_t)time(NULL) - bench->start_s + 3600, 4));
    fetch(bench, "l.rrd", 9, 12, 1);
    assert_true(isnan(bench->values[0]) && bench->values[1] == 1 && bench->values[2] == 3);
    struct rrd_writer_counts told = rrd_writer_counts(bench->writer);
    assert_int_equal(told.late, 3);
    assert_int_equal(told.future, 1);
    assert_int_equal(told.written, 2);
    assert_int_equal(told.added, 3);
    assert_int_equal(told.waiting, 0);
}

static int count_names(const struct bench *bench, const char *with)
{
    DIR *listing = opendir(bench->folder.path);
    int count = 0;

    assert_non_null(listing);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += strstr(entry->d_name, with) != NULL;
    (void)closedir(listing);
    return count;
}

static void test_broken_and_foreign_files_are_set_aside(void **state)
{
    const double pair[] = {1, 2};
    struct bench *bench = *state;
    char path[FOLDER_PATH_MAX];

    folder_write(&bench->folder, "text.rrd", "this is no RRD file");
    folder_write(&bench->folder, "empty.rrd", "");
    assert_true(add(bench, "text.rrd", 1, 5));
    assert_true(add(bench, "empty.rrd", 1, 6));
    assert_true(add(bench, "cut.rrd", 0, 7));
    assert_true(add(bench, "other.rrd", 0, 8));
    flush(bench);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 2);
    assert_int_equal(truncate(folder_path(&bench->folder, "cut.rrd", path), 900), 0); /* while we know it */
    assert_true(add(bench, "cut.rrd", 1, 7));
    assert_true(rrd_writer_add(bench->writer, "other.rrd", &counts, bench->start_s + 1, pair));
    fetch(bench, "cut.rrd", 1, 2, 1);
    assert_true(bench->values[0] == 7);
    fetch(bench, "other.rrd", 1, 2, 1);
    assert_true(bench->rows.columns == 2 && bench->values[1] == 2);
    fetch(bench, "text.rrd", 1, 2, 1);
    assert_true(bench->values[0] == 5);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 4);
    assert_int_equal(rrd_writer_counts(bench->writer).failed, 0);
    assert_int_equal(count_names(bench, ".rrd.corrupt-"), 4);
    assert_int_equal(bench->trouble_files, 0);
    assert_string_not_equal(bench->set_aside, "");
}

static void test_deleted_file_comes_back(void **state)
{
    struct bench *bench = *state;
    char path[FOLDER_PATH_MAX];

    assert_true(add(bench, "d.rrd", 0, 1));
    flush(bench);
    assert_int_equal(unlink(folder_path(&bench->folder, "d.rrd", path)), 0);
    assert_true(add(bench, "d.rrd", 1, 2));
    fetch(bench, "d.rrd", 1, 2, 1);
    assert_true(bench->values[0] == 2);
    assert_int_equal(rrd_writer_counts(bench->writer).created, 2);
}

static void test_restart_continues(void **state)
{
    struct bench *bench = *state;

    for (int i = 0; i < 3; i++)
        assert_true(add(bench, "r.rrd", i, i));
    close_writer(bench); /* writes what waits */
    open_writer(bench, NULL);
    for (int i = 2; i < 5; i++)
        assert_true(add(bench, "r.rrd", i, 10 + i));
    fetch(bench, "r.rrd", 0, 5, 1);
    for (int i = 0; i < 5; i++)
        assert_true(bench->values[i] == (i < 3 ? i : 10 + i));
    assert_int_equal(rrd_writer_counts(bench->writer).late, 1);
    assert_int_equal(rrd_writer_counts(bench->writer).created, 0);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 0);
}

static void test_queue_is_bounded(void **state)
{
    const struct rrd_writer_settings settings = {
        .series_max = 2, .points_per_series_max = 4, .points_max = 6};
    struct bench *bench = *state;

    close_writer(bench);
    open_writer(bench, &settings);
    for (int i = 0; i < 6; i++)
        assert_true(add(bench, "one.rrd", i, i)); /* 0 and 1 dropped */
    assert_true(add(bench, "two.rrd", 0, 0));
    assert_false(add(bench, "three.rrd", 0, 0));
    assert_true(add(bench, "two.rrd", 1, 1));
    assert_true(add(bench, "two.rrd", 2, 2)); /* 6 in all: 0 dropped */
    assert_int_equal(rrd_writer_counts(bench->writer).dropped, 4);
    assert_int_equal(rrd_writer_counts(bench->writer).waiting, 6);
    fetch(bench, "one.rrd", 0, 6, 1);
    assert_true(isnan(bench->values[1]) && bench->values[2] == 2 && bench->values[5] == 5);
    fetch(bench, "two.rrd", 0, 3, 1);
    assert_true(isnan(bench->values[0]) && bench->values[1] == 1 && bench->values[2] == 2);
    for (int i = 0; i < RRD_WRITER_REQUESTS_MAX; i++)
        assert_true(rrd_writer_flush(bench->writer, NULL, NULL));
    assert_false(rrd_writer_flush(bench->writer, NULL, NULL));
    assert_false(rrd_writer_fetch(bench->writer, "one.rrd", 1, 2, 1, note_rows, bench));
}

/* A limit on file size stands for the full disk: both fail in write(). */
static void test_full_disk_is_told_and_survived(void **state)
{
    struct bench *bench = *state;
    struct rlimit before;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit tight = {.rlim_cur = 2048, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_true(add(bench, "f.rrd", 0, 1));
    assert_true(add(bench, "h.rrd", 0, 1));
    flush(bench);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(bench->trouble_files, 2);
    assert_string_not_equal(bench->trouble_text, "");
    assert_int_equal(rrd_writer_counts(bench->writer).failed, 2);
    assert_int_equal(count_names(bench, ".rrd"), 0); /* nothing half made is left */
    assert_true(add(bench, "f.rrd", 1, 2));
    fetch(bench, "f.rrd", 0, 2, 1);
    assert_true(isnan(bench->values[0]) && bench->values[1] == 2);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 0);
}

static void test_fetch_says_what_is_wrong(void **state)
{
    struct bench *bench = *state;

    fetch(bench, "none.rrd", 0, 10, 1);
    assert_int_equal(bench->err.code, ERR_NOT_FOUND);
    assert_int_equal(bench->rows.count, 0);
    assert_true(add(bench, "one.rrd", 0, 1));
    fetch(bench, "one.rrd", 0, RRD_FILE_ROWS_MAX * 60LL, 1);
    assert_int_equal(bench->err.code, ERR_LIMIT);
    fetch(bench, "one.rrd", 10, 10, 1);
    assert_int_equal(bench->err.code, ERR_INVALID);
}

static void test_batches_go_out_on_time(void **state)
{
    const struct rrd_writer_settings settings = {.flush_ms = 20};
    struct bench *bench = *state;
    int64_t end_ms = process_now_ms() + DEADLINE_MS;
    const bool never = false;

    close_writer(bench);
    open_writer(bench, &settings);
    assert_true(add(bench, "t.rrd", 0, 1));
    while (rrd_writer_counts(bench->writer).written == 0 && process_now_ms() < end_ms)
        (void)!loop_run_until(bench->loop, &never, 10);
    assert_int_equal(rrd_writer_counts(bench->writer).written, 1);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_rrdtool_reads_equal_gauges),
        WITH_BENCH(test_counts_come_back_exactly),
        WITH_BENCH(test_rrdtool_info_shows_the_shape),
        WITH_BENCH(test_gaps_stay_unknown),
        WITH_BENCH(test_long_steps_are_aligned),
        WITH_BENCH(test_minutes_are_known_when_any_second_is),
        WITH_BENCH(test_late_and_future_are_counted),
        WITH_BENCH(test_broken_and_foreign_files_are_set_aside),
        WITH_BENCH(test_deleted_file_comes_back),
        WITH_BENCH(test_restart_continues),
        WITH_BENCH(test_queue_is_bounded),
        WITH_BENCH(test_full_disk_is_told_and_survived),
        WITH_BENCH(test_fetch_says_what_is_wrong),
        WITH_BENCH(test_batches_go_out_on_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
