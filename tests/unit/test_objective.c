/* test_objective.c - one side alone, shares of traffic, and buckets: against reference numbers.
 * SPDX-License-Identifier: MIT */
#include "judge/objective.h"

#include "judge/distribution.h"
#include "judge/traffic_share.h"
#include "support/vectors.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_objectives_against_scipy(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/blocks.json");
    struct json_node root = json_root(file);
    size_t length = 0;
    struct json_node array = vectors_array(&root, "objectives", &length);

    (void)state;
    assert_true(length >= 4);
    for (struct json_node node = json_first(&array); node.item != NULL; node = json_next(&array, &node)) {
        double log_e = objective_log_e(vectors_number(&node, "events"), vectors_number(&node, "total"),
                                       vectors_number(&node, "ratio"));
        assert_true(vectors_is_close(log_e, vectors_number(&node, "log_e"), 1e-9));
    }
    array = vectors_array(&root, "limits", &length);
    for (struct json_node node = json_first(&array); node.item != NULL; node = json_next(&array, &node)) {
        double limit = objective_history_limit(vectors_number(&node, "events"),
                                               vectors_number(&node, "total"), vectors_number(&node, "tail"));
        assert_true(vectors_is_close(limit, vectors_number(&node, "limit"), 1e-9));
    }
    json_free(file);
}

static struct json_node read_inputs(const struct json_node *root, double x[8], double y[8])
{
    struct json_node inputs = json_member(root, "inputs");

    assert_int_equal(vectors_numbers(&inputs, "ec", x, 8), 8);
    assert_int_equal(vectors_numbers(&inputs, "eb", y, 8), 8);
    return inputs;
}

/* Requests to either side, of which the first five percent was routed. */
static void test_traffic_share_vectors(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/anytime.json");
    struct json_node root = json_root(file);
    struct json_node split = json_member(&root, "constant_split");
    double x[8];
    double y[8];
    double strong[8];
    double weak[8];
    double candidate = 0;
    double stable = 0;

    (void)state;
    (void)read_inputs(&root, x, y);
    assert_int_equal(vectors_numbers(&split, "multinomial_k100", strong, 8), 8);
    assert_int_equal(vectors_numbers(&split, "multinomial_k10", weak, 8), 8);
    for (int at = 0; at < 8; at++) {
        candidate += x[at];
        stable += y[at];
        assert_true(fabs(traffic_share_log_e(candidate, stable, .05, TRAFFIC_SHARE_STRENGTH) - strong[at]) <
                    1e-9);
        assert_true(fabs(traffic_share_log_e(candidate, stable, .05, 10) - weak[at]) < 1e-9);
    }
    assert_true(traffic_share_log_e(0, 100000, .05, TRAFFIC_SHARE_STRENGTH) > log(1e6));
    assert_true(traffic_share_log_e(5000, 95000, .05, TRAFFIC_SHARE_STRENGTH) < 0);
    json_free(file);
}

/* Two buckets, "events" and "others", are the safe test of two rates. */
static void test_distribution_vectors(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/anytime.json");
    struct json_node root = json_root(file);
    double x[8];
    double y[8];
    double n[8];
    double m[8];
    double expected[8];
    struct json_node inputs = read_inputs(&root, x, y);
    struct distribution sums = {.log_e = 0};
    double most = 0;

    (void)state;
    assert_int_equal(vectors_numbers(&inputs, "nc", n, 8), 8);
    assert_int_equal(vectors_numbers(&inputs, "nb", m, 8), 8);
    assert_int_equal(vectors_numbers(&root, "safe2x2_prior_0_18", expected, 8), 8);
    for (int at = 0; at < 8; at++) {
        const double candidate[] = {x[at], n[at] - x[at]};
        const double stable[] = {y[at], m[at] - y[at]};
        static const double empty[] = {0, 0};
        distribution_add(&sums, candidate, stable, 2);
        distribution_add(&sums, candidate, empty, 2);
        distribution_add(&sums, empty, stable, 2);
        assert_true(fabs(sums.log_e - expected[at]) < 1e-9);
        most = fmax(most, sums.log_e);
        assert_true(sums.log_e_max == most);
    }
    json_free(file);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objectives_against_scipy),
        cmocka_unit_test(test_traffic_share_vectors),
        cmocka_unit_test(test_distribution_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
