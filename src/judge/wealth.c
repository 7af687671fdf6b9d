/* wealth.c - log-sum-exp.
 * SPDX-License-Identifier: MIT */
#include "judge/wealth.h"

#include <math.h>

double wealth_log_mean(const double *logs, size_t count)
{
    double most = logs[0];
    double sum = 0;

    for (size_t at = 1; at < count; at++)
        most = fmax(most, logs[at]);
    for (size_t at = 0; at < count; at++)
        sum += exp(logs[at] - most);
    return most + log(sum / (double)count);
}
