/* metric_programs.h - the programs that print metrics: would verdict-runner start them? Nothing is started.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_METRIC_PROGRAMS_H
#define DAEMON_METRIC_PROGRAMS_H

#include "daemon/live.h"

struct metric_programs;

struct metric_programs_ear {
    void (*told)(void *data, const char *metric, const struct err *failure); /* NULL: all is well */
    /* Once, from the loop, never inside metric_programs_start(); the handle is gone then. */
    void (*over)(void *data);
    void *data;
};

/* NULL: no metric is a program, and nothing is told. */
struct metric_programs *metric_programs_start(struct live *live, const struct deployment_state *state,
                                              int64_t within_ms, const struct metric_programs_ear *ear);
/* For the end of the daemon: its runner is gone. NULL is fine. */
void metric_programs_drop(struct metric_programs *programs);

#endif
