/* order.c - Shell's sort: small, in place, without recursion and without memory of its own.
 * SPDX-License-Identifier: MIT */
#include "judge/order.h"

#include <math.h>

/* Distances of Sedgewick (1986): 4^k + 3 * 2^(k-1) + 1. */
static const size_t gaps[] = {1,     8,     23,     77,      281,     1073,     4193,
                              16577, 65921, 262913, 1050113, 4197377, 16783361, 67121153};
enum { GAP_COUNT = sizeof(gaps) / sizeof(gaps[0]) };

static void sort_with(double *values, size_t count, size_t gap)
{
    for (size_t at = gap; at < count; at++) {
        double value = values[at];
        size_t hole = at;

        for (; hole >= gap && values[hole - gap] > value; hole -= gap)
            values[hole] = values[hole - gap];
        values[hole] = value;
    }
}

void order_sort(double *values, size_t count)
{
    for (size_t gap = GAP_COUNT; gap-- > 0;)
        sort_with(values, count, gaps[gap]);
}

double order_quantile(const double *sorted, size_t count, double share)
{
    if (count == 0)
        return NAN;
    double place = (double)(count - 1) * share;
    size_t below = (size_t)place;

    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}
