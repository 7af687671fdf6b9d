/* field.c - members of the daemon's answers.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"

#include "io/json.h"

#include <cjson/cJSON.h>
#include <math.h>

enum { ANSWER_SIZE_MAX = 16 * 1024 * 1024, ANSWER_KEYS_MAX = 1024 * 1024 };

struct cJSON *field_parse(const char *text, size_t length)
{
    static const struct json_limits limits = {
        .size_max = ANSWER_SIZE_MAX, .depth_max = 16, .keys_max = ANSWER_KEYS_MAX};
    struct cJSON *root = NULL;

    return json_parse(text, length, &limits, &root, NULL) ? root : NULL;
}

const char *field_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text == NULL ? "" : text;
}

double field_number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

bool field_flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

const cJSON *field_part(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsObject(item) || cJSON_IsArray(item) ? item : NULL;
}

int field_exit_code(const cJSON *deployment)
{
    double code = field_number(deployment, "exit_code");

    return code >= 0.0 && code <= 255.0 ? (int)code : -1;
}
