/* gate_window.c - spans of the week laid onto the calendar of a place.
 * SPDX-License-Identifier: MIT */
#include "drivers/gate_window.h"

#include "base/calendar.h"

#include <stdbool.h>

enum { DAY_S = 24 * 3600, MINUTE_S = 60, WEEK = 7 };

struct calendar {
    const struct window *window;
    const struct zone *zone;
};

static int64_t day_of(const struct calendar *calendar, int64_t at_s)
{
    int64_t local_s = at_s + zone_offset_s(calendar->zone, at_s);

    return local_s >= 0 ? local_s / DAY_S : (local_s - DAY_S + 1) / DAY_S;
}

static int64_t minute_of_day_s(const struct calendar *calendar, int64_t day, int64_t minute)
{
    return zone_instant_s(calendar->zone, day * DAY_S + minute * MINUTE_S);
}

/* The freeze that a day is in, or NULL. */
static const struct window_freeze *freeze_of(const struct window *window, int64_t day)
{
    for (size_t i = 0; i < window->freeze_count; i++)
        if (day >= window->freezes[i].first_day && day <= window->freezes[i].last_day)
            return &window->freezes[i];
    return NULL;
}

/* The latest end of the spans that an instant is in, or the instant. Spans that began the day before may last
 * into this one. */
static int64_t end_of_spans(const struct calendar *calendar, int64_t at_s)
{
    const struct window *window = calendar->window;
    int64_t today = day_of(calendar, at_s);
    int64_t end_s = at_s;

    for (int64_t day = today - 1; day <= today; day++) {
        for (size_t i = 0; i < window->span_count; i++) {
            const struct window_span *span = &window->spans[i];
            if ((span->days & 1U << calendar_weekday(day)) == 0 ||
                minute_of_day_s(calendar, day, span->from_minute) > at_s)
                continue;
            int64_t to_s = minute_of_day_s(calendar, day, span->to_minute);
            end_s = to_s > end_s ? to_s : end_s;
        }
    }
    return end_s;
}

/* The first begin of a span after an instant. */
static int64_t next_begin(const struct calendar *calendar, int64_t at_s)
{
    const struct window *window = calendar->window;
    int64_t today = day_of(calendar, at_s);
    int64_t begin_s = GATE_WINDOW_NEVER;

    for (int64_t day = today; day <= today + WEEK && begin_s == GATE_WINDOW_NEVER; day++) {
        for (size_t i = 0; i < window->span_count; i++) {
            const struct window_span *span = &window->spans[i];
            int64_t from_s = minute_of_day_s(calendar, day, span->from_minute);
            if ((span->days & 1U << calendar_weekday(day)) != 0 && from_s > at_s && from_s < begin_s)
                begin_s = from_s;
        }
    }
    return begin_s;
}

/* Midnight before the first frozen day from here on to `end_s`, or `end_s`. */
static int64_t until_freeze(const struct calendar *calendar, int64_t at_s, int64_t end_s)
{
    for (size_t i = 0; i < calendar->window->freeze_count; i++) {
        int64_t first_s = minute_of_day_s(calendar, calendar->window->freezes[i].first_day, 0);
        if (first_s >= at_s && first_s < end_s)
            end_s = first_s;
    }
    return end_s;
}

/* How long it stays open from here on; the instant itself where it is closed. Spans that touch are one. */
static int64_t open_until(const struct calendar *calendar, int64_t at_s, int64_t enough_s)
{
    int64_t end_s = at_s;
    int64_t further_s = end_of_spans(calendar, at_s);

    while (further_s > end_s) {
        end_s = further_s;
        further_s = end_s < enough_s ? end_of_spans(calendar, end_s) : end_s;
    }
    return until_freeze(calendar, at_s, end_s);
}

int64_t gate_window_opens_s(const struct window *window, const struct zone *zone, int64_t now_s,
                            int64_t least_ms)
{
    const struct calendar calendar = {window, zone};
    int64_t last_s = now_s + (int64_t)GATE_WINDOW_DAYS * DAY_S;
    int64_t at_s = now_s;

    while (at_s < last_s) {
        const struct window_freeze *freeze = freeze_of(window, day_of(&calendar, at_s));
        if (freeze != NULL) {
            at_s = minute_of_day_s(&calendar, (int64_t)freeze->last_day + 1, 0);
            continue;
        }
        int64_t enough_s = at_s + (least_ms + 999) / 1000;
        int64_t end_s = open_until(&calendar, at_s, enough_s);
        if (end_s > at_s && end_s >= enough_s)
            return at_s;
        /* Later in the same span less is left of it. */
        at_s = end_s > at_s ? end_s : next_begin(&calendar, at_s);
    }
    return GATE_WINDOW_NEVER;
}
