/* breaker.h - whether a receiver is tried at all: after several tries in vain, one after the other, it is
 * left alone for a while, and then asked with one notice (pure). So a dead one costs few tries, however much
 * waits.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_BREAKER_H
#define DRIVERS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_FAILURES = 3, BREAKER_PAUSE_MAX_MS = 60000 };

/* As numbers in /metrics. */
enum breaker_state {
    BREAKER_CLOSED,    /* all may go */
    BREAKER_HALF_OPEN, /* one is on its way, and says whether the others follow */
    BREAKER_OPEN       /* nothing goes until open_until_ms */
};

/* All zero: closed. */
struct breaker {
    enum breaker_state state;
    uint32_t failures;     /* one after the other */
    int64_t open_until_ms; /* OPEN */
};

/* May a notice go now? Where the time of one that is open is over, it is half open, and this one the probe.
 */
bool breaker_lets(struct breaker *breaker, int64_t now_ms);

/* How a try ended: `is_answered`: the receiver took it, or refused it for good, and so is there.
 * `retry_after_ms`: it said itself when it wants the next one; 0 not. True: the state is another one now. */
bool breaker_tried(struct breaker *breaker, bool is_answered, int64_t retry_after_ms, int64_t now_ms);

/* "closed", "half open", "open". */
const char *breaker_state_name(enum breaker_state state);

#endif
