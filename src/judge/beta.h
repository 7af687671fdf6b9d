/* beta.h - the beta distribution, by its odds: where its quantiles are well apart however rare the events.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_BETA_H
#define JUDGE_BETA_H

/* ln B(a, b) of positive numbers; without a loss of digits where one is much larger than the other. */
double beta_log(double a, double b);

/* The odds p / (1 - p) below which a beta(a, b) variable lies with probability `below`. Some microseconds;
 * above 10^4 by the normal approximation of the logit. */
double beta_odds(double a, double b, double below);

/* Clopper and Pearson's upper limit of a share of which `events` out of `total` were seen, at one-sided level
 * 1 - tail; 1 where all were events. */
double beta_share_limit(double events, double total, double tail);

#endif
