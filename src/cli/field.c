/* field.c - members of the daemon's answers.
 * SPDX-License-Identifier: MIT */
#include "cli/field.h"

#include "io/json.h"
#include "io/utf8.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { ANSWER_SIZE_MAX = 16 * 1024 * 1024, ANSWER_KEYS_MAX = 1024 * 1024 };

void field_clean(char *text, bool keeps_lines)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t length = utf8_length(text, left);
        bool is_ascii_control = (unsigned char)*text < ' ' || *text == '\x7f';
        bool is_control = length == 0 || is_ascii_control || utf8_is_control(text, length);
        length = length == 0 ? 1 : length;
        if (is_control && !(keeps_lines && (*text == '\n' || *text == '\t')))
            memset(text, '?', length);
        text += length;
        left -= length;
    }
}

/* The reader's depth limit bounds the recursion. */
static void clean_tree(cJSON *item)
{
    for (; item != NULL; item = item->next) {
        if (cJSON_IsString(item))
            field_clean(item->valuestring, item->string != NULL && strcmp(item->string, "output") == 0);
        clean_tree(item->child);
    }
}

struct cJSON *field_parse(const char *text, size_t length)
{
    static const struct json_limits limits = {
        .size_max = ANSWER_SIZE_MAX, .depth_max = 16, .keys_max = ANSWER_KEYS_MAX};
    struct cJSON *root = NULL;

    if (!json_parse(text, length, &limits, &root, NULL))
        return NULL;
    clean_tree(root);
    return root;
}

const char *field_text(const cJSON *object, const char *name)
{
    return json_text_of(object, name);
}

double field_number(const cJSON *object, const char *name)
{
    return json_number_of(object, name);
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
