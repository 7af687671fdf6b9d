/* runner_start.h - starts verdict-runner where no service manager does: in a session of its own, so that it
 * outlives the daemon. SPDX-License-Identifier: MIT */
#ifndef IO_RUNNER_START_H
#define IO_RUNNER_START_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All zero: never starts anything. */
struct runner_start {
    char *binary; /* NULL: do not start */
    char *config; /* or NULL */
    char *data;
    pid_t pid; /* of the one that we started, until it was reaped */
    int64_t not_before_ms;
    int64_t backoff_ms;
};

/* ERR_INVALID where a path is not absolute. Copies. */
MUST_CHECK bool runner_start_init(struct runner_start *start, const char *binary, const char *config,
                                  const char *data, struct err *err);
void runner_start_done(struct runner_start *start);

/* The socket does not answer: true where a runner was started now. Reaps the one before. Never blocks for
 * long. */
bool runner_start_again(struct runner_start *start, const char *socket, int64_t now_ms);

/* SIGTERM to the runner at the other end of `fd`, or to the one that was started; starts none from now on. */
void runner_start_stop(struct runner_start *start, int fd);

#endif
