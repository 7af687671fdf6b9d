/* tracing.h - the trace of what is under way, as others are told it.
 * SPDX-License-Identifier: MIT
 *
 * "" where none is known: of what was begun before there were traces. */
#ifndef DAEMON_TRACING_H
#define DAEMON_TRACING_H

#include "daemon/run_live.h"

struct acting;

/* What is kept of what came with a request; in place of what was kept before. */
void tracing_take(const struct trace_given *given, char traceparent[TRACEPARENT_SIZE],
                  struct trace_lists *lists);

/* Its parent is the action's span; of no action (NULL) the deployment's own. */
void tracing_of_action(const struct live *live, const struct acting *acting, char to[TRACEPARENT_SIZE]);

/* Its parent is the span of this try. `run`: its id, which a new one's live does not know yet. */
void tracing_of_task(const struct run_live *live, uint64_t run, const struct run_action *action,
                     char to[TRACEPARENT_SIZE]);

/* Its parent is the run's own span. */
void tracing_of_run(const struct run_live *live, char to[TRACEPARENT_SIZE]);

#endif
