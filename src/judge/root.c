/* root.c - Brent (1973): inverse quadratic or linear interpolation, bisection where that leads nowhere.
 * SPDX-License-Identifier: MIT */
#include "judge/root.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* `best` is the present answer, `last` the one before, `far` lies on the other side of the root. */
struct bracket {
    struct root_end best, last, far;
};

static bool is_same_side(double left, double right)
{
    return (left > 0 && right > 0) || (left < 0 && right < 0);
}

static void put_best_first(struct bracket *bracket)
{
    if (fabs(bracket->far.value) >= fabs(bracket->best.value))
        return;
    bracket->last = bracket->best;
    bracket->best = bracket->far;
    bracket->far = bracket->last;
}

/* The step from `best` that interpolation suggests; `half` (bisection) where it may not be trusted. */
static double interpolate(const struct bracket *bracket, double half, double before, double tolerance)
{
    double span = bracket->far.at - bracket->best.at;
    double ratio = bracket->best.value / bracket->last.value;
    double above;
    double below;

    if (!(fabs(before) >= tolerance && fabs(bracket->last.value) > fabs(bracket->best.value)))
        return half;
    if (bracket->last.at == bracket->far.at) {
        above = span * ratio;
        below = 1 - ratio;
    } else {
        double q = bracket->last.value / bracket->far.value;
        double r = bracket->best.value / bracket->far.value;
        above = ratio * (span * q * (q - r) - (bracket->best.at - bracket->last.at) * (r - 1));
        below = (q - 1) * (r - 1) * (ratio - 1);
    }
    if (above > 0)
        below = -below;
    else
        above = -above;
    if (above < .75 * span * below - fabs(tolerance * below) / 2 && above < fabs(before * below / 2))
        return above / below;
    return half;
}

double root_find(double (*function)(void *context, double at), void *context, struct root_end low,
                 struct root_end high, double tolerance)
{
    struct bracket bracket = {.best = high, .last = low, .far = low};

    for (int turn = 0; turn < ROOT_STEPS_MAX; turn++) {
        double before = bracket.best.at - bracket.last.at;

        put_best_first(&bracket);
        double least = 2 * DBL_EPSILON * fabs(bracket.best.at) + tolerance / 2;
        double half = (bracket.far.at - bracket.best.at) / 2;
        if (fabs(half) <= least || bracket.best.value == 0)
            break;
        double step = interpolate(&bracket, half, before, least);
        if (fabs(step) < least)
            step = step > 0 ? least : -least;
        bracket.last = bracket.best;
        bracket.best.at += step;
        bracket.best.value = function(context, bracket.best.at);
        if (is_same_side(bracket.best.value, bracket.far.value))
            bracket.far = bracket.last;
    }
    return bracket.best.at;
}
