/* test_mann_whitney.c - shifts and p-values against R and SciPy, labels against a plain reading of Kayenta's
 * rules, and what bad or empty samples answer. SPDX-License-Identifier: MIT */
#include "judge/mann_whitney.h"

#include "base/attributes.h"
#include "judge/order.h"
#include "judge/shift.h"
#include "simulation/random.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VALUES_MAX = 128 };

static void check_interval(const struct json_node *node)
{
    double control[VALUES_MAX];
    double experiment[VALUES_MAX];
    struct sample left = {.values = control, .count = vectors_numbers(node, "control", control, VALUES_MAX)};
    struct sample right = {.values = experiment,
                           .count = vectors_numbers(node, "experiment", experiment, VALUES_MAX)};
    struct shift shift;

    order_sort(control, left.count);
    order_sort(experiment, right.count);
    struct ranks ranks = ranks_at(left, right, 0);
    assert_true(ranks.u == vectors_number(node, "u"));
    assert_true(vectors_is_close(ranks_p_value(&ranks, left, right), vectors_number(node, "p_value"), 1e-9));
    assert_true(shift_between(left, right, vectors_number(node, "confidence"), 1e-4, &shift));
    assert_true(fabs(shift.lower - vectors_number(node, "lower")) < 1e-12 * fmax(1, fabs(shift.lower)));
    assert_true(fabs(shift.upper - vectors_number(node, "upper")) < 1e-12 * fmax(1, fabs(shift.upper)));
    assert_true(fabs(shift.estimate - vectors_number(node, "estimate")) <
                1e-12 * fmax(1, fabs(shift.estimate)));
}

static void test_intervals_against_r(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/samples.json");
    struct json_node root = json_root(file);
    size_t length = 0;
    struct json_node array = vectors_array(&root, "intervals", &length);

    (void)state;
    assert_true(length >= 64);
    for (struct json_node node = json_first(&array); node.item != NULL; node = json_next(&array, &node))
        check_interval(&node);
    json_free(file);
}

static struct mann_whitney read_test(const struct json_node *node)
{
    struct json_node effect = json_member(node, "effect");
    bool is_cles = strcmp(vectors_text(&effect, "measure"), "cles") == 0;
    struct mann_whitney test = mann_whitney_defaults(is_cles ? EFFECT_CLES : EFFECT_MEAN_RATIO);
    const char *direction = vectors_text(node, "direction");

    test.allowed_increase = vectors_number(&effect, "allowed_increase");
    test.allowed_decrease = vectors_number(&effect, "allowed_decrease");
    test.critical_increase = vectors_number(&effect, "critical_increase");
    test.critical_decrease = vectors_number(&effect, "critical_decrease");
    if (strcmp(direction, "either") != 0)
        test.direction = strcmp(direction, "increase") == 0 ? DIRECTION_INCREASE : DIRECTION_DECREASE;
    if (strcmp(vectors_text(node, "nan"), "zero") == 0)
        test.missing = MISSING_ZERO;
    if (strcmp(vectors_text(node, "outliers"), "remove") == 0)
        test.outliers = OUTLIERS_REMOVE;
    test.is_critical = vectors_flag(node, "critical");
    test.must_have_data = vectors_flag(node, "must_have_data");
    return test;
}

static void test_labels_as_kayenta(void **state)
{
    struct cJSON *file = vectors_read("tests/unit/vectors/samples.json");
    struct json_node root = json_root(file);
    size_t length = 0;
    struct json_node array = vectors_array(&root, "labels", &length);

    (void)state;
    assert_true(length >= 200);
    for (struct json_node node = json_first(&array); node.item != NULL; node = json_next(&array, &node)) {
        double control[VALUES_MAX];
        double experiment[VALUES_MAX];
        struct mann_whitney test = read_test(&node);
        struct mann_whitney_answer answer;
        size_t control_count = vectors_numbers(&node, "control", control, VALUES_MAX);
        size_t experiment_count = vectors_numbers(&node, "experiment", experiment, VALUES_MAX);

        mann_whitney_run(&test, control, control_count, experiment, experiment_count, &answer);
        if (strcmp(classification_name(answer.classification), vectors_text(&node, "classification")) != 0)
            fail_msg("%s: %s, expected %s", JSON_POINTER(&node), classification_name(answer.classification),
                     vectors_text(&node, "classification"));
        assert_int_equal(answer.is_critical, vectors_flag(&node, "is_critical"));
        assert_true(vectors_is_close(answer.effect, vectors_number(&node, "effect_found"), 1e-12));
    }
    json_free(file);
}

/* ---- edges: two short samples, a test, what it says ---- */

#define MISSING (-999.)

struct edge {
    const char *what;
    double control[12], experiment[12];
    size_t control_count, experiment_count;
    bool is_critical, must_have_data, is_zero, is_strict;
    enum direction direction;
    enum classification classification;
    enum mann_whitney_reason reason;
    bool critical;
};

#define SAMES(value)                                                                                         \
    {                                                                                                        \
        value, value, value, value, value, value, value, value, value, value                                 \
    }
#define RISING(from)                                                                                         \
    {                                                                                                        \
        from, from + 1, from + 2, from + 3, from + 4, from + 5, from + 6, from + 7, from + 8, from + 9       \
    }

static const struct edge edges[] = {
    {.what = "nothing at all", .classification = CLASSIFICATION_NODATA, .reason = MANN_WHITNEY_EXPERIMENT},
    {.what = "no control",
     .experiment = {1, 2},
     .experiment_count = 2,
     .is_critical = true,
     .classification = CLASSIFICATION_NODATA,
     .reason = MANN_WHITNEY_CONTROL,
     .critical = true},
    {.what = "all missing",
     .control = {1, 2},
     .control_count = 2,
     .experiment = {MISSING, MISSING},
     .experiment_count = 2,
     .must_have_data = true,
     .classification = CLASSIFICATION_NODATA_FAIL,
     .reason = MANN_WHITNEY_EXPERIMENT},
    {.what = "critical beats must_have_data",
     .is_critical = true,
     .must_have_data = true,
     .classification = CLASSIFICATION_NODATA,
     .reason = MANN_WHITNEY_EXPERIMENT,
     .critical = true},
    {.what = "an empty side passes where missing is zero",
     .is_zero = true,
     .is_critical = true,
     .must_have_data = true,
     .control = {1},
     .control_count = 1,
     .classification = CLASSIFICATION_PASS,
     .reason = MANN_WHITNEY_EXPERIMENT},
    {.what = "but not strictly",
     .is_zero = true,
     .is_strict = true,
     .must_have_data = true,
     .control = {1},
     .control_count = 1,
     .classification = CLASSIFICATION_NODATA_FAIL,
     .reason = MANN_WHITNEY_EXPERIMENT},
    {.what = "one value a side",
     .control = {1},
     .experiment = {5},
     .control_count = 1,
     .experiment_count = 1,
     .is_critical = true,
     .classification = CLASSIFICATION_ERROR,
     .reason = MANN_WHITNEY_TIED},
    {.what = "one equal value a side",
     .control = {5},
     .experiment = {5},
     .control_count = 1,
     .experiment_count = 1,
     .reason = MANN_WHITNEY_EQUAL},
    {.what = "equal but for the order",
     .control = {3, 1, 2},
     .experiment = {1, 2, 3},
     .control_count = 3,
     .experiment_count = 3,
     .reason = MANN_WHITNEY_EQUAL},
    {.what = "as many, not equal",
     .control = {3, 1, 2},
     .experiment = {1, 2, 4},
     .control_count = 3,
     .experiment_count = 3,
     .reason = MANN_WHITNEY_WITHIN},
    {.what = "constant and equal, of different lengths",
     .control = {4, 4, 4},
     .experiment = {4, 4},
     .control_count = 3,
     .experiment_count = 2,
     .reason = MANN_WHITNEY_EQUAL},
    {.what = "constant and higher",
     .control = {4, 4, 4},
     .experiment = {5, 5},
     .control_count = 3,
     .experiment_count = 2,
     .is_critical = true,
     .classification = CLASSIFICATION_HIGH,
     .reason = MANN_WHITNEY_HIGHER,
     .critical = true},
    {.what = "constant and lower",
     .control = {4, 4, 4},
     .experiment = {3, 3},
     .control_count = 3,
     .experiment_count = 2,
     .classification = CLASSIFICATION_LOW,
     .reason = MANN_WHITNEY_LOWER},
    {.what = "critically lower",
     .control = {4, 4, 4},
     .experiment = {3, 3},
     .control_count = 3,
     .experiment_count = 2,
     .is_critical = true,
     .classification = CLASSIFICATION_LOW,
     .reason = MANN_WHITNEY_LOWER,
     .critical = true},
    {.what = "constant and lower, which is fine",
     .control = {4, 4, 4},
     .experiment = {3, 3},
     .control_count = 3,
     .experiment_count = 2,
     .direction = DIRECTION_INCREASE,
     .reason = MANN_WHITNEY_WITHIN},
    {.what = "constant and higher, which is fine",
     .control = {4, 4, 4},
     .experiment = {5, 5},
     .control_count = 3,
     .experiment_count = 2,
     .direction = DIRECTION_DECREASE,
     .reason = MANN_WHITNEY_WITHIN},
    {.what = "errors beside a control without any",
     .control = SAMES(0),
     .experiment = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1},
     .control_count = 10,
     .experiment_count = 10,
     .is_critical = true,
     .classification = CLASSIFICATION_HIGH,
     .reason = MANN_WHITNEY_HIGHER,
     .critical = true},
    {.what = "one tie at one shift",
     .control = {1},
     .experiment = {0, 1e-20},
     .control_count = 1,
     .experiment_count = 2,
     .is_critical = true,
     .classification = CLASSIFICATION_ERROR,
     .reason = MANN_WHITNEY_TIED},
    {.what = "nine values are too few, strictly",
     .control = RISING(1),
     .experiment = RISING(50),
     .control_count = 9,
     .experiment_count = 10,
     .is_strict = true,
     .is_critical = true,
     .classification = CLASSIFICATION_NODATA,
     .reason = MANN_WHITNEY_TOO_FEW,
     .critical = true},
    {.what = "and so on the other side",
     .control = RISING(1),
     .experiment = RISING(50),
     .control_count = 10,
     .experiment_count = 9,
     .is_strict = true,
     .classification = CLASSIFICATION_NODATA,
     .reason = MANN_WHITNEY_TOO_FEW},
    {.what = "ten are enough",
     .control = RISING(1),
     .experiment = RISING(50),
     .control_count = 10,
     .experiment_count = 10,
     .is_strict = true,
     .classification = CLASSIFICATION_HIGH,
     .reason = MANN_WHITNEY_HIGHER},
    {.what = "a strict error is critical",
     .control = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1 + 1e-16},
     .experiment = {1e-20, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     .control_count = 10,
     .experiment_count = 10,
     .is_strict = true,
     .is_critical = true,
     .classification = CLASSIFICATION_ERROR,
     .reason = MANN_WHITNEY_TIED,
     .critical = true},
    {.what = "unless the metric is not",
     .control = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1 + 1e-16},
     .experiment = {1e-20, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     .control_count = 10,
     .experiment_count = 10,
     .is_strict = true,
     .classification = CLASSIFICATION_ERROR,
     .reason = MANN_WHITNEY_TIED},
};

static void fill(double *to, const double *from, size_t count)
{
    for (size_t at = 0; at < count; at++)
        to[at] = from[at] == MISSING ? NAN : from[at];
}

static void test_edges(void **state)
{
    (void)state;
    for (size_t at = 0; at < ARRAY_LENGTH(edges); at++) {
        const struct edge *edge = &edges[at];
        struct mann_whitney test = mann_whitney_defaults(EFFECT_MEAN_RATIO);
        struct mann_whitney_answer answer;
        double control[12];
        double experiment[12];

        fill(control, edge->control, edge->control_count);
        fill(experiment, edge->experiment, edge->experiment_count);
        test.is_critical = edge->is_critical;
        test.must_have_data = edge->must_have_data;
        test.is_strict = edge->is_strict;
        test.missing = edge->is_zero ? MISSING_ZERO : MISSING_REMOVE;
        test.direction = edge->direction;
        mann_whitney_run(&test, control, edge->control_count, experiment, edge->experiment_count, &answer);
        if (answer.classification != edge->classification || answer.reason != edge->reason ||
            answer.is_critical != edge->critical)
            fail_msg("%s: %s, %s", edge->what, classification_name(answer.classification),
                     mann_whitney_reason_text(answer.reason));
    }
}

static void test_effects_that_are_allowed(void **state)
{
    double control[] = RISING(100);
    double experiment[] = RISING(120);
    struct mann_whitney test = mann_whitney_defaults(EFFECT_MEAN_RATIO);
    struct mann_whitney_answer answer;

    (void)state;
    test.is_critical = true;
    test.allowed_increase = 1.5;
    test.allowed_decrease = .5;
    mann_whitney_run(&test, control, 10, experiment, 10, &answer);
    assert_int_equal(answer.classification, CLASSIFICATION_PASS);
    assert_int_equal(answer.reason, MANN_WHITNEY_SMALL);
    mann_whitney_run(&test, experiment, 10, control, 10, &answer);
    assert_int_equal(answer.classification, CLASSIFICATION_PASS);
    assert_int_equal(answer.reason, MANN_WHITNEY_SMALL);
    test.allowed_increase = test.allowed_decrease = 1;
    test.critical_increase = 1.5;
    test.critical_decrease = .5;
    mann_whitney_run(&test, control, 10, experiment, 10, &answer);
    assert_true(answer.classification == CLASSIFICATION_HIGH && !answer.is_critical);
    assert_true(answer.statistic == 100 && answer.lower > 0 && answer.p_value < 1e-3);
    mann_whitney_run(&test, experiment, 10, control, 10, &answer);
    assert_true(answer.classification == CLASSIFICATION_LOW && !answer.is_critical);
}

/* Series whose whole spread is below the coarse tolerance: Kayenta misses them, strict does not. */
static void test_strict_does_not_depend_on_units(void **state)
{
    struct dice dice = {.state = 3};
    struct mann_whitney test = mann_whitney_defaults(EFFECT_MEAN_RATIO);
    enum classification found[2][2];

    (void)state;
    for (int is_strict = 0; is_strict < 2; is_strict++)
        for (int scale = 0; scale < 2; scale++) {
            double control[60];
            double experiment[60];
            struct mann_whitney_answer answer;
            dice.state = 3;
            for (int at = 0; at < 60; at++) {
                control[at] = (scale == 0 ? 1e-5 : 10) * (1 + dice_unit(&dice));
                experiment[at] = (scale == 0 ? 1e-5 : 10) * (1.4 + dice_unit(&dice));
            }
            test.is_strict = is_strict == 1;
            mann_whitney_run(&test, control, 60, experiment, 60, &answer);
            found[is_strict][scale] = answer.classification;
        }
    assert_int_equal(found[0][0], CLASSIFICATION_PASS);
    assert_int_equal(found[0][1], CLASSIFICATION_HIGH);
    assert_int_equal(found[1][0], CLASSIFICATION_HIGH);
    assert_int_equal(found[1][1], CLASSIFICATION_HIGH);
}

static void test_outliers(void **state)
{
    double control[61] = {0};
    double experiment[61] = {0};
    struct mann_whitney test = mann_whitney_defaults(EFFECT_MEAN_RATIO);
    struct mann_whitney_answer answer;

    (void)state;
    for (int at = 0; at < 60; at++)
        control[at] = experiment[at] = 100 + at;
    control[60] = -1e6;
    experiment[60] = 1e6;
    test.outliers = OUTLIERS_REMOVE;
    mann_whitney_run(&test, control, 61, experiment, 61, &answer);
    assert_true(answer.control_count == 60 && answer.experiment_count == 60);
    assert_int_equal(answer.reason, MANN_WHITNEY_EQUAL);
    assert_string_equal(mann_whitney_reason_text(answer.reason), "both sides have the same values");
    assert_string_equal(classification_name(answer.classification), "pass");
    mann_whitney_run(&test, control, 0, experiment, 61, &answer);
    assert_int_equal(answer.classification, CLASSIFICATION_NODATA);
}

static void test_large_and_tied(void **state)
{
    enum { MANY = 200000 };
    double *control = malloc(MANY * sizeof(double));
    double *experiment = malloc(MANY * sizeof(double));
    struct mann_whitney test = mann_whitney_defaults(EFFECT_CLES);
    struct mann_whitney_answer answer;

    (void)state;
    for (int at = 0; at < MANY; at++) {
        control[at] = at % 7;
        experiment[at] = at % 7 + 1;
    }
    mann_whitney_run(&test, control, MANY, experiment, MANY, &answer);
    assert_int_equal(answer.classification, CLASSIFICATION_HIGH);
    assert_true(answer.effect > .5 && answer.effect < .7);
    for (int at = 0; at < MANY; at++)
        control[at] = experiment[at] = 1e150;
    experiment[0] = -1e150;
    mann_whitney_run(&test, control, MANY, experiment, MANY, &answer);
    assert_int_equal(answer.classification, CLASSIFICATION_PASS);
    assert_true(isfinite(answer.lower) && isfinite(answer.upper) && isfinite(answer.p_value));
    free(control);
    free(experiment);
}

static void test_ranks_of_one_tie(void **state)
{
    static const double values[] = {2, 2, 2};
    struct sample sample = {.values = values, .count = 3};
    struct ranks ranks = ranks_at(sample, sample, 0);

    (void)state;
    assert_true(ranks.u == 4.5 && ranks.deviation == 0 && ranks.has_ties);
    assert_true(ranks_p_value(&ranks, sample, sample) == 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals_against_r),
        cmocka_unit_test(test_labels_as_kayenta),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_effects_that_are_allowed),
        cmocka_unit_test(test_strict_does_not_depend_on_units),
        cmocka_unit_test(test_outliers),
        cmocka_unit_test(test_large_and_tied),
        cmocka_unit_test(test_ranks_of_one_tie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
