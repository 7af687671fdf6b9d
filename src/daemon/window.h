/* window.h - the windows of live deployments, asked at the wall clock.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_WINDOW_H
#define DAEMON_WINDOW_H

#include "daemon/live.h"

#define WINDOW_NEVER_MS INT64_MAX

/* Reads the zone of a deployment's window, if it has one. Where that cannot be read the window stays closed,
 * and live_why() says why. */
void window_open(struct live *live);
void window_close(struct live *live);

/* Milliseconds since 1970; 0: open, or it has none; WINDOW_NEVER_MS: not in sight. */
int64_t window_opens_wall_ms(const struct live *live);

/* Of struct engine_env; `live` is the window of starting_fill(). */
int64_t window_opens_ms(void *daemon, const void *live);

#endif
