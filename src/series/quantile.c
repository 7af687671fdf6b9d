/* quantile.c - rank, then the bucket that holds it, then the place inside.
 * SPDX-License-Identifier: MIT */
#include "series/quantile.h"

#include <math.h>

double quantile_of_buckets(const double *bounds, const float *counts, size_t bucket_count, double quantile)
{
    double sum = 0;
    size_t bucket = 0;

    for (size_t i = 0; i < bucket_count; i++)
        sum += (double)counts[i];
    if (!(sum > 0))
        return NAN;
    double left = sum * quantile; /* rank, less what the buckets below hold */
    while (bucket + 1 < bucket_count && (counts[bucket] <= 0 || (double)counts[bucket] < left))
        left -= (double)counts[bucket++];
    double lower = bucket == 0 ? fmin(0, bounds[0]) : bounds[bucket - 1];
    if (bucket + 1 == bucket_count)
        return lower;
    return lower + (bounds[bucket] - lower) * fmin(1, left / (double)counts[bucket]);
}
