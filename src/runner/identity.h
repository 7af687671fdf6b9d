/* identity.h - a process that is told from a later one with the same pid, and the clock of deadlines.
 * SPDX-License-Identifier: MIT */
#ifndef RUNNER_IDENTITY_H
#define RUNNER_IDENTITY_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct identity {
    pid_t pid;
    int64_t start; /* clock ticks after boot: field 22 of /proc/<pid>/stat */
};

/* False: no such process. */
MUST_CHECK bool identity_read(pid_t pid, struct identity *ret_identity);

/* A pidfd (readable once the process has ended; the caller's to close), or -1 where it is gone already. */
int identity_open(const struct identity *process);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t identity_now_ms(void);

#endif
