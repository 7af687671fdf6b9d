/* run_stacks.h - what runs do for stacks of infrastructure beside their commands: what is refused of a plan,
 * what nobody needs to be asked, and an end to what lies in work folders.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_STACKS_H
#define DAEMON_RUN_STACKS_H

#include "daemon/run_live.h"

/* A run is at work on a stack from its first task there to its last; one of the stack alone from its start.
 */
bool run_stack_is_busy(const struct run_live *live, const char *stack, const char *environment);
/* The one that is; 0: none. */
uint64_t run_stack_at_work(void *daemon, const char *stack, const char *environment);

/* Of a task that is done: does refuse_when of its stack let its plan pass? False: `why` says for what not. */
MUST_CHECK bool run_stack_passes(const struct run_live *live, uint8_t task, char *why, size_t size);

/* A new plan was made: what a run reported of the cost of another stack, or in another environment, says
 * nothing of it. */
void run_stack_planned(struct run_live *live);

/* Answers what awaits an answer that nobody needs: an approval of a plan that changes nothing. A turn later,
 * and to be called whenever a run changed. */
void run_stacks_waive(struct daemon *daemon, const struct run_state *state);

/* The reason as it is recorded: of an approval with what it is for. */
const char *run_stack_reason(const struct run_live *live, uint8_t task, const struct api_run_answer *answer,
                             char to[DAEMON_WHY_MAX]);

/* A run is over: its work folders go. */
void run_stacks_forget(const struct run_live *live);

/* Does this answer name what the review is about? False: *err, ERR_CONFLICT. */
MUST_CHECK bool run_stack_reviewed(const struct run_live *live, uint8_t task,
                                   const struct api_run_answer *answer, struct err *err);

#endif
