/* latency_tail.h - are slow requests more frequent than allowed? Histograms of both sides, by share betting
 * on
 * the requests above some bounds. SPDX-License-Identifier: MIT
 *
 * At each bound the requests above it are events of the sequential test; the mean of the e-values over the
 * bounds is an e-value again, so nothing is to be corrected. Mean and median may stay where they are: what is
 * judged is the tail. */
#ifndef JUDGE_LATENCY_TAIL_H
#define JUDGE_LATENCY_TAIL_H

#include "judge/sequential.h"

#include <stddef.h>

enum { LATENCY_TAIL_BOUNDS_MAX = 6 };

struct latency_tail {
    uint8_t bound_count;
    uint8_t bounds[LATENCY_TAIL_BOUNDS_MAX];                /* buckets whose upper bound it is, ascending */
    struct sequential_state tests[LATENCY_TAIL_BOUNDS_MAX]; /* one for each bound */
    double log_e_max;                                       /* largest log of the mean so far, >= 0 */
};

/* Chooses bounds from what one side was like before the test begins: those above which 0.05 to 50 % of the
 * requests were, at most six, spread evenly. `buckets` as counts of each, not cumulative; the last one has no
 * upper bound. None fits: bound_count is 0. All else becomes zero. */
void latency_tail_choose(struct latency_tail *state, const double *buckets, size_t bucket_count);

/* A single bound: the lowest that at most 5 % of the requests exceeded (and 0.05 % did), else the highest
 * that fits. Number of its bucket + 1; 0: none. */
uint8_t latency_tail_single(const double *buckets, size_t bucket_count);

/* One bound, as an objective has it: the upper bound of this bucket. */
void latency_tail_fix(struct latency_tail *state, uint8_t bucket);

/* Takes one closed block in, both sides with the same buckets. */
void latency_tail_add(struct latency_tail *state, const double *candidate, const double *stable,
                      size_t bucket_count, double allowed_ratio);

/* Natural logarithm of the present e-value; 0 without bounds. */
double latency_tail_log_e(const struct latency_tail *state);

/* The bound (index in bounds) with the largest e-value now; 0 without bounds. */
uint8_t latency_tail_worst(const struct latency_tail *state);

#endif
