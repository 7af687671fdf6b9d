/* mean_difference.c - running moments and the margin around them.
 * SPDX-License-Identifier: MIT */
#include "judge/mean_difference.h"

#include <math.h>

/* The width parameter that makes the margin narrowest near t_opt. */
static double width(double t_opt, double alpha)
{
    double odds = -2 * log(alpha);

    return (odds + log1p(odds)) / t_opt;
}

double mean_difference_margin(double count, double t_opt, double alpha, bool is_two_sided)
{
    double q = width(t_opt, alpha);
    double grown = count * q + 1;
    double odds = is_two_sided ? log(sqrt(grown) / alpha) : log1p(sqrt(grown) / (2 * alpha));

    return sqrt(2 * grown / (count * count * q) * odds);
}

void moments_add(struct moments *moments, double value)
{
    double before = value - moments->mean;

    moments->count++;
    moments->mean += before / (double)moments->count;
    moments->squares += before * (value - moments->mean);
}

double moments_deviation(const struct moments *moments)
{
    return moments->count < 2 ? 0 : sqrt(moments->squares / (double)moments->count);
}

void mean_difference_add(const struct mean_difference *test, struct mean_difference_state *state,
                         double control, double experiment)
{
    double worse = test->is_lower_worse ? control : experiment;
    double better = test->is_lower_worse ? experiment : control;

    moments_add(&state->difference, experiment - control);
    moments_add(&state->excess, worse - test->allowed_ratio * better);
    if (state->excess.count < test->burn_in)
        return;
    double margin = mean_difference_margin((double)state->excess.count, test->t_opt, test->alpha, false);
    double bound = state->excess.mean - margin * moments_deviation(&state->excess);
    if (bound > 0 && state->crossing == 0)
        state->crossing = state->excess.count;
    state->bound_max = fmax(state->bound_max, bound);
}

void mean_difference_interval(const struct mean_difference *test, const struct mean_difference_state *state,
                              double *ret_estimate, double *ret_lower, double *ret_upper)
{
    const struct moments *moments = &state->difference;
    double margin = INFINITY;

    *ret_estimate = *ret_lower = *ret_upper = NAN;
    if (moments->count == 0)
        return;
    if (moments->count >= test->burn_in)
        margin = mean_difference_margin((double)moments->count, test->t_opt, test->alpha, true) *
                 moments_deviation(moments);
    *ret_estimate = moments->mean;
    *ret_lower = moments->mean - margin;
    *ret_upper = moments->mean + margin;
}
