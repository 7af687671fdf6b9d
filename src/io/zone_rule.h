/* zone_rule.h - the rule at the end of a TZif file, "CET-1CEST,M3.5.0,M10.5.0/3": offsets after the last
 * transition. SPDX-License-Identifier: MIT */
#ifndef IO_ZONE_RULE_H
#define IO_ZONE_RULE_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum zone_date_kind { ZONE_DATE_WEEKDAY, ZONE_DATE_DAY, ZONE_DATE_DAY_NO_LEAP };

/* A day of each year and the local time of it. */
struct zone_date {
    enum zone_date_kind kind;
    int32_t month, week, weekday; /* WEEKDAY: the week-th (5: last) such day (0: Sunday) of the month */
    int32_t day;                  /* DAY: 0..365; DAY_NO_LEAP: 1..365, 29 February is not counted */
    int32_t time_s;
};

struct zone_rule {
    int32_t standard_s; /* ahead of UTC */
    int32_t summer_s;
    bool has_summer;
    struct zone_date begin, end; /* of summer time */
};

MUST_CHECK bool zone_rule_parse(const char *text, struct zone_rule *ret_rule);
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t at_s);

#endif
