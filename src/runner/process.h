/* process.h - a process that is told from a later one with the same pid, and the clock of deadlines.
 * SPDX-License-Identifier: MIT */
#ifndef RUNNER_PROCESS_H
#define RUNNER_PROCESS_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    int64_t start; /* clock ticks after boot: field 22 of /proc/<pid>/stat */
};

/* False: no such process. */
MUST_CHECK bool process_identify(pid_t pid, struct process *ret_process);

/* A pidfd (readable once the process has ended; the caller's to close), or -1 where it is gone already. */
int process_open(const struct process *process);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t process_now_ms(void);

#endif
