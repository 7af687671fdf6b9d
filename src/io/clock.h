/* clock.h - the clock on the wall, which may be set at any time; what is waited for is measured by
 * loop_now_ms().
 * SPDX-License-Identifier: MIT */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include <stdint.h>

enum { CLOCK_STAMP_SIZE = 32 };

/* Milliseconds since 1970. From any thread. */
int64_t clock_wall_ms(void);

/* "2026-01-31T12:00:00Z"; "" where it is 0, or INT64_MAX. Returns `to`. */
const char *clock_stamp(int64_t wall_ms, char to[CLOCK_STAMP_SIZE]);

#endif
