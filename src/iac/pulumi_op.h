/* pulumi_op.h - what pulumi does to a resource, by its own words.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_PULUMI_OP_H
#define IAC_PULUMI_OP_H

#include "iac/plan.h"

enum pulumi_op {
    PULUMI_SAME,
    PULUMI_READ,
    PULUMI_REFRESH,
    PULUMI_CREATE,
    PULUMI_IMPORT,
    PULUMI_UPDATE,
    PULUMI_DELETE,
    PULUMI_DISCARD, /* what was only read, out of the state */
    PULUMI_REMOVE_PENDING_REPLACE,
    PULUMI_REPLACE, /* as a whole; the others are its parts */
    PULUMI_CREATE_REPLACEMENT,
    PULUMI_IMPORT_REPLACEMENT,
    PULUMI_READ_REPLACEMENT,
    PULUMI_DELETE_REPLACED,
    PULUMI_DISCARD_REPLACED,
    PULUMI_OP_COUNT
};

const char *pulumi_op_name(enum pulumi_op op);

/* A member `name` of `object` with an operation. ERR_INVALID: none that is known here, with its place. */
MUST_CHECK bool pulumi_op_read(const struct json_node *object, const char *name, enum pulumi_op *ret_op,
                               struct err *err);
MUST_CHECK bool pulumi_op_find(const char *name, enum pulumi_op *ret_op);

/* Does it change anything? Into what it counts (PLAN_ACTION_COUNT: into nothing). What is forgotten without
 * being deleted counts as deleted. */
bool pulumi_op_changes(enum pulumi_op op);
enum plan_action pulumi_op_action(enum pulumi_op op);

/* Is it what was approved, a part of that, or less? */
bool pulumi_op_is_within(enum pulumi_op op, enum pulumi_op approved);

/* Does it make something new, whose values may be made anew each time? */
bool pulumi_op_makes(enum pulumi_op op);

#endif
