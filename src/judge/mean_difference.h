/* mean_difference.h - is the mean of a gauge (CPU, memory, a queue) higher than allowed? For values that come
 * in
 * pairs: both sides' means of the same block. SPDX-License-Identifier: MIT
 *
 * An asymptotic confidence sequence of the mean of d = experiment - allowed * control (Waudby-Smith et al.):
 * after t pairs the bounds are mean -+ sd * sqrt(2 (t q + 1) / (t^2 q) * log(1 + sqrt(t q + 1) / (2 alpha)))
 * one- sided, log(sqrt(t q + 1) / alpha) two-sided, narrowest near t = t_opt. It holds at all t together, for
 * large t and where blocks do not depend on each other: hence the burn-in, and blocks as long as the
 * correlation. */
#ifndef JUDGE_MEAN_DIFFERENCE_H
#define JUDGE_MEAN_DIFFERENCE_H

#include <stdbool.h>
#include <stdint.h>

enum { MEAN_DIFFERENCE_BURN_IN = 10, MEAN_DIFFERENCE_T_OPT = 30 };

struct mean_difference {
    double allowed_ratio; /* 1.1: the worse side may be a tenth worse */
    double alpha;
    double t_opt;
    uint64_t burn_in; /* pairs before it may fail */
    bool is_lower_worse;
};

/* Welford's sums of a series of numbers. All zero at first. */
struct moments {
    uint64_t count;
    double mean, squares;
};

/* All zero at first. */
struct mean_difference_state {
    struct moments excess;     /* of what the test looks at: > 0 is worse than allowed */
    struct moments difference; /* experiment - control */
    double bound_max;          /* largest lower bound of the mean excess so far; 0 where none was above it */
    uint64_t crossing;         /* number of the pair at which a bound first was above 0; 0: never */
};

/* sd * margin is the half width after `count` > 0 pairs. */
double mean_difference_margin(double count, double t_opt, double alpha, bool is_two_sided);

void moments_add(struct moments *moments, double value);
double moments_deviation(const struct moments *moments); /* of one value; 0 of fewer than 2 */

/* Takes a pair in: finite numbers of at most 1e150 either way. */
void mean_difference_add(const struct mean_difference *test, struct mean_difference_state *state,
                         double control, double experiment);

/* Mean of experiment - control with its two-sided interval at 1 - alpha. NAN without pairs; the bounds are
 * infinite before the burn-in is over. */
void mean_difference_interval(const struct mean_difference *test, const struct mean_difference_state *state,
                              double *ret_estimate, double *ret_lower, double *ret_upper);

#endif
