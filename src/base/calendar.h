/* calendar.h - days of the Gregorian calendar, counted from 1970-01-01.
 * SPDX-License-Identifier: MIT */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

bool calendar_is_leap(int64_t year);
int32_t calendar_month_days(int64_t year, int32_t month); /* month: 1..12 */

/* Day of a date, and the year that a day is in. */
int64_t calendar_days(int64_t year, int32_t month, int32_t day);
int64_t calendar_year(int64_t days);

/* 0: Monday ... 6: Sunday. */
int32_t calendar_weekday(int64_t days);

#endif
