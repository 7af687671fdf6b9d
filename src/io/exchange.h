/* exchange.h - one question and its answer over a local stream socket: connect, write, read until the peer
 * closes (HAProxy's runtime socket answers so, and a kept connection would go on talking to the old process).
 * SPDX-License-Identifier: MIT */
#ifndef IO_EXCHANGE_H
#define IO_EXCHANGE_H

#include "base/err.h"
#include "io/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

struct exchange_answer {
    bool is_complete;  /* the peer closed in order; else `err` says why not: ERR_UNAVAILABLE (no connection,
                        * reset),  ERR_TIMEOUT, ERR_LIMIT (more than answer_max) */
    const char *bytes; /* what came, NUL-terminated; valid inside `done` */
    size_t length;
    struct err err;
};

/* `bytes` are copied. `done` is called exactly once, from the loop, unless cancelled first; the handle is
 * gone when it is called. */
struct exchange *exchange_start(struct loop *loop, const char *unix_path, const char *bytes, size_t length,
                                size_t answer_max, int64_t deadline_ms,
                                void (*done)(void *data, const struct exchange_answer *answer), void *data);

/* `done` will not be called; what was written may have been read. NULL is fine. */
void exchange_cancel(struct exchange *exchange);

#endif
