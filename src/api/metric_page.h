/* metric_page.h - samples of all parts as one page for Prometheus: each family together, under its help and
 * type.
 * SPDX-License-Identifier: MIT */
#ifndef API_METRIC_PAGE_H
#define API_METRIC_PAGE_H

#include <stdbool.h>

#define METRIC_PAGE_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define METRIC_PAGE_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Whether a header Accept (NULL: none) wants OpenMetrics rather than the older text. */
bool metric_page_wants_open(const char *accept);

/* `samples`: lines "name{labels} value\n" in any order. What the table of families does not have comes last,
 * without a type. The page is the caller's, free(). */
char *metric_page(const char *samples, bool is_open);

#endif
