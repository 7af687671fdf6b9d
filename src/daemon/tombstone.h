/* tombstone.h - signs in the runtime folder that a deployment's traffic went back before the journal knew
 * (S5).
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_TOMBSTONE_H
#define DAEMON_TOMBSTONE_H

#include "daemon/daemon.h"

void tombstone_leave(const struct daemon *daemon, uint64_t deployment);
bool tombstone_is_there(const struct daemon *daemon, uint64_t deployment);
void tombstone_remove(const struct daemon *daemon, uint64_t deployment);

#endif
