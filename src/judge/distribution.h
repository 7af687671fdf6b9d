/* distribution.h - do both sides fall into the same buckets alike? Any change, in either direction: a
 * warning.
 * SPDX-License-Identifier: MIT
 *
 * Each block is bet on with what the past blocks say about each side (means of a Dirichlet posterior, prior
 * 0.18 a bucket) against their common mixture; the product is an e-process under "the same distribution in
 * every block, whatever it is" (Turner, Ly and Gruenwald's safe test with k outcomes). Requests that depend
 * on each other break it: it never decides alone. */
#ifndef JUDGE_DISTRIBUTION_H
#define JUDGE_DISTRIBUTION_H

#include <stddef.h>

enum { DISTRIBUTION_BUCKETS_MAX = 32 };

/* All zero at first. */
struct distribution {
    double candidate[DISTRIBUTION_BUCKETS_MAX]; /* sums over the past blocks */
    double stable[DISTRIBUTION_BUCKETS_MAX];
    double log_e, log_e_max;
};

/* Counts of one block by bucket; one that is empty on one side changes nothing. */
void distribution_add(struct distribution *state, const double *candidate, const double *stable,
                      size_t bucket_count);

#endif
