/* test_sequential.c - share betting against reference numbers and by simulation; the interval of the ratio.
 * SPDX-License-Identifier: MIT */
#include "judge/sequential.h"

#include "base/attributes.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool is_close(double left, double right, double relative)
{
    return fabs(left - right) <= relative * fmax(1, fabs(right));
}

/* Eight blocks of a growing canary, and the natural logarithms of the mean wealth after each. */
static const struct sequential_block blocks[] = {
    {.events = 0, .total = 50, .stable_events = 4, .stable_total = 950},
    {.events = 1, .total = 52, .stable_events = 6, .stable_total = 940},
    {.events = 0, .total = 49, .stable_events = 5, .stable_total = 955},
    {.events = 2, .total = 100, .stable_events = 3, .stable_total = 900},
    {.events = 1, .total = 101, .stable_events = 7, .stable_total = 905},
    {.events = 0, .total = 98, .stable_events = 5, .stable_total = 899},
    {.events = 3, .total = 250, .stable_events = 4, .stable_total = 750},
    {.events = 1, .total = 251, .stable_events = 6, .stable_total = 749},
};

static const struct {
    double allowed_ratio;
    double log_e[ARRAY_LENGTH(blocks)];
} vectors[] = {
    {1,
     {-0.255814333604, -0.047649606062, -0.243868937895, 0.066558138236, 0.107659313465, -0.090542186102,
      -0.000354802088, -0.065512069584}},
    {1.25,
     {-0.255814333604, -0.105552405688, -0.288063641839, -0.055127491595, -0.05191489307, -0.218686652522,
      -0.167158087035, -0.233078451974}},
};

static void test_reference_vectors(void **state)
{
    (void)state;
    for (size_t vector = 0; vector < ARRAY_LENGTH(vectors); vector++) {
        struct sequential_state sequential = {0};
        double most = 0;

        for (size_t block = 0; block < ARRAY_LENGTH(blocks); block++) {
            sequential_add(&sequential, &blocks[block], vectors[vector].allowed_ratio);
            assert_true(is_close(sequential_log_e(&sequential), vectors[vector].log_e[block], 1e-9));
            most = fmax(most, vectors[vector].log_e[block]);
            assert_true(is_close(sequential.log_e_max, most, 1e-9));
        }
        assert_int_equal(sequential.blocks, 8);
        assert_int_equal(sequential.event_blocks, 5);
        assert_true(sequential.events == 8 && sequential.total == 951);
        assert_true(sequential.stable_events == 40 && sequential.stable_total == 7048);
    }
}

static void test_blocks_without_traffic_change_nothing(void **state)
{
    static const struct sequential_block idle[] = {
        {.events = 3, .total = 0, .stable_events = 1, .stable_total = 100}, /* all traffic at stable */
        {.events = 3, .total = 100, .stable_events = 1, .stable_total = 0}, /* all at the candidate */
        {.events = 0, .total = 0, .stable_events = 0, .stable_total = 0},
    };
    struct sequential_state sequential = {0};

    (void)state;
    for (size_t block = 0; block < ARRAY_LENGTH(idle); block++)
        sequential_add(&sequential, &idle[block], 1);
    assert_int_equal(sequential.blocks, 0);
    assert_true(sequential.events == 0 && sequential.stable_total == 0);
    assert_true(sequential_log_e(&sequential) == 0);
}

static void test_blocks_without_events_count_but_bet_nothing(void **state)
{
    struct sequential_state sequential = {0};

    (void)state;
    sequential_add(&sequential, &(struct sequential_block){.total = 10, .stable_total = 90}, 1);
    assert_int_equal(sequential.blocks, 1);
    assert_int_equal(sequential.event_blocks, 0);
    assert_true(sequential.total == 10 && sequential.stable_total == 90);
    assert_true(sequential_log_e(&sequential) == 0 && sequential.log_e_max == 0);
}

static void test_numbers_stay_finite(void **state)
{
    static const struct sequential_block extreme[] = {
        {.events = 1e15, .total = 1e17, .stable_events = 1e12, .stable_total = 1e17},
        {.events = 1, .total = 1, .stable_events = 0, .stable_total = 1e300},
        {.events = 1, .total = 1e-300, .stable_events = 0, .stable_total = 1e300},
        {.events = 1e-320, .total = 1, .stable_events = 1e300, .stable_total = 1e300},
        {.events = 0, .total = 1e300, .stable_events = 1, .stable_total = 1},
        {.events = 1e300, .total = 1e300, .stable_events = 1e300, .stable_total = 1},
    };
    struct sequential_state sequential = {0};

    (void)state;
    for (size_t block = 0; block < ARRAY_LENGTH(extreme); block++) {
        sequential_add(&sequential, &extreme[block], 1.5);
        assert_true(isfinite(sequential_log_e(&sequential)));
        assert_true(isfinite(sequential.log_e_max));
    }
    struct sequential_state fresh = {0};
    sequential_add(&fresh, &(struct sequential_block){0, 1e-300, 1, 1e300}, 1);
    assert_true(sequential_log_e(&fresh) < 0); /* no event is no evidence, however small the share */
    /* Wealth far beyond the range of a double, and bets that differ by more than it. */
    for (int block = 0; block < 5000; block++)
        sequential_add(&sequential, &extreme[1], 1);
    assert_true(isfinite(sequential.log_e_max) && sequential.log_e_max > 1e6);
    for (int block = 0; block < 100000; block++)
        sequential_add(&sequential, &(struct sequential_block){0, 50, 5, 50}, 1);
    assert_true(isfinite(sequential_log_e(&sequential)));
}

static void test_e_of_equal_rates_does_not_grow(void **state)
{
    struct sequential_state sequential = {0};

    (void)state;
    for (int block = 0; block < 1000; block++)
        sequential_add(&sequential, &(struct sequential_block){5, 50, 95, 950}, 1);
    assert_true(is_close(sequential_log_e(&sequential), 0, 1e-9)); /* exactly its share: no bet wins */
    sequential_add(&sequential, &(struct sequential_block){6, 50, 94, 950}, 1);
    assert_true(sequential_log_e(&sequential) > 0.01);
    double before = sequential_log_e(&sequential);
    sequential_add(&sequential, &(struct sequential_block){6, 50, 94, 950}, 1.5); /* 1.2-fold is allowed */
    assert_true(sequential_log_e(&sequential) < before);
}

struct random {
    uint64_t state;
};

static double uniform(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return ((double)(random->state >> 11) + 0.5) / 9007199254740992.0;
}

static double poisson(struct random *random, double mean)
{
    double left = exp(-mean);
    double count = -1;

    for (double product = 1; product > left; count++)
        product *= uniform(random);
    return count;
}

/* One hour in blocks of 30 s, 100 requests a second, 5 % of them the candidate's; looked at after each block.
 * Returns after how many blocks the test alarmed, 0: never. */
static int run(struct random *random, double rate, double ratio)
{
    struct sequential_state sequential = {0};

    for (int block = 1; block <= 120; block++) {
        struct sequential_block sums = {.total = 150,
                                        .stable_total = 2850,
                                        .events = poisson(random, 150 * rate * ratio),
                                        .stable_events = poisson(random, 2850 * rate)};

        sequential_add(&sequential, &sums, 1);
        if (sequential.log_e_max >= log(100))
            return block;
    }
    return 0;
}

static void test_false_alarms_stay_below_alpha(void **state)
{
    struct random random = {UINT64_C(0x9e3779b97f4a7c15)};
    int alarms = 0;

    (void)state;
    for (int turn = 0; turn < 2000; turn++)
        alarms += run(&random, 0.002, 1) > 0;
    assert_true(alarms <= 30); /* alpha is 1 %: 20 expected at most, 2.3 standard deviations */
}

static void test_regressions_are_found(void **state)
{
    struct random random = {UINT64_C(0xd1b54a32d192ed03)};
    int found = 0;
    int soon = 0;

    (void)state;
    for (int turn = 0; turn < 500; turn++) {
        int blocks_needed = run(&random, 0.001, 10);

        found += blocks_needed > 0;
        soon += blocks_needed > 0 && blocks_needed <= 12;
    }
    assert_true(found > 495);
    assert_true(soon > 400); /* most within six minutes */
}

static const struct {
    struct sequential_state sums;
    double estimate, lower, upper; /* Clopper and Pearson's, from exact binomial sums */
} intervals[] = {
    {{.events = 26, .total = 812, .stable_events = 41, .stable_total = 38000},
     29.676799231,
     17.4292251348,
     49.6891456939},
    {{.events = 3, .total = 1000, .stable_events = 2, .stable_total = 1000}, 1.5, .171828492555, 17.95916083},
    {{.events = 0, .total = 500, .stable_events = 7, .stable_total = 9500}, 0, 0, 13.1824656218},
    {{.events = 4, .total = 500, .stable_events = 0, .stable_total = 9500},
     INFINITY,
     12.5423563678,
     INFINITY},
    {{.events = 1, .total = 50, .stable_events = 1, .stable_total = 950}, 19, .24204797459, 1491.43987101},
    {{.events = 120, .total = 5000, .stable_events = 15000, .stable_total = 4e6},
     6.4,
     5.30244082316,
     7.65881505507},
    {{.events = 900, .total = 1e6, .stable_events = 5, .stable_total = 1e3},
     .18,
     .0768468098126,
     .555709674232},
    {{.events = 3000, .total = 1e5, .stable_events = 40, .stable_total = 2e3},
     1.5,
     1.09890532302,
     2.10395794556},
    /* fractions, as averages smear them: the beta integral itself */
    {{.events = 2.5, .total = 300, .stable_events = 7.25, .stable_total = 5000},
     5.7471264368,
     .7901358725,
     26.8323079720},
};

static bool is_same(double left, double right, double relative)
{
    return left == right || fabs(left - right) <= relative * fabs(right);
}

static void test_intervals(void **state)
{
    double estimate;
    double lower;
    double upper;

    (void)state;
    for (size_t index = 0; index < ARRAY_LENGTH(intervals); index++) {
        sequential_interval(&intervals[index].sums, .95, &estimate, &lower, &upper);
        assert_true(is_same(estimate, intervals[index].estimate, 1e-9));
        assert_true(is_same(lower, intervals[index].lower, 1e-7));
        assert_true(is_same(upper, intervals[index].upper, 1e-7));
    }
    sequential_interval(&intervals[0].sums, .99, &estimate, &lower, &upper);
    assert_true(is_same(lower, 14.7849173574, 1e-7) && is_same(upper, 57.7480891320, 1e-7));
}

static void test_interval_of_many_events_is_near_the_exact_one(void **state)
{
    struct sequential_state sums = {
        .events = 12000, .total = 1e6, .stable_events = 15000, .stable_total = 2e6};
    double estimate;
    double lower;
    double upper;

    (void)state;
    sequential_interval(&sums, .95, &estimate, &lower, &upper);
    assert_true(is_same(lower, 1.5619202801, 2e-4) && is_same(upper, 1.63898190513, 2e-4));
    sums =
        (struct sequential_state){.events = 1e13, .total = 1e15, .stable_events = 2e13, .stable_total = 2e15};
    sequential_interval(&sums, .95, &estimate, &lower, &upper);
    assert_true(lower < 1 && upper > 1 && upper - lower < 1e-5);
}

static void test_interval_of_few_beside_many(void **state)
{
    struct sequential_state sums = {.events = 5, .total = 1e10, .stable_events = 1e12, .stable_total = 1e12};
    double estimate;
    double lower;
    double upper;

    (void)state;
    sequential_interval(&sums, .95, &estimate, &lower, &upper); /* Poisson's bounds of 5: 1.6235, 11.6683 */
    assert_true(is_same(lower * 1e10, 1.62348639, 1e-6) && is_same(upper * 1e10, 11.66833208, 1e-6));
}

/* What is the interval of one side is the other's upside down, also where one alone has very many events. */
static void test_interval_of_many_beside_few(void **state)
{
    struct sequential_state many = {.events = 2e4, .total = 1e6, .stable_events = 5, .stable_total = 1e6};
    struct sequential_state few = {.events = 5, .total = 1e6, .stable_events = 2e4, .stable_total = 1e6};
    double estimate[2];
    double lower[2];
    double upper[2];

    (void)state;
    sequential_interval(&many, .95, &estimate[0], &lower[0], &upper[0]);
    sequential_interval(&few, .95, &estimate[1], &lower[1], &upper[1]);
    assert_true(is_same(lower[0] * upper[1], 1, 1e-9) && is_same(upper[0] * lower[1], 1, 1e-9));
    assert_true(estimate[0] == 4000 && lower[0] > 1700 && upper[0] < 13000);
}

static void test_interval_without_anything_to_divide(void **state)
{
    struct sequential_state sums = {0};
    double estimate = 1;
    double lower = 1;
    double upper = 1;

    (void)state;
    sequential_interval(&sums, .95, &estimate, &lower, &upper);
    assert_true(isnan(estimate) && isnan(lower) && isnan(upper));
    sums = (struct sequential_state){.total = 100, .stable_total = 100};
    estimate = lower = upper = 1;
    sequential_interval(&sums, .95, &estimate, &lower, &upper);
    assert_true(isnan(estimate) && isnan(lower) && isnan(upper));
}

/* No bound is certain: the search for it must end all the same. */
static void test_interval_of_certainty_ends(void **state)
{
    double estimate;
    double lower;
    double upper;

    (void)state;
    sequential_interval(&intervals[1].sums, 1, &estimate, &lower, &upper);
    assert_true(estimate == 1.5);
    assert_false(lower > 1e-6);
    assert_false(upper < 1e6);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_vectors),
        cmocka_unit_test(test_blocks_without_traffic_change_nothing),
        cmocka_unit_test(test_blocks_without_events_count_but_bet_nothing),
        cmocka_unit_test(test_numbers_stay_finite),
        cmocka_unit_test(test_e_of_equal_rates_does_not_grow),
        cmocka_unit_test(test_false_alarms_stay_below_alpha),
        cmocka_unit_test(test_regressions_are_found),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_interval_of_many_events_is_near_the_exact_one),
        cmocka_unit_test(test_interval_of_few_beside_many),
        cmocka_unit_test(test_interval_of_many_beside_few),
        cmocka_unit_test(test_interval_without_anything_to_divide),
        cmocka_unit_test(test_interval_of_certainty_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
