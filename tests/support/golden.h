/* golden.h - an export of OTLP beside the one that lies in tests/unit/data/traces: value for value, but for
 * the version of this build.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GOLDEN_MAX = 64 * 1024 };

static inline void golden_drop_version(cJSON *root)
{
    const struct cJSON *place = json_path(root, ".resourceSpans[0].scopeSpans[0].scope");
    cJSON *version = cJSON_GetObjectItemCaseSensitive(place, "version");
    const struct cJSON *attribute = json_path(root, ".resourceSpans[0].resource.attributes[1].value");
    cJSON *value = cJSON_GetObjectItemCaseSensitive(attribute, "stringValue");

    assert_non_null(version);
    assert_non_null(value);
    assert_string_equal(version->valuestring, VERDICT_VERSION);
    assert_string_equal(value->valuestring, VERDICT_VERSION);
    (void)cJSON_SetValuestring(version, "V");
    (void)cJSON_SetValuestring(value, "V");
}

/* Takes over `text`. */
static inline void golden_check(char *text, const char *name)
{
    char path[128];
    char *wanted = calloc(1, GOLDEN_MAX);
    cJSON *root = NULL;

    assert_non_null(text);
    assert_non_null(wanted);
    assert_true(json_parse(text, strlen(text), NULL, &root, NULL));
    golden_drop_version(root);
    char *found = json_print(root);
    (void)snprintf(path, sizeof(path), "tests/unit/data/traces/%s", name);
    FILE *file = fopen(path, "re");
    size_t length = file == NULL ? 0 : fread(wanted, 1, GOLDEN_MAX - 1, file);
    if (file != NULL)
        (void)fclose(file);
    json_free(root);
    root = NULL;
    char *kept = json_parse(wanted, length, NULL, &root, NULL) ? json_print(root) : memory_copy_text("");
    if (strcmp(found, kept) != 0) {
        (void)fprintf(stderr, "%s\n", found);
        fail_msg("this is not what %s says", path);
    }
    json_free(root);
    free(found);
    free(kept);
    free(wanted);
    free(text);
}

#endif
