/* http_json_place.c - what a path leads to, or how far.
 * SPDX-License-Identifier: MIT */
#include "collectors/http_json_place.h"

#include "base/text.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH_MAX_BYTES = 512, TIME_SIZE = 48, MS_PER_S = 1000, MINUTE_MS = 60 * 1000 };

/* How far the path leads: the last value on it that is there. */
static const cJSON *lead(const cJSON *root, const char *path)
{
    char part[PATH_MAX_BYTES];
    size_t length = strlen(path);
    const cJSON *item = NULL;

    if (!text_copy(part, sizeof(part), path))
        return NULL;
    while (item == NULL && length > 0) {
        length--;
        if (part[length] != '.' && part[length] != '[')
            continue;
        part[length] = '\0';
        item = length == 0 ? root : json_path(root, part);
    }
    return item;
}

static enum http_json_found say_missing(const cJSON *root, const char *path, struct err *err)
{
    const cJSON *end = lead(root, path);

    if (cJSON_IsNull(end) || cJSON_IsArray(end)) {
        (void)err_set(err, ERR_NOT_FOUND, "the answer has nothing at %.200s", path);
        return HTTP_JSON_NOTHING;
    }
    (void)err_set(err, ERR_NOT_FOUND, "the answer has no %.200s", path);
    return HTTP_JSON_MISSING;
}

enum http_json_found http_json_number(const struct cJSON *root, const char *path, double *ret_number,
                                      struct err *err)
{
    const cJSON *item = json_path(root, path);
    double number = 0;

    if (item == NULL)
        return say_missing(root, path, err);
    if (cJSON_IsNull(item)) {
        (void)err_set(err, ERR_NOT_FOUND, "the answer has null at %.200s", path);
        return HTTP_JSON_NOTHING;
    }
    if (!json_value_number(item, &number) || !isfinite(number)) {
        (void)err_set(err, ERR_PROTOCOL, "%.200s in the answer is no number", path);
        return HTTP_JSON_WRONG;
    }
    *ret_number = number;
    return HTTP_JSON_FOUND;
}

/* ---- times ---- */

/* Seconds are less than 1e11 until the year 5138, and so on in thousands. */
static bool read_number(double number, int64_t *ret_ms)
{
    double ms = number < 1e11   ? number * MS_PER_S
                : number < 1e14 ? number
                : number < 1e17 ? number / 1e3
                                : number / 1e6;

    if (!(number >= 0 && number < 1e20))
        return false;
    *ret_ms = (int64_t)ms;
    return true;
}

/* ".123" and more digits; none is 0. */
static int64_t read_fraction_ms(const char **at)
{
    int64_t ms = 0;
    int64_t weight = 100;

    if (**at != '.')
        return 0;
    for ((*at)++; **at >= '0' && **at <= '9'; (*at)++) {
        ms += weight * (**at - '0');
        weight /= 10;
    }
    return ms;
}

/* "Z", "+01:00" or "-0130". */
static bool read_zone_ms(const char *at, int64_t *ret_ms)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    char part[3] = "";

    if (strcmp(at, "Z") == 0) {
        *ret_ms = 0;
        return true;
    }
    size_t length = strlen(at);
    bool has_colon = length == 6 && at[3] == ':';
    if ((*at != '+' && *at != '-') || (length != 5 && !has_colon))
        return false;
    const char *rest = at + 3 + has_colon;
    memcpy(part, at + 1, 2);
    if (!text_to_integer(part, 0, 23, &hours) || !text_to_integer(rest, 0, 59, &minutes))
        return false;
    *ret_ms = (hours * 60 + minutes) * MINUTE_MS * (*at == '-' ? -1 : 1);
    return true;
}

static bool read_text(const char *text, int64_t *ret_ms)
{
    struct tm parts = {0};
    int64_t zone_ms = 0;
    double number = 0;
    const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);

    if (at == NULL)
        return text_to_number(text, &number) && read_number(number, ret_ms);
    int64_t fraction_ms = read_fraction_ms(&at);
    if (!read_zone_ms(at, &zone_ms))
        return false;
    *ret_ms = (int64_t)timegm(&parts) * MS_PER_S + fraction_ms - zone_ms;
    return true;
}

bool http_json_time(const struct cJSON *root, const char *path, int64_t *ret_ms, struct err *err)
{
    const cJSON *item = json_path(root, path);
    char text[TIME_SIZE];

    if (item == NULL)
        return err_set(err, ERR_NOT_FOUND, "the answer has no time at %.200s", path);
    bool is_good = cJSON_IsNumber(item) ? read_number(item->valuedouble, ret_ms)
                                        : cJSON_IsString(item) && json_value_text(item, text, sizeof(text)) &&
                                              read_text(text, ret_ms);
    return is_good || err_set(err, ERR_PROTOCOL, "%.200s in the answer is no time", path);
}

bool http_json_is_something(const struct cJSON *root, const char *path)
{
    const cJSON *item = json_path(root, path);

    if (item == NULL || cJSON_IsNull(item) || cJSON_IsFalse(item))
        return false;
    if (cJSON_IsNumber(item))
        return item->valuedouble != 0;
    if (cJSON_IsString(item))
        return item->valuestring[0] != '\0';
    return cJSON_IsTrue(item) || item->child != NULL;
}
