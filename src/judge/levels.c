/* levels.c - from means of blocks to what a judgement shows.
 * SPDX-License-Identifier: MIT */
#include "judge/levels.h"

#include "judge/mann_whitney.h"

#include <math.h>

static struct mean_difference test_of(const struct rule *rule)
{
    return (struct mean_difference){.allowed_ratio = rule->comparison.allowed_ratio,
                                    .alpha = rule->comparison.alpha,
                                    .t_opt = MEAN_DIFFERENCE_T_OPT,
                                    .burn_in = LEVELS_BLOCKS_MIN,
                                    .is_lower_worse = !rule->metrics[0].is_lower_better};
}

void levels_add(const struct rule *rule, struct rule_state *state, double candidate, double stable)
{
    const struct mean_difference test = test_of(rule);

    mean_difference_add(&test, &state->means, stable, candidate);
}

/* A difference from stable's mean as a ratio; NAN where there is none. */
static double ratio_of(double difference, double stable)
{
    return stable > 0 ? 1 + difference / stable : NAN;
}

static void report_ratios(const struct rule_state *state, double estimate, double lower, double upper,
                          struct judgement *judgement)
{
    double stable = state->sequential.stable_events / state->sequential.stable_total;

    judgement->estimate = ratio_of(estimate, stable);
    judgement->lower = ratio_of(lower, stable);
    judgement->upper = ratio_of(upper, stable);
}

void levels_report_means(const struct rule *rule, const struct rule_state *state,
                         struct judgement *ret_judgement)
{
    const struct mean_difference test = test_of(rule);
    double estimate;
    double lower;
    double upper;

    mean_difference_interval(&test, &state->means, &estimate, &lower, &upper);
    report_ratios(state, estimate, lower, upper, ret_judgement);
    ret_judgement->statistic = state->means.bound_max;
    ret_judgement->limit = 0;
}

void levels_report_mann_whitney(const struct rule *rule, struct levels *levels, struct rule_state *state,
                                struct judgement *ret_judgement)
{
    struct mann_whitney test = mann_whitney_defaults(EFFECT_MEAN_RATIO);
    struct mann_whitney_answer answer;
    bool is_lower_worse = !rule->metrics[0].is_lower_better;

    test.confidence = rule->comparison.confidence;
    test.tolerance = rule->comparison.tolerance;
    test.direction = is_lower_worse ? DIRECTION_DECREASE : DIRECTION_INCREASE;
    test.allowed_increase = rule->comparison.allowed_ratio;
    test.allowed_decrease = 1 / rule->comparison.allowed_ratio;
    test.is_strict = true;
    mann_whitney_run(&test, levels->stable, levels->count, levels->candidate, levels->count, &answer);
    state->label = (uint32_t)answer.classification + 1;
    report_ratios(state, answer.estimate, answer.lower, answer.upper, ret_judgement);
    ret_judgement->statistic = is_lower_worse ? -answer.upper : answer.lower;
    ret_judgement->limit = test.tolerance * fabs(answer.estimate);
}

bool levels_is_worse(const struct rule *rule, const struct rule_state *state)
{
    if (rule->comparison.test == COMPARISON_MEAN_DIFFERENCE)
        return state->means.crossing > 0;
    return state->label == CLASSIFICATION_HIGH + 1 || state->label == CLASSIFICATION_LOW + 1;
}

enum reason levels_lacks(const struct rule *rule, const struct rule_state *state)
{
    if (rule->comparison.test == COMPARISON_MEAN_DIFFERENCE)
        return state->means.excess.count >= LEVELS_BLOCKS_MIN ? REASON_DECIDED : REASON_TOO_FEW;
    if (state->label == CLASSIFICATION_ERROR + 1)
        return REASON_UNDECIDED;
    return state->label - 1 <= CLASSIFICATION_LOW ? REASON_DECIDED : REASON_TOO_FEW; /* none yet: too large */
}
