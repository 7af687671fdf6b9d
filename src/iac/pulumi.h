/* pulumi.h - Pulumi: what is approved is a preview, what is applied is held to it.
 * SPDX-License-Identifier: MIT
 *
 * Pulumi has no plan that it applies as it is. So an apply makes a second preview, which must want the same
 * as the approved one, and then `up` is watched: a step that was not in it interrupts pulumi. With plan=saved
 * pulumi holds itself to a saved plan, too. */
#ifndef IAC_PULUMI_H
#define IAC_PULUMI_H

#include "iac/tool.h"

enum iac_exit pulumi_plan(struct job *job);
enum iac_exit pulumi_plan_destroy(struct job *job);
enum iac_exit pulumi_apply(struct job *job);
enum iac_exit pulumi_destroy(struct job *job);
enum iac_exit pulumi_verify(struct job *job);
enum iac_exit pulumi_drift(struct job *job);

#endif
