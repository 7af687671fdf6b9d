/* report.h - what people and later tasks are told of a plan, and of what a stack says of itself.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_REPORT_H
#define IAC_REPORT_H

#include "iac/tool.h"

/* What a plan changes, as it is shown. */
struct report_shown {
    size_t count;
};

/* A line of one resource that changes; after the first ones they are only counted. */
void report_change(struct report_shown *shown, enum plan_action action, const char *address,
                   const char *reason);
/* The same, of whoever reads a plan. */
struct plan_reader report_reader(struct report_shown *shown);
/* And the line of all. */
void report_summary(const struct job *job, const struct report_shown *shown,
                    const struct plan_counts *counts);

/* Prints each change and the counts, of a plan of terraform's. ERR_INVALID: it is no plan that can be
 * counted. */
MUST_CHECK bool report_plan(const struct job *job, const char *json, size_t length,
                            struct plan_counts *ret_counts, struct err *err);

/* Tells the counts of a plan; `has_changes`: there is something to apply, be it only a change of the state
 * itself. */
void report_counts(const struct job *job, const struct plan_counts *counts, bool has_changes);

/* One of what the stack says of itself, as output.NAME; too long a one is left out. */
void report_output(const struct job *job, const char *name, const char *value);

/* `output -json`: tells each output that is no secret and is one value as output.NAME. */
MUST_CHECK bool report_outputs(const struct job *job, const char *json, size_t length, struct err *err);

/* {"name": value}, where a secret is "[secret]": the same of them. */
MUST_CHECK bool report_values(const struct job *job, const char *json, size_t length, struct err *err);

#endif
