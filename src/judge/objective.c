/* objective.c - one-sample Poisson mixture.
 * SPDX-License-Identifier: MIT */
#include "judge/objective.h"

#include "base/attributes.h"
#include "judge/beta.h"
#include "judge/wealth.h"

#include <math.h>

static const double grid[] = {1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64};

double objective_log_e(double events, double total, double ratio)
{
    double logs[ARRAY_LENGTH(grid)];

    for (unsigned point = 0; point < ARRAY_LENGTH(grid); point++)
        logs[point] = events * log(grid[point]) - total * ratio * (grid[point] - 1);
    return wealth_log_mean(logs, ARRAY_LENGTH(grid));
}

double objective_history_limit(double events, double total, double tail)
{
    return beta_share_limit(events, total, tail);
}
