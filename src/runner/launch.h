/* launch.h - forks and executes one command: no shell, no search path, nothing inherited.
 * SPDX-License-Identifier: MIT */
#ifndef RUNNER_LAUNCH_H
#define RUNNER_LAUNCH_H

#include "base/attributes.h"
#include "runner/supervisor.h"

#include <stdbool.h>
#include <sys/types.h>

struct launched {
    pid_t pid;   /* also its process group and session */
    int output;  /* reading end of its stdout and stderr, not blocking */
    int failure; /* reading end: an errno where it could not be executed */
};

/* stdin is /dev/null, the signal mask empty, every signal as by default, the umask 077. False: errno says why
 * not even a process could be had. */
MUST_CHECK bool launch(const struct supervision *task, struct launched *ret_launched);

/* After its end: errno of the folder that could not be entered or the program that could not be executed, or
 * 0.
 */
int launch_error(const struct launched *launched);

#endif
