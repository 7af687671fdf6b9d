/* brakes.h - the engine's brakes as people see them.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_BRAKES_H
#define DAEMON_BRAKES_H

#include "daemon/daemon.h"

#include <stdio.h>

/* As the settings say; before the engine's first turn. */
void brakes_set(struct daemon *daemon);

/* Why nothing begins for this target (ENGINE_FROZEN, ENGINE_BRAKED), and how it goes on. */
void brakes_describe(struct daemon *daemon, uint32_t target, struct err *ret_err);

/* Of /metrics. */
void brakes_add_metrics(struct daemon *daemon, FILE *to);

/* A row without a deployment: one opens. */
void brakes_log(struct daemon *daemon, const struct trace *trace);

#endif
