/* pace.h - when sources that are asked are asked.
 * SPDX-License-Identifier: MIT
 *
 * Everything of one interval is asked for the same moments, its multiples on the engine's clock, so that
 * sides have values in the same steps; and a little apart, so that a source is not asked everything at once.
 */
#ifndef COLLECTORS_PACE_H
#define COLLECTORS_PACE_H

#include <stdint.h>

/* How long after a moment its `number`-th asker asks: less than a quarter of the interval, and than a second.
 */
int64_t pace_phase_ms(uint64_t number, int64_t every_ms);

/* The newest moment to ask for, where a source is `late_ms` behind. */
int64_t pace_moment_ms(int64_t now_ms, int64_t late_ms, int64_t every_ms);

/* The time until the next moment may be asked for; more than 0. */
int64_t pace_until_next_ms(int64_t now_ms, int64_t late_ms, int64_t phase_ms, int64_t every_ms);

#endif
