/* cloudformation.h - stacks of CloudFormation by its API: a plan is a change set, and an apply executes
 * exactly that one.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_CLOUDFORMATION_H
#define IAC_CLOUDFORMATION_H

#include "iac/amazon.h"
#include "iac/tool.h"

enum iac_exit cloudformation_plan(struct job *job);
enum iac_exit cloudformation_apply(struct job *job);
enum iac_exit cloudformation_verify(struct job *job);
void cloudformation_forget(struct job *job);

/* cloudformation_destroy.c: the plan lists the resources that there are. */
enum iac_exit cloudformation_plan_destroy(struct job *job);
enum iac_exit cloudformation_destroy(struct job *job);
/* How many resources the stack has. */
MUST_CHECK bool cloudformation_count(struct amazon *amazon, const char *stack, size_t *ret_count,
                                     struct err *err);

/* cloudformation_drift.c: CloudFormation compares what is there with what it made. */
enum iac_exit cloudformation_drift(struct job *job);

#endif
