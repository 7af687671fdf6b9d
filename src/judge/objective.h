/* objective.h - are the candidate's events more frequent than a fixed ratio allows? For where there is no
 * other
 * side: an objective, or what was measured before. SPDX-License-Identifier: MIT
 *
 * With N requests and S events the mean over a grid of g^S exp(-N p (g - 1)) is an e-process under a rate of
 * at most p, if nothing but the candidate changes it: an incident now looks like a regression. So it holds
 * rather than rolls back, unless its rule says otherwise. */
#ifndef JUDGE_OBJECTIVE_H
#define JUDGE_OBJECTIVE_H

/* Natural logarithm of the e-value of `events` among `total` requests; `ratio` > 0 is what is allowed. */
double objective_log_e(double events, double total, double ratio);

/* The ratio that a history of events / total allows at the most, with probability 1 - tail. */
double objective_history_limit(double events, double total, double tail);

#endif
