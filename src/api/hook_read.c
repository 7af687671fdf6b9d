/* hook_read.c - messages of hooks, by what the settings say of them.
 * SPDX-License-Identifier: MIT */
#include "api/hook_read.h"

#include "base/text.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TEXT_SIZE = 1024, URL_LENGTH_MAX = 1023, COMMIT_LENGTH_MAX = 128, UTC_LENGTH = 3 };

/* Seconds since 1970 would be in the year 5138: these are milliseconds. */
#define MILLISECONDS_FROM 1e11

struct field {
    const char *name; /* of the native request */
    bool (*fits)(const char *text);
    bool is_needed;
    const char *form; /* in words */
};

static bool is_line(const char *text, size_t length_max)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
            return false;
    return length > 0 && length <= length_max;
}

static bool is_commit(const char *text)
{
    return is_line(text, COMMIT_LENGTH_MAX);
}

static bool is_actor(const char *text)
{
    return is_line(text, NAME_MAX_LENGTH);
}

static bool is_url(const char *text)
{
    return is_line(text, URL_LENGTH_MAX);
}

static const struct field fields[] = {
    [HOOK_SERVICE] = {"service", text_is_name, true, "a name; say in `names` what we call it"},
    [HOOK_ENVIRONMENT] = {"environment", text_is_name, true, "a name; say in `names` what we call it"},
    [HOOK_VERSION] = {"version", text_is_version, true, "a version"},
    [HOOK_DIGEST] = {"digest", text_is_digest, false, ""},
    [HOOK_STRATEGY] = {"strategy", text_is_name, false, ""},
    [HOOK_COMMIT] = {"commit", is_commit, false, ""},
    [HOOK_ACTOR] = {"actor", is_actor, false, ""},
    [HOOK_RUN_URL] = {"run_url", is_url, false, ""},
};

/* The part that is meant. */
static void cut(char *text, const struct hook_value *value)
{
    if (value->before != NULL) {
        char *mark = strstr(text, value->before);
        if (mark != NULL)
            *mark = '\0';
        return;
    }
    char *rest = text;
    for (char *mark = value->behind == NULL ? NULL : strstr(rest, value->behind); mark != NULL;
         mark = strstr(rest, value->behind))
        rest = mark + strlen(value->behind);
    memmove(text, rest, strlen(rest) + 1);
}

/* False: nothing is there, or no text or number. */
static bool find(const struct hook_value *value, const cJSON *message, char to[TEXT_SIZE])
{
    if (value->path == NULL)
        return text_copy(to, TEXT_SIZE, value->text);
    if (!json_value_text(json_path(message, value->path), to, TEXT_SIZE))
        return false;
    cut(to, value);
    return to[0] != '\0';
}

/* What we call it. */
static void translate(const struct settings_hook *hook, char text[TEXT_SIZE])
{
    for (size_t i = 0; i + 1 < hook->names.count; i += 2)
        if (strcmp(hook->names.texts[i], text) == 0) {
            (void)snprintf(text, TEXT_SIZE, "%s", hook->names.texts[i + 1]);
            return;
        }
}

/* The first that fits; else false, and in `to` the last one that was there, or "". */
static bool take(const struct settings_hook *hook, enum hook_field which, const cJSON *message,
                 bool (*fits)(const char *), char to[TEXT_SIZE])
{
    const struct hook_values *values = &hook->fields[which];
    char text[TEXT_SIZE];

    to[0] = '\0';
    for (size_t i = 0; i < values->count; i++) {
        if (!find(&values->values[i], message, text))
            continue;
        if (which == HOOK_SERVICE || which == HOOK_ENVIRONMENT)
            translate(hook, text);
        memcpy(to, text, sizeof(text));
        if (fits(text))
            return true;
    }
    return false;
}

static bool holds(const struct hook_condition *condition, const cJSON *message)
{
    const cJSON *item = json_path(message, condition->path);
    char text[TEXT_SIZE];

    if (condition->text == NULL)
        return item == NULL || cJSON_IsNull(item);
    return json_value_text(item, text, sizeof(text)) && strcmp(text, condition->text) == 0;
}

bool hook_concerns(const struct settings_hook *hook, const cJSON *message)
{
    for (size_t i = 0; i < hook->condition_count; i++)
        if (!holds(&hook->conditions[i], message))
            return false;
    return true;
}

/* "2026-12-18T09:00:00Z", "2026-12-18 09:00:00 +0100", with or without fractions, or "... UTC". */
static bool parse_time(const char *text, int64_t *ret_wall_ms)
{
    struct tm parts = {0};
    const char *at = strptime(text, "%Y-%m-%d", &parts);

    if (at == NULL || (*at != 'T' && *at != ' '))
        return false;
    at = strptime(at + 1, "%H:%M:%S", &parts);
    if (at == NULL)
        return false;
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    at += *at == ' ';
    if (strncmp(at, "UTC", UTC_LENGTH) == 0)
        at += UTC_LENGTH;
    else
        at = strptime(at, "%z", &parts);
    if (at == NULL || *at != '\0')
        return false;
    int64_t offset_s = parts.tm_gmtoff; /* timegm() changes it */
    *ret_wall_ms = ((int64_t)timegm(&parts) - offset_s) * 1000;
    return true;
}

static bool is_time(const char *text)
{
    int64_t wall_ms = 0;
    double number = 0;
    const cJSON item = {.type = cJSON_String, .valuestring = (char *)(uintptr_t)text};

    return parse_time(text, &wall_ms) || json_value_number(&item, &number);
}

static int64_t time_of(const char *text)
{
    const cJSON item = {.type = cJSON_String, .valuestring = (char *)(uintptr_t)text};
    int64_t wall_ms = 0;
    double number = 0;

    if (parse_time(text, &wall_ms) || !json_value_number(&item, &number))
        return wall_ms;
    number = number < MILLISECONDS_FROM ? number * 1000 : number;
    return number >= 0 && number < (double)JSON_INTEGER_MAX ? (int64_t)number : 0;
}

bool hook_is_young(const struct settings_hook *hook, const cJSON *message, int64_t now_wall_ms,
                   struct err *err)
{
    char text[TEXT_SIZE];

    if (hook->fields[HOOK_TIME].count == 0)
        return true;
    if (!take(hook, HOOK_TIME, message, is_time, text))
        return err_set(err, ERR_INVALID, "time: \"%.40s\" is none", text);
    int64_t age_ms = now_wall_ms - time_of(text);
    return (age_ms <= hook->max_age_ms && age_ms >= -(int64_t)HOOK_AHEAD_MAX_MS) ||
           err_set(err, ERR_FORBIDDEN, "it was written at %.40s, and is too old, or not of this time", text);
}

bool hook_read_start(const struct settings_hook *hook, const cJSON *message, cJSON **ret_body,
                     struct err *err)
{
    cJSON *body = cJSON_CreateObject();
    char text[TEXT_SIZE];

    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        const struct field *field = &fields[i];
        bool is_there = take(hook, (enum hook_field)i, message, field->fits, text);
        if (is_there) {
            cJSON_AddStringToObject(body, field->name, text);
        } else if (field->is_needed) {
            json_free(body);
            return text[0] == '\0'
                       ? err_set(err, ERR_INVALID, "%s: the message does not say it", field->name)
                       : err_set(err, ERR_INVALID, "%s: \"%.80s\" is not %s", field->name, text, field->form);
        }
    }
    *ret_body = body;
    return true;
}
