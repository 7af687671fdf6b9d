/* cost_report.h - infracost's JSON (`breakdown` or `diff`): what the present code costs a month, and what
 * stood before.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_COST_REPORT_H
#define COLLECTORS_COST_REPORT_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct cost_report {
    double monthly, before; /* in the report's currency; NAN: it does not tell */
};

/* Amounts are texts there ("743.64"), null where nobody knows. ERR_INVALID with its place: no such report,
 * one of no project, or one of a project that infracost could not read. */
MUST_CHECK bool cost_report_read(const char *bytes, size_t length, struct cost_report *ret_report,
                                 struct err *err);

#endif
