/* plan.h - a plan of terraform as JSON (`show -json`), counted.
 * SPDX-License-Identifier: MIT
 *
 * Strict where a lax reader would let a change through: an action that is not known, a plan that says that it
 * failed, and a format with another major number are errors, which name their place
 * ("#/resource_changes/3/change/actions/0: ..."). Members that are not needed are not looked at, values among
 * them: they may be secrets. */
#ifndef IAC_PLAN_H
#define IAC_PLAN_H

#include "io/json.h"

#include <stdbool.h>
#include <stddef.h>

enum { PLAN_JSON_MAX = 64 * 1024 * 1024 /* bytes */ };

/* What plans, and what tools say of what they do, are read with. */
extern const struct json_limits plan_json_limits;

enum plan_action { PLAN_CREATE, PLAN_UPDATE, PLAN_DELETE, PLAN_REPLACE, PLAN_ACTION_COUNT };

struct plan_counts {
    size_t
        of[PLAN_ACTION_COUNT]; /* resources; one that is forgotten without being deleted counts as deleted */
    size_t outputs;            /* outputs that change */
    size_t resources;          /* that there are before it; data is none */
    size_t drifts;             /* resources that are not as they were made */
};

/* "creates", as reports and conditions call it. */
const char *plan_count_name(enum plan_action action);

struct plan_reader {
    void *data;
    /* A resource that changes, in the order of the plan; `reason` "" none. The texts live until the return.
     */
    void (*change)(void *data, enum plan_action action, const char *address, const char *reason);
};

/* `reader` NULL: only counts. ERR_INVALID, ERR_LIMIT. */
MUST_CHECK bool plan_read(const char *json, size_t length, const struct plan_reader *reader,
                          struct plan_counts *ret_counts, struct err *err);

#endif
