/* shift.h - by how much the experiment's values lie above the control's: Hodges and Lehmann's estimate and
 * its interval, as R's wilcox.test(conf.int = TRUE, exact = FALSE, correct = TRUE) finds them.
 * SPDX-License-Identifier: MIT
 *
 * W(m) = (U(experiment - m) - its mean, half a pair nearer to 0) / its deviation, with the ties at this m.
 * The bounds are the roots of W = z and W = -z, the estimate that of W = 0 (with the half pair, unlike R),
 * searched between the least and the largest difference there is; where even that is not enough, it is the
 * bound. */
#ifndef JUDGE_SHIFT_H
#define JUDGE_SHIFT_H

#include "judge/ranks.h"

struct shift {
    double estimate, lower, upper;
};

/* Both samples sorted, not empty. `level` of the interval in 0..1; `tolerance` of the roots in the data's
 * unit. False: at some m all observations are one tie, and nothing can be said. About 30 walks. */
bool shift_between(struct sample control, struct sample experiment, double level, double tolerance,
                   struct shift *ret_shift);

#endif
