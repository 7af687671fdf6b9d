/* test_rrd_growth.c - archives that grow as they fill: nothing is lost, nothing is invented.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "io/rrd_growth.h"
#include "io/rrd_writer.h"
#include "support/folder.h"
#include "support/process.h"

#include <fcntl.h>
#include <math.h>
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

enum { DEADLINE_MS = 20000, OUTPUT_MAX = 65536, WANTED = 20000, POINTS_MAX = 20000 };
enum { ROWS_THEN = RRD_FILE_ROWS_FIRST * RRD_GROWTH_FACTOR };

static const struct rrd_file_archive archives[] = {
    {RRD_FILE_AVERAGE, 1, WANTED}, {RRD_FILE_AVERAGE, 60, 43200}, {RRD_FILE_AVERAGE, 3600, 17520}};
static const struct rrd_file_shape counts = {RRD_FILE_COUNT, 1, archives, 3, NULL};
static const char path[] = "shop/prod/slot.blue/errors.rrd";

struct bench {
    struct folder folder;
    int root_fd;
    int64_t start_s; /* in the middle of an hour */
    int64_t last_s;
    struct rrd_file_point points[POINTS_MAX];
    bool is_done;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    bench->folder = folder_make();
    bench->root_fd = open(bench->folder.path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    bench->start_s = (int64_t)time(NULL) / 3600 * 3600 - 10 * 3600 + 1234;
    for (int64_t i = 0; i < POINTS_MAX; i++)
        bench->points[i] = (struct rrd_file_point){bench->start_s + i, {(double)i, 2 * (double)i + 1}};
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    (void)close(bench->root_fd);
    folder_remove(&bench->folder);
    free(bench);
    return 0;
}

/* The values of the seconds [from, to). */
static void put(struct bench *bench, size_t from, size_t to)
{
    struct rrd_file_result result;
    struct err err = {0};

    if (!rrd_file_write(bench->root_fd, bench->folder.path, path, &counts, &bench->points[from], to - from,
                        bench->last_s, &result, &bench->last_s, &err))
        fail_msg("%s", err.text);
    assert_int_equal(result.written, to - from);
}

static bool tend(struct bench *bench, bool may_grow, int64_t *ret_look_s)
{
    bool has_grown = false;
    struct err err = {0};

    const struct rrd_growth_turn turn = {.may_grow = may_grow};

    if (!rrd_growth_tend(bench->root_fd, path, &counts, &turn, &has_grown, ret_look_s, &err))
        fail_msg("%s", err.text);
    return has_grown;
}

static long rows_of(struct bench *bench, int archive)
{
    char full[FOLDER_PATH_MAX];
    char wanted[64];
    char *output = malloc(OUTPUT_MAX);
    const char *const argv[] = {"rrdtool", "info", folder_path(&bench->folder, path, full), NULL};

    assert_int_equal(process_run(argv, output, OUTPUT_MAX, DEADLINE_MS), 0);
    (void)snprintf(wanted, sizeof(wanted), "rra[%d].rows = ", archive);
    const char *found = strstr(output, wanted);
    assert_non_null(found);
    long rows = strtol(found + strlen(wanted), NULL, 10);
    free(output);
    return rows;
}

/* Every second from `from` to `to` reads as it was put, and before the first one nothing is known. */
static void expect_exact(struct bench *bench, int64_t from, int64_t to)
{
    struct rrd_file_rows rows;
    struct err err = {0};

    if (!rrd_file_fetch(bench->folder.path, path, bench->start_s + from, bench->start_s + to, 1, &rows, &err))
        fail_msg("%s", err.text);
    assert_int_equal(rows.row_s, 1);
    assert_int_equal(rows.columns, 2);
    assert_true(rows.start_s <= bench->start_s);
    assert_int_equal(rows.start_s + (int64_t)rows.count, bench->start_s + to);
    for (size_t i = 0; i < rows.count; i++) {
        int64_t second = rows.start_s + (int64_t)i - bench->start_s;
        const double *row = &rows.values[2 * i];
        if (second < 0 && !(isnan(row[0]) && isnan(row[1])))
            fail_msg("second %d is invented: %g %g", (int)second, row[0], row[1]);
        if (second >= 0 && !(row[0] == (double)second && row[1] == 2 * (double)second + 1))
            fail_msg("second %d is %g %g", (int)second, row[0], row[1]);
    }
    rrd_file_rows_done(&rows);
}

static int64_t size_of(const struct bench *bench)
{
    struct stat status;

    assert_int_equal(fstatat(bench->root_fd, path, &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    return status.st_size;
}

static void test_a_file_begins_small_and_grows_to_what_is_wanted(void **state)
{
    struct bench *bench = *state;
    int64_t look_s = 0;

    put(bench, 0, 3000);
    assert_int_equal(rows_of(bench, 0), RRD_FILE_ROWS_FIRST);
    assert_int_equal(rows_of(bench, 1), RRD_FILE_ROWS_FIRST_COARSE);
    assert_true(size_of(bench) < 128 * 1024);
    assert_false(tend(bench, true, &look_s));
    assert_int_equal(look_s, bench->start_s + RRD_FILE_ROWS_FIRST / 4 * 3);
    put(bench, 3000, 3072);
    assert_true(tend(bench, true, &look_s));
    assert_int_equal(rows_of(bench, 0), ROWS_THEN);
    assert_int_equal(rows_of(bench, 1), RRD_FILE_ROWS_FIRST_COARSE);
    assert_int_equal(look_s, bench->start_s + ROWS_THEN / 4 * 3);
    expect_exact(bench, 0, 3072);
    put(bench, 3072, 12288);
    expect_exact(bench, 0, 12288);
    assert_true(tend(bench, true, &look_s));
    assert_int_equal(rows_of(bench, 0), WANTED);
    put(bench, 12288, POINTS_MAX);
    assert_false(tend(bench, true, &look_s));
    expect_exact(bench, 0, POINTS_MAX);
}

/* librrd alone would take minutes here, since no archive reaches back that far. */
static void test_a_young_file_is_read_exactly_from_long_before(void **state)
{
    struct bench *bench = *state;
    int64_t look_s = 0;

    put(bench, 0, 3500);
    expect_exact(bench, -7200, 3500);
    assert_true(tend(bench, true, &look_s));
    expect_exact(bench, -7200, 3500);
    expect_exact(bench, -40000, 3500);
}

static void test_what_may_not_grow_yet_keeps_its_newest_rows(void **state)
{
    struct bench *bench = *state;
    struct rrd_file_rows rows;
    struct err err = {0};
    int64_t look_s = 0;

    put(bench, 0, 4000);
    assert_false(tend(bench, false, &look_s));
    assert_true(look_s <= bench->last_s + 1);
    put(bench, 4000, 5000);
    assert_true(tend(bench, true, &look_s));
    assert_true(rrd_file_fetch(bench->folder.path, path, bench->start_s + 904, bench->start_s + 5000, 1,
                               &rows, &err));
    assert_int_equal(rows.row_s, 1);
    assert_true(rows.values[0] == 904 && rows.values[2 * (rows.count - 1)] == 4999);
    rrd_file_rows_done(&rows);
}

/* Minutes of the time before, which single steps do not have any more, are not passed over. */
static void test_older_averages_are_read_where_there_are_any(void **state)
{
    struct bench *bench = *state;
    struct rrd_file_rows rows;
    struct err err = {0};

    put(bench, 0, 9000);
    assert_true(rrd_file_fetch(bench->folder.path, path, bench->start_s - 600, bench->start_s + 9000, 1,
                               &rows, &err));
    assert_int_equal(rows.row_s, 60);
    rrd_file_rows_done(&rows);
}

/* A file of rrdtool's, or of other settings: longer archives stay as long, other ones stay. */
static void test_a_file_of_another_shape_keeps_what_it_has(void **state)
{
    struct bench *bench = *state;
    char full[FOLDER_PATH_MAX];
    char output[1024];
    char start[32];
    int64_t look_s = 0;
    const char *const argv[] = {"rrdtool",
                                "create",
                                folder_path(&bench->folder, path, full),
                                "--start",
                                start,
                                "--step",
                                "1",
                                "DS:events:GAUGE:2:U:U",
                                "DS:total:GAUGE:2:U:U",
                                "RRA:AVERAGE:0.9999:1:30000",
                                "RRA:AVERAGE:0.9999:300:50",
                                "RRA:MAX:0.9999:60:50",
                                NULL};

    put(bench, 0, 1); /* makes the folders */
    assert_int_equal(unlinkat(bench->root_fd, path, 0), 0);
    bench->last_s = 0;
    (void)snprintf(start, sizeof(start), "%lld", (long long)bench->start_s);
    assert_int_equal(process_run(argv, output, sizeof(output), DEADLINE_MS), 0);
    put(bench, 0, 19000);
    assert_false(tend(bench, true, &look_s));
    assert_true(look_s == RRD_GROWTH_NEVER);
    assert_int_equal(rows_of(bench, 0), 30000);
    assert_int_equal(rows_of(bench, 1), 50);
    expect_exact(bench, 0, 19000);
}

static void test_a_disk_that_is_full_leaves_the_file_as_it_was(void **state)
{
    struct bench *bench = *state;
    struct rlimit before;
    bool has_grown = false;
    int64_t look_s = 0;
    struct err err = {0};

    put(bench, 0, 3500);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 150 * 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_false(rrd_growth_tend(bench->root_fd, path, &counts, &(struct rrd_growth_turn){.may_grow = true},
                                 &has_grown, &look_s, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(faccessat(bench->root_fd, "shop/prod/slot.blue/errors.rrd.growing", F_OK, 0), -1);
    assert_int_equal(rows_of(bench, 0), RRD_FILE_ROWS_FIRST);
    expect_exact(bench, 0, 3500);
    assert_true(tend(bench, true, &look_s));
    expect_exact(bench, 0, 3500);
}

static void test_what_is_no_file_of_librrd_is_left_alone(void **state)
{
    struct bench *bench = *state;
    int64_t look_s = 0;

    put(bench, 0, 3500);
    int fd = openat(bench->root_fd, path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "more", 4), 4);
    (void)close(fd);
    assert_false(tend(bench, true, &look_s));
    assert_true(look_s == RRD_GROWTH_NEVER);
    fd = openat(bench->root_fd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, "RRD\0", 4), 4);
    (void)close(fd);
    assert_false(tend(bench, true, &look_s));
}

static void set_flag(void *data)
{
    *(bool *)data = true;
}

/* The writer lets its files grow, also those that another process began. */
static void test_the_writer_sees_to_it(void **state)
{
    struct bench *bench = *state;
    struct loop *loop = loop_new();
    struct rrd_writer_settings settings = {.root = bench->folder.path, .flush_ms = 3600 * 1000};
    const struct rrd_writer_callbacks none = {0};
    struct rrd_writer *writer = NULL;
    struct err err = {0};

    put(bench, 0, 2500);
    assert_true(rrd_writer_new(loop, &settings, &none, NULL, &writer, &err));
    for (size_t i = 2500; i < 4500; i++) {
        assert_true(
            rrd_writer_add(writer, path, &counts, bench->points[i].time_s, bench->points[i].values, NULL));
        if (i % 500 != 499)
            continue;
        bench->is_done = false;
        assert_true(rrd_writer_sync(writer, "", set_flag, &bench->is_done));
        assert_true(loop_run_until(loop, &bench->is_done, DEADLINE_MS));
    }
    assert_int_equal(rrd_writer_counts(writer).grown, 1);
    assert_int_equal(rrd_writer_counts(writer).failed, 0);
    bench->is_done = false;
    rrd_writer_free(writer, set_flag, &bench->is_done);
    assert_true(loop_run_until(loop, &bench->is_done, DEADLINE_MS));
    loop_free(loop);
    expect_exact(bench, 0, 4500);
}

static void write_through(struct bench *bench, size_t from, size_t to)
{
    struct loop *loop = loop_new();
    struct rrd_writer_settings settings = {.root = bench->folder.path, .flush_ms = 3600 * 1000};
    const struct rrd_writer_callbacks none = {0};
    struct rrd_writer *writer = NULL;

    assert_true(rrd_writer_new(loop, &settings, &none, NULL, &writer, NULL));
    for (size_t i = from; i < to; i++)
        assert_true(
            rrd_writer_add(writer, path, &counts, bench->points[i].time_s, bench->points[i].values, NULL));
    bench->is_done = false;
    rrd_writer_free(writer, set_flag, &bench->is_done);
    assert_true(loop_run_until(loop, &bench->is_done, DEADLINE_MS));
    loop_free(loop);
}

/* A service is watched while it is deployed: the next time is much later than a young file is long. */
static void test_a_gap_costs_nothing(void **state)
{
    enum { FIRST = 500, NEXT = 15000, END = 15400 };
    struct bench *bench = *state;
    struct rrd_file_rows rows;

    write_through(bench, 0, FIRST);
    assert_int_equal(rows_of(bench, 0), RRD_FILE_ROWS_FIRST);
    write_through(bench, NEXT, END); /* by a writer that was started since */
    assert_int_equal(rows_of(bench, 0), WANTED);
    expect_exact(bench, 0, FIRST);
    assert_true(
        rrd_file_fetch(bench->folder.path, path, bench->start_s, bench->start_s + END, 1, &rows, NULL));
    assert_true(rows.row_s == 1 && rows.count == END);
    for (size_t i = 0; i < END; i++) {
        bool is_gap = i >= FIRST && i < NEXT;
        assert_true(is_gap ? isnan(rows.values[2 * i]) : rows.values[2 * i] == (double)i);
    }
    rrd_file_rows_done(&rows);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_a_file_begins_small_and_grows_to_what_is_wanted),
        WITH_BENCH(test_a_young_file_is_read_exactly_from_long_before),
        WITH_BENCH(test_a_gap_costs_nothing),
        WITH_BENCH(test_what_may_not_grow_yet_keeps_its_newest_rows),
        WITH_BENCH(test_older_averages_are_read_where_there_are_any),
        WITH_BENCH(test_a_file_of_another_shape_keeps_what_it_has),
        WITH_BENCH(test_a_disk_that_is_full_leaves_the_file_as_it_was),
        WITH_BENCH(test_what_is_no_file_of_librrd_is_left_alone),
        WITH_BENCH(test_the_writer_sees_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
