/* json_pick.c - walks over the outermost object of a text that the strict check has taken.
 * SPDX-License-Identifier: MIT
 *
 * The check comes first, so that the walk only has to find where things end. */
#include "io/json_pick.h"

#include "base/text.h"
#include "io/json_scan.h"

#include <string.h>

struct walk {
    const char *bytes;
    size_t length;
    size_t at;
};

/* '\0' at the end, which ends every loop. */
static char peek(const struct walk *walk)
{
    return walk->at < walk->length ? walk->bytes[walk->at] : '\0';
}

static void skip_space(struct walk *walk)
{
    while (peek(walk) == ' ' || peek(walk) == '\t' || peek(walk) == '\r' || peek(walk) == '\n')
        walk->at++;
}

/* The cursor stands on the opening quote. */
static void skip_text(struct walk *walk)
{
    walk->at++;
    while (peek(walk) != '"' && walk->at < walk->length)
        walk->at += peek(walk) == '\\' ? 2 : 1;
    walk->at++;
}

/* An object or array, to its end. */
static void skip_nested(struct walk *walk)
{
    size_t depth = 0;

    do {
        char byte = peek(walk);
        if (byte == '"') {
            skip_text(walk);
            continue;
        }
        depth += byte == '{' || byte == '[' ? 1 : 0;
        depth -= byte == '}' || byte == ']' ? 1 : 0;
        walk->at++;
    } while (depth > 0 && walk->at < walk->length);
}

static void skip_value(struct walk *walk)
{
    char byte = peek(walk);

    if (byte == '"') {
        skip_text(walk);
    } else if (byte == '{' || byte == '[') {
        skip_nested(walk);
    } else {
        while (peek(walk) != '\0' && strchr(",}] \t\r\n", peek(walk)) == NULL)
            walk->at++;
    }
}

static bool is_wanted(const char *name, size_t length, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return true;
    return false;
}

/* `"name": value` and what separates it from the next one. */
static void take_member(struct walk *walk, const char *const *names, size_t count, struct text *picked)
{
    size_t start = walk->at;

    skip_text(walk);
    bool is_picked = is_wanted(walk->bytes + start + 1, walk->at - start - 2, names, count);
    skip_space(walk);
    walk->at++; /* the colon */
    skip_space(walk);
    skip_value(walk);
    if (is_picked) {
        text_add(picked, "%s", picked->length > 1 ? "," : "");
        text_add_bytes(picked, walk->bytes + start, walk->at - start);
    }
    skip_space(walk);
    if (peek(walk) == ',')
        walk->at++;
    skip_space(walk);
}

bool json_pick(const char *bytes, size_t length, const struct json_limits *limits, const char *const *names,
               size_t count, struct cJSON **ret_object, struct err *err)
{
    struct walk walk = {.bytes = bytes, .length = length};
    char memory[JSON_PICK_MAX_BYTES];
    struct text picked;

    if (!json_scan(bytes, length, limits != NULL ? limits : &json_limits_default, err))
        return false;
    skip_space(&walk);
    if (peek(&walk) != '{')
        return err_set(err, ERR_INVALID, "#: must be an object");
    walk.at++;
    skip_space(&walk);
    text_init(&picked, memory, sizeof(memory));
    text_add(&picked, "{");
    while (peek(&walk) == '"')
        take_member(&walk, names, count, &picked);
    text_add(&picked, "}");
    if (picked.is_cut)
        return err_set(err, ERR_LIMIT, "#: its own members are longer than %d bytes", JSON_PICK_MAX_BYTES);
    return json_parse(picked.data, picked.length, limits, ret_object, err);
}
