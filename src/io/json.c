/* json.c - cJSON behind a strict check, and typed access whose errors name the place.
 * SPDX-License-Identifier: MIT */
#include "io/json.h"

#include "base/text.h"
#include "io/json_scan.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct json_limits json_limits_default = {.size_max = 1U << 20, .depth_max = 16, .keys_max = 4096};

bool json_parse(const char *bytes, size_t length, const struct json_limits *limits, struct cJSON **ret_root,
                struct err *err)
{
    if (!json_scan(bytes, length, limits != NULL ? limits : &json_limits_default, err))
        return false;
    *ret_root = json_scanned_tree(bytes, length, &length);
    return true;
}

struct cJSON *json_scanned_tree(const char *bytes, size_t length, size_t *ret_length)
{
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(bytes, length, &end, 0);

    assert(root != NULL); /* cJSON takes more than the strict check does */
    *ret_length = (size_t)(end - bytes);
    return root;
}

const char *json_text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text == NULL ? "" : text;
}

double json_number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

void json_free(struct cJSON *root)
{
    cJSON_Delete(root);
}

void json_free_at(struct cJSON **variable)
{
    cJSON_Delete(*variable);
    *variable = NULL;
}

struct json_node json_root(const struct cJSON *root)
{
    return (struct json_node){.item = root, .root = root};
}

bool json_is_object(const struct json_node *node)
{
    return cJSON_IsObject(node->item);
}

bool json_is_array(const struct json_node *node)
{
    return cJSON_IsArray(node->item);
}

static const char *type_name(const cJSON *item)
{
    static const struct {
        int type;
        const char *name;
    } types[] = {{cJSON_NULL, "null"},       {cJSON_False, "false"},   {cJSON_True, "true"},
                 {cJSON_Number, "a number"}, {cJSON_String, "a text"}, {cJSON_Array, "an array"},
                 {cJSON_Object, "an object"}};

    if (item == NULL)
        return "missing";
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if ((item->type & 0xFF) == types[i].type)
            return types[i].name;
    return "something else";
}

/* Who only asks whether it fits has no place looked for. */
static bool refuse(const struct json_node *node, struct err *err, const char *format, ...) PRINTF_LIKE(3, 4);
static bool refuse(const struct json_node *node, struct err *err, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list list;

    if (err == NULL)
        return false;
    va_start(list, format);
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    return err_set(err, ERR_INVALID, "%s: %s", JSON_POINTER(node), text);
}

static bool mistyped(const struct json_node *node, const char *expected, struct err *err)
{
    return refuse(node, err, "is %s, expected %s", type_name(node->item), expected);
}

/* A member of nothing (an optional object that is not there) is not there either. */
struct json_node json_member(const struct json_node *object, const char *name)
{
    return (struct json_node){.item = cJSON_GetObjectItemCaseSensitive(object->item, name),
                              .root = object->root,
                              .of = object->of,
                              .parent = object->item,
                              .name = name};
}

static struct json_node child_node(const struct json_node *parent, const cJSON *item, size_t index)
{
    return (struct json_node){.item = item,
                              .index = index,
                              .root = parent->root,
                              .of = parent->of,
                              .parent = parent->item,
                              .name = item == NULL ? NULL : item->string};
}

struct json_node json_first(const struct json_node *parent)
{
    return child_node(parent, parent->item == NULL ? NULL : parent->item->child, 0);
}

struct json_node json_next(const struct json_node *parent, const struct json_node *child)
{
    return child_node(parent, child->item->next, child->index + 1);
}

struct json_node json_element(const struct json_node *array, size_t index)
{
    return child_node(array, index > INT_MAX ? NULL : cJSON_GetArrayItem(array->item, (int)index), index);
}

const char *json_name(const struct json_node *child)
{
    return child->item->string;
}

bool json_as_text(const struct json_node *node, size_t bytes_max, const char **ret_text, struct err *err)
{
    if (!cJSON_IsString(node->item))
        return mistyped(node, "a text", err);
    if (strlen(node->item->valuestring) > bytes_max)
        return refuse(node, err, "is longer than %zu bytes", bytes_max);
    *ret_text = node->item->valuestring;
    return true;
}

bool json_as_number(const struct json_node *node, double *ret_number, struct err *err)
{
    if (!cJSON_IsNumber(node->item))
        return mistyped(node, "a number", err);
    if (!isfinite(node->item->valuedouble))
        return refuse(node, err, "the number is too large");
    *ret_number = node->item->valuedouble;
    return true;
}

bool json_as_object(const struct json_node *node, struct err *err)
{
    return cJSON_IsObject(node->item) || mistyped(node, "an object", err);
}

static bool as_integer(const struct json_node *node, int64_t min, int64_t max, int64_t *ret_integer,
                       struct err *err)
{
    double number = 0;

    if (!json_as_number(node, &number, err))
        return false;
    if (fabs(number) > (double)JSON_INTEGER_MAX || number != trunc(number))
        return refuse(node, err, "is not a whole number");
    int64_t integer = (int64_t)number;
    if (integer < min || integer > max)
        return refuse(node, err, "is not from %lld to %lld", (long long)min, (long long)max);
    *ret_integer = integer;
    return true;
}

enum found { FOUND, ABSENT, REFUSED };

static enum found find(const struct json_node *object, const char *name, enum json_need need,
                       struct json_node *member, struct err *err)
{
    *member = json_member(object, name);
    if (member->item != NULL && (need == JSON_REQUIRED || !cJSON_IsNull(member->item)))
        return FOUND;
    if (need == JSON_OPTIONAL)
        return ABSENT;
    (void)refuse(member, err, "is missing");
    return REFUSED;
}

bool json_text(const struct json_node *object, const char *name, enum json_need need, size_t bytes_max,
               const char **ret_text, struct err *err)
{
    struct json_node member;
    enum found found = find(object, name, need, &member, err);

    return found == FOUND ? json_as_text(&member, bytes_max, ret_text, err) : found == ABSENT;
}

bool json_number(const struct json_node *object, const char *name, enum json_need need, double *ret_number,
                 struct err *err)
{
    struct json_node member;
    enum found found = find(object, name, need, &member, err);

    return found == FOUND ? json_as_number(&member, ret_number, err) : found == ABSENT;
}

bool json_integer(const struct json_node *object, const char *name, enum json_need need, int64_t min,
                  int64_t max, int64_t *ret_integer, struct err *err)
{
    struct json_node member;
    enum found found = find(object, name, need, &member, err);

    return found == FOUND ? as_integer(&member, min, max, ret_integer, err) : found == ABSENT;
}

bool json_bool(const struct json_node *object, const char *name, enum json_need need, bool *ret_flag,
               struct err *err)
{
    struct json_node member;
    enum found found = find(object, name, need, &member, err);

    if (found != FOUND)
        return found == ABSENT;
    if (!cJSON_IsBool(member.item))
        return mistyped(&member, "true or false", err);
    *ret_flag = cJSON_IsTrue(member.item);
    return true;
}

bool json_object(const struct json_node *object, const char *name, enum json_need need,
                 struct json_node *ret_object, struct err *err)
{
    struct json_node member;
    enum found found = find(object, name, need, &member, err);

    if (found != FOUND)
        return found == ABSENT;
    if (!json_as_object(&member, err))
        return false;
    *ret_object = member;
    return true;
}

bool json_array(const struct json_node *object, const char *name, enum json_need need, size_t length_max,
                struct json_node *ret_array, size_t *ret_length, struct err *err)
{
    struct json_node member;
    enum found found = find(object, name, need, &member, err);

    if (found != FOUND)
        return found == ABSENT;
    if (!cJSON_IsArray(member.item))
        return mistyped(&member, "an array", err);
    size_t length = (size_t)cJSON_GetArraySize(member.item);
    if (length > length_max)
        return refuse(&member, err, "has more than %zu elements", length_max);
    *ret_array = member;
    *ret_length = length;
    return true;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

bool json_known_keys(const struct json_node *object, const char *const *names, size_t count, struct err *err)
{
    for (struct json_node child = json_first(object); child.item != NULL; child = json_next(object, &child)) {
        if (is_one_of(json_name(&child), names, count))
            continue;
        const char *nearest = text_nearest(json_name(&child), names, count);
        if (nearest == NULL)
            return refuse(&child, err, "is not known here");
        return refuse(&child, err, "is not known here; did you mean \"%s\"?", nearest);
    }
    return true;
}

bool json_value_number(const struct cJSON *item, double *ret_number)
{
    if (cJSON_IsString(item))
        return text_to_number(item->valuestring, ret_number);
    if (cJSON_IsBool(item))
        *ret_number = cJSON_IsTrue(item) ? 1 : 0;
    else if (cJSON_IsNumber(item))
        *ret_number = item->valuedouble;
    else
        return false;
    return true;
}

bool json_value_text(const struct cJSON *item, char *to, size_t size)
{
    char number[JSON_NUMBER_MAX];

    if (cJSON_IsString(item))
        return text_copy(to, size, item->valuestring);
    if (cJSON_IsNumber(item))
        return text_copy(to, size, json_format_number(item->valuedouble, number));
    if (cJSON_IsBool(item))
        return text_copy(to, size, cJSON_IsTrue(item) ? "true" : "false");
    return cJSON_IsNull(item) && text_copy(to, size, "");
}
