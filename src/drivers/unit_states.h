/* unit_states.h - what systemctl says of two units, and which share that is. Pure.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_UNIT_STATES_H
#define DRIVERS_UNIT_STATES_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What unit_states_parse() reads, as an argument of `systemctl show`. */
#define UNIT_STATES_PROPERTIES "--property=LoadState,ActiveState,UnitFileState"

enum { UNIT_COUNT = 2, UNIT_WORD_SIZE = 32 };

/* systemd's own words; "" where it said nothing. */
struct unit_state {
    char load[UNIT_WORD_SIZE];   /* "loaded", "not-found", "masked", ... */
    char active[UNIT_WORD_SIZE]; /* "active", "inactive", "failed", "activating", ... */
    char file[UNIT_WORD_SIZE];   /* "enabled", "disabled", "static", ... */
};

/* The answer of `systemctl show` for two units: blocks of NAME=VALUE with an empty line between them. Other
 * properties are left alone. ERR_PROTOCOL: it is none. */
MUST_CHECK bool unit_states_parse(const char *answer, struct unit_state ret_units[UNIT_COUNT],
                                  struct err *err);

/* Users are served by it. */
bool unit_serves(const struct unit_state *unit);

/* Nobody is, nor will be before it is started: neither on its way up nor down. */
bool unit_is_stopped(const struct unit_state *unit);

/* A boot starts it. */
bool unit_is_enabled(const struct unit_state *unit);

/* It can be started, and can be made to start with a boot. */
MUST_CHECK bool unit_check(const struct unit_state *unit, const char *name, struct err *err);

/* The candidate's share: 0 or 10000, and 5000 where neither is stopped, as users then reach either.
 * ERR_UNAVAILABLE: both are stopped. */
MUST_CHECK bool unit_states_share(const struct unit_state *candidate, const struct unit_state *stable,
                                  uint16_t *ret_share, struct err *err);

#endif
