/* option.c - option tables: look-up, reading of scalars, defaults.
 * SPDX-License-Identifier: MIT */
#include "base/option.h"

#include "base/duration.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

size_t option_find(const struct option *table, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(table[i].name, name) != 0)
        i++;
    return i;
}

static bool in_range(const struct option *option, double number)
{
    return (option->min == 0 && option->max == 0) || (number >= option->min && number <= option->max);
}

static bool keep_text(const char *text, struct arena *arena, struct option_value *value, struct err *err)
{
    value->text = arena_copy_text(arena, text);
    if (value->text == NULL)
        return err_set(err, ERR_LIMIT, "the definitions are larger than their memory");
    return true;
}

static bool parse_number(const struct option *option, const char *text, struct option_value *value,
                         struct err *err)
{
    double number = 0;

    if (!text_to_number(text, &number))
        return err_set(err, ERR_INVALID, "%s: '%s' is not a number", option->name, text);
    if (option->type == OPTION_INTEGER && number != (double)(int64_t)number)
        return err_set(err, ERR_INVALID, "%s: %s is not a whole number", option->name, text);
    if (!in_range(option, number))
        return err_set(err, ERR_INVALID, "%s: %s is not from %g to %g", option->name, text, option->min,
                       option->max);
    value->number = number;
    return true;
}

static bool parse_duration(const struct option *option, const char *text, struct option_value *value,
                           struct err *err)
{
    char least[DURATION_TEXT_MAX];
    char most[DURATION_TEXT_MAX];
    int64_t ms = 0;

    if (!duration_parse(text, &ms))
        return err_set(err, ERR_INVALID,
                       "%s: '%s' is not a duration; write it like \"5s\", \"10m\" or \"1h30m\"", option->name,
                       text);
    if (!in_range(option, (double)ms))
        return err_set(err, ERR_INVALID, "%s: %s is not from %s to %s", option->name, text,
                       duration_format((int64_t)option->min, least, sizeof(least)),
                       duration_format((int64_t)option->max, most, sizeof(most)));
    value->duration_ms = ms;
    return true;
}

static bool parse_bool(const struct option *option, const char *text, struct option_value *value,
                       struct err *err)
{
    value->flag = strcmp(text, "true") == 0;
    if (!value->flag && strcmp(text, "false") != 0)
        return err_set(err, ERR_INVALID, "%s: '%s' is neither true nor false", option->name, text);
    return true;
}

static bool parse_choice(const struct option *option, const char *text, struct option_value *value,
                         struct err *err)
{
    char known[256];
    struct text list;
    size_t count = 0;

    text_init(&list, known, sizeof(known));
    for (size_t i = 0; option->choices[i] != NULL; i++, count++) {
        if (strcmp(option->choices[i], text) == 0) {
            value->choice = i;
            value->text = option->choices[i];
            return true;
        }
        text_add(&list, "%s%s", i == 0 ? "" : ", ", option->choices[i]);
    }
    const char *nearest = text_nearest(text, option->choices, count);
    return err_set(err, ERR_INVALID, "%s: '%s' is not one of %s%s%s%s", option->name, text, known,
                   nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                   nearest != NULL ? "'?" : "");
}

static bool parse_list_of_one(const char *text, struct arena *arena, struct option_value *value,
                              struct err *err)
{
    const char **list = arena_take(arena, sizeof(*list));

    if (list == NULL || !keep_text(text, arena, value, err))
        return err_set(err, ERR_LIMIT, "the definitions are larger than their memory");
    list[0] = value->text;
    value->list = list;
    value->list_length = 1;
    return true;
}

static bool parse_value(const struct option *option, const char *text, struct arena *arena,
                        struct option_value *value, struct err *err)
{
    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        return keep_text(text, arena, value, err);
    case OPTION_INTEGER:
    case OPTION_NUMBER:
        return parse_number(option, text, value, err);
    case OPTION_DURATION:
        return parse_duration(option, text, value, err);
    case OPTION_BOOL:
        return parse_bool(option, text, value, err);
    case OPTION_CHOICE:
        return parse_choice(option, text, value, err);
    case OPTION_LIST:
        return parse_list_of_one(text, arena, value, err);
    case OPTION_MAP:
    case OPTION_SECRET_MAP:
        return err_set(err, ERR_INVALID, "%s: takes a group { name = \"text\"; }", option->name);
    }
    assert(false);
    return false;
}

bool option_parse(const struct option *option, const char *text, struct arena *arena,
                  struct option_value *ret_value, struct err *err)
{
    struct option_value value = {.is_set = true};

    if (!parse_value(option, text, arena, &value, err))
        return false;
    *ret_value = value;
    return true;
}

bool option_complete(const struct option *table, size_t count, struct arena *arena,
                     struct option_value *values, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].is_set)
            continue;
        if (table[i].is_required)
            return err_set(err, ERR_INVALID, "%s is missing (%s)", table[i].name, table[i].help);
        if (table[i].fallback != NULL && !option_parse(&table[i], table[i].fallback, arena, &values[i], err))
            return false;
    }
    return true;
}
