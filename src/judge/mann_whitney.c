/* mann_whitney.c - from two samples to a label.
 * SPDX-License-Identifier: MIT */
#include "judge/mann_whitney.h"

#include "base/attributes.h"
#include "judge/order.h"
#include "judge/shift.h"

#include <assert.h>
#include <math.h>

static const double root_tolerance = 1e-4;        /* Kayenta's, absolute */
static const double strict_root_tolerance = 1e-9; /* of the range of differences */

static const char *const classification_names[] = {
    [CLASSIFICATION_PASS] = "pass",   [CLASSIFICATION_HIGH] = "high",
    [CLASSIFICATION_LOW] = "low",     [CLASSIFICATION_NODATA] = "nodata",
    [CLASSIFICATION_ERROR] = "error", [CLASSIFICATION_NODATA_FAIL] = "nodata_fail",
};

static const char *const reason_texts[] = {
    [MANN_WHITNEY_WITHIN] = "the interval of the shift reaches into the tolerance around 0",
    [MANN_WHITNEY_HIGHER] = "the experiment is higher, beyond the tolerance and what is allowed",
    [MANN_WHITNEY_LOWER] = "the experiment is lower, beyond the tolerance and what is allowed",
    [MANN_WHITNEY_SMALL] = "the levels differ, but the effect is within what is allowed",
    [MANN_WHITNEY_EQUAL] = "both sides have the same values",
    [MANN_WHITNEY_CONTROL] = "the control has no values",
    [MANN_WHITNEY_EXPERIMENT] = "the experiment has no values",
    [MANN_WHITNEY_TOO_FEW] = "strict: a side has fewer than 10 values",
    [MANN_WHITNEY_TIED] = "all observations are tied at one shift, which decides nothing",
};

const char *classification_name(enum classification classification)
{
    assert(classification < ARRAY_LENGTH(classification_names));
    return classification_names[classification];
}

const char *mann_whitney_reason_text(enum mann_whitney_reason reason)
{
    assert(reason < ARRAY_LENGTH(reason_texts));
    return reason_texts[reason];
}

struct mann_whitney mann_whitney_defaults(enum effect effect)
{
    double none = effect == EFFECT_MEAN_RATIO ? 1 : .5;

    return (struct mann_whitney){.confidence = .98,
                                 .tolerance = .25,
                                 .outlier_factor = 3,
                                 .effect = effect,
                                 .allowed_increase = none,
                                 .allowed_decrease = none,
                                 .critical_increase = none,
                                 .critical_decrease = none};
}

static size_t replace_missing(enum missing missing, double *values, size_t count)
{
    size_t kept = 0;

    for (size_t at = 0; at < count; at++) {
        if (!isnan(values[at]))
            values[kept++] = values[at];
        else if (missing == MISSING_ZERO)
            values[kept++] = 0;
    }
    return kept;
}

/* Of sorted values: what lies beyond the 1st and 99th percentile and far from the quartiles too. */
static struct sample without_outliers(double factor, struct sample all)
{
    double first = order_quantile(all.values, all.count, .25);
    double third = order_quantile(all.values, all.count, .75);
    double range = factor * (third - first);
    double low = fmin(order_quantile(all.values, all.count, .01), first - range);
    double high = fmax(order_quantile(all.values, all.count, .99), third + range);

    while (all.count > 0 && all.values[all.count - 1] > high)
        all.count--;
    for (; all.count > 0 && all.values[0] < low; all.count--)
        all.values++;
    return all;
}

static struct sample prepare(const struct mann_whitney *test, double *values, size_t count)
{
    struct sample sample = {.values = values, .count = replace_missing(test->missing, values, count)};

    order_sort(values, sample.count);
    if (test->outliers == OUTLIERS_REMOVE)
        sample = without_outliers(test->outlier_factor, sample);
    return sample;
}

static double mean(struct sample sample)
{
    double sum = 0;

    for (size_t at = 0; at < sample.count; at++)
        sum += sample.values[at];
    return sum / (double)sample.count;
}

static bool is_constant(struct sample sample)
{
    return sample.values[0] == sample.values[sample.count - 1];
}

static bool is_equal(struct sample control, struct sample experiment)
{
    if (is_constant(control) && is_constant(experiment) && control.values[0] == experiment.values[0])
        return true;
    if (control.count != experiment.count)
        return false;
    for (size_t at = 0; at < control.count; at++)
        if (control.values[at] != experiment.values[at])
            return false;
    return true;
}

static double measure_effect(const struct mann_whitney *test, struct sample control, struct sample experiment,
                             double u)
{
    if (test->effect == EFFECT_CLES)
        return u / ((double)control.count * (double)experiment.count);
    double below = mean(control);
    double above = mean(experiment);
    return below == 0 || above == 0 ? NAN : above / below;
}

/* True: there is nothing to test, and the answer is complete. */
static bool lacks_data(const struct mann_whitney *test, struct mann_whitney_answer *answer)
{
    bool is_empty = answer->control_count == 0 || answer->experiment_count == 0;

    if (is_empty)
        answer->reason = answer->experiment_count == 0 ? MANN_WHITNEY_EXPERIMENT : MANN_WHITNEY_CONTROL;
    else if (test->is_strict && (answer->control_count < MANN_WHITNEY_STRICT_MIN ||
                                 answer->experiment_count < MANN_WHITNEY_STRICT_MIN))
        answer->reason = MANN_WHITNEY_TOO_FEW;
    else
        return false;
    if (test->missing == MISSING_ZERO && !test->is_strict)
        return true;
    answer->is_critical = test->is_critical;
    answer->classification =
        test->must_have_data && !test->is_critical ? CLASSIFICATION_NODATA_FAIL : CLASSIFICATION_NODATA;
    return true;
}

/* False: all observations are one tie. */
static bool find_shift(const struct mann_whitney *test, struct sample control, struct sample experiment,
                       struct mann_whitney_answer *answer)
{
    double range = experiment.values[experiment.count - 1] - experiment.values[0] +
                   control.values[control.count - 1] - control.values[0];
    double tolerance = test->is_strict ? strict_root_tolerance * range : root_tolerance;
    struct shift shift;

    if (control.count + experiment.count == 2)
        return false;
    if (is_constant(control) && is_constant(experiment))
        shift.estimate = shift.lower = shift.upper = experiment.values[0] - control.values[0];
    else if (!shift_between(control, experiment, test->confidence, tolerance, &shift))
        return false;
    answer->estimate = shift.estimate;
    answer->lower = shift.lower;
    answer->upper = shift.upper;
    return true;
}

/* An effect that is no number counts as reached. */
static void classify(const struct mann_whitney *test, struct mann_whitney_answer *answer)
{
    double bound = test->tolerance * fabs(answer->estimate);
    double effect = answer->effect;
    bool is_higher = test->direction != DIRECTION_DECREASE && answer->lower > bound;
    bool is_lower = test->direction != DIRECTION_INCREASE && answer->upper < -bound;

    if (!is_higher && !is_lower)
        return;
    answer->reason = MANN_WHITNEY_SMALL;
    if (is_higher && !(effect < test->allowed_increase)) {
        answer->classification = CLASSIFICATION_HIGH;
        answer->reason = MANN_WHITNEY_HIGHER;
        answer->is_critical = test->is_critical && !(effect < test->critical_increase);
    } else if (is_lower && !(effect > test->allowed_decrease)) {
        answer->classification = CLASSIFICATION_LOW;
        answer->reason = MANN_WHITNEY_LOWER;
        answer->is_critical = test->is_critical && !(effect > test->critical_decrease);
    }
}

static void compare(const struct mann_whitney *test, struct sample control, struct sample experiment,
                    struct mann_whitney_answer *answer)
{
    struct ranks ranks = ranks_at(control, experiment, 0);

    answer->statistic = ranks.u;
    answer->p_value = ranks_p_value(&ranks, control, experiment);
    if (is_equal(control, experiment)) {
        answer->reason = MANN_WHITNEY_EQUAL;
        answer->effect = test->effect == EFFECT_CLES ? .5 : 1;
        answer->estimate = answer->lower = answer->upper = 0;
        return;
    }
    if (!find_shift(test, control, experiment, answer)) {
        answer->classification = CLASSIFICATION_ERROR;
        answer->reason = MANN_WHITNEY_TIED;
        answer->is_critical = test->is_strict && test->is_critical;
        return;
    }
    answer->effect = measure_effect(test, control, experiment, ranks.u);
    classify(test, answer);
}

void mann_whitney_run(const struct mann_whitney *test, double *control, size_t control_count,
                      double *experiment, size_t experiment_count, struct mann_whitney_answer *ret_answer)
{
    struct sample left = prepare(test, control, control_count);
    struct sample right = prepare(test, experiment, experiment_count);
    struct mann_whitney_answer answer = {.estimate = NAN,
                                         .lower = NAN,
                                         .upper = NAN,
                                         .statistic = NAN,
                                         .p_value = NAN,
                                         .effect = NAN,
                                         .control_count = left.count,
                                         .experiment_count = right.count};

    if (!lacks_data(test, &answer))
        compare(test, left, right, &answer);
    *ret_answer = answer;
}
