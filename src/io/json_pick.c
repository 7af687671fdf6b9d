/* json_pick.c - walks over the outermost object of a text that the strict check has taken, and over an array.
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
        while (strchr(",}] \t\r\n", peek(walk)) == NULL) /* finds the NUL, too */
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

/* `"name": value`, by where they begin and end; the quotes are the name's. */
struct member {
    size_t start, name_end, value, end;
};

/* To what separates it from the next one. False: there is none any more. */
static bool next_member(struct walk *walk, struct member *ret)
{
    if (peek(walk) != '"')
        return false;
    ret->start = walk->at;
    skip_text(walk);
    ret->name_end = walk->at;
    skip_space(walk);
    walk->at++; /* the colon */
    skip_space(walk);
    ret->value = walk->at;
    skip_value(walk);
    ret->end = walk->at;
    skip_space(walk);
    if (peek(walk) == ',')
        walk->at++;
    skip_space(walk);
    return true;
}

static bool is_one_of(const struct walk *walk, const struct member *member, const char *const *names,
                      size_t count)
{
    return is_wanted(walk->bytes + member->start + 1, member->name_end - member->start - 2, names, count);
}

/* False: it is no object. */
static bool enter(struct walk *walk)
{
    skip_space(walk);
    if (peek(walk) != '{')
        return false;
    walk->at++;
    skip_space(walk);
    return true;
}

/* The members among `names`, or all others, as an object of its own. */
struct choice {
    const char *const *names;
    size_t count;
    bool is_others;
};

/* `ret_left`: the last member that is not in it; none: as it was. */
static bool choose(const char *bytes, size_t length, const struct json_limits *limits,
                   const struct choice *choice, struct cJSON **ret_object, struct member *ret_left,
                   struct err *err)
{
    struct walk walk = {.bytes = bytes, .length = length};
    char memory[JSON_PICK_MAX_BYTES];
    struct member member;
    struct text picked;

    if (!json_scan(bytes, length, limits != NULL ? limits : &json_limits_default, err))
        return false;
    if (!enter(&walk))
        return err_set(err, ERR_INVALID, "#: must be an object");
    text_init(&picked, memory, sizeof(memory));
    text_add(&picked, "{");
    while (next_member(&walk, &member)) {
        if (is_one_of(&walk, &member, choice->names, choice->count) == choice->is_others) {
            *ret_left = member;
            continue;
        }
        text_add(&picked, "%s", picked.length > 1 ? "," : "");
        text_add_bytes(&picked, bytes + member.start, member.end - member.start);
    }
    text_add(&picked, "}");
    if (picked.is_cut)
        return err_set(err, ERR_LIMIT, "#: its own members are longer than %d bytes", JSON_PICK_MAX_BYTES);
    return json_parse(picked.data, picked.length, limits, ret_object, err);
}

bool json_pick(const char *bytes, size_t length, const struct json_limits *limits, const char *const *names,
               size_t count, struct cJSON **ret_object, struct err *err)
{
    const struct choice choice = {.names = names, .count = count};
    struct member others;

    return choose(bytes, length, limits, &choice, ret_object, &others, err);
}

bool json_pick_place(const char *bytes, size_t length, const char *name, size_t *ret_at, size_t *ret_length)
{
    struct walk walk = {.bytes = bytes, .length = length};
    struct member member;

    if (!enter(&walk))
        return false;
    while (next_member(&walk, &member)) {
        if (!is_one_of(&walk, &member, &name, 1))
            continue;
        *ret_at = member.value;
        *ret_length = member.end - member.value;
        return true;
    }
    return false;
}

bool json_split(const char *bytes, size_t length, const struct json_limits *limits, const char *name,
                struct cJSON **ret_object, struct json_elements *ret_elements, struct err *err)
{
    const struct choice choice = {.names = &name, .count = 1, .is_others = true};
    struct member array = {0};
    struct cJSON *object = NULL;

    if (!choose(bytes, length, limits, &choice, &object, &array, err))
        return false;
    bool is_there = array.end > 0;
    if (!is_there || bytes[array.value] != '[') {
        json_free(object);
        return err_set(err, ERR_NOT_FOUND, "#/%s: is %s, expected an array", name,
                       is_there ? "something else" : "missing");
    }
    *ret_object = object;
    *ret_elements = (struct json_elements){.bytes = bytes,
                                           .length = array.end - 1,
                                           .at = array.value + 1,
                                           .name = name}; /* within its brackets */
    return true;
}

struct json_node json_elements_next(struct json_elements *elements)
{
    struct walk walk = {.bytes = elements->bytes, .length = elements->length, .at = elements->at};

    elements->index += elements->root != NULL ? 1 : 0;
    json_elements_done(elements);
    skip_space(&walk);
    if (walk.at >= walk.length)
        return (struct json_node){0};
    size_t length = 0;
    elements->root = json_scanned_tree(walk.bytes + walk.at, walk.length - walk.at, &length);
    walk.at += length;
    skip_space(&walk);
    elements->at = walk.at + 1; /* the comma */
    return (struct json_node){.item = elements->root, .root = elements->root, .of = elements};
}

void json_elements_done(struct json_elements *elements)
{
    json_free(elements->root);
    elements->root = NULL;
}
