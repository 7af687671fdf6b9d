/* test_rrd_waiting.c - values that wait for their files: which of them, how many, and until when.
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

/* Counts fit into less than fractions; one that comes later changes nothing in what waits. */
static void test_what_waits_keeps_its_values(void **state)
{
    static const double values[] = {3, NAN, 16777217, 0.5, -987654321};
    struct rrd_bench *bench = *state;

    for (int i = 0; i < 40; i++)
        assert_true(rrd_bench_add(bench, "one.rrd", i, i < 35 ? i : values[i - 35]));
    rrd_bench_fetch(bench, "one.rrd", 0, 40, 1);
    for (int i = 0; i < 35; i++)
        assert_true(bench->values[i] == i);
    assert_true(bench->values[35] == 3 && isnan(bench->values[36]) && bench->values[37] == 16777217);
    assert_true(bench->values[38] == 0.5 && bench->values[39] == -987654321);
}

/* Whoever asks for his own files does not make the whole fleet's go out. */
static void test_others_wait_on(void **state)
{
    struct rrd_bench *bench = *state;

    for (int i = 0; i < 3; i++)
        assert_true(rrd_bench_add(bench, "shop/prod/a.rrd", i, i) &&
                    rrd_bench_add(bench, "shop/production/a.rrd", i, i));
    bench->is_flushed = false;
    assert_true(rrd_writer_sync(bench->writer, "shop/prod/", rrd_bench_set, &bench->is_flushed));
    assert_true(loop_run_until(bench->loop, &bench->is_flushed, RRD_BENCH_DEADLINE_MS));
    assert_int_equal(rrd_writer_counts(bench->writer).written, 3);
    assert_int_equal(rrd_writer_counts(bench->writer).waiting, 3);
    for (int i = 3; i < 6; i++)
        assert_true(rrd_bench_add(bench, "shop/prod/a.rrd", i, i) &&
                    rrd_bench_add(bench, "shop/production/a.rrd", i, i));
    rrd_bench_fetch(bench, "shop/production/a.rrd", 0, 6, 1);
    assert_true(bench->values[0] == 0 && bench->values[5] == 5);
    assert_int_equal(rrd_writer_counts(bench->writer).written, 9);
    rrd_bench_fetch(bench, "shop/prod/a.rrd", 0, 6, 1);
    assert_true(bench->values[0] == 0 && bench->values[5] == 5);
    assert_int_equal(rrd_writer_counts(bench->writer).waiting, 0);
    rrd_writer_flush(bench->writer, "");
    rrd_bench_flush(bench);
    assert_int_equal(rrd_writer_counts(bench->writer).written, 12);
}

static void test_queue_is_bounded(void **state)
{
    const struct rrd_writer_settings settings = {
        .series_max = 2, .points_per_series_max = 4, .points_max = 6};
    struct rrd_bench *bench = *state;

    rrd_bench_close(bench);
    rrd_bench_open(bench, &settings);
    for (int i = 0; i < 6; i++)
        assert_true(rrd_bench_add(bench, "one.rrd", i, i)); /* 0 and 1 dropped */
    assert_true(rrd_bench_add(bench, "two.rrd", 0, 0));
    assert_false(rrd_bench_add(bench, "three.rrd", 0, 0));
    assert_true(rrd_bench_add(bench, "two.rrd", 1, 1));
    assert_true(rrd_bench_add(bench, "two.rrd", 2, 2)); /* 6 in all: 0 dropped */
    assert_int_equal(rrd_writer_counts(bench->writer).dropped, 4);
    assert_int_equal(rrd_writer_counts(bench->writer).waiting, 6);
    rrd_bench_fetch(bench, "one.rrd", 0, 6, 1);
    assert_true(isnan(bench->values[1]) && bench->values[2] == 2 && bench->values[5] == 5);
    rrd_bench_fetch(bench, "two.rrd", 0, 3, 1);
    assert_true(isnan(bench->values[0]) && bench->values[1] == 1 && bench->values[2] == 2);
    for (int i = 0; i < RRD_WRITER_REQUESTS_MAX; i++)
        assert_true(rrd_writer_sync(bench->writer, "", NULL, NULL));
    assert_false(rrd_writer_sync(bench->writer, "", NULL, NULL));
    assert_false(rrd_writer_fetch(bench->writer, "one.rrd", 1, 2, 1, rrd_bench_rows, bench));
}

/* A limit on file size stands for the full disk: both fail in write(). */
static void test_full_disk_is_told_and_survived(void **state)
{
    struct rrd_bench *bench = *state;
    struct rlimit before;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit tight = {.rlim_cur = 2048, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_true(rrd_bench_add(bench, "f.rrd", 0, 1));
    assert_true(rrd_bench_add(bench, "h.rrd", 0, 1));
    rrd_bench_flush(bench);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(bench->trouble_files, 2);
    assert_string_not_equal(bench->trouble_text, "");
    assert_int_equal(rrd_writer_counts(bench->writer).failed, 2);
    assert_int_equal(rrd_bench_count(bench, ".rrd"), 0); /* nothing half made is left */
    assert_true(rrd_bench_add(bench, "f.rrd", 1, 2));
    rrd_bench_fetch(bench, "f.rrd", 0, 2, 1);
    assert_true(isnan(bench->values[0]) && bench->values[1] == 2);
    assert_int_equal(rrd_writer_counts(bench->writer).set_aside, 0);
}

static int64_t wait_for_batch(struct rrd_bench *bench, int at_s, const struct rrd_writer_settings *settings)
{
    const bool never = false;

    rrd_bench_close(bench);
    rrd_bench_open(bench, settings);
    int64_t begin_ms = process_now_ms();
    assert_true(rrd_bench_add(bench, "t.rrd", at_s, 1) && rrd_bench_add(bench, "u.rrd", at_s, 1));
    while (rrd_writer_counts(bench->writer).written == 0 &&
           process_now_ms() < begin_ms + RRD_BENCH_DEADLINE_MS)
        (void)!loop_run_until(bench->loop, &never, 10);
    assert_int_equal(rrd_writer_counts(bench->writer).written, 2);
    return process_now_ms() - begin_ms;
}

static void test_batches_go_out_on_time(void **state)
{
    const struct rrd_writer_settings usual = {.flush_ms = 20};
    const struct rrd_writer_settings seldom = {.flush_ms = 20, .wait_max_ms = 400, .files_per_s = 1};

    assert_true(wait_for_batch(*state, 0, &usual) >= 20);
    assert_true(wait_for_batch(*state, 1, &seldom) >= 390); /* two files are many here */
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, rrd_bench_set_up, rrd_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_what_waits_keeps_its_values),
        WITH_BENCH(test_others_wait_on),
        WITH_BENCH(test_queue_is_bounded),
        WITH_BENCH(test_full_disk_is_told_and_survived),
        WITH_BENCH(test_batches_go_out_on_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
