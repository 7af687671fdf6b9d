/* traffic_share.c - a beta-binomial against a binomial.
 * SPDX-License-Identifier: MIT */
#include "judge/traffic_share.h"

#include "judge/beta.h"

#include <math.h>

double traffic_share_log_e(double candidate, double stable, double share, double strength)
{
    double own = strength * share;
    double others = strength * (1 - share);

    return beta_log(own + candidate, others + stable) - beta_log(own, others) - candidate * log(share) -
           stable * log1p(-share);
}
