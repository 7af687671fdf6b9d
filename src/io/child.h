/* child.h - one run of a program that takes a text and answers with bytes: for a worker, never on the loop.
 * SPDX-License-Identifier: MIT */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHILD_INPUT_MAX = 60 * 1024 }; /* what a pipe holds at once */

struct child {
    const char *const *argv; /* argv[0] absolute; ends with NULL */
    const char *input;       /* at most CHILD_INPUT_MAX bytes */
    int64_t deadline_ms;     /* then it is killed */
    size_t output_max;
};

/* Its output where it ended with 0 (malloc'ed, with a NUL behind it). ERR_TIMEOUT; ERR_LIMIT: it said more
 * than it may; ERR_INTERNAL: it ended otherwise, with what it said as the text; ERR_IO. It gets no
 * environment, and none of our descriptors but stderr. */
MUST_CHECK bool child_run(const struct child *child, unsigned char **ret_output, size_t *ret_length,
                          struct err *err);

#endif
