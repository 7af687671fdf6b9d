/* test_mean_difference.c - margins against reference numbers, the level by simulation.
 * SPDX-License-Identifier: MIT */
#include "judge/mean_difference.h"

#include "simulation/random.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The vectors name the width parameter itself: t_opt is what gives it. */
static double t_opt_of(double width, double alpha)
{
    double odds = -2 * log(alpha);

    return (odds + log1p(odds)) / width;
}

static void test_reference_margins(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/anytime.json");
    struct json_node root = json_root(file);
    size_t length = 0;
    struct json_node array = vectors_array(&root, "asymptotic_cs", &length);

    (void)state;
    assert_int_equal(length, 4);
    for (struct json_node node = json_first(&array); node.item != NULL; node = json_next(&array, &node)) {
        double alpha = vectors_number(&node, "alpha");
        double count = vectors_number(&node, "t");
        double t_opt = t_opt_of(vectors_number(&node, "rho2"), alpha);
        assert_true(vectors_is_close(mean_difference_margin(count, t_opt, alpha, true),
                                     vectors_number(&node, "two_sided_margin"), 1e-9));
        assert_true(vectors_is_close(mean_difference_margin(count, t_opt, alpha, false),
                                     vectors_number(&node, "one_sided_margin"), 1e-9));
    }
    json_free(file);
}

static const struct mean_difference test_default = {
    .allowed_ratio = 1, .alpha = .01, .t_opt = MEAN_DIFFERENCE_T_OPT, .burn_in = MEAN_DIFFERENCE_BURN_IN};

/* Something like a normal number: six dice. */
static double noise(struct dice *dice)
{
    double sum = -3;

    for (int i = 0; i < 6; i++)
        sum += dice_unit(dice);
    return sum * M_SQRT2;
}

/* The pair at which it failed, of 120; 0: never. */
static uint64_t run(struct dice *dice, const struct mean_difference *test, double shift)
{
    struct mean_difference_state state = {0};

    for (int pair = 0; pair < 120; pair++)
        mean_difference_add(test, &state, 100 + 5 * noise(dice), 100 + shift + 5 * noise(dice));
    assert_true((state.crossing > 0) == (state.bound_max > 0));
    return state.crossing;
}

static void test_level_and_power(void **state)
{
    struct dice dice = {.state = 5};
    struct mean_difference test = test_default;
    int alarms = 0;
    int found = 0;
    int allowed = 0;
    int lower = 0;

    (void)state;
    for (int turn = 0; turn < 1000; turn++) {
        test = test_default;
        alarms += run(&dice, &test, 0) > 0;
        found += run(&dice, &test, 5) > 0;
        test.is_lower_worse = true;
        lower += run(&dice, &test, -5) > 0;
        assert_int_equal(run(&dice, &test, 20), 0);
        test = test_default;
        test.allowed_ratio = 1.1;
        allowed += run(&dice, &test, 5) > 0;
    }
    assert_true(alarms <= 20);
    assert_true(found > 950 && lower > 950);
    assert_int_equal(allowed, 0);
}

static void test_intervals(void **state)
{
    struct mean_difference_state sums = {0};
    double estimate;
    double lower;
    double upper;

    (void)state;
    mean_difference_interval(&test_default, &sums, &estimate, &lower, &upper);
    assert_true(isnan(estimate) && isnan(lower) && isnan(upper));
    mean_difference_add(&test_default, &sums, 1, 3);
    mean_difference_interval(&test_default, &sums, &estimate, &lower, &upper);
    assert_true(estimate == 2 && isinf(lower) && isinf(upper));
    assert_true(moments_deviation(&sums.difference) == 0);
    for (int pair = 1; pair < 30; pair++)
        mean_difference_add(&test_default, &sums, 1, pair % 2 == 0 ? 3 : 5);
    mean_difference_interval(&test_default, &sums, &estimate, &lower, &upper);
    double margin = mean_difference_margin(30, 30, .01, true);
    assert_true(estimate == 3 && vectors_is_close(lower, 3 - margin, 1e-12));
    assert_true(vectors_is_close(upper, 3 + margin, 1e-12));
    assert_true(sums.crossing == 10 && sums.bound_max > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_margins),
        cmocka_unit_test(test_level_and_power),
        cmocka_unit_test(test_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
