/* pulumi_event.h - one line of what `up --json` and `destroy --json` say while they work.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_PULUMI_EVENT_H
#define IAC_PULUMI_EVENT_H

#include "iac/pulumi_op.h"

enum pulumi_event_kind {
    PULUMI_EVENT_OTHER,
    PULUMI_EVENT_STEP,   /* begins: op, urn */
    PULUMI_EVENT_FAILED, /* a step: op, urn */
    PULUMI_EVENT_SAID,   /* a message for people: text */
    PULUMI_EVENT_SUMMARY /* it did all that it meant to do */
};

struct pulumi_event {
    enum pulumi_event_kind kind;
    enum pulumi_op op;
    const char *urn, *text; /* of the tree */
};

/* Of a line as JSON. ERR_INVALID: a step that nobody can tell, with its place. */
MUST_CHECK bool pulumi_event_read(const struct json_node *root, struct pulumi_event *ret_event,
                                  struct err *err);

#endif
