/* reach.h - does something listen at "host:port", and what does it say first?
 * SPDX-License-Identifier: MIT
 *
 * Connects (to each address of the name in turn) and, where a greeting is wanted, reads until its first line
 * has ended, the peer closes, or the deadline has passed with some of it there; nothing is written. Numeric
 * hosts are not looked up; names are, on a worker thread. */
#ifndef IO_REACH_H
#define IO_REACH_H

#include "base/err.h"
#include "io/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REACH_GREETING_MAX = 4096, REACH_HOST_MAX = 256, REACH_PORT_MAX = 8 };

struct reach;

struct reach_answer {
    bool is_reached;      /* else `err` says why not: ERR_INVALID (the place), ERR_NOT_FOUND
                           (nobody knows the name), ERR_UNAVAILABLE, ERR_TIMEOUT */
    const char *greeting; /* NUL-terminated, "" where none was wanted or the peer closed without one */
    size_t length;
    double time_ms; /* from the start to the end */
    struct err err;
};

/* "10.0.0.1:22", "[::1]:22", "db.prod:5432". `done` is called exactly once, from the loop, unless cancelled
 * first; the handle is gone when it is called. */
struct reach *reach_start(struct loop *loop, const char *place, bool wants_greeting, int64_t deadline_ms,
                          void (*done)(void *data, const struct reach_answer *answer), void *data);

/* `done` will not be called. NULL is fine. */
void reach_cancel(struct reach *reach);

/* Is it "host:port"? The parts go to `host` (without brackets) and `port`. */
MUST_CHECK bool reach_place(const char *place, char host[REACH_HOST_MAX], char port[REACH_PORT_MAX]);

#endif
