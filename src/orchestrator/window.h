/* window.h - when deployments of an environment may begin, as its file says: spans of the week in the clock
 * of one place, and days on which nothing begins. SPDX-License-Identifier: MIT
 *
 * Read by whoever knows calendars (a gate driver); the machines see instants of the engine's clock only. */
#ifndef ORCHESTRATOR_WINDOW_H
#define ORCHESTRATOR_WINDOW_H

#include "orchestrator/plan.h"

#include <stddef.h>
#include <stdint.h>

enum {
    WINDOW_SPANS_MAX = 16,
    WINDOW_FREEZES_MAX = 64,
    WINDOW_DAY_MINUTES = 24 * 60,
    WINDOW_WEEK_MINUTES = 7 * WINDOW_DAY_MINUTES
};

/* The same minutes of some days of the week. */
struct window_span {
    uint8_t days;         /* bit 0: Monday ... bit 6: Sunday; never 0 */
    uint16_t from_minute; /* of the day */
    uint16_t to_minute;   /* > from_minute; beyond WINDOW_DAY_MINUTES: of the day after */
};

/* Whole days since 1970-01-01, both included. */
struct window_freeze {
    int32_t first_day;
    int32_t last_day; /* ≥ first_day */
};

struct window {
    const char *zone; /* a name of the tz database, "Europe/Berlin" */
    size_t span_count;
    const struct window_span *spans;
    size_t freeze_count;
    const struct window_freeze *freezes;
};

/* What has to fit into a window: what the plan's observations take at least, the watch included. */
int64_t plan_least_ms(const struct plan *plan);

#endif
