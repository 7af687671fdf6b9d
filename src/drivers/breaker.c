/* breaker.c - closed, open, half open.
 * SPDX-License-Identifier: MIT */
#include "drivers/breaker.h"

#include "base/attributes.h"

#include <stddef.h>

/* After so many failures and one more, two more ...; the last one stays. */
static const int64_t pauses_ms[] = {5000, 15000, BREAKER_PAUSE_MAX_MS};

bool breaker_lets(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state != BREAKER_OPEN)
        return true;
    if (now_ms < breaker->open_until_ms)
        return false;
    breaker->state = BREAKER_HALF_OPEN;
    return true;
}

static int64_t pause_of(uint32_t failures)
{
    size_t index = failures < BREAKER_FAILURES ? 0 : failures - BREAKER_FAILURES;

    return pauses_ms[index < ARRAY_LENGTH(pauses_ms) ? index : ARRAY_LENGTH(pauses_ms) - 1];
}

bool breaker_tried(struct breaker *breaker, bool is_answered, int64_t retry_after_ms, int64_t now_ms)
{
    enum breaker_state before = breaker->state;

    if (is_answered) {
        *breaker = (struct breaker){.state = BREAKER_CLOSED};
        return before != BREAKER_CLOSED;
    }
    if (breaker->failures < UINT32_MAX)
        breaker->failures++;
    if (breaker->failures < BREAKER_FAILURES && retry_after_ms == 0 && before == BREAKER_CLOSED)
        return false;
    int64_t pause_ms = pause_of(breaker->failures);
    breaker->state = BREAKER_OPEN;
    breaker->open_until_ms = now_ms + (retry_after_ms > pause_ms ? retry_after_ms : pause_ms);
    return true;
}

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_HALF_OPEN] = "half open", [BREAKER_OPEN] = "open"};

    return names[state];
}
