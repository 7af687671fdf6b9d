/* ambiguous.h - which series came where one is expected: what a metric with too many of them is told.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_AMBIGUOUS_H
#define COLLECTORS_AMBIGUOUS_H

#include "collectors/prometheus_answer.h"

#include <stddef.h>

enum {
    AMBIGUOUS_WHY_SIZE = 181, /* as much as the reason of a verdict takes in */
    AMBIGUOUS_NAMED_MAX = 8   /* series that are looked at */
};

/* `the query has 3 series where one is expected; choose one, or combine them: {i="a"}, {i="b"}, ...`
 * Each is told by the labels that it does not have in common with all the others: on these it can be chosen.
 * What does not fit is cut, and said by the dots. `count`: how many there are, 0 for several. Reads only the
 * labels of `samples`; what stands in front of them without a name is shown as it is. */
void ambiguous_format(char why[AMBIGUOUS_WHY_SIZE], const char *what, const struct prometheus_sample *samples,
                      size_t sample_count, size_t count);

#endif
