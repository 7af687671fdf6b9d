/* invocation.h - one run of a tool: what it says goes to a file, and who interrupts us interrupts it, gently.
 * SPDX-License-Identifier: MIT
 *
 * Its output is a file and no pipe, and it has a process group of its own: a tool that saves a state must
 * neither die because nobody reads it, nor hear of an interrupt twice. It is never killed from here. */
#ifndef IAC_INVOCATION_H
#define IAC_INVOCATION_H

#include "base/attributes.h"
#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* SIGTERM, SIGINT, SIGHUP and SIGCHLD are taken by these functions alone. */
struct invocation_signals {
    sigset_t set;
    bool is_interrupted; /* from then on nothing is started */
};

void invocation_signals_init(struct invocation_signals *signals);

struct invocation {
    const char *program;                               /* absolute */
    const char *const *arguments, *const *environment; /* each ends with NULL */
    int output;       /* of a file: stdout, and stderr too where it is followed */
    bool is_followed; /* what comes is copied to our own stdout */
};

/* True: it ended by itself, with *ret_status. ERR_UNAVAILABLE: it, or we before, were interrupted; ERR_IO: it
 * did not start, or was ended by a signal. */
MUST_CHECK bool invocation_run(struct invocation_signals *signals, const struct invocation *invocation,
                               int *ret_status, struct err *err);

/* Waits a moment, or for an interrupt; false: there is one. */
MUST_CHECK bool invocation_pause(struct invocation_signals *signals);

/* Is there one by now? */
bool invocation_is_interrupted(struct invocation_signals *signals);

/* Does what a tool said, at most the last 64 KiB of it, hold this text? */
bool invocation_said(int output, const char *text);

#endif
