/* run_looks.h - what a task of a stack found, for the report of the fleet.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_LOOKS_H
#define DAEMON_RUN_LOOKS_H

#include "daemon/run_live.h"
#include "io/runner_client.h"

/* Is it a command of verdict-iac itself, and not a program that looks at its plan? */
bool run_task_is_of_stack(const struct run_task_definition *task);
/* Of those: a plan, be it to destroy. */
bool run_task_is_plan(const struct run_task_definition *task);

/* NULL: it is a task of no stack, or one that is tried again. What it did not tell is not known, however well
 * the one before knew it. */
struct run_look *run_look_new(const struct run_live *live, uint8_t task, const struct runner_outcome *outcome,
                              enum run_result result);

#endif
