/* supervisor.h - the process that looks after one command until its end. It is a child of the runner in a
 * session of its own and needs the runner for nothing: neither the runner's death nor the daemon's touches
 * the command. SPDX-License-Identifier: MIT */
#ifndef RUNNER_SUPERVISOR_H
#define RUNNER_SUPERVISOR_H

#include <stdint.h>
#include <stdnoreturn.h>

struct supervision {
    int folder; /* the data folder */
    int intent; /* <key>.pid, empty, locked through this description */
    const char *key;
    const char *const *arguments;
    char *const *environment;
    const char *directory;
    int64_t deadline_ms; /* from now */
    int64_t grace_ms;    /* between TERM and KILL */
};

enum {
    SUPERVISOR_GRACE_MS = 5000 /* between TERM and KILL where nothing else is asked for, and from KILL to
                                  giving up on what cannot die */
};

/* To be called in a fresh child. Blocks for the life of the command, writes its files (ledger.h), ends the
 * process. SIGTERM to it cancels the command. The command itself dies with its supervisor (so that a lost one
 * does not go on unseen), what it left in the background after a normal end goes on. */
noreturn void supervisor_run(const struct supervision *task);

#endif
