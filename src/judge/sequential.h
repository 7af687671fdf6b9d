/* sequential.h - is the candidate's event rate higher than allowed? A test that may be looked at at any time.
 * SPDX-License-Identifier: MIT
 *
 * Share betting, the robust form: given e events in a block on both sides together, the candidate's part x
 * has an expectation of at most e*m0 under H0 (rate ratio ≤ r0), m0 = rho*r0 / (1 - rho + rho*r0), rho =
 * n/(n+m) measured in the block. Each bet c multiplies its wealth by 1 + c*(x/(e*m0) - 1) per block with e >
 * 0; the mean wealth over the bets is an e-process: it reaches 1/alpha with probability ≤ alpha over the
 * whole life of a deployment, however often one looks and whatever depends on whatever inside a block.
 * Source: Shafer and Vovk's betting, Ville's inequality; the parameters come from simulations of bursts and
 * ramps. */
#ifndef JUDGE_SEQUENTIAL_H
#define JUDGE_SEQUENTIAL_H

#include <stdbool.h>
#include <stdint.h>

enum { SEQUENTIAL_BETS = 7 };

/* One closed block: events and requests of both sides, cut at the same times. */
struct sequential_block {
    double events, total;               /* candidate: x, n */
    double stable_events, stable_total; /* stable: y, m */
};

/* All zero at first. */
struct sequential_state {
    double log_wealth[SEQUENTIAL_BETS]; /* natural logarithms */
    double log_e_max;                   /* largest log of the mean wealth so far, ≥ 0 */
    double events, total;               /* sums over the blocks used */
    double stable_events, stable_total;
    uint32_t blocks;       /* used: both sides had traffic */
    uint32_t event_blocks; /* of which: the candidate had an event in */
};

/* Takes one block in (finite numbers, not negative); one without traffic on one side or both changes nothing.
 */
void sequential_add(struct sequential_state *state, const struct sequential_block *block,
                    double allowed_ratio);

/* The sums alone, for a test that bets otherwise. False: no traffic on one side or both. */
bool sequential_count(struct sequential_state *state, const struct sequential_block *block);

/* Natural logarithm of the present mean wealth. */
double sequential_log_e(const struct sequential_state *state);

/* Ratio of rates with its two-sided interval of the given level (e.g. 0.95) from the sums: given e = x + y
 * events, x is binomial with odds ratio * n/m; the bounds are Clopper and Pearson's, beta quantiles with
 * counts that may be fractions. NAN where there is no event at all. Without an event of the candidate the
 * lower bound is 0; without one of stable estimate and upper bound are INFINITY. Costs some microseconds. */
void sequential_interval(const struct sequential_state *state, double level, double *ret_estimate,
                         double *ret_lower, double *ret_upper);

#endif
