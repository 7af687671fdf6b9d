/* task_approval.h - `approval: { from = [ "sre" ]; need = 2; not_author = true; timeout = "8h"; }` of a
 * stack's environment, and of a task.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_TASK_APPROVAL_H
#define CONFIG_TASK_APPROVAL_H

#include "config/options.h"
#include "config/run_definition.h"

/* Makes the task one that people answer, as the group says; `output` is what a yes has to name, or NULL.
 * False: findings were added. */
MUST_CHECK bool task_approval_build(const struct build *build, const struct node *group, const char *output,
                                    struct run_plan_task *planned, struct run_task_definition *task);

#endif
