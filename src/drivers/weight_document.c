/* weight_document.c - pointers followed, weights read and set.
 * SPDX-License-Identifier: MIT */
#include "drivers/weight_document.h"

#include "base/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

enum { SHARE_MAX = 10000, NAME_SIZE = 256, INDEX_MAX = 100000 };

bool weight_is_pointer(const char *text)
{
    if (text[0] != '\0' && text[0] != '/')
        return false;
    for (const char *at = strchr(text, '~'); at != NULL; at = strchr(at + 1, '~'))
        if (at[1] != '0' && at[1] != '1')
            return false;
    return true;
}

/* The next name of a pointer at its slash, with ~0 and ~1 as they are meant. */
static bool take_name(const char **at, char name[NAME_SIZE])
{
    size_t length = 0;
    const char *from = *at + 1;

    for (; *from != '\0' && *from != '/'; from++) {
        if (length == NAME_SIZE - 1)
            return false;
        name[length++] = *from == '~' ? (*++from == '0' ? '~' : '/') : *from;
    }
    name[length] = '\0';
    *at = from;
    return true;
}

static cJSON *child_of(const cJSON *node, const char *name)
{
    int64_t index = 0;

    if (cJSON_IsObject(node))
        return cJSON_GetObjectItemCaseSensitive(node, name);
    if (!cJSON_IsArray(node) || (name[0] == '0' && name[1] != '\0') ||
        !text_to_integer(name, 0, INDEX_MAX, &index))
        return NULL;
    return cJSON_GetArrayItem(node, (int)index);
}

static cJSON *find(cJSON *root, const char *pointer)
{
    char name[NAME_SIZE];
    cJSON *node = root;

    for (const char *at = pointer; node != NULL && *at == '/';) {
        if (!take_name(&at, name))
            return NULL;
        node = child_of(node, name);
    }
    return node;
}

static bool find_all(const cJSON *root, const struct weight_places *places, cJSON *nodes[WEIGHT_POINTERS_MAX],
                     struct err *err)
{
    for (size_t i = 0; i < places->count; i++) {
        /* What is found is changed by those only who were given something to change. */
        nodes[i] = find((cJSON *)(uintptr_t)root, places->pointers[i]);
        if (!cJSON_IsNumber(nodes[i]))
            return err_set(err, ERR_NOT_FOUND, "pointer %s leads to no number", places->pointers[i]);
    }
    return true;
}

bool weight_document_read(const cJSON *root, const struct weight_places *places, uint16_t *ret_share,
                          struct err *err)
{
    cJSON *nodes[WEIGHT_POINTERS_MAX] = {NULL};

    if (!find_all(root, places, nodes, err))
        return false;
    double second = nodes[places->count - 1]->valuedouble;
    double all = places->count == 1 ? (double)places->scale : nodes[0]->valuedouble + second;
    if (!(second >= 0) || !(second <= all) || !(all > 0) || !isfinite(all))
        return err_set(err, ERR_INVALID, "what stands at %s is no weight", places->pointers[0]);
    *ret_share = (uint16_t)lround(second * SHARE_MAX / all);
    return true;
}

bool weight_document_set(cJSON *root, const struct weight_places *places, uint16_t share, struct err *err)
{
    cJSON *nodes[WEIGHT_POINTERS_MAX] = {NULL};
    int64_t weight = share * places->scale / SHARE_MAX;

    if (weight * SHARE_MAX != share * places->scale)
        return err_set(err, ERR_INVALID, "%.2f %% is no whole weight of %lld", share / 100.0,
                       (long long)places->scale);
    if (!find_all(root, places, nodes, err))
        return false;
    if (places->count > 1)
        (void)cJSON_SetNumberValue(nodes[0], (double)(places->scale - weight));
    (void)cJSON_SetNumberValue(nodes[places->count - 1], (double)weight);
    return true;
}
