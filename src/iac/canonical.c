/* canonical.c - names and texts in order.
 * SPDX-License-Identifier: MIT */
#include "iac/canonical.h"

#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

struct sorted {
    char *text;
    cJSON *item;
};

static int by_text(const void *a, const void *b)
{
    const struct sorted *one = a;
    const struct sorted *other = b;

    return strcmp(one->text, other->text);
}

void canonical_sort(cJSON *array)
{
    size_t count = (size_t)cJSON_GetArraySize(array);
    struct sorted *all = memory_take_array(count + 1, sizeof(*all));

    for (size_t i = 0; i < count; i++) {
        all[i].item = cJSON_DetachItemFromArray(array, 0);
        all[i].text = json_print(all[i].item);
    }
    qsort(all, count, sizeof(*all), by_text);
    for (size_t i = 0; i < count; i++) {
        (void)cJSON_AddItemToArray(array, all[i].item);
        free(all[i].text);
    }
    free(all);
}

struct child {
    const struct xml_element *element;
};

static int by_name(const void *a, const void *b)
{
    const struct child *one = a;
    const struct child *other = b;

    return strcmp(one->element->name, other->element->name);
}

static size_t count_children(const struct xml_element *element)
{
    size_t count = 0;

    for (const struct xml_element *child = element->first; child != NULL; child = child->next)
        count++;
    return count;
}

static bool is_list(const struct xml_element *element)
{
    return strcmp(element->first->name, "member") == 0;
}

static cJSON *list_of(const struct xml_element *element, struct err *err)
{
    cJSON *array = cJSON_CreateArray();

    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        bool is_member = strcmp(child->name, "member") == 0;
        cJSON *item = is_member ? canonical_of(child, err) : NULL;
        if (item == NULL) {
            if (!is_member)
                (void)err_set(err, ERR_PROTOCOL, "CloudFormation: %s is no list", element->name);
            cJSON_Delete(array);
            return NULL;
        }
        (void)cJSON_AddItemToArray(array, item);
    }
    canonical_sort(array);
    return array;
}

static cJSON *object_of(const struct xml_element *element, struct err *err)
{
    size_t count = count_children(element);
    CLEANUP(memory_free_at) struct child *children = memory_take_array(count, sizeof(*children));
    cJSON *object = cJSON_CreateObject();
    size_t at = 0;

    for (const struct xml_element *child = element->first; child != NULL; child = child->next)
        children[at++].element = child;
    qsort(children, count, sizeof(*children), by_name);
    for (size_t i = 0; i < count; i++) {
        bool is_twice = i > 0 && strcmp(children[i].element->name, children[i - 1].element->name) == 0;
        cJSON *item = is_twice ? NULL : canonical_of(children[i].element, err);
        if (item == NULL) {
            if (is_twice)
                (void)err_set(err, ERR_PROTOCOL, "CloudFormation: %s has two %s", element->name,
                              children[i].element->name);
            cJSON_Delete(object);
            return NULL;
        }
        (void)cJSON_AddItemToObject(object, children[i].element->name, item);
    }
    return object;
}

/* As deep as XML_DEPTH_MAX. */
cJSON *canonical_of(const struct xml_element *element, struct err *err)
{
    if (element->first == NULL)
        return cJSON_CreateString(element->text);
    return is_list(element) ? list_of(element, err) : object_of(element, err);
}
