/* until.c - spans and instants; what a clock shows is asked of the tz database.
 * SPDX-License-Identifier: MIT */
#include "api/until.h"

#include "base/calendar.h"
#include "base/duration.h"
#include "io/zone.h"

#include <string.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 24 * 3600 };

/* A number of exactly so many digits; moves on. */
static bool take_number(const char **at, int digits, int32_t *ret_number)
{
    int32_t number = 0;

    for (int i = 0; i < digits; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9')
            return false;
        number = number * 10 + ((*at)[i] - '0');
    }
    *at += digits;
    *ret_number = number;
    return true;
}

static bool take(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static bool take_date(const char **at, int64_t *ret_days)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t day = 0;

    if (!take_number(at, 4, &year) || !take(at, '-') || !take_number(at, 2, &month) || !take(at, '-') ||
        !take_number(at, 2, &day) || month < 1 || month > 12 || day < 1 ||
        day > calendar_month_days(year, month))
        return false;
    *ret_days = calendar_days(year, month, day);
    return true;
}

static bool take_clock(const char **at, int32_t *ret_s)
{
    int32_t hour = 0;
    int32_t minute = 0;
    int32_t second = 0;

    if (!take_number(at, 2, &hour) || !take(at, ':') || !take_number(at, 2, &minute) ||
        (take(at, ':') && !take_number(at, 2, &second)) || hour > 23 || minute > 59 || second > 59)
        return false;
    *ret_s = hour * HOUR_S + minute * MINUTE_S + second;
    return true;
}

static bool from_offset(const char *at, int64_t local_s, int64_t *ret_s)
{
    int64_t sign = *at == '-' ? -1 : 1;
    int32_t hour = 0;
    int32_t minute = 0;

    at++;
    if (!take_number(&at, 2, &hour) || !take(&at, ':') || !take_number(&at, 2, &minute) || *at != '\0' ||
        hour > 14 || minute > 59)
        return false;
    *ret_s = local_s - sign * (hour * HOUR_S + minute * MINUTE_S);
    return true;
}

static bool from_zone(const char *name, int64_t local_s, int64_t *ret_s, struct err *err)
{
    struct zone *zone = zone_open(ZONE_FOLDER, name, err);

    if (zone == NULL)
        return false;
    *ret_s = zone_instant_s(zone, local_s);
    zone_close(zone);
    return true;
}

static bool parse_instant(const char *text, int64_t *ret_s, struct err *err)
{
    const char *at = text;
    int64_t days = 0;
    int32_t clock_s = 0;
    bool is_good = take_date(&at, &days) && (take(&at, 'T') || take(&at, ' ')) && take_clock(&at, &clock_s);
    int64_t local_s = days * DAY_S + clock_s;

    if (is_good && strcmp(at, "Z") == 0) {
        *ret_s = local_s;
        return true;
    }
    if (is_good && (*at == '+' || *at == '-') && from_offset(at, local_s, ret_s))
        return true;
    if (is_good && *at == ' ' && at[1] != '\0')
        return from_zone(at + 1, local_s, ret_s, err);
    return err_set(err, ERR_INVALID,
                   "must be a span like \"8h\", or an instant with its zone: \"2026-12-18T09:00Z\", "
                   "\"2026-12-18 09:00 Europe/Berlin\"");
}

bool until_parse(const char *text, int64_t now_wall_ms, int64_t *ret_wall_ms, struct err *err)
{
    int64_t span_ms = 0;
    int64_t at_s = 0;

    if (!duration_parse(text, &span_ms)) {
        if (!parse_instant(text, &at_s, err))
            return false;
        span_ms = at_s * 1000 - now_wall_ms;
    }
    if (span_ms <= 0)
        return err_set(err, ERR_INVALID, "must lie ahead");
    if (span_ms > DURATION_MAX_MS)
        return err_set(err, ERR_INVALID, "must not be more than 366 days ahead");
    *ret_wall_ms = now_wall_ms + span_ms;
    return true;
}
