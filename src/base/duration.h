/* duration.h - spans of time as people write them ("250ms", "5m", "1h30m", "7d"), in milliseconds.
 * SPDX-License-Identifier: MIT */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DURATION_TEXT_MAX = 32 };

#define DURATION_MAX_MS (INT64_C(366) * 24 * 3600 * 1000)

/* One or more NUMBER UNIT, units ms s m h d (m is minutes), largest first or not; at most 366 days. */
MUST_CHECK bool duration_parse(const char *text, int64_t *ret_ms);

/* Largest unit first ("90s" becomes "1m30s"); `to` holds at least DURATION_TEXT_MAX. Returns `to`. */
const char *duration_format(int64_t ms, char *to, size_t size);

#endif
