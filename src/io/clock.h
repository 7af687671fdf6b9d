/* clock.h - the clock on the wall, which may be set at any time; what is waited for is measured by
 * loop_now_ms().
 * SPDX-License-Identifier: MIT */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970. From any thread. */
int64_t clock_wall_ms(void);

#endif
