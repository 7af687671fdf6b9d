/* size.c - amounts of memory.
 * SPDX-License-Identifier: MIT */
#include "base/size.h"

#include "base/text.h"

#include <string.h>

static const struct unit {
    const char *name;
    int64_t bytes;
} units[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"MB", INT64_C(1000) * 1000},
    {"GB", INT64_C(1000) * 1000 * 1000},
    {"TB", INT64_C(1000) * 1000 * 1000 * 1000},
    {"Ki", INT64_C(1) << 10},
    {"Mi", INT64_C(1) << 20},
    {"Gi", INT64_C(1) << 30},
    {"Ti", INT64_C(1) << 40},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
};

static int64_t bytes_of(const char *unit)
{
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (strcmp(units[i].name, unit) == 0)
            return units[i].bytes;
    return 0;
}

bool size_parse(const char *text, int64_t *ret_bytes)
{
    enum { DIGITS_MAX = 19 };
    size_t digits = strspn(text, "0123456789");
    int64_t unit = bytes_of(text + digits);
    char number[DIGITS_MAX + 1] = "";
    int64_t count = 0;

    if (digits == 0 || digits > DIGITS_MAX || unit == 0)
        return false;
    memcpy(number, text, digits);
    if (!text_to_integer(number, 0, SIZE_BYTES_MAX / unit, &count))
        return false;
    *ret_bytes = count * unit;
    return true;
}
