/* stack_described.h - a stack as CloudFormation describes it.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_STACK_DESCRIBED_H
#define IAC_STACK_DESCRIBED_H

#include "iac/amazon.h"

enum { STACK_STATUS_SIZE = 64, STACK_NAME_MAX = 128 };

enum stack_phase {
    STACK_ABSENT,  /* there is none, or no more */
    STACK_IN_VIEW, /* only planned: a first change set was made and not executed */
    STACK_SETTLED, /* can be changed */
    STACK_BUSY,    /* somebody is changing it */
    STACK_BROKEN   /* must be mended or deleted first */
};

struct stack_described {
    enum stack_phase phase;
    char id[AMAZON_ARN_SIZE]; /* "" ABSENT */
    char status[STACK_STATUS_SIZE];
    bool is_protected;
    struct xml *xml;                  /* NULL: ABSENT */
    const struct xml_element *member; /* the stack in it */
};

enum stack_phase stack_phase_of(const char *status);

/* By its name or its ARN. Ends with stack_described_done. */
MUST_CHECK bool stack_describe(struct amazon *amazon, const char *name, struct stack_described *ret_stack,
                               struct err *err);
/* The same, when nobody works on it any more; waited for as long as for a lock (ERR_CONFLICT). */
MUST_CHECK bool stack_describe_idle(struct amazon *amazon, const char *name,
                                    struct stack_described *ret_stack, struct err *err);
void stack_described_done(struct stack_described *facts); /* for CLEANUP, and twice */

/* Has it a parameter whose value it does not show? */
bool stack_hides(const struct stack_described *facts, const char *parameter);

#endif
