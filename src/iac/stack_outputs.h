/* stack_outputs.h - what a stack says of itself.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_STACK_OUTPUTS_H
#define IAC_STACK_OUTPUTS_H

#include "iac/stack_described.h"

/* Tells each as output.NAME; not one that holds the value of a parameter with NoEcho. */
MUST_CHECK bool stack_outputs_tell(const struct job *job, struct amazon *amazon, const char *stack,
                                   struct err *err);

#endif
