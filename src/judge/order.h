/* order.h - sorted samples: how they come about, and their quantiles.
 * SPDX-License-Identifier: MIT */
#ifndef JUDGE_ORDER_H
#define JUDGE_ORDER_H

#include <stddef.h>

/* Ascending, in place; finite numbers. At most about count^(4/3) steps, whatever the order was. */
void order_sort(double *values, size_t count);

/* The `share`-quantile (0..1) of sorted values, linear between neighbours at (count - 1) * share. NAN of
 * none. Source: Hyndman and Fan's seventh definition. */
double order_quantile(const double *sorted, size_t count, double share);

#endif
