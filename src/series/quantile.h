/* quantile.h - a quantile of one step's buckets, linear inside a bucket; for the archive's graphs.
 * SPDX-License-Identifier: MIT */
#ifndef SERIES_QUANTILE_H
#define SERIES_QUANTILE_H

#include <stddef.h>

/* `bounds` ascending, the last INFINITY: a quantile in that bucket is its lower bound. NAN where all are 0.
 */
double quantile_of_buckets(const double *bounds, const float *counts, size_t bucket_count, double quantile);

#endif
