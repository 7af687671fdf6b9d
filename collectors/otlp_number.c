/* otlp_number.c - numbers that may be texts.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp_number.h"

#include "base/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static const double whole_max = 9.2e18; /* a little less than INT64_MAX */

bool otlp_whole(const cJSON *item, int64_t *ret_integer)
{
    if (cJSON_IsString(item))
        return text_to_integer(item->valuestring, INT64_MIN, INT64_MAX, ret_integer);
    if (!cJSON_IsNumber(item) || item->valuedouble != trunc(item->valuedouble) ||
        fabs(item->valuedouble) > whole_max)
        return false;
    *ret_integer = (int64_t)item->valuedouble;
    return true;
}

bool otlp_double(const cJSON *item, double *ret_number)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"NaN", (double)NAN}, {"Infinity", (double)INFINITY}, {"-Infinity", -(double)INFINITY}};

    if (cJSON_IsNumber(item)) {
        *ret_number = item->valuedouble;
        return true;
    }
    if (!cJSON_IsString(item))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(item->valuestring, words[i].word) == 0) {
            *ret_number = words[i].value;
            return true;
        }
    return text_to_number(item->valuestring, ret_number);
}
