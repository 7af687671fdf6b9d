/* root.h - where a function of one variable crosses zero.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_ROOT_H
#define JUDGE_ROOT_H

enum { ROOT_STEPS_MAX = 1000 };

struct root_end {
    double at, value;
};

/* Brent's method between two ends whose values have different signs: stops when half of the bracket is at
 * most 2 * DBL_EPSILON * |root| + tolerance / 2, at a value of exactly 0, or after ROOT_STEPS_MAX steps. The
 * end with the smaller value is the answer, as in R's uniroot(): with a coarse tolerance that shows. */
double root_find(double (*function)(void *context, double at), void *context, struct root_end low,
                 struct root_end high, double tolerance);

#endif
