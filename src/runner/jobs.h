/* jobs.h - the commands that run now, started by this runner or by one before it, and the one file that is
 * being written. SPDX-License-Identifier: MIT */
#ifndef RUNNER_JOBS_H
#define RUNNER_JOBS_H

#include "base/attributes.h"
#include "base/err.h"
#include "io/runner_protocol.h"
#include "runner/permissions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { JOBS_MAX = PERMISSIONS_COMMANDS_MAX };

struct job {
    char key[RUNNER_KEY_MAX + 1]; /* "": a free place */
    pid_t pid;                    /* of the supervisor */
    int ended; /* its pidfd, readable at its end; -1: a supervisor of an earlier runner that has not
                  said who it is */
};

struct jobs {
    int folder;            /* the data folder */
    const char *data_path; /* absolute */
    struct job items[JOBS_MAX];
};

struct writing {
    pid_t pid; /* 0: nothing is being written */
    int ended; /* its pidfd */
    char path[RUNNER_PATH_MAX];
    uint64_t client; /* who asked */
    uint64_t request;
};

/* Finds the commands that an earlier runner left running. */
void jobs_init(struct jobs *jobs, int folder, const char *data_path);

struct job *jobs_find(struct jobs *jobs, const char *key);
size_t jobs_count(const struct jobs *jobs);

/* Notes a running command of an earlier runner; without effect where it is known. */
void jobs_adopt(struct jobs *jobs, const char *key);

/* Starts a command whose key has no intent yet. Nothing was started on failure: ERR_EXISTS, ERR_LIMIT,
 * ERR_IO. */
MUST_CHECK bool jobs_start(struct jobs *jobs, const struct permissions *permissions,
                           const struct runner_message *message, struct err *err);

/* Tries again to learn who supervises it; true where the command turns out to have ended. */
MUST_CHECK bool jobs_look_again(struct jobs *jobs, struct job *job);

/* Frees the place of a job whose supervisor has ended. */
void jobs_end(struct job *job);

/* False where the supervisor cannot be told yet. */
MUST_CHECK bool jobs_cancel(const struct job *job);

/* Replaces a file in a child process, because syncing may take long. ERR_CONFLICT while another one is
 * written. */
MUST_CHECK bool writing_start(struct writing *writing, const struct runner_message *message, struct err *err);

/* After its end: 0 or the errno of what failed. */
int writing_end(struct writing *writing);

#endif
