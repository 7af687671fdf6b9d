/* json_path.c - short paths into a document: `.a.b[0]."odd name"`, `.a[-1]`.
 * SPDX-License-Identifier: MIT */
#include "io/json.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { PATH_LENGTH_MAX = 256, INDEX_DIGITS_MAX = 6 };

enum segment_kind { SEGMENT_END, SEGMENT_NAME, SEGMENT_INDEX, SEGMENT_BAD };

struct segment {
    enum segment_kind kind;
    const char *name; /* not terminated */
    size_t length;
    size_t index;
    bool is_from_end; /* 1: the last */
};

static const struct segment bad = {.kind = SEGMENT_BAD};

/* `at` stands behind the bracket. */
static struct segment read_index(const char **at)
{
    struct segment segment = {.kind = SEGMENT_INDEX, .is_from_end = **at == '-'};
    *at += segment.is_from_end;
    size_t digits = strspn(*at, "0123456789");

    if (digits == 0 || digits > INDEX_DIGITS_MAX || (*at)[digits] != ']')
        return bad;
    for (size_t i = 0; i < digits; i++)
        segment.index = segment.index * 10 + (size_t)((*at)[i] - '0');
    *at += digits + 1;
    return segment.is_from_end && segment.index == 0 ? bad : segment;
}

/* `at` stands behind the opening quote. */
static struct segment read_quoted(const char **at)
{
    const char *end = strchr(*at, '"');

    if (end == NULL)
        return bad;
    struct segment segment = {.kind = SEGMENT_NAME, .name = *at, .length = (size_t)(end - *at)};
    *at = end + 1;
    return segment;
}

/* `at` stands behind the dot. */
static struct segment read_name(const char **at)
{
    struct segment segment = {.kind = SEGMENT_NAME, .name = *at, .length = strcspn(*at, ".[]\" \t\n")};

    *at += segment.length;
    return segment.length > 0 ? segment : bad;
}

static struct segment next_segment(const char **at)
{
    if (**at == '\0')
        return (struct segment){.kind = SEGMENT_END};
    if (**at == '.' && (*at)[1] == '[')
        (*at)++;
    char first = *(*at)++;
    if (first == '[')
        return read_index(at);
    if (first != '.')
        return bad;
    if (**at != '"')
        return read_name(at);
    (*at)++;
    return read_quoted(at);
}

static bool is_root(const char *path)
{
    return strcmp(path, ".") == 0;
}

bool json_path_check(const char *path, struct err *err)
{
    const char *at = path;

    if (strlen(path) > PATH_LENGTH_MAX)
        return err_set(err, ERR_LIMIT, "a path has at most %d bytes", PATH_LENGTH_MAX);
    if (is_root(path))
        return true;
    struct segment segment = path[0] == '\0' ? bad : next_segment(&at);
    while (segment.kind != SEGMENT_END && segment.kind != SEGMENT_BAD)
        segment = next_segment(&at);
    if (segment.kind == SEGMENT_BAD)
        return err_set(err, ERR_INVALID, "'%s' is not a path; write it like .a.b[0].c", path);
    return true;
}

static const cJSON *find_name(const cJSON *object, const char *name, size_t length)
{
    const cJSON *child = cJSON_IsObject(object) ? object->child : NULL;

    while (child != NULL && (strlen(child->string) != length || memcmp(child->string, name, length) != 0))
        child = child->next;
    return child;
}

static const cJSON *find_index(const cJSON *array, const struct segment *segment)
{
    const cJSON *child = cJSON_IsArray(array) ? array->child : NULL;
    size_t index = segment->index;

    if (child != NULL && segment->is_from_end) {
        size_t length = (size_t)cJSON_GetArraySize(array);
        if (index > length)
            return NULL;
        index = length - index;
    }
    for (; child != NULL && index > 0; index--)
        child = child->next;
    return child;
}

const struct cJSON *json_path(const struct cJSON *root, const char *path)
{
    const cJSON *item = path[0] != '\0' ? root : NULL;
    struct segment segment = is_root(path) ? (struct segment){.kind = SEGMENT_END} : next_segment(&path);

    while (item != NULL && segment.kind != SEGMENT_END) {
        if (segment.kind == SEGMENT_BAD)
            return NULL;
        item = segment.kind == SEGMENT_NAME ? find_name(item, segment.name, segment.length)
                                            : find_index(item, &segment);
        segment = next_segment(&path);
    }
    return item;
}
