/* rate_ratio.h - is the candidate's event rate higher than allowed, for events that are independent of each
 * other? Faster than share betting (sequential.h), and wrong where events come in bursts.
 * SPDX-License-Identifier: MIT
 *
 * Given e = x + y events in a block, x is binomial with odds rho r / (1 - rho), rho = n/(n+m) as measured.
 * For each ratio g of a fixed grid the likelihood ratio of g * r0 against r0 multiplies up over the blocks;
 * their mean is an e-process under r <= r0 (Lindon and Malek's inhomogeneous form with a one-sided finite
 * mixture). */
#ifndef JUDGE_RATE_RATIO_H
#define JUDGE_RATE_RATIO_H

#include "judge/dispersion.h"
#include "judge/sequential.h"

#include <stddef.h>

enum { RATE_RATIO_GRID = 12 };

/* All zero at first. */
struct rate_ratio {
    double log_wealth[RATE_RATIO_GRID];
};

/* One without traffic on one side or without events changes nothing. */
void rate_ratio_add(struct rate_ratio *state, const struct sequential_block *block, double allowed_ratio);

/* Natural logarithm of the present e-value. */
double rate_ratio_log_e(const struct rate_ratio *state);

/* Estimate of the ratio of rates over blocks of any split, and an interval that holds at every look with
 * probability >= 1 - alpha: the ratios that a mixture over 1/64 .. 64, two points an octave, does not
 * outweigh 1/alpha times. NAN without events; without any of the candidate the lower bound is 0, without any
 * of stable estimate and upper bound are INFINITY. Some hundred walks over the blocks. */
void rate_ratio_interval(const struct sequential_block *blocks, size_t count, double alpha,
                         double *ret_estimate, double *ret_lower, double *ret_upper);

/* Variance of the events over that of independent ones, from neighbouring blocks of one side: 1 for
 * independent events, more for bursts. NAN with fewer than DISPERSION_PAIRS_MIN pairs that have events. */
enum { DISPERSION_PAIRS_MIN = 8 };
double rate_ratio_dispersion(const struct sequential_block *blocks, size_t count);

#endif
