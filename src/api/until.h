/* until.h - an end as people say it: a span from now, or what a clock shows somewhere.
 * SPDX-License-Identifier: MIT */
#ifndef API_UNTIL_H
#define API_UNTIL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { UNTIL_TEXT_SIZE = 96 };

/* "8h", "2026-12-18T09:00Z", "2026-12-18 09:00:30+01:00", "2026-12-18 09:00 Europe/Berlin"; between now and
 * 366 days later. Milliseconds since 1970. False: ERR_INVALID or ERR_NOT_FOUND, and what to write. */
MUST_CHECK bool until_parse(const char *text, int64_t now_wall_ms, int64_t *ret_wall_ms, struct err *err);

#endif
