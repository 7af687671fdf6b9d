/* gate_window.h - asks a calendar whether a deployment may begin: open, or closed until an instant.
 * SPDX-License-Identifier: MIT
 *
 * A closing window stops nothing that is under way, so what begins has to fit into what is left of it.
 * Instants are seconds since 1970 of the wall clock. */
#ifndef DRIVERS_GATE_WINDOW_H
#define DRIVERS_GATE_WINDOW_H

#include "io/zone.h"
#include "orchestrator/window.h"

#define GATE_WINDOW_NEVER INT64_MAX

/* When what takes at least so long may begin: `now_s` or later; GATE_WINDOW_NEVER: not within the next
 * GATE_WINDOW_DAYS. */
enum { GATE_WINDOW_DAYS = 800 };
int64_t gate_window_opens_s(const struct window *window, const struct zone *zone, int64_t now_s,
                            int64_t least_ms);

#endif
