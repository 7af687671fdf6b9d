/* renewal.h - whether another program stands where this one was started from, and how it takes our place.
 * SPDX-License-Identifier: MIT
 *
 * An upgrade puts the new program in place by rename; what runs goes on with the old one. The same process
 * then starts the new one: who watches over us (systemd) sees no end, and clients find the socket again at
 * once. */
#ifndef RUNNER_RENEWAL_H
#define RUNNER_RENEWAL_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct renewal {
    char path[PATH_MAX]; /* where we were started from; "": not known, so never due */
    dev_t device;
    ino_t number; /* of the program that runs, or that could not be started */
};

void renewal_init(struct renewal *renewal);

/* Is there a program, and another one? Not when it was removed. */
bool renewal_is_due(const struct renewal *renewal);

/* Returns only where it cannot be started, and has reported why; that one is not due again. */
void renewal_start(struct renewal *renewal, char **arguments);

#endif
