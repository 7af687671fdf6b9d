/* report.h - findings, put down at the place that they speak of.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include "base/attributes.h"
#include "config/config.h"
#include "config/tree.h"

/* Adds a finding; the same text about the same line counts once. Returns false, so that `return report_add(
 * ...)` reads well; report->said tells whether anything was added since. Line 0: the whole file. */
bool report_add(struct config_report *report, const struct source *source, unsigned line, const char *format,
                ...) PRINTF_LIKE(4, 5);

/* The same at a node. */
bool report_node(struct config_report *report, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* What is no mistake, but may not be what was meant: the file loads all the same. */
void report_warn(struct config_report *report, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same without the source line, which may hold what nobody is to read. */
bool report_hidden(struct config_report *report, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* "unknown WHAT 'name'", with the nearest of `candidates` where one is near. */
bool report_unknown(struct config_report *report, const struct node *node, const char *what, const char *name,
                    const char *const *candidates, size_t count);

/* In the order of files and lines. */
void report_sort(struct config_report *report);

#endif
