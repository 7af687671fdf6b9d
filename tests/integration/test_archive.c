/* test_archive.c - values put into windows come out of RRD files as rrdtool reads them.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "series/archive.h"
#include "support/folder.h"
#include "support/process.h"

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

#include <cmocka.h>

enum { DEADLINE_MS = 20000, OUTPUT_MAX = 65536, VALUES = 30, T = 100000, PATH_MAX_BYTES = 1024 };

struct bench {
    struct folder folder;
    char root[FOLDER_PATH_MAX];
    struct loop *loop;
    struct archive *archive;
    struct series_book *book;
    int64_t start_s;        /* wall clock at T */
    int64_t wall_offset_ms; /* shakes a little, as clocks do */
    int64_t shake_ms;
    bool is_done;
    double rows[64];
    size_t row_count;
};

static void archive_step(void *data, struct series *series, int64_t step)
{
    struct bench *bench = data;

    bench->shake_ms = (bench->shake_ms + 7) % 20;
    archive_add(bench->archive, series, step, bench->wall_offset_ms + bench->shake_ms);
}

static int set_up(void **state)
{
    static struct bench bench;
    struct series_events events = {.data = &bench, .closed = archive_step};
    struct err err = {0};

    bench = (struct bench){.folder = folder_make(), .loop = loop_new()};
    (void)folder_path(&bench.folder, "series", bench.root);
    bench.start_s = (int64_t)time(NULL) / 60 * 60 - 300;
    bench.wall_offset_ms = bench.start_s * 1000 - T - 8; /* between two seconds */
    bench.book = series_book_new(&events);
    if (!archive_new(bench.loop, NULL, bench.root, NULL, 0, &bench.archive, &err))
        fail_msg("%s", err.text);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    series_book_free(bench->book);
    archive_free(bench->archive);
    loop_free(bench->loop);
    folder_remove(&bench->folder);
    return 0;
}

static struct series *open_series(struct bench *bench, const char *metric, enum series_kind kind,
                                  uint32_t step_ms)
{
    struct series_name name = {"shop", "prod", "version.2.4.1+b~1", metric};
    struct series_shape shape = {.kind = kind, .step_ms = step_ms, .capacity = 10};
    struct series *series = NULL;
    struct err err = {0};

    if (!series_open(bench->book, &name, &shape, &series, &err))
        fail_msg("%s", err.text);
    return series;
}

static void set_flag(void *data)
{
    *(bool *)data = true;
}

static void flush(struct bench *bench)
{
    bench->is_done = false;
    archive_sync(bench->archive, "", set_flag, &bench->is_done);
    assert_false(bench->is_done);
    assert_true(loop_run_until(bench->loop, &bench->is_done, DEADLINE_MS));
}

/* What rrdtool prints for the step that began at `time_s`: the columns' text. */
static void fetch(struct bench *bench, const char *metric, int64_t time_s, int64_t step_s, char *to,
                  size_t size)
{
    static char output[OUTPUT_MAX];
    char path[PATH_MAX_BYTES];
    char start[32];
    char end[32];
    char wanted[32];
    const char *const argv[] = {"rrdtool", "fetch", path, "AVERAGE", "-s", start, "-e", end, NULL};

    (void)snprintf(path, sizeof(path), "%s/shop/prod/version.2.4.1+b~1/%s.rrd", bench->root, metric);
    (void)snprintf(start, sizeof(start), "%lld", (long long)time_s);
    (void)snprintf(end, sizeof(end), "%lld", (long long)(time_s + step_s - 1));
    (void)snprintf(wanted, sizeof(wanted), "%lld:", (long long)(time_s + step_s));
    assert_int_equal(process_run(argv, output, sizeof(output), DEADLINE_MS), 0);
    const char *line = strstr(output, wanted);
    if (line == NULL)
        fail_msg("no row %s in %s", wanted, output);
    line += strlen(wanted) + 1;
    (void)snprintf(to, size, "%.*s", (int)strcspn(line, "\n"), line);
}

static void expect(struct bench *bench, const char *metric, int64_t step, double first, double second)
{
    char text[256];
    char *end = NULL;

    fetch(bench, metric, bench->start_s + step, 1, text, sizeof(text));
    double value = strtod(text, &end);
    if (!(value == first || (isnan(value) && isnan(first))))
        fail_msg("%s, step %d: %s, expected %g", metric, (int)step, text, first);
    if (isnan(second))
        return;
    value = strtod(end, NULL);
    if (value != second)
        fail_msg("%s, step %d: %s, expected %g", metric, (int)step, text, second);
}

static void put_gauge_at(struct bench *bench, const char *metric, uint32_t step_ms)
{
    struct series *series = open_series(bench, metric, SERIES_GAUGE, step_ms);

    series_put_gauge(series, T, T, 1);
    series_close(series);
}

static void test_values_come_back_as_they_were(void **state)
{
    struct bench *bench = *state;
    struct series *gauge = open_series(bench, "latency", SERIES_GAUGE, 1000);
    struct series *count = open_series(bench, "errors", SERIES_COUNT, 1000);

    for (int64_t i = 0; i < VALUES; i++) {
        int64_t at_ms = T + i * 1000 + 300;
        if (i != 7) /* a gap */
            series_put_gauge(gauge, at_ms, at_ms, 0.5 + (double)i);
        series_put_count(count, at_ms, at_ms, (double)i, (double)(10 * i));
        series_book_close_steps(bench->book, at_ms);
    }
    series_close(gauge); /* closes the last step */
    series_close(count);
    flush(bench);
    for (int64_t i = 0; i < VALUES; i++) {
        expect(bench, "latency", i, i == 7 ? NAN : 0.5 + (double)i, NAN);
        expect(bench, "errors", i, (double)i, (double)(10 * i));
    }
    struct archive_counts counts = archive_counts(bench->archive);
    assert_int_equal(counts.files.written, 2 * VALUES - 1);
    assert_int_equal(counts.files.late + counts.files.failed + counts.files.dropped + counts.skipped, 0);
}

static void test_histograms_leave_totals_buckets_and_quantiles(void **state)
{
    static const double bounds[] = {1, 2, INFINITY};
    struct bench *bench = *state;
    struct series *series = open_series(bench, "time", SERIES_HISTOGRAM, 1000);

    char text[256];

    series_put_histogram(series, T, T, bounds, (double[]){50, 50, 0}, 3);
    series_put_histogram(series, T + 1000, T + 1000, bounds, (double[]){0, 0, 0}, 3);
    series_close(series);
    flush(bench);
    fetch(bench, "time.buckets", bench->start_s, 1, text, sizeof(text));
    assert_string_equal(text, "5.0000000000e+01 5.0000000000e+01 0.0000000000e+00");
    fetch(bench, "time.buckets", bench->start_s + 1, 1, text, sizeof(text));
    assert_string_equal(text, "0.0000000000e+00 0.0000000000e+00 0.0000000000e+00");
    expect(bench, "time", 0, NAN, 100);
    expect(bench, "time.p50", 0, 1, NAN);
    expect(bench, "time.p95", 0, 1.9, NAN);
    expect(bench, "time.p99", 0, 1.98, NAN);
    expect(bench, "time", 1, NAN, 0);
}

/* Five seconds a step, of an engine's clock that is not in step with the wall's. */
static void test_longer_steps(void **state)
{
    struct bench *bench = *state;
    struct series *series = open_series(bench, "queue", SERIES_GAUGE, 5000);
    char text[64];

    bench->wall_offset_ms += 2000;
    for (int64_t i = 0; i < 6; i++)
        series_put_gauge(series, T + i * 5000, T + i * 5000, (double)i);
    series_close(series);
    flush(bench);
    for (int64_t i = 0; i < 6; i++) {
        fetch(bench, "queue", bench->start_s + i * 5, 5, text, sizeof(text));
        assert_true(strtod(text, NULL) == (double)i);
    }
}

static void note_steps(void *data, const struct rrd_file_rows *rows, const struct err *err)
{
    struct bench *bench = data;

    bench->is_done = true;
    if (rows == NULL)
        fail_msg("%s", err->text);
    assert_int_equal(rows->row_s, 5);
    bench->row_count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        int64_t start_s = rows->start_s + (int64_t)i * 5;
        int64_t offset_ms = archive_offset_ms(bench->wall_offset_ms);
        if (isnan(rows->values[i]))
            continue;
        bench->row_count++;
        assert_int_equal(archive_step_from(start_s, offset_ms, 5000), T / 5000 + (int64_t)rows->values[i]);
        assert_int_equal(archive_step_from(start_s + 5, offset_ms, 5000),
                         T / 5000 + (int64_t)rows->values[i] + 1);
    }
}

/* However the engine's clock lies to the wall's, a row is read as the step that it was written of. */
static void test_rows_are_the_steps_that_they_were(void **state)
{
    struct bench *bench = *state;
    int64_t offset_ms = bench->wall_offset_ms;

    for (int64_t shift = 0; shift < 5; shift++) {
        char metric[] = "queue0";
        metric[5] = (char)('0' + shift);
        struct series *series = open_series(bench, metric, SERIES_GAUGE, 5000);
        struct series_name name = {"shop", "prod", "version.2.4.1+b~1", metric};
        struct archive_span span = {bench->start_s - 10, bench->start_s + 60, 5, false};
        struct err err = {0};
        bench->wall_offset_ms = offset_ms + shift * 1000;
        for (int64_t i = 0; i < 6; i++)
            series_put_gauge(series, T + i * 5000, T + i * 5000, (double)i);
        series_close(series);
        bench->is_done = false;
        assert_true(archive_fetch(bench->archive, &name, "", &span, note_steps, bench, &err));
        assert_true(loop_run_until(bench->loop, &bench->is_done, DEADLINE_MS));
        assert_int_equal(bench->row_count, 6);
    }
    assert_int_equal(archive_step_from(100, 100000, 1000), 0);
    assert_int_equal(archive_step_from(99, 100000, 1000), 0);
    assert_int_equal(archive_offset_ms(-700), -1000);
}

static void note_rows(void *data, const struct rrd_file_rows *rows, const struct err *err)
{
    struct bench *bench = data;

    bench->is_done = true;
    if (rows == NULL)
        fail_msg("%s", err->text);
    bench->row_count = rows->count;
    assert_true(rows->count <= 64);
    memcpy(bench->rows, rows->values, rows->count * sizeof(*rows->values));
}

/* Files count in seconds: a row has the steps that begin in it, and nothing is lost. */
static void test_steps_that_are_no_whole_seconds(void **state)
{
    static const double bounds[] = {1, INFINITY};
    static const double counts[] = {3, 1};
    struct bench *bench = *state;
    struct series *gauge = open_series(bench, "fast", SERIES_GAUGE, 100);
    struct series *count = open_series(bench, "hits", SERIES_COUNT, 100);
    struct series *buckets = open_series(bench, "time", SERIES_HISTOGRAM, 250);
    const double observed[] = {4 * 4, 2 * 4};

    for (int64_t at_ms = T; at_ms < T + 2500; at_ms += 100) {
        series_put_gauge(gauge, at_ms, at_ms, (double)(at_ms - T));
        series_put_count(count, at_ms, at_ms, 1, 2);
        series_book_close_steps(bench->book, at_ms);
    }
    for (int64_t at_ms = T; at_ms < T + 1500; at_ms += 250)
        series_put_histogram(buckets, at_ms, at_ms, bounds, counts, 2);
    series_close(gauge);
    series_close(count);
    series_close(buckets);
    flush(bench);
    for (int64_t i = 0; i < 3; i++) {
        expect(bench, "fast", i, i < 2 ? 900 + 1000 * (double)i : 2400, NAN);
        expect(bench, "hits", i, i < 2 ? 10 : 5, i < 2 ? 20 : 10);
    }
    for (int64_t i = 0; i < 2; i++)
        expect(bench, "time", i, NAN, observed[i]);
    assert_int_equal(archive_counts(bench->archive).skipped, 0);
}

static void test_fetches_and_skips(void **state)
{
    struct bench *bench = *state;
    struct series *fine = open_series(bench, "fine", SERIES_GAUGE, 1000);
    struct series *fast = open_series(bench, "fast", SERIES_GAUGE, 100);
    struct series_name name = {"shop", "prod", "version.2.4.1+b~1", "fine"};
    struct series_name wrong = {"shop", "../prod", "slot.blue", "fine"};
    struct archive_span span = {bench->start_s, bench->start_s + 3, 1, false};
    struct err err = {0};
    struct stat info;
    char path[PATH_MAX_BYTES];

    for (int64_t i = 0; i < 3; i++) {
        series_put_gauge(fine, T + i * 1000, T + i * 1000, (double)i);
        series_put_gauge(fast, T + i * 1000, T + i * 1000, (double)i);
    }
    series_close(fine);
    series_close(fast);
    assert_int_equal(archive_counts(bench->archive).skipped, 0);
    assert_true(archive_fetch(bench->archive, &name, "", &span, note_rows, bench, &err));
    assert_true(loop_run_until(bench->loop, &bench->is_done, DEADLINE_MS));
    assert_int_equal(bench->row_count, 3);
    for (int i = 0; i < 3; i++)
        assert_true(bench->rows[i] == i);
    assert_false(archive_fetch(bench->archive, &wrong, "", &span, note_rows, bench, &err));
    assert_int_equal(err.code, ERR_INVALID);
    (void)snprintf(path, sizeof(path), "%s/shop/prod/version.2.4.1+b~1/fine.rrd", bench->root);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(bench->root, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

/* The spans of the settings, in steps of whichever length. */
static void test_keeps_what_the_spans_say(void **state)
{
    static const struct rrd_file_span spans[] = {{0, 3600}, {60, 7200}};
    struct bench *bench = *state;
    char path[PATH_MAX_BYTES];
    char *output = malloc(OUTPUT_MAX);
    struct err err = {0};

    archive_free(bench->archive);
    assert_true(archive_new(bench->loop, NULL, bench->root, spans, 2, &bench->archive, &err));
    put_gauge_at(bench, "seconds", 1000);
    put_gauge_at(bench, "fives", 5000);
    flush(bench);
    (void)snprintf(path, sizeof(path), "%s/shop/prod/version.2.4.1+b~1/seconds.rrd", bench->root);
    const char *const argv[] = {"rrdtool", "info", path, NULL};
    assert_int_equal(process_run(argv, output, OUTPUT_MAX, DEADLINE_MS), 0);
    assert_non_null(strstr(output, "rra[0].rows = 3600\n"));
    assert_non_null(strstr(output, "rra[1].rows = 120\n"));
    assert_null(strstr(output, "rra[2]"));
    (void)snprintf(path, sizeof(path), "%s/shop/prod/version.2.4.1+b~1/fives.rrd", bench->root);
    assert_int_equal(process_run(argv, output, OUTPUT_MAX, DEADLINE_MS), 0);
    assert_non_null(strstr(output, "rra[0].rows = 720\n"));
    assert_non_null(strstr(output, "rra[1].pdp_per_row = 12\n"));
    free(output);
}

static void test_writes_what_waits_at_the_end(void **state)
{
    struct bench *bench = *state;
    struct series *series = open_series(bench, "last", SERIES_GAUGE, 1000);
    struct err err = {0};

    series_put_gauge(series, T, T, 42);
    series_close(series);
    archive_free(bench->archive);
    expect(bench, "last", 0, 42, NAN);
    assert_true(archive_new(bench->loop, NULL, bench->root, NULL, 0, &bench->archive,
                            &err)); /* it is there already */
    struct archive *none = NULL;
    assert_false(archive_new(bench->loop, NULL, "/nowhere/series", NULL, 0, &none, &err));
    assert_int_equal(err.code, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_come_back_as_they_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_histograms_leave_totals_buckets_and_quantiles, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_longer_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rows_are_the_steps_that_they_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_steps_that_are_no_whole_seconds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fetches_and_skips, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keeps_what_the_spans_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_writes_what_waits_at_the_end, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
