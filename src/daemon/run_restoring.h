/* run_restoring.h - the task of a recovery that writes a stack's state back as it was verified last.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_RESTORING_H
#define DAEMON_RUN_RESTORING_H

#include "daemon/run_live.h"

struct run_restoring;

typedef void run_restoring_over(void *data, enum run_result result, const char *why);

/* `task`: of the run, whose stack it is. `over` comes once, from the loop, never inside the call, when the
 * new version is journaled or none is; then it is gone. Where the state is that one already it is done. */
struct run_restoring *run_restoring_start(const struct run_live *live, uint8_t task, run_restoring_over *over,
                                          void *data, struct err *err);

/* Nobody waits for it any more, and what is not with the journal yet is not brought there. NULL is fine. */
void run_restoring_drop(struct run_restoring *restoring);

#endif
