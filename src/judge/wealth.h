/* wealth.h - logarithms of bets: their mean, and whether it was ever large enough.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_WEALTH_H
#define JUDGE_WEALTH_H

#include <stddef.h>

/* ln of the mean of exp(logs[0..count-1]), count > 0 finite numbers, without overflow. */
double wealth_log_mean(const double *logs, size_t count);

#endif
