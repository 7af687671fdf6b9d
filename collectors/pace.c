/* pace.c - multiples of an interval, a little apart.
 * SPDX-License-Identifier: MIT */
#include "collectors/pace.h"

enum { SPREAD_MAX_MS = 1000 };

/* Golden-ratio steps keep any number of askers apart. */
int64_t pace_phase_ms(uint64_t number, int64_t every_ms)
{
    int64_t spread_ms = every_ms / 4 < SPREAD_MAX_MS ? every_ms / 4 : SPREAD_MAX_MS;

    return (int64_t)(number * 618 % 1000) * spread_ms / 1000;
}

int64_t pace_moment_ms(int64_t now_ms, int64_t late_ms, int64_t every_ms)
{
    return now_ms - late_ms - (now_ms - late_ms) % every_ms;
}

int64_t pace_until_next_ms(int64_t now_ms, int64_t late_ms, int64_t phase_ms, int64_t every_ms)
{
    int64_t into_ms = (now_ms - late_ms - phase_ms) % every_ms;

    return every_ms - (into_ms < 0 ? into_ms + every_ms : into_ms);
}
