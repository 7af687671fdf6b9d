/* test_rrd_file.c - paths, shapes and archives of series files.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_only_own_paths(void **state)
{
    static const char *const good[] = {"a.rrd", "shop/prod/version.1.2+3~x/error_rate.rrd"};
    static const char *const bad[] = {
        "",        ".rrd",   "/a.rrd",   "a",       "a/../b.rrd",         "a//b.rrd",
        "a b.rrd", "a/.rrd", "../a.rrd", "a\n.rrd", "a/b/c/d/e/f/g/h.rrd"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(rrd_file_is_path(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(rrd_file_is_path(bad[i]));
}

static void test_default_archives(void **state)
{
    struct rrd_file_archive archives[RRD_FILE_ARCHIVES_MAX];
    const struct rrd_file_shape shape = {.kind = RRD_FILE_COUNT, .step_s = 1};

    (void)state;
    assert_true(rrd_file_is_shape(&shape));
    assert_int_equal(rrd_file_archives_default(1, archives), 3);
    assert_int_equal(archives[0].rows, 172800);
    assert_int_equal(archives[1].row_s * archives[1].rows, 30 * 86400);
    assert_int_equal(archives[2].row_s * archives[2].rows, 730 * 86400);
    assert_int_equal(rrd_file_archives_default(60, archives), 2);
    assert_int_equal(archives[0].rows, 43200);
}

static void test_shapes_are_checked(void **state)
{
    const struct rrd_file_archive odd = {RRD_FILE_AVERAGE, 7, 10};
    const struct rrd_file_archive long_one = {RRD_FILE_AVERAGE, 4, RRD_FILE_ROWS_MAX + 1};
    const struct rrd_file_archive good = {RRD_FILE_MAX, 4, 10};

    (void)state;
    assert_false(rrd_file_is_shape(&(struct rrd_file_shape){RRD_FILE_GAUGE, 0, NULL, 0, NULL}));
    assert_false(rrd_file_is_shape(&(struct rrd_file_shape){RRD_FILE_KIND_COUNT, 1, NULL, 0, NULL}));
    assert_false(rrd_file_is_shape(&(struct rrd_file_shape){RRD_FILE_GAUGE, 2, &odd, 1, NULL}));
    assert_false(rrd_file_is_shape(&(struct rrd_file_shape){RRD_FILE_GAUGE, 2, &long_one, 1, NULL}));
    assert_false(rrd_file_is_shape(&(struct rrd_file_shape){RRD_FILE_GAUGE, 2, &good, 0, NULL}));
    assert_true(rrd_file_is_shape(&(struct rrd_file_shape){RRD_FILE_GAUGE, 2, &good, 1, NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_own_paths),
        cmocka_unit_test(test_default_archives),
        cmocka_unit_test(test_shapes_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
