/* zone.h - time zones of the system's tz database: what the clocks of a place show.
 * SPDX-License-Identifier: MIT
 *
 * Reads TZif files (RFC 8536), of version 2 or later: their 64-bit transitions, and the rule at their end for
 * the time after the last one. Leap seconds are ignored, as in time_t. */
#ifndef IO_ZONE_H
#define IO_ZONE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { ZONE_NAME_MAX = 64, ZONE_BYTES_MAX = 64 * 1024 };

#define ZONE_FOLDER "/usr/share/zoneinfo"

struct zone;

/* NULL: ERR_NOT_FOUND (no such name, or the database is not installed), ERR_INVALID (no TZif file). */
struct zone *zone_open(const char *folder, const char *name, struct err *err);
void zone_close(struct zone *zone); /* may be NULL */

/* Is there such a zone in ZONE_FOLDER? */
bool zone_is_known(const char *name);

/* Seconds that local clocks are ahead of UTC at an instant (seconds since 1970). */
int32_t zone_offset_s(const struct zone *zone, int64_t at_s);

/* The instant at which local clocks show this (seconds since 1970-01-01 00:00 of the local calendar). What
 * they show twice is the first time; what they skip is as long after the change as it would have been. */
int64_t zone_instant_s(const struct zone *zone, int64_t local_s);

#endif
