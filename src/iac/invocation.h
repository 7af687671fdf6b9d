/* invocation.h - one run of a tool: what it says goes to a file, and who interrupts us interrupts it, gently.
 * SPDX-License-Identifier: MIT
 *
 * Its output is a file and no pipe, and it has a process group of its own: a tool that saves a state must
 * neither die because nobody reads it, nor hear of an interrupt twice. It is never killed from here. */
#ifndef IAC_INVOCATION_H
#define IAC_INVOCATION_H

#include "base/attributes.h"
#include "base/err.h"

#include "io/redaction.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { INVOCATION_LINE_MAX = 8 * 1024 * 1024, INVOCATION_HEARD_MAX = 64 * 1024 * 1024 };

/* SIGTERM, SIGINT, SIGHUP and SIGCHLD are taken by these functions alone. */
struct invocation_signals {
    sigset_t set;
    bool is_interrupted; /* from then on nothing is started */
};

void invocation_signals_init(struct invocation_signals *signals);

struct invocation {
    const char *program;                               /* absolute */
    const char *const *arguments, *const *environment; /* each ends with NULL */
    int input;                                         /* 0: our own */
    int output;                                        /* of a file: stdout */
    int said; /* of a file, which may be the same: stderr, and what comes there is copied to our own stdout;
                 -1: our own stderr */
    bool hides_states; /* what is copied holds no state (printed_state.h) */
    /* NULL, or told each line of `output` (with a NUL, no newline; NULL: one of more than INVOCATION_LINE_MAX
     * bytes). False: the tool is interrupted, once. */
    bool (*hear)(void *data, const char *line, size_t length);
    struct redaction *hidden; /* struck out of what is copied, line by line; NULL: nothing is */
    void *data;
};

/* True: it ended by itself, with *ret_status. ERR_UNAVAILABLE: it, or we before, were interrupted; ERR_IO: it
 * did not start, or was ended by a signal. */
MUST_CHECK bool invocation_run(struct invocation_signals *signals, const struct invocation *invocation,
                               int *ret_status, struct err *err);

/* Waits a moment, or for an interrupt; false: there is one. */
MUST_CHECK bool invocation_pause(struct invocation_signals *signals);

/* Is there one by now? */
bool invocation_is_interrupted(struct invocation_signals *signals);

/* What a tool said, at most the last INVOCATION_HEARD_MAX bytes of it, with a NUL behind them (free()). */
char *invocation_heard(int output, size_t *ret_length);

/* Does what a tool said, at most the last 64 KiB of it, hold this text? */
bool invocation_said(int output, const char *text);

#endif
