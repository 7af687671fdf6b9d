/* pace.c - multiples of an interval, a little apart.
 * SPDX-License-Identifier: MIT */
#include "collectors/pace.h"

#include <time.h>

enum { SPREAD_MAX_MS = 1000 };

int64_t pace_wall_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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
