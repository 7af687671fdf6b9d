/* probe_command.h - a check that is a command: started by verdict-runner, once for each attempt.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PROBE_COMMAND_H
#define COLLECTORS_PROBE_COMMAND_H

#include "collectors/probe_extract.h"

#include <stdint.h>

struct loop;
struct runner_client;
struct probe_command;

/* Copied. Its n-th attempt runs under "KEY.n", so the key must be new with every run of a smoke test. */
struct probe_order {
    const char *key;
    const char *const *argv;        /* ends with NULL */
    const char *const *environment; /* "VERDICT_NAME=value", ends with NULL */
    int64_t start_within_ms;        /* to find the runner, and a place there */
};

enum probe_end {
    PROBE_END_ANSWER, /* it ended by itself: `answer` */
    PROBE_END_BAD,    /* it ran past its deadline, or was ended by a signal: `why` */
    PROBE_END_OPEN    /* exit 75, or nobody can tell: `why` */
};

typedef void probe_told(void *data, enum probe_end end, const struct probe_answer *answer, const char *why);

struct probe_command *probe_command_new(struct loop *loop, struct runner_client *runner,
                                        const struct probe_order *order);

/* What it waits for is forgotten, and what runs goes on until its deadline. NULL is fine. */
void probe_command_free(struct probe_command *command);

/* Ends what runs. Nothing is told any more. NULL is fine. */
void probe_command_stop(struct probe_command *command);

/* `told` once, from the loop, never inside the call. */
void probe_command_start(struct probe_command *command, uint16_t attempt, int64_t timeout_ms,
                         probe_told *told, void *data);

#endif
