/* fuzz_state.c - libFuzzer: any bytes as the state of a stack: what is picked is what a whole tree has.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "io/json_pick.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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
    }
    json_free(picked);
    json_free(whole);
    return 0;
}
