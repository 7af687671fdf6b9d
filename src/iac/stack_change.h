/* stack_change.h - a change set of CloudFormation: made, waited for, described, removed.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_STACK_CHANGE_H
#define IAC_STACK_CHANGE_H

#include "iac/blueprint.h"
#include "iac/change_set.h"

struct stack_change {
    char arn[AMAZON_ARN_SIZE]; /* "" it would have changed nothing, and is gone again */
    char stack[AMAZON_ARN_SIZE];
    struct change_set set; /* what is described; empty where the ARN is */
};

void stack_change_done(struct stack_change *change); /* for CLEANUP */

/* Makes one and describes it. One that fails is removed again, with the stack that is only in view because of
 * it. ERR_CONFLICT: somebody works on the stack; ERR_INVALID: it cannot be changed so. */
MUST_CHECK bool stack_change_make(struct job *job, struct amazon *amazon, const struct blueprint *blueprint,
                                  struct stack_change *ret_change, struct err *err);

/* Describes one that is there. *ret_is_stale: it can be executed no more, and nothing is described. */
MUST_CHECK bool stack_change_read(struct amazon *amazon, const char *arn, const char *stack,
                                  struct stack_change *ret_change, bool *ret_is_stale, struct err *err);

/* Gone afterwards, and so is a stack that nothing but it had in view. What cannot be removed is said. */
void stack_change_remove(struct amazon *amazon, const char *arn, const char *stack);

#endif
