/* clock.c - CLOCK_REALTIME, and how a time is written.
 * SPDX-License-Identifier: MIT */
#include "io/clock.h"

#include <time.h>

int64_t clock_wall_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *clock_stamp(int64_t wall_ms, char to[CLOCK_STAMP_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;

    to[0] = '\0';
    if (wall_ms != 0 && wall_ms != INT64_MAX && gmtime_r(&seconds, &parts) != NULL)
        (void)strftime(to, CLOCK_STAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return to;
}
