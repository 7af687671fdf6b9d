/* ranks.c - one walk through both sorted samples.
 * SPDX-License-Identifier: MIT */
#include "judge/ranks.h"

#include "judge/normal.h"

#include <math.h>

struct walk {
    struct sample control, experiment;
    double shift;
    size_t control_at, experiment_at;
    double u, ties;
};

static double least(const struct walk *walk)
{
    double control =
        walk->control_at < walk->control.count ? walk->control.values[walk->control_at] : INFINITY;

    if (walk->experiment_at == walk->experiment.count)
        return control;
    return fmin(control, walk->experiment.values[walk->experiment_at] - walk->shift);
}

/* All observations of both sides that are `value`. */
static void take_tie(struct walk *walk, double value)
{
    size_t control = walk->control_at;
    size_t experiment = walk->experiment_at;

    while (control < walk->control.count && walk->control.values[control] == value)
        control++;
    while (experiment < walk->experiment.count && walk->experiment.values[experiment] - walk->shift == value)
        experiment++;
    double others = (double)(control - walk->control_at);
    double own = (double)(experiment - walk->experiment_at);
    double tied = own + others;
    walk->u += own * ((double)walk->control_at + others / 2);
    walk->ties += tied * (tied * tied - 1);
    walk->control_at = control;
    walk->experiment_at = experiment;
}

struct ranks ranks_at(struct sample control, struct sample experiment, double shift)
{
    struct walk walk = {.control = control, .experiment = experiment, .shift = shift};
    double count = (double)(control.count + experiment.count);
    double pairs = (double)control.count * (double)experiment.count;

    while (walk.control_at < control.count || walk.experiment_at < experiment.count)
        take_tie(&walk, least(&walk));
    double spread = count + 1 - walk.ties / (count * (count - 1)); /* >= 3, or 0 where all is one tie */
    return (struct ranks){
        .u = walk.u, .deviation = spread > 1 ? sqrt(pairs / 12 * spread) : 0, .has_ties = walk.ties > 0};
}

double ranks_z(const struct ranks *ranks, struct sample control, struct sample experiment)
{
    double excess = ranks->u - (double)control.count * (double)experiment.count / 2;
    double correction = excess > 0 ? .5 : -.5;

    return excess == 0 ? 0 : (excess - correction) / ranks->deviation;
}

/* How many of the orders of `left` + `right` different values have a U of at most `u`, over all of them. The
 * numbers with each U are the coefficients of a product of (1 - q^(left+i)) / (1 - q^i). */
static double exact_below(size_t left, size_t right, size_t u)
{
    double orders[RANKS_EXACT_MAX * RANKS_EXACT_MAX / 8 + 1] = {1};
    double all = 1;
    double sum = 0;

    for (size_t i = 1; i <= right; i++) {
        for (size_t at = u; at >= left + i; at--)
            orders[at] -= orders[at - left - i];
        for (size_t at = i; at <= u; at++)
            orders[at] += orders[at - i];
        all = all * (double)(left + i) / (double)i;
    }
    for (size_t at = 0; at <= u; at++)
        sum += orders[at];
    return sum / all;
}

double ranks_p_value(const struct ranks *ranks, struct sample control, struct sample experiment)
{
    double pairs = (double)control.count * (double)experiment.count;

    if (!(ranks->deviation > 0))
        return 1;
    if (ranks->has_ties || control.count + experiment.count > RANKS_EXACT_MAX)
        return 2 * normal_above(fabs(ranks_z(ranks, control, experiment)));
    size_t smaller = (size_t)fmin(ranks->u, pairs - ranks->u);
    return fmin(1, 2 * exact_below(control.count, experiment.count, smaller));
}
