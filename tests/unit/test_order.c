/* test_order.c - sorting, quantiles, the normal distribution, roots.
 * SPDX-License-Identifier: MIT */
#include "judge/order.h"

#include "judge/normal.h"
#include "judge/root.h"
#include "simulation/random.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 100000 };

static void check_sorted(const double *values, size_t count, double sum)
{
    double found = 0;

    for (size_t at = 0; at < count; at++) {
        assert_true(at == 0 || values[at - 1] <= values[at]);
        found += values[at];
    }
    assert_true(vectors_is_close(found, sum, 1e-9));
}

static void test_sort(void **state)
{
    double *values = malloc(MANY * sizeof(*values));
    struct dice dice = {.state = 7};

    (void)state;
    for (size_t count = 0; count <= MANY; count = count * 3 + 1) {
        double sum = 0;
        for (size_t at = 0; at < count; at++)
            sum += values[at] = floor(dice_unit(&dice) * 1000);
        order_sort(values, count);
        check_sorted(values, count, sum);
        order_sort(values, count);
        check_sorted(values, count, sum);
        for (size_t at = 0; at < count; at++)
            values[at] = (double)(count - at);
        order_sort(values, count);
        check_sorted(values, count, (double)count * (double)(count + 1) / 2);
    }
    free(values);
}

static void test_quantiles(void **state)
{
    static const double values[] = {1, 2, 4, 8, 16};

    (void)state;
    assert_true(isnan(order_quantile(values, 0, .5)));
    assert_true(order_quantile(values, 1, .99) == 1);
    assert_true(order_quantile(values, 5, 0) == 1 && order_quantile(values, 5, 1) == 16);
    assert_true(order_quantile(values, 5, .5) == 4 && order_quantile(values, 5, .25) == 2);
    assert_true(vectors_is_close(order_quantile(values, 5, .99), 15.68, 1e-12));
}

static void test_normal_against_scipy(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/samples.json");
    struct json_node root = json_root(file);
    size_t length = 0;
    struct json_node array = vectors_array(&root, "normal", &length);

    (void)state;
    assert_true(length > 10);
    for (struct json_node node = json_first(&array); node.item != NULL; node = json_next(&array, &node)) {
        double above = vectors_number(&node, "above");
        double z = vectors_number(&node, "z");
        assert_true(fabs(normal_quantile_above(above) - z) <= 1e-12 * fmax(1, fabs(z)));
        assert_true(vectors_is_close(normal_above(z), above, 1e-10));
    }
    json_free(file);
}

static unsigned calls;

static double cubic(void *context, double at)
{
    calls++;
    return (at - 1) * (at * at + *(const double *)context);
}

static double step(void *context, double at)
{
    return at < *(const double *)context ? 1 : -1;
}

static double flat(void *context, double at)
{
    double away = at - *(const double *)context;

    return away * away * away * away * away * away * away;
}

static double find(double (*function)(void *, double), double parameter, double low, double high,
                   double tolerance)
{
    struct root_end from = {.at = low, .value = function(&parameter, low)};
    struct root_end to = {.at = high, .value = function(&parameter, high)};

    return root_find(function, &parameter, from, to, tolerance);
}

static void test_roots(void **state)
{
    (void)state;
    calls = 0;
    assert_true(fabs(find(cubic, 2, -4, 5, 0) - 1) < 1e-14);
    assert_true(calls < 30); /* bisection would need 55 */
    assert_true(fabs(find(cubic, .01, 7, -3, 1e-9) - 1) < 1e-9);
    assert_true(fabs(find(step, .3, 0, 1, 1e-6) - .3) <= 1e-6);
    assert_true(fabs(find(flat, .7, -10, 3, 1e-6) - .7) <= 1e-1);
    assert_true(fabs(find(step, 1e-320, -1, 1, 0)) < 1e-290); /* gives up halving */
    assert_true(find(cubic, 2, 1, 3, 0) == 1);                /* an end is the root */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_normal_against_scipy),
        cmocka_unit_test(test_roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
