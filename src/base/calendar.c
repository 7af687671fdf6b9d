/* calendar.c - dates and days.
 * SPDX-License-Identifier: MIT */
#include "base/calendar.h"

enum { WEEK = 7, EPOCH_WEEKDAY = 3 }; /* 1970-01-01 was a Thursday */

bool calendar_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t calendar_month_days(int64_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && calendar_is_leap(year));
}

static int64_t quotient_down(int64_t number, int64_t by)
{
    return number >= 0 ? number / by : -((by - 1 - number) / by);
}

/* Leap days that the years before this one had. */
static int64_t leap_days_before(int64_t year)
{
    int64_t last = year - 1;

    return quotient_down(last, 4) - quotient_down(last, 100) + quotient_down(last, 400);
}

int64_t calendar_days(int64_t year, int32_t month, int32_t day)
{
    int64_t days = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970) + day - 1;

    for (int32_t i = 1; i < month; i++)
        days += calendar_month_days(year, i);
    return days;
}

int64_t calendar_year(int64_t days)
{
    int64_t year = 1970 + quotient_down(days, 366);

    while (calendar_days(year + 1, 1, 1) <= days)
        year++;
    while (calendar_days(year, 1, 1) > days)
        year--;
    return year;
}

int32_t calendar_weekday(int64_t days)
{
    return (int32_t)(((days + EPOCH_WEEKDAY) % WEEK + WEEK) % WEEK);
}
