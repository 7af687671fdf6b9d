/* record.c - "name=number name=number\n", names in a fixed order. SPDX-License-Identifier: MIT */
#include "runner/record.h"

#include "base/text.h"

#include <string.h>

struct member {
    const char *name;
    int64_t min, max;
};

static const struct member PROCESS[] = {{"pid", 1, INT32_MAX}, {"start", 0, INT64_MAX}};
static const struct member RESULT[] = {{"exit_status", -1, 255},
                                       {"signal", 0, 127},
                                       {"timed_out", 0, 1},
                                       {"cancelled", 0, 1},
                                       {"error", 0, 4095}};

enum { MEMBERS_MAX = ARRAY_LENGTH(RESULT) };

/* The number after "name=", up to `end`; returns what follows, or NULL. */
static const char *parse_member(const char *text, const struct member *member, char end, int64_t *ret_number)
{
    size_t length = strlen(member->name);
    if (strncmp(text, member->name, length) != 0 || text[length] != '=')
        return NULL;
    text += length + 1;
    const char *stop = strchr(text, end);
    char digits[32];
    if (stop == NULL || (size_t)(stop - text) >= sizeof(digits))
        return NULL;
    memcpy(digits, text, (size_t)(stop - text));
    digits[stop - text] = '\0';
    return text_to_integer(digits, member->min, member->max, ret_number) ? stop + 1 : NULL;
}

static bool parse(const char *text, const struct member *members, size_t count, int64_t *numbers)
{
    for (size_t i = 0; i < count && text != NULL; i++)
        text = parse_member(text, &members[i], i + 1 < count ? ' ' : '\n', &numbers[i]);
    return text != NULL && *text == '\0';
}

static size_t format(const struct member *members, size_t count, const int64_t *numbers, char *to)
{
    struct text text;
    text_init(&text, to, RECORD_MAX);
    for (size_t i = 0; i < count; i++)
        text_add(&text, "%s=%lld%c", members[i].name, (long long)numbers[i], i + 1 < count ? ' ' : '\n');
    return text.length;
}

bool record_parse_identity(const char *text, struct identity *ret_identity)
{
    int64_t numbers[MEMBERS_MAX];
    if (!parse(text, PROCESS, ARRAY_LENGTH(PROCESS), numbers))
        return false;
    *ret_identity = (struct identity){.pid = (pid_t)numbers[0], .start = numbers[1]};
    return true;
}

bool record_parse_result(const char *text, struct runner_result *ret_result)
{
    int64_t numbers[MEMBERS_MAX];
    if (!parse(text, RESULT, ARRAY_LENGTH(RESULT), numbers))
        return false;
    *ret_result = (struct runner_result){.exit_status = (int)numbers[0],
                                         .signal = (int)numbers[1],
                                         .timed_out = numbers[2] != 0,
                                         .cancelled = numbers[3] != 0,
                                         .error = (int)numbers[4]};
    return true;
}

size_t record_format_identity(const struct identity *process, char *to)
{
    const int64_t numbers[] = {process->pid, process->start};
    return format(PROCESS, ARRAY_LENGTH(PROCESS), numbers, to);
}

size_t record_format_result(const struct runner_result *result, char *to)
{
    const int64_t numbers[] = {result->exit_status, result->signal, result->timed_out, result->cancelled,
                               result->error};
    return format(RESULT, ARRAY_LENGTH(RESULT), numbers, to);
}
