/* fuzz_state.c - libFuzzer: any bytes as the state of a stack: what is picked, and the elements of an array
 * one by one, are what a whole tree has.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "io/json_pick.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const names[] = {"serial", "lineage"};

/* A name with escapes is another one there, and the same in the tree. */
static void compare(const cJSON *picked, const cJSON *whole)
{
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(picked, names[i]);
        if (item != NULL && !cJSON_Compare(item, cJSON_GetObjectItemCaseSensitive(whole, names[i]), true))
            abort();
    }
}

static bool has_escape(const char *text, size_t size)
{
    return memchr(text, '\\', size) != NULL;
}

/* What is picked has a place, and what stands there is its value. */
static void find(const char *text, size_t size, const cJSON *picked)
{
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(picked, names[i]);
        size_t at = 0;
        size_t length = 0;
        bool is_there = json_pick_place(text, size, names[i], &at, &length);
        if (is_there != (item != NULL) || (is_there && (length == 0 || at + length > size)))
            abort();
        if (cJSON_IsString(item) && (text[at] != '"' || text[at + length - 1] != '"'))
            abort();
    }
}

/* The rest and each element of `serial`, where that is an array; an element's errors tell its place. */
static void walk(const char *text, size_t size, const cJSON *whole)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(whole, names[0]);
    struct cJSON *rest = NULL;
    struct json_elements elements = {0};
    struct err err = {0};
    size_t count = 0;

    if (!json_split(text, size, NULL, names[0], &rest, &elements, &err)) {
        if (err.text[0] == '\0' ||
            (err.code == ERR_NOT_FOUND && cJSON_IsArray(array) && !has_escape(text, size)))
            abort();
        return;
    }
    if (!cJSON_IsArray(array) || cJSON_GetObjectItemCaseSensitive(rest, names[0]) != NULL ||
        cJSON_GetArraySize(rest) + 1 != cJSON_GetArraySize(whole))
        abort();
    const cJSON *wanted = array->child;
    for (struct json_node one = json_elements_next(&elements); one.item != NULL;
         one = json_elements_next(&elements), wanted = wanted->next, count++)
        if (wanted == NULL || !cJSON_Compare(one.item, wanted, true))
            abort();
    if (wanted != NULL || count != (size_t)cJSON_GetArraySize(array))
        abort();
    json_elements_done(&elements);
    json_free(rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    struct cJSON *picked = NULL;
    struct cJSON *whole = NULL;
    bool is_read = json_parse(text, size, NULL, &whole, NULL);

    if (json_pick(text, size, NULL, names, ARRAY_LENGTH(names), &picked, NULL)) {
        if (!is_read || !cJSON_IsObject(whole))
            abort();
        compare(picked, whole);
        find(text, size, picked);
    }
    if (is_read)
        walk(text, size, whole);
    json_free(picked);
    json_free(whole);
    return 0;
}
