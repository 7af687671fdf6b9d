/* settling.h - waits a moment until Vault has answered for what was just named.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_SETTLING_H
#define DAEMON_SETTLING_H

#include "daemon/daemon.h"

enum { SETTLING_MS = 5000 };

struct settling;

/* `then` is called once, from the loop, never inside this call: when everything that was named has an answer,
 * good or bad, or after SETTLING_MS. The handle is gone by then. */
struct settling *settling_start(struct daemon *daemon, void (*then)(void *data), void *data);
void settling_stop(struct settling *settling); /* `then` is not called; NULL is fine */

#endif
