/* run_health.h - whether the environment that stood in for a rehearsal is well: the smoke test of what serves
 * there.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RUN_HEALTH_H
#define DAEMON_RUN_HEALTH_H

#include "daemon/daemon.h"

struct run_health;

/* `sealed`: of the environment. `over` comes once, from the loop, never inside the call; then it is gone. A
 * rehearsal is forgotten by free(). `number` tells its commands' keys from others'. */
struct run_health *run_health_start(struct daemon *daemon, const char *sealed, uint64_t number,
                                    void (*over)(void *data, bool is_good, const char *why), void *data,
                                    struct err *err);

#endif
