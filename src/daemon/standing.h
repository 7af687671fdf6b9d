/* standing.h - what serves is measured between deployments too, where rules hold the next candidate against
 * the past: without it there would be none. SPDX-License-Identifier: MIT
 *
 * By the rule files of today; a deployment that is under way measures what serves itself. */
#ifndef DAEMON_STANDING_H
#define DAEMON_STANDING_H

#include "daemon/live.h"

/* Begins, goes on or ends as it is due for this target; after whatever may have changed that: its stable
 * version, a deployment that began to be watched or is over. */
void standing_update(struct daemon *daemon, uint32_t target);

/* The same for all, anew: the rule files were read. */
void standing_update_all(struct daemon *daemon);

#endif
