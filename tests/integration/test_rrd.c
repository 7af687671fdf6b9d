/* test_rrd.c - series files as rrdtool itself reads them: values, gaps, broken files, restarts.
 * SPDX-License-Identifier: MIT */
#include "support/process.h"
#include "support/rrd_bench.h"

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

enum { OUTPUT_MAX = 65536, VALUES = 40 };

/* The value that `rrdtool fetch` prints for the step that starts `at`; fails where it prints no such row. */
static double printed_value(struct rrd_bench *bench, const char *name, int64_t at, int column)
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
    assert_int_equal(process_run(argv, output, OUTPUT_MAX, RRD_BENCH_DEADLINE_MS), 0);
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
    struct rrd_bench *bench = *state;
    char text[64];

    for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
        assert_true(rrd_bench_add(bench, "shop/prod/slot.blue/latency.rrd", i, values[i]));
    rrd_bench_flush(bench);
    for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++) {
        (void)snprintf(text, sizeof(text), "%.10e", values[i]);
        assert_true(printed_value(bench, "shop/prod/slot.blue/latency.rrd", i, 0) == strtod(text, NULL));
    }
    rrd_bench_fetch(bench, "shop/prod/slot.blue/latency.rrd", 0, 8, 1);
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
    struct rrd_bench *bench = *state;

    for (int i = 0; i < 10; i++) {
        const double pair[] = {i * 3, 1000000007.0 * i};
        assert_true(rrd_writer_add(bench->writer, "a/b/c/errors.rrd", &rrd_bench_counts, bench->start_s + i,
                                   pair, NULL));
    }
    rrd_bench_fetch(bench, "a/b/c/errors.rrd", 0, 10, 1);
    assert_int_equal(bench->rows.count, 10);
    assert_int_equal(bench->rows.columns, 2);
    for (int i = 0; i < 10; i++)
        assert_true(bench->values[2 * i] == i * 3 && bench->values[2 * i + 1] == 1000000007.0 * i);
    assert_true(printed_value(bench, "a/b/c/errors.rrd", 7, 0) == 21);
    assert_true(printed_value(bench, "a/b/c/errors.rrd", 7, 1) == 7000000049.0);
}

/* A place is of one batch: a flush of some files leaves it, the next batch has others. */
static void test_a_place_leads_to_its_file(void **state)
{
    struct rrd_bench *bench = *state;
    struct rrd_writer_place places[2] = {{0}};
    const double values[] = {7, 8};
    const int64_t far_s = (int64_t)time(NULL) + 2 * RRD_WRITER_FUTURE_S;

    assert_false(rrd_writer_add_again(bench->writer, &places[0], bench->start_s, values)); /* nowhere yet */
    assert_true(
        rrd_writer_add(bench->writer, "a/one.rrd", &rrd_bench_gauge, bench->start_s, &values[0], &places[0]));
    assert_true(
        rrd_writer_add(bench->writer, "b/two.rrd", &rrd_bench_gauge, bench->start_s, &values[1], &places[1]));
    assert_true(rrd_writer_add_again(bench->writer, &places[0], bench->start_s + 1, &values[1]));
    assert_true(rrd_writer_add_again(bench->writer, &places[1], bench->start_s + 1, &values[0]));
    rrd_writer_flush(bench->writer, "a/");
    assert_true(rrd_writer_add_again(bench->writer, &places[0], bench->start_s + 2, &values[0]));
    assert_true(rrd_writer_add_again(bench->writer, &places[0], bench->start_s + 2, &values[1])); /* late */
    assert_true(rrd_writer_add_again(bench->writer, &places[0], far_s, &values[1]));
    assert_int_equal(rrd_writer_counts(bench->writer).late, 1);
    assert_int_equal(rrd_writer_counts(bench->writer).future, 1);
    rrd_bench_fetch(bench, "a/one.rrd", 0, 3, 1);
    assert_int_equal(bench->rows.count, 3);
    assert_true(bench->values[0] == 7 && bench->values[1] == 8 && bench->values[2] == 7);
    rrd_bench_fetch(bench, "b/two.rrd", 0, 2, 1);
    assert_true(bench->values[0] == 8 && bench->values[1] == 7);
}

static void test_rrdtool_info_shows_the_shape(void **state)
{
    struct rrd_bench *bench = *state;
    char path[FOLDER_PATH_MAX];
    char *output = malloc(OUTPUT_MAX);
    struct stat status;

    assert_true(rrd_bench_add(bench, "a/x.rrd", 0, 1));
    rrd_bench_flush(bench);
    const char *const argv[] = {"rrdtool", "info", folder_path(&bench->folder, "a/x.rrd", path), NULL};
    assert_int_equal(process_run(argv, output, OUTPUT_MAX, RRD_BENCH_DEADLINE_MS), 0);
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
    struct rrd_bench *bench = *state;

    assert_true(rrd_bench_add(bench, "g.rrd", 0, 100));
    assert_true(rrd_bench_add(bench, "g.rrd", 2, 102));
    assert_true(rrd_bench_add(bench, "g.rrd", 3, NAN));
    assert_true(rrd_bench_add(bench, "g.rrd", 4, INFINITY));
    assert_true(rrd_bench_add(bench, "g.rrd", 5, 105));
    rrd_bench_flush(bench); /* a gap between batches is one too */
    assert_true(rrd_bench_add(bench, "g.rrd", 6, 106));
    assert_true(rrd_bench_add(bench, "g.rrd", 30, 130));
    rrd_bench_fetch(bench, "g.rrd", 0, 40, 1);
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
    const struct rrd_file_shape shape = {RRD_FILE_GAUGE, 60, archives, 1, NULL};
    struct rrd_bench *bench = *state;

    for (int i = 0; i < 4; i++) {
        double value = 0.1 + i;
        assert_true(
            rrd_writer_add(bench->writer, "m.rrd", &shape, bench->start_s + i * 60 + i * 7, &value, NULL));
    }
    rrd_bench_fetch(bench, "m.rrd", 0, 240, 60);
    assert_int_equal(bench->rows.count, 4);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(bench->values[i] - (0.1 + i)) < 1e-13);
}

static void test_minutes_are_known_when_any_second_is(void **state)
{
    struct rrd_bench *bench = *state;

    for (int i = 0; i < 130; i += 5)
        assert_true(rrd_bench_add(bench, "p.rrd", i, i < 60 ? 10 : 20));
    rrd_bench_fetch(bench, "p.rrd", 0, 120, 60);
    assert_int_equal(bench->rows.row_s, 60);
    assert_int_equal(bench->rows.count, 2);
    assert_true(bench->values[0] == 10 && bench->values[1] == 20);
}

static void test_late_and_future_are_counted(void **state)
{
    struct rrd_bench *bench = *state;

    assert_true(rrd_bench_add(bench, "l.rrd", 10, 1));
    assert_false(rrd_bench_add(bench, "l.rrd", 10, 2)); /* known here already */
    assert_false(rrd_bench_add(bench, "l.rrd", 9, 2));
    rrd_bench_flush(bench);
    assert_true(rrd_bench_add(bench, "l.rrd", 10, 2)); /* known by the file only */
    assert_true(rrd_bench_add(bench, "l.rrd", 11, 3));
    assert_false(rrd_bench_add(bench, "l.rrd", (int64_t)time(NULL) - bench->start_s + 3600, 4));
    rrd_bench_fetch(bench, "l.rrd", 9, 12, 1);
    assert_true(isnan(bench->values[0]) && bench->values[1] == 1 && bench->values[2] == 3);
    struct rrd_writer_counts told = rrd_writer_counts(bench->writer);
    assert_int_equal(told.late, 3);
    assert_int_equal(told.future, 1);
    assert_int_equal(told.written, 2);
    assert_int_equal(told.added, 3);
    assert_int_equal(told.waiting, 0);
}

static void test_broken_and_foreign_files_are_set_aside(void **state)
{
    const double pair[] = {1, 2};
    struct rrd_bench *bench = *state;
    char path[FOLDER_PATH_MAX];

    folder_write(&bench->folder, "text.rrd", "this is no RRD file");
    folder_write(&bench->folder, "empty.rrd", "");
    assert_true(rrd_bench_add(bench, "text.rrd", 1, 5));
    assert_true(rrd_bench_add(bench, "empty.rrd", 1, 6));
    assert_true(rrd_bench_add(bench, "cut.rrd", 0, 7));
    assert_true(rrd_bench_add(bench, "other.rrd", 0, 8));
    rrd_bench_flush(bench);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 2);
    assert_int_equal(truncate(folder_path(&bench->folder, "cut.rrd", path), 900), 0); /* while we know it */
    assert_true(rrd_bench_add(bench, "cut.rrd", 1, 7));
    assert_true(
        rrd_writer_add(bench->writer, "other.rrd", &rrd_bench_counts, bench->start_s + 1, pair, NULL));
    rrd_bench_fetch(bench, "cut.rrd", 1, 2, 1);
    assert_true(bench->values[0] == 7);
    rrd_bench_fetch(bench, "other.rrd", 1, 2, 1);
    assert_true(bench->rows.columns == 2 && bench->values[1] == 2);
    rrd_bench_fetch(bench, "text.rrd", 1, 2, 1);
    assert_true(bench->values[0] == 5);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 4);
    assert_int_equal(rrd_writer_counts(bench->writer).failed, 0);
    assert_int_equal(rrd_bench_count(bench, ".rrd.corrupt-"), 4);
    assert_int_equal(bench->trouble_files, 0);
    assert_string_not_equal(bench->set_aside, "");
}

static void test_deleted_file_comes_back(void **state)
{
    struct rrd_bench *bench = *state;
    char path[FOLDER_PATH_MAX];

    assert_true(rrd_bench_add(bench, "d.rrd", 0, 1));
    rrd_bench_flush(bench);
    assert_int_equal(unlink(folder_path(&bench->folder, "d.rrd", path)), 0);
    assert_true(rrd_bench_add(bench, "d.rrd", 1, 2));
    rrd_bench_fetch(bench, "d.rrd", 1, 2, 1);
    assert_true(bench->values[0] == 2);
    assert_int_equal(rrd_writer_counts(bench->writer).created, 2);
}

static void test_restart_continues(void **state)
{
    struct rrd_bench *bench = *state;

    for (int i = 0; i < 3; i++)
        assert_true(rrd_bench_add(bench, "r.rrd", i, i));
    rrd_bench_close(bench); /* writes what waits */
    rrd_bench_open(bench, NULL);
    for (int i = 2; i < 5; i++)
        assert_true(rrd_bench_add(bench, "r.rrd", i, 10 + i));
    rrd_bench_fetch(bench, "r.rrd", 0, 5, 1);
    for (int i = 0; i < 5; i++)
        assert_true(bench->values[i] == (i < 3 ? i : 10 + i));
    assert_int_equal(rrd_writer_counts(bench->writer).late, 1);
    assert_int_equal(rrd_writer_counts(bench->writer).created, 0);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 0);
}

static void test_fetch_says_what_is_wrong(void **state)
{
    struct rrd_bench *bench = *state;

    rrd_bench_fetch(bench, "none.rrd", 0, 10, 1);
    assert_int_equal(bench->err.code, ERR_NOT_FOUND);
    assert_int_equal(bench->rows.count, 0);
    assert_true(rrd_bench_add(bench, "one.rrd", 0, 1));
    rrd_bench_fetch(bench, "one.rrd", 0, RRD_FILE_ROWS_MAX * 60LL, 1);
    assert_int_equal(bench->err.code, ERR_LIMIT);
    rrd_bench_fetch(bench, "one.rrd", 10, 10, 1);
    assert_int_equal(bench->err.code, ERR_INVALID);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, rrd_bench_set_up, rrd_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_rrdtool_reads_equal_gauges),
        WITH_BENCH(test_counts_come_back_exactly),
        WITH_BENCH(test_a_place_leads_to_its_file),
        WITH_BENCH(test_rrdtool_info_shows_the_shape),
        WITH_BENCH(test_gaps_stay_unknown),
        WITH_BENCH(test_long_steps_are_aligned),
        WITH_BENCH(test_minutes_are_known_when_any_second_is),
        WITH_BENCH(test_late_and_future_are_counted),
        WITH_BENCH(test_broken_and_foreign_files_are_set_aside),
        WITH_BENCH(test_deleted_file_comes_back),
        WITH_BENCH(test_restart_continues),
        WITH_BENCH(test_fetch_says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
