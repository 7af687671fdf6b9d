/* shift.c - three roots of the same function.
 * SPDX-License-Identifier: MIT */
#include "judge/shift.h"

#include "judge/normal.h"
#include "judge/root.h"

struct search {
    struct sample control, experiment;
    double z; /* what W is to be */
    bool is_tied;
};

static double excess(void *context, double at)
{
    struct search *search = context;
    struct ranks ranks = ranks_at(search->control, search->experiment, at);

    if (!(ranks.deviation > 0)) {
        search->is_tied = true;
        return 0;
    }
    return ranks_z(&ranks, search->control, search->experiment) - search->z;
}

static double find(struct search *search, double z, struct root_end low, struct root_end high,
                   double tolerance)
{
    low.value -= z;
    high.value -= z;
    if (low.value <= 0)
        return low.at;
    if (high.value >= 0)
        return high.at;
    search->z = z;
    return root_find(excess, search, low, high, tolerance);
}

bool shift_between(struct sample control, struct sample experiment, double level, double tolerance,
                   struct shift *ret_shift)
{
    struct search search = {.control = control, .experiment = experiment};
    struct root_end low = {.at = experiment.values[0] - control.values[control.count - 1]};
    struct root_end high = {.at = experiment.values[experiment.count - 1] - control.values[0]};
    double z = normal_quantile_above((1 - level) / 2);

    low.value = excess(&search, low.at);
    high.value = excess(&search, high.at);
    struct shift shift = {.estimate = find(&search, 0, low, high, tolerance),
                          .lower = find(&search, z, low, high, tolerance),
                          .upper = find(&search, -z, low, high, tolerance)};
    if (search.is_tied)
        return false;
    *ret_shift = shift;
    return true;
}
