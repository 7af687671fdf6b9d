/* duration.c - durations read and written.
 * SPDX-License-Identifier: MIT */
#include "base/duration.h"

#include "base/text.h"

#include <string.h>

#define REST_MS 1e-3 /* that is an error of rounding still */

struct unit {
    const char *name;
    int64_t ms;
};

/* "ms" stands before "m", so that the longer name is found first. */
static const struct unit units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};

static const struct unit *find_unit(const char *text)
{
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
            return &units[i];
    return NULL;
}

/* One NUMBER UNIT at *at, moved behind it. */
static bool parse_part(const char **at, double *ret_ms)
{
    char number[32];
    size_t digits = strspn(*at, "0123456789.");
    double count = 0;

    if (digits == 0 || digits >= sizeof(number))
        return false;
    memcpy(number, *at, digits);
    number[digits] = '\0';
    if (!text_to_number(number, &count))
        return false;
    const struct unit *unit = find_unit(*at + digits);
    if (unit == NULL)
        return false;
    *ret_ms = count * (double)unit->ms;
    *at += digits + strlen(unit->name);
    return true;
}

bool duration_parse(const char *text, int64_t *ret_ms)
{
    double sum = 0;
    double part = 0;

    do {
        if (!parse_part(&text, &part))
            return false;
        sum += part;
        if (sum > (double)DURATION_MAX_MS)
            return false;
    } while (*text != '\0');
    /* 64.4 * 1000 is not quite 64400. */
    int64_t whole_ms = (int64_t)(sum + 0.5);
    double rest_ms = sum - (double)whole_ms;
    if (rest_ms > REST_MS || rest_ms < -REST_MS)
        return false;
    *ret_ms = whole_ms;
    return true;
}

const char *duration_format(int64_t ms, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    if (ms < 0) {
        text_add(&text, "-");
        ms = -ms;
    }
    if (ms == 0)
        text_add(&text, "0s");
    for (size_t i = ARRAY_LENGTH(units); i-- > 0;) {
        if (ms < units[i].ms)
            continue;
        text_add(&text, "%lld%s", (long long)(ms / units[i].ms), units[i].name);
        ms %= units[i].ms;
    }
    return to;
}
