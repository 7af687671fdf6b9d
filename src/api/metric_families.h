/* metric_families.h - every family of /metrics: its name, its type, and what it says.
 * SPDX-License-Identifier: MIT */
#ifndef API_METRIC_FAMILIES_H
#define API_METRIC_FAMILIES_H

#include <stddef.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family {
    const char *name; /* of its samples; a histogram's have _bucket, _sum and _count behind it */
    enum metric_type type;
    const char *help; /* one line, without a backslash */
};

/* By name, in the order of strcmp(). */
extern const struct metric_family metric_families[];
extern const size_t metric_family_count;

#endif
