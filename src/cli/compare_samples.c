/* compare_samples.c - tests of verdict compare on plain samples: mann_whitney and mean_difference.
 * SPDX-License-Identifier: MIT */
#include "cli/compare_read.h"
#include "cli/compare_test.h"
#include "judge/mean_difference.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- mann_whitney ---- */

static const char *const directions[] = {"either", "increase", "decrease", NULL};
static const char *const missings[] = {"remove", "zero", NULL};
static const char *const outlier_ways[] = {"keep", "remove", NULL};
static const char *const measures[] = {"mean_ratio", "cles", NULL};

static bool read_effect(const struct json_node *item, struct mann_whitney *test, struct err *err)
{
    static const char *const names[] = {"measure", "allowed_increase", "allowed_decrease",
                                        "critical_increase", "critical_decrease"};
    struct json_node effect = {0};
    unsigned measure = EFFECT_MEAN_RATIO;

    if (!json_object(item, "effect", JSON_OPTIONAL, &effect, err))
        return false;
    if (effect.item != NULL && (!json_known_keys(&effect, names, ARRAY_LENGTH(names), err) ||
                                !compare_read_choice(&effect, "measure", measures, &measure, err)))
        return false;
    *test = mann_whitney_defaults((enum effect)measure);
    const struct {
        const char *name;
        double *value;
    } limits[] = {{"allowed_increase", &test->allowed_increase},
                  {"allowed_decrease", &test->allowed_decrease},
                  {"critical_increase", &test->critical_increase},
                  {"critical_decrease", &test->critical_decrease}};
    for (size_t at = 0; effect.item != NULL && at < ARRAY_LENGTH(limits); at++)
        if (!compare_read_number(&effect, limits[at].name, -COMPARE_NUMBER_MAX, COMPARE_NUMBER_MAX,
                                 limits[at].value, err))
            return false;
    return true;
}

static bool read_choices(const struct json_node *item, struct mann_whitney *test, struct err *err)
{
    unsigned direction = test->direction;
    unsigned missing = test->missing;
    unsigned outliers = test->outliers;

    if (!compare_read_choice(item, "direction", directions, &direction, err) ||
        !compare_read_choice(item, "nan", missings, &missing, err) ||
        !compare_read_choice(item, "outliers", outlier_ways, &outliers, err))
        return false;
    test->direction = (enum direction)direction;
    test->missing = (enum missing)missing;
    test->outliers = (enum outliers)outliers;
    return true;
}

bool compare_mann_whitney_options(const struct json_node *item, struct mann_whitney *ret_test,
                                  struct err *err)
{
    return read_effect(item, ret_test, err) && read_choices(item, ret_test, err) &&
           compare_read_number(item, "confidence", .5, 1 - 1e-12, &ret_test->confidence, err) &&
           compare_read_number(item, "tolerance", 0, 1e6, &ret_test->tolerance, err) &&
           compare_read_number(item, "outlier_factor", 0, 1e6, &ret_test->outlier_factor, err) &&
           json_bool(item, "critical", JSON_OPTIONAL, &ret_test->is_critical, err) &&
           json_bool(item, "must_have_data", JSON_OPTIONAL, &ret_test->must_have_data, err) &&
           json_bool(item, "strict", JSON_OPTIONAL, &ret_test->is_strict, err);
}

static void add_answer(cJSON *answer, const struct mann_whitney_answer *found)
{
    cJSON_AddStringToObject(answer, "classification", classification_name(found->classification));
    cJSON_AddBoolToObject(answer, "critical", found->is_critical);
    cJSON_AddStringToObject(answer, "reason", mann_whitney_reason_text(found->reason));
    cJSON_AddNumberToObject(answer, "estimate", found->estimate);
    compare_add_pair(answer, "interval", found->lower, found->upper);
    cJSON_AddNumberToObject(answer, "statistic", found->statistic);
    cJSON_AddNumberToObject(answer, "p_value", found->p_value);
    cJSON_AddNumberToObject(answer, "effect", found->effect);
    compare_add_counts(answer, (double)found->control_count, (double)found->experiment_count);
}

bool compare_mann_whitney_judge(const struct mann_whitney *test, const struct json_node *samples,
                                cJSON *answer, struct mann_whitney_answer *ret_found, struct err *err)
{
    struct compare_numbers control = {0};
    struct compare_numbers experiment = {0};
    bool is_good = compare_read_numbers(samples, "control", true, &control, err) &&
                   compare_read_numbers(samples, "experiment", true, &experiment, err);

    if (is_good) {
        mann_whitney_run(test, control.values, control.count, experiment.values, experiment.count, ret_found);
        add_answer(answer, ret_found);
    }
    free(control.values);
    free(experiment.values);
    return is_good;
}

static bool run_mann_whitney(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct mann_whitney test;
    struct mann_whitney_answer found;

    return compare_mann_whitney_options(item, &test, err) &&
           compare_mann_whitney_judge(&test, item, answer, &found, err);
}

static const char *const mann_whitney_keys[] = {
    "control",        "experiment", "confidence", "tolerance",      "direction", "nan", "outliers",
    "outlier_factor", "effect",     "critical",   "must_have_data", "strict",    NULL};

const struct compare_test compare_mann_whitney = {"mann_whitney", run_mann_whitney, mann_whitney_keys};

/* ---- mean_difference ---- */

static bool read_mean_difference(const struct json_node *item, struct mean_difference *test, struct err *err)
{
    static const char *const worse[] = {"increase", "decrease", NULL};
    int64_t burn_in = MEAN_DIFFERENCE_BURN_IN;
    unsigned direction = 0;

    *test = (struct mean_difference){.allowed_ratio = 1.1, .alpha = .01, .t_opt = MEAN_DIFFERENCE_T_OPT};
    if (!compare_read_number(item, "allow", 1, 1e6, &test->allowed_ratio, err) ||
        !compare_read_number(item, "error_probability", 1e-12, .5, &test->alpha, err) ||
        !compare_read_number(item, "best_at", 1, 1e6, &test->t_opt, err) ||
        !compare_read_integer(item, "burn_in", 2, 1000000, &burn_in, err) ||
        !compare_read_choice(item, "direction", worse, &direction, err))
        return false;
    test->burn_in = (uint64_t)burn_in;
    test->is_lower_worse = direction == 1;
    return true;
}

static void add_mean_difference(cJSON *answer, const struct mean_difference *test,
                                const struct mean_difference_state *state)
{
    char reason[160];
    double estimate;
    double lower;
    double upper;
    bool is_enough = state->excess.count >= test->burn_in;

    mean_difference_interval(test, state, &estimate, &lower, &upper);
    if (state->crossing > 0)
        (void)snprintf(reason, sizeof(reason),
                       "worse than allowed by %.4g on average, certain from pair %" PRIu64 " on",
                       state->excess.mean, state->crossing - 1);
    else if (is_enough)
        (void)snprintf(reason, sizeof(reason), "not shown to be worse than %.4g times the control",
                       test->allowed_ratio);
    else
        (void)snprintf(reason, sizeof(reason), "%" PRIu64 " pairs are fewer than burn_in, %" PRIu64,
                       state->excess.count, test->burn_in);
    cJSON_AddStringToObject(answer, "verdict",
                            state->crossing > 0 ? "fail"
                            : is_enough         ? "pass"
                                                : "inconclusive");
    cJSON_AddStringToObject(answer, "reason", reason);
    cJSON_AddNumberToObject(answer, "estimate", estimate);
    compare_add_pair(answer, "interval", lower, upper);
    cJSON_AddNumberToObject(answer, "statistic", state->bound_max);
    compare_add_crossing(answer, state->crossing > 0 ? state->crossing - 1 : SIZE_MAX);
    compare_add_counts(answer, (double)state->excess.count, (double)state->excess.count);
}

/* A pair of which one side is missing is skipped for both. */
static bool take_pairs(const struct json_node *item, const struct mean_difference *test,
                       struct compare_numbers *control, struct compare_numbers *experiment,
                       struct mean_difference_state *state, struct err *err)
{
    if (!compare_read_numbers(item, "control", true, control, err) ||
        !compare_read_numbers(item, "experiment", true, experiment, err))
        return false;
    if (control->count != experiment->count)
        return compare_refuse(item, "experiment", err, "has %zu values, control has %zu: they come in pairs",
                              experiment->count, control->count);
    for (size_t at = 0; at < control->count; at++)
        if (!isnan(control->values[at]) && !isnan(experiment->values[at]))
            mean_difference_add(test, state, control->values[at], experiment->values[at]);
    return true;
}

static bool run_mean_difference(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct mean_difference test;
    struct mean_difference_state state = {0};
    struct compare_numbers control = {0};
    struct compare_numbers experiment = {0};
    bool is_good =
        read_mean_difference(item, &test, err) && take_pairs(item, &test, &control, &experiment, &state, err);

    if (is_good)
        add_mean_difference(answer, &test, &state);
    free(control.values);
    free(experiment.values);
    return is_good;
}

static const char *const mean_difference_keys[] = {"control", "experiment", "allow",     "error_probability",
                                                   "best_at", "burn_in",    "direction", NULL};

const struct compare_test compare_mean_difference = {"mean_difference", run_mean_difference,
                                                     mean_difference_keys};
