/* test_rrd_columns.c - bounds of buckets as names of columns, and back.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_columns.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_name(double bound, const char *wanted)
{
    const struct rrd_file_buckets buckets = {.count = 1, .bounds = {bound}};
    const struct rrd_file_shape shape = {.kind = RRD_FILE_BUCKETS, .step_s = 1, .buckets = &buckets};
    char name[RRD_COLUMN_NAME_SIZE];
    double read = NAN;

    assert_string_equal(rrd_column_name(&shape, 0, name), wanted);
    assert_true(rrd_column_bound(name, &read));
    assert_memory_equal(&read, &bound, sizeof(read));
}

static void test_names_of_bounds(void **state)
{
    (void)state;
    expect_name(0.25, "le0p25");
    expect_name(0.005, "le0p005");
    expect_name(1, "le1");
    expect_name(10, "le10");
    expect_name(250, "le250");
    expect_name(-2.5, "lem2p5");
    expect_name(1e-9, "le1em09");
    expect_name(1e21, "le1e21");
    expect_name(INFINITY, "leInf");
    expect_name(0.1 + 0.2, "lx3fd3333333333334");
    expect_name(-1e-300 / 3, "lx818c92d503f699cc");
}

/* Whatever a source chooses comes back bit by bit. */
static void test_every_bound_comes_back(void **state)
{
    double bound = 0.0005;

    (void)state;
    for (int i = 0; i < 2000; i++, bound *= 1.037) {
        const struct rrd_file_buckets buckets = {.count = 1, .bounds = {bound}};
        const struct rrd_file_shape shape = {.kind = RRD_FILE_BUCKETS, .step_s = 1, .buckets = &buckets};
        char name[RRD_COLUMN_NAME_SIZE];
        double read = NAN;
        assert_true(rrd_column_bound(rrd_column_name(&shape, 0, name), &read));
        assert_memory_equal(&read, &bound, sizeof(read));
        assert_true(strlen(name) < RRD_COLUMN_NAME_SIZE);
    }
}

static void test_other_names_are_no_bounds(void **state)
{
    static const char *const others[] = {"",
                                         "le",
                                         "lx",
                                         "value",
                                         "events",
                                         "total",
                                         "leNaN",
                                         "lexyz",
                                         "le1p2p",
                                         "le0x1",
                                         "leinf",
                                         "le1e999",
                                         "lx12",
                                         "le 1",
                                         "lem",
                                         "le1p0q",
                                         "lx3fd333333333333g",
                                         "lx7ff8000000000000"};
    double read = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (rrd_column_bound(others[i], &read))
            fail_msg("'%s' is read as %g", others[i], read);
    assert_true(read == 42);
}

static void test_shapes_of_buckets(void **state)
{
    struct rrd_file_buckets buckets = {.count = 3, .bounds = {1, 2, INFINITY}};
    struct rrd_file_shape shape = {.kind = RRD_FILE_BUCKETS, .step_s = 1, .buckets = &buckets};
    char name[RRD_COLUMN_NAME_SIZE];

    (void)state;
    assert_true(rrd_file_is_shape(&shape));
    assert_int_equal(rrd_file_columns(&shape), 3);
    assert_int_equal(rrd_file_point_size(&shape), sizeof(struct rrd_file_point) + sizeof(double));
    buckets.bounds[1] = 1;
    assert_false(rrd_file_is_shape(&shape));
    buckets.bounds[1] = NAN;
    assert_false(rrd_file_is_shape(&shape));
    buckets.count = 0;
    assert_false(rrd_file_is_shape(&shape));
    buckets.count = RRD_FILE_BUCKETS_MAX + 1;
    assert_false(rrd_file_is_shape(&shape));
    shape.buckets = NULL;
    assert_false(rrd_file_is_shape(&shape));
    shape.kind = RRD_FILE_COUNT;
    assert_true(rrd_file_is_shape(&shape));
    assert_int_equal(rrd_file_point_size(&shape), sizeof(struct rrd_file_point));
    assert_string_equal(rrd_column_name(&shape, 1, name), "total");
    shape.kind = RRD_FILE_GAUGE;
    assert_int_equal(rrd_file_columns(&shape), 1);
    assert_string_equal(rrd_column_name(&shape, 0, name), "value");
    shape.buckets = &buckets;
    assert_false(rrd_file_is_shape(&shape));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_bounds),
        cmocka_unit_test(test_every_bound_comes_back),
        cmocka_unit_test(test_other_names_are_no_bounds),
        cmocka_unit_test(test_shapes_of_buckets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
