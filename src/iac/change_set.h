/* change_set.h - what CloudFormation says of a change set (DescribeChangeSet, page by page), kept as
 * canonical JSON and counted.
 * SPDX-License-Identifier: MIT
 *
 * Strict where a lax reader would let a change through: an action, a kind of change or a kind of replacement
 * that is not known is an error. What may be replaced counts as replaced, what is not known yet ("Dynamic")
 * too; what is imported counts as updated; what is removed and kept counts as deleted. Nested stacks have
 * change sets of their own: their changes are counted, with the stack's name before theirs. */
#ifndef IAC_CHANGE_SET_H
#define IAC_CHANGE_SET_H

#include "iac/plan.h"
#include "io/xml.h"

struct cJSON;

enum { CHANGE_SETS_MAX = 64, CHANGES_MAX = 20000, CHANGE_PREFIX_SIZE = 512, CHANGE_ARN_SIZE = 512 };

/* A change set of a nested stack, to be read too. */
struct change_nested {
    char prefix[CHANGE_PREFIX_SIZE]; /* "Network/", "" of the first one */
    char arn[CHANGE_ARN_SIZE];
};

struct change_set {
    struct cJSON *head;    /* what it says of itself, without what changes with time; NULL: no page came */
    struct cJSON *changes; /* of all of them, sorted by change_set_end() */
    struct plan_counts counts;
    struct change_nested nested[CHANGE_SETS_MAX]; /* the first one is the set itself */
    size_t nested_count;
    size_t count;
};

void change_set_init(struct change_set *set, const char *arn);
void change_set_done(struct change_set *set); /* for CLEANUP */

/* A `DescribeChangeSetResult` of nested[which]. ERR_PROTOCOL, ERR_INVALID, ERR_LIMIT. */
MUST_CHECK bool change_set_add(struct change_set *set, size_t which, const struct xml_element *result,
                               struct err *err);
void change_set_end(struct change_set *set);

/* Tells every change, in the order of the texts. */
void change_set_tell(const struct change_set *set, const struct plan_reader *reader);

/* Does a reason for a failure say that there is nothing to do? */
bool change_set_is_empty_reason(const char *reason);

#endif
