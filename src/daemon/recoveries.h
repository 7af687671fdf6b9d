/* recoveries.h - which services have a recovery plan, and when it was rehearsed last.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RECOVERIES_H
#define DAEMON_RECOVERIES_H

#include "daemon/daemon.h"

#include <stdio.h>

struct recoveries;

/* Reads the rule files' plans at once, and what the journal knows of them on a worker. */
struct recoveries *recoveries_new(struct daemon *daemon);
void recoveries_free(struct recoveries *recoveries); /* NULL is fine */

/* Rule files are new, or a rehearsal is over. NULL is fine. */
void recoveries_update(struct recoveries *recoveries);

/* Of struct api_env; valid until the loop turns. */
size_t recoveries_list(void *daemon, const struct api_recovery **ret_rows);

/* Of /metrics. */
void recoveries_add_metrics(const struct recoveries *recoveries, FILE *to);

#endif
