/* form_type.c - the types of blanks.
 * SPDX-License-Identifier: MIT */
#include "base/form_type.h"

#include "base/duration.h"
#include "base/size.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, SECOND_MS = 1000, HOST_MAX = 253 };

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

static bool has_control(const char *text, bool may_break)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < ' ' && !(may_break && *text == '\n')) || *text == '\x7f')
            return true;
    return false;
}

static const char *read_text(const char *value, char *memory)
{
    (void)memory;
    return has_control(value, false) ? NULL : value;
}

static const char *read_secret(const char *value, char *memory)
{
    return value[0] == '\0' ? NULL : read_text(value, memory);
}

static const char *read_integer(const char *value, char *memory)
{
    int64_t number = 0;

    (void)memory;
    return text_to_integer(value, INT64_MIN, INT64_MAX, &number) ? value : NULL;
}

static const char *read_number(const char *value, char *memory)
{
    double number = 0;

    (void)memory;
    return text_to_number(value, &number) ? value : NULL;
}

static const char *read_boolean(const char *value, char *memory)
{
    (void)memory;
    return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ? value : NULL;
}

static const char *read_port(const char *value, char *memory)
{
    int64_t number = 0;

    (void)memory;
    return text_to_integer(value, 1, PORT_MAX, &number) ? value : NULL;
}

static const char *write_number(int64_t number, char *memory)
{
    (void)snprintf(memory, FORM_NUMBER_SIZE, "%" PRId64, number);
    return memory;
}

static const char *read_duration(const char *value, char *memory)
{
    int64_t ms = 0;

    (void)memory;
    return duration_parse(value, &ms) ? value : NULL;
}

static const char *read_seconds(const char *value, char *memory)
{
    int64_t ms = 0;

    return duration_parse(value, &ms) && ms % SECOND_MS == 0 ? write_number(ms / SECOND_MS, memory) : NULL;
}

static const char *read_milliseconds(const char *value, char *memory)
{
    int64_t ms = 0;

    return duration_parse(value, &ms) ? write_number(ms, memory) : NULL;
}

static const char *read_size(const char *value, char *memory)
{
    int64_t bytes = 0;

    (void)memory;
    return size_parse(value, &bytes) ? value : NULL;
}

static const char *read_bytes(const char *value, char *memory)
{
    int64_t bytes = 0;

    return size_parse(value, &bytes) ? write_number(bytes, memory) : NULL;
}

/* A name, four numbers, or an address of IPv6 with or without brackets; whether it is somewhere shows later.
 */
static const char *read_host(const char *value, char *memory)
{
    size_t length = strlen(value);
    bool is_bracketed = length > 2 && value[0] == '[' && value[length - 1] == ']';
    const char *inner = is_bracketed ? value + 1 : value;
    size_t span = strspn(inner, strchr(value, ':') == NULL ? LETTERS DIGITS ".-" : DIGITS "abcdefABCDEF:.");

    (void)memory;
    if (length == 0 || length > HOST_MAX || strchr(".-", value[0]) != NULL ||
        (is_bracketed && strchr(value, ':') == NULL))
        return NULL;
    return span == length - (is_bracketed ? 2 : 0) ? value : NULL;
}

static const char *read_url(const char *value, char *memory)
{
    size_t scheme = strspn(value, LETTERS DIGITS "+.-");

    (void)memory;
    if (scheme == 0 || strncmp(value + scheme, "://", 3) != 0 || value[scheme + 3] == '\0')
        return NULL;
    return strpbrk(value, " \"'<>\\^`{|}") == NULL && !has_control(value, false) ? value : NULL;
}

static const char *read_path(const char *value, char *memory)
{
    (void)memory;
    if (value[0] != '/' || has_control(value, false))
        return NULL;
    for (const char *at = strstr(value, "/.."); at != NULL; at = strstr(at + 1, "/.."))
        if (at[3] == '/' || at[3] == '\0')
            return NULL;
    return value;
}

static const char *read_list(const char *value, char *memory)
{
    size_t length = strlen(value);

    (void)memory;
    if (has_control(value, true) || value[0] == '\n' || strstr(value, "\n\n") != NULL)
        return NULL;
    return length > 0 && value[length - 1] == '\n' ? NULL : value;
}

static const struct row {
    const char *name, *help;
    const char *(*read)(const char *value, char *memory);
    bool is_bare;
} rows[FORM_TYPE_COUNT] = {
    [FORM_STRING] = {"string", "a text without control characters", read_text, false},
    [FORM_INTEGER] = {"integer", "a whole number", read_integer, true},
    [FORM_NUMBER] = {"number", "a number", read_number, true},
    [FORM_BOOLEAN] = {"boolean", "true or false", read_boolean, true},
    [FORM_PORT] = {"port", "a whole number from 1 to 65535", read_port, true},
    [FORM_DURATION] = {"duration", "a duration like \"5s\"", read_duration, false},
    [FORM_SECONDS] = {"seconds", "a duration of whole seconds, like \"5s\"", read_seconds, true},
    [FORM_MILLISECONDS] = {"milliseconds", "a duration like \"5s\"", read_milliseconds, true},
    [FORM_SIZE] = {"size", "a size like \"512MiB\"", read_size, false},
    [FORM_BYTES] = {"bytes", "a size like \"512MiB\"", read_bytes, true},
    [FORM_HOST] = {"host", "the name or address of a host", read_host, false},
    [FORM_URL] = {"url", "a URL like \"https://host/path\"", read_url, false},
    [FORM_PATH] = {"path", "an absolute path without \"..\"", read_path, false},
    [FORM_LIST] = {"list", "a list of texts without control characters, none of them empty", read_list,
                   false},
    [FORM_SECRET] = {"secret", "a secret without control characters", read_secret, false},
};

const char *form_type_name(enum form_type type)
{
    return rows[type].name;
}

const char *form_type_help(enum form_type type)
{
    return rows[type].help;
}

enum form_type form_type_find(const char *name, size_t length)
{
    enum form_type type = FORM_STRING;

    while (type < FORM_TYPE_COUNT &&
           (strlen(rows[type].name) != length || strncmp(rows[type].name, name, length) != 0))
        type = (enum form_type)(type + 1);
    return type;
}

const char *form_type_read(enum form_type type, const char *value, char memory[FORM_NUMBER_SIZE])
{
    return rows[type].read(value, memory);
}

bool form_type_is_bare(enum form_type type)
{
    return rows[type].is_bare;
}
