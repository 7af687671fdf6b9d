/* graph_parts.h - what a picture of a metric shows beside its values.
 * SPDX-License-Identifier: MIT */
#ifndef API_GRAPH_PARTS_H
#define API_GRAPH_PARTS_H

#include "config/definition.h"

struct cJSON;

/* "marks" of the request, from the audit rows of a report: steps, shares that were confirmed, verdicts,
 * holds, and how it went on. Where there are more than a picture bears, bad news is shown first, then the
 * verdicts that passed, what happened, and steps. */
void graph_add_marks(struct cJSON *request, const struct cJSON *audit);

/* "bounds": of each trigger that reads the metric of the definition and compares it with one number. */
void graph_add_bounds(struct cJSON *request, const struct definition *definition, size_t metric);

#endif
