/* report.h - the runner's log: one logfmt line per event on stderr. SPDX-License-Identifier: MIT */
#ifndef RUNNER_REPORT_H
#define RUNNER_REPORT_H

#include "base/attributes.h"

/* `level`: "info", "warn" or "error". Quotes and control characters of the text become '?'. Keeps errno. */
void report(const char *level, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
