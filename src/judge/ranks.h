/* ranks.h - rank sums of two samples, and how surprising they are.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_RANKS_H
#define JUDGE_RANKS_H

#include <stdbool.h>
#include <stddef.h>

/* A sample, sorted. */
struct sample {
    const double *values;
    size_t count;
};

struct ranks {
    double u; /* Mann and Whitney's U of the experiment: pairs in which it is larger, ties count half */
    double deviation; /* of U under H0, for these ties; 0 where all observations are one tie */
    bool has_ties;
};

/* Ranks of the experiment moved down by `shift` among both; linear in the counts. */
struct ranks ranks_at(struct sample control, struct sample experiment, double shift);

/* (U - its mean) / deviation, half a pair nearer to 0 (continuity); deviation > 0. */
double ranks_z(const struct ranks *ranks, struct sample control, struct sample experiment);

/* Two-sided p-value: exact without ties and with at most RANKS_EXACT_MAX observations in all (every count is
 * an integer that a double holds), else by the normal distribution; 1 where all is one tie. */
enum { RANKS_EXACT_MAX = 50 };
double ranks_p_value(const struct ranks *ranks, struct sample control, struct sample experiment);

#endif
