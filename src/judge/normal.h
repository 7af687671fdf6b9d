/* normal.h - the standard normal distribution.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_NORMAL_H
#define JUDGE_NORMAL_H

/* Probability of more than `z`; right to the last digits far out too. */
double normal_above(double z);

/* The z that is exceeded with probability `above` (0 < above < 1); relative error below 1e-14. */
double normal_quantile_above(double above);

#endif
