/* test_rate_ratio.c - e-values and intervals of independent events against reference numbers; dispersion.
 * SPDX-License-Identifier: MIT */
#include "judge/rate_ratio.h"

#include "base/attributes.h"
#include "simulation/random.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BLOCKS_MAX = 64 };

static void check_series(const char *name, double allowed_ratio)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/anytime.json");
    struct json_node root = json_root(file);
    struct json_node inputs = json_member(&root, "inputs");
    double x[8];
    double y[8];
    double n[8];
    double m[8];
    double expected[8];
    struct rate_ratio state = {0};

    assert_int_equal(vectors_numbers(&inputs, "ec", x, 8), 8);
    assert_int_equal(vectors_numbers(&inputs, "eb", y, 8), 8);
    assert_int_equal(vectors_numbers(&inputs, "nc", n, 8), 8);
    assert_int_equal(vectors_numbers(&inputs, "nb", m, 8), 8);
    assert_int_equal(vectors_numbers(&root, name, expected, 8), 8);
    for (int at = 0; at < 8; at++) {
        struct sequential_block block = {
            .events = x[at], .total = n[at], .stable_events = y[at], .stable_total = m[at]};
        rate_ratio_add(&state, &block, allowed_ratio);
        assert_true(fabs(rate_ratio_log_e(&state) - expected[at]) < 1e-9);
    }
    json_free(file);
}

static void test_reference_vectors(void **state)
{
    (void)state;
    check_series("rate_ratio_r0_1", 1);
    check_series("rate_ratio_r0_1_25", 1.25);
}

static void test_idle_blocks_change_nothing(void **state)
{
    static const struct sequential_block idle[] = {
        {.events = 3, .total = 0, .stable_events = 1, .stable_total = 9},
        {.events = 3, .total = 9, .stable_events = 1, .stable_total = 0},
        {.events = 0, .total = 9, .stable_events = 0, .stable_total = 9},
    };
    struct rate_ratio sums = {0};
    double estimate;
    double lower;
    double upper;

    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(idle); at++)
        rate_ratio_add(&sums, &idle[at], 1);
    assert_true(rate_ratio_log_e(&sums) == 0);
    rate_ratio_interval(idle, ARRAY_LENGTH(idle), .05, &estimate, &lower, &upper);
    assert_true(isnan(estimate) && isnan(lower) && isnan(upper));
}

static double or_infinite(double number)
{
    return isnan(number) ? INFINITY : number;
}

static void test_intervals_against_scipy(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/blocks.json");
    struct json_node root = json_root(file);
    size_t length = 0;
    struct json_node array = vectors_array(&root, "intervals", &length);

    (void)state;
    assert_true(length >= 6);
    for (struct json_node node = json_first(&array); node.item != NULL; node = json_next(&array, &node)) {
        struct sequential_block blocks[BLOCKS_MAX];
        size_t count = 0;
        struct json_node rows = vectors_array(&node, "blocks", &count);
        size_t at = 0;
        double estimate;
        double lower;
        double upper;

        for (struct json_node row = json_first(&rows); row.item != NULL; row = json_next(&rows, &row), at++) {
            double cells[4];
            struct err err;
            int cell = 0;
            for (struct json_node node_of = json_first(&row); node_of.item != NULL;
                 node_of = json_next(&row, &node_of))
                assert_true(json_as_number(&node_of, &cells[cell++], &err));
            blocks[at] = (struct sequential_block){cells[0], cells[1], cells[2], cells[3]};
        }
        rate_ratio_interval(blocks, count, .05, &estimate, &lower, &upper);
        assert_true(vectors_is_close(estimate, or_infinite(vectors_number(&node, "estimate")), 1e-9));
        assert_true(vectors_is_close(lower, or_infinite(vectors_number(&node, "lower")), 1e-9));
        assert_true(vectors_is_close(upper, or_infinite(vectors_number(&node, "upper")), 1e-9));
    }
    json_free(file);
}

static void test_interval_without_events_of_stable(void **state)
{
    static const struct sequential_block blocks[] = {
        {.events = 4, .total = 50, .stable_events = 0, .stable_total = 950}};
    double estimate;
    double lower;
    double upper;

    (void)state;
    rate_ratio_interval(blocks, 1, .05, &estimate, &lower, &upper);
    assert_true(isinf(estimate) && isinf(upper) && lower > 1);
}

/* Certainty cannot be refuted: the bound is where the search ends. */
static void test_interval_of_certainty_ends(void **state)
{
    static const struct sequential_block blocks[] = {
        {.events = 1, .total = 50, .stable_events = 1, .stable_total = 950}};
    double estimate;
    double lower;
    double upper;

    (void)state;
    rate_ratio_interval(blocks, 1, 1e-300, &estimate, &lower, &upper);
    assert_true(lower < 1e-20 && upper > 1e20);
}

static double draw(struct dice *dice, double mean, bool comes_in_bursts)
{
    return comes_in_bursts ? 6 * dice_count(dice, mean / 6) : dice_count(dice, mean);
}

static void test_dispersion_tells_bursts(void **state)
{
    struct dice dice = {.state = 11};
    struct sequential_block blocks[400] = {{0}};

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        for (size_t at = 0; at < ARRAY_LENGTH(blocks); at++) {
            blocks[at].stable_total = 900 + (double)dice_below(&dice, 200);
            blocks[at].stable_events = draw(&dice, 10, kind == 1);
        }
        double dispersion = rate_ratio_dispersion(blocks, ARRAY_LENGTH(blocks));
        if (kind == 1)
            assert_true(dispersion > 4 && dispersion < 8);
        else
            assert_true(dispersion > .75 && dispersion < 1.25);
    }
    assert_true(isnan(rate_ratio_dispersion(blocks, 15)));
    assert_true(rate_ratio_dispersion(blocks, 16) > 0);
    for (size_t at = 0; at < ARRAY_LENGTH(blocks); at++)
        blocks[at].stable_total = at % 3 == 0 ? 100 : 0;
    assert_true(isnan(rate_ratio_dispersion(blocks, ARRAY_LENGTH(blocks))));
    for (size_t at = 0; at < ARRAY_LENGTH(blocks); at++)
        blocks[at].stable_events = 0;
    assert_true(isnan(rate_ratio_dispersion(blocks, ARRAY_LENGTH(blocks))));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_vectors),
        cmocka_unit_test(test_idle_blocks_change_nothing),
        cmocka_unit_test(test_intervals_against_scipy),
        cmocka_unit_test(test_interval_without_events_of_stable),
        cmocka_unit_test(test_interval_of_certainty_ends),
        cmocka_unit_test(test_dispersion_tells_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
