/* cloudformation.h - stacks of CloudFormation by its API: a plan is a change set, and an apply executes
 * exactly that one.
 * SPDX-License-Identifier: MIT */
#ifndef IAC_CLOUDFORMATION_H
#define IAC_CLOUDFORMATION_H

#include "iac/tool.h"

enum iac_exit cloudformation_plan(struct job *job);
enum iac_exit cloudformation_apply(struct job *job);
enum iac_exit cloudformation_verify(struct job *job);
void cloudformation_forget(struct job *job);

/* cloudformation_destroy.c: the plan lists the resources that there are. */
enum iac_exit cloudformation_plan_destroy(struct job *job);
enum iac_exit cloudformation_destroy(struct job *job);

/* cloudformation_drift.c: CloudFormation compares what is there with what it made. */
enum iac_exit cloudformation_drift(struct job *job);

#endif
