/* zone_rule.c - POSIX rules of summer time.
 * SPDX-License-Identifier: MIT */
#include "io/zone_rule.h"

#include "base/calendar.h"

#include <string.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, HOURS_MAX = 167, WEEK = 7, NAME_MIN = 3 };

/* Three letters or more, or anything in < >. */
static bool skip_name(const char **at)
{
    const char *text = *at;
    size_t length = 0;

    if (*text == '<') {
        const char *end = strchr(text, '>');
        if (end == NULL)
            return false;
        *at = end + 1;
        return true;
    }
    while ((text[length] >= 'A' && text[length] <= 'Z') || (text[length] >= 'a' && text[length] <= 'z'))
        length++;
    *at = text + length;
    return length >= NAME_MIN;
}

static bool take_number(const char **at, int32_t min, int32_t max, int32_t *ret_number)
{
    int32_t number = 0;

    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        number = number * 10 + (**at - '0');
        if (number > max)
            return false;
    }
    *ret_number = number;
    return number >= min;
}

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

/* [+-]HH[:MM[:SS]] */
static bool take_time(const char **at, int32_t *ret_s)
{
    int32_t sign = take_char(at, '-') ? -1 : 1;
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;

    if (sign > 0)
        (void)take_char(at, '+');
    if (!take_number(at, 0, HOURS_MAX, &hours) || (take_char(at, ':') && !take_number(at, 0, 59, &minutes)) ||
        (take_char(at, ':') && !take_number(at, 0, 59, &seconds)))
        return false;
    *ret_s = sign * (hours * HOUR_S + minutes * 60 + seconds);
    return true;
}

static bool take_day(const char **at, struct zone_date *date)
{
    if (take_char(at, 'M')) {
        date->kind = ZONE_DATE_WEEKDAY;
        return take_number(at, 1, 12, &date->month) && take_char(at, '.') &&
               take_number(at, 1, 5, &date->week) && take_char(at, '.') &&
               take_number(at, 0, WEEK - 1, &date->weekday);
    }
    if (take_char(at, 'J')) {
        date->kind = ZONE_DATE_DAY_NO_LEAP;
        return take_number(at, 1, 365, &date->day);
    }
    date->kind = ZONE_DATE_DAY;
    return take_number(at, 0, 365, &date->day);
}

static bool take_date(const char **at, struct zone_date *date)
{
    date->time_s = 2 * HOUR_S;
    return take_char(at, ',') && take_day(at, date) && (!take_char(at, '/') || take_time(at, &date->time_s));
}

bool zone_rule_parse(const char *text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = {0};
    const char *at = text;
    int32_t behind_s = 0;

    if (!skip_name(&at) || !take_time(&at, &behind_s))
        return false;
    rule.standard_s = -behind_s;
    rule.has_summer = *at != '\0';
    if (rule.has_summer) {
        if (!skip_name(&at))
            return false;
        behind_s -= HOUR_S;
        if (*at != ',' && !take_time(&at, &behind_s))
            return false;
        rule.summer_s = -behind_s;
        if (!take_date(&at, &rule.begin) || !take_date(&at, &rule.end) || *at != '\0')
            return false;
    }
    *ret_rule = rule;
    return true;
}

/* Seconds since 1970 of the local calendar. */
static int64_t local_s(const struct zone_date *date, int64_t year)
{
    int64_t days = calendar_days(year, 1, 1);

    switch (date->kind) {
    case ZONE_DATE_DAY:
        days += date->day;
        break;
    case ZONE_DATE_DAY_NO_LEAP:
        days += date->day - 1 + (calendar_is_leap(year) && date->day > 59);
        break;
    case ZONE_DATE_WEEKDAY: {
        int64_t first = calendar_days(year, date->month, 1);
        int64_t weekday = (calendar_weekday(first) + 1) % WEEK; /* here Sunday is the first one */
        int64_t day = (date->weekday - weekday + WEEK) % WEEK + (int64_t)(date->week - 1) * WEEK;
        while (day >= calendar_month_days(year, date->month))
            day -= WEEK;
        days = first + day;
        break;
    }
    }
    return days * DAY_S + date->time_s;
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t at_s)
{
    int64_t standard_s = at_s + rule->standard_s;
    int64_t days = standard_s >= 0 ? standard_s / DAY_S : (standard_s - DAY_S + 1) / DAY_S;

    if (!rule->has_summer)
        return rule->standard_s;
    int64_t year = calendar_year(days);
    int64_t begin_s = local_s(&rule->begin, year) - rule->standard_s;
    int64_t end_s = local_s(&rule->end, year) - rule->summer_s;
    /* South of the equator summer lasts over the turn of the year. */
    bool is_summer = begin_s < end_s ? at_s >= begin_s && at_s < end_s : at_s >= begin_s || at_s < end_s;
    return is_summer ? rule->summer_s : rule->standard_s;
}
