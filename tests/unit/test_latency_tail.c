/* test_latency_tail.c - the choice of bounds, the mean of their bets, level and power.
 * SPDX-License-Identifier: MIT */
#include "judge/latency_tail.h"

#include "simulation/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BUCKETS = 12 };

/* Prometheus' default bounds in seconds, and a last bucket without one. */
static const double bounds[BUCKETS - 1] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

/* Something like a lognormal latency: p50 80 ms, p99 about 0.5 s; a share of it one second slower. */
static void observe(struct dice *dice, int count, double factor, double slow, double buckets[BUCKETS])
{
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        buckets[bucket] = 0;
    for (int i = 0; i < count; i++) {
        double sum = -6;
        for (int die = 0; die < 12; die++)
            sum += dice_unit(dice);
        double time = .08 * factor * exp(.8 * sum) + (dice_unit(dice) < slow ? 1 : 0);
        int bucket = 0;
        while (bucket < BUCKETS - 1 && time > bounds[bucket])
            bucket++;
        buckets[bucket]++;
    }
}

static void test_choice_of_bounds(void **state)
{
    static const double wide[] = {400, 100, 100, 100, 100, 50, 50, 50, 25, 15, 8, 2};
    static const double narrow[] = {0, 900, 100, 0};
    static const double none[] = {0, 1000, 0, 0};
    static const double nothing[] = {0, 0, 0, 0};
    struct latency_tail tail = {.log_e_max = 3};

    (void)state;
    latency_tail_choose(&tail, wide, 12);
    assert_int_equal(tail.bound_count, 6);
    assert_int_equal(tail.bounds[0], 1);
    assert_int_equal(tail.bounds[5], 10);
    assert_true(tail.log_e_max == 0);
    latency_tail_choose(&tail, narrow, 4);
    assert_int_equal(tail.bound_count, 1);
    assert_int_equal(tail.bounds[0], 1);
    latency_tail_choose(&tail, none, 4);
    assert_int_equal(tail.bound_count, 0);
    assert_true(latency_tail_log_e(&tail) == 0);
    assert_int_equal(latency_tail_worst(&tail), 0);
    latency_tail_add(&tail, narrow, narrow, 4, 1);
    assert_true(tail.log_e_max == 0);
    latency_tail_choose(&tail, nothing, 4);
    assert_int_equal(tail.bound_count, 0);
    latency_tail_fix(&tail, 7);
    assert_true(tail.bound_count == 1 && tail.bounds[0] == 7);
}

/* The block of an hour (120 blocks of 30 s at 5 requests a second) at which it failed; 0: never. */
static int run(struct dice *dice, double factor, double slow)
{
    struct latency_tail tail;
    double candidate[BUCKETS];
    double stable[BUCKETS];

    observe(dice, 2850, 1, 0, stable);
    latency_tail_choose(&tail, stable, BUCKETS);
    for (int block = 1; block <= 120; block++) {
        observe(dice, 150, factor, slow, candidate);
        observe(dice, 950, 1, 0, stable);
        latency_tail_add(&tail, candidate, stable, BUCKETS, 1);
        if (tail.log_e_max >= log(100))
            return block;
    }
    return 0;
}

static void test_level_and_power(void **state)
{
    struct dice dice = {.state = 13};
    int alarms = 0;

    (void)state;
    for (int turn = 0; turn < 40; turn++)
        alarms += run(&dice, 1, 0) > 0;
    assert_true(alarms <= 2);
    for (int turn = 0; turn < 10; turn++) {
        int doubled = run(&dice, 2, 0);
        int tail = run(&dice, 1, .02);
        assert_true(doubled > 0 && doubled <= 12);
        assert_true(tail > 0 && tail <= 20);
    }
}

static void test_mean_of_the_bets(void **state)
{
    static const double worse[] = {10, 10, 10, 70};
    static const double stable[] = {70, 10, 10, 10};
    struct latency_tail tail = {.bound_count = 3, .bounds = {0, 1, 2}};

    (void)state;
    for (int block = 0; block < 10; block++)
        latency_tail_add(&tail, worse, stable, 4, 1);
    double mean = 0;
    for (int bound = 0; bound < 3; bound++)
        mean += exp(sequential_log_e(&tail.tests[bound])) / 3;
    assert_true(fabs(latency_tail_log_e(&tail) - log(mean)) < 1e-12);
    assert_int_equal(latency_tail_worst(&tail), 2);
    tail.tests[0].log_wealth[0] = 100;
    assert_int_equal(latency_tail_worst(&tail), 0);
    assert_true(tail.tests[2].events == 700 && tail.tests[0].events == 900 && tail.tests[1].total == 1000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice_of_bounds),
        cmocka_unit_test(test_level_and_power),
        cmocka_unit_test(test_mean_of_the_bets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
