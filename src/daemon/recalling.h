/* recalling.h - after a restart the windows of what goes on are filled from the archive: what was observed
 * stays evidence, and the time in which nobody watched stays a gap.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_RECALLING_H
#define DAEMON_RECALLING_H

#include "daemon/live.h"

/* Asks for all series of a deployment that is watched; each is loading until its answer, for 20 s at most. */
void recalling_start(struct live *live);

/* Behind the end of the archive. */
void recalling_drop(struct daemon *daemon);

#endif
