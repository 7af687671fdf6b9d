/* fuzz_hooks.c - libFuzzer: any bytes as the message of a hook.
 * SPDX-License-Identifier: MIT */
#include "api/hook_read.h"
#include "base/text.h"
#include "io/json.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct hook_value values[] = {{.path = ".a.name", .behind = "/"},
                                           {.path = ".env", .before = "-"},
                                           {.path = ".version", .behind = ":"},
                                           {.path = ".b[0]"},
                                           {.path = ".at"},
                                           {.text = "prod"}};
static const struct hook_condition conditions[] = {{.path = ".no"}};
static const char *const names[] = {"Shop", "shop"};

/* What is read has the form of ours, and what cannot be read says why. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct settings_hook hook = {
        .max_age_ms = 1000,
        .fields = {[HOOK_SERVICE] = {.values = &values[0], .count = 1},
                   [HOOK_ENVIRONMENT] = {.values = &values[1], .count = 1},
                   [HOOK_VERSION] = {.values = &values[2], .count = 2},
                   [HOOK_ACTOR] = {.values = &values[3], .count = 1},
                   [HOOK_TIME] = {.values = &values[4], .count = 1}},
        .conditions = conditions,
        .condition_count = ARRAY_LENGTH(conditions),
        .names = {.texts = names, .count = ARRAY_LENGTH(names)},
    };
    struct cJSON *message = NULL;
    struct cJSON *body = NULL;
    struct err err = {0};

    if (!json_parse((const char *)bytes, size, NULL, &message, NULL))
        return 0;
    (void)!hook_is_young(&hook, message, INT64_C(1795687200000), NULL);
    if (hook_concerns(&hook, message) && !hook_read_start(&hook, message, &body, &err) && err.text[0] == '\0')
        abort();
    if (body != NULL &&
        (!text_is_name(json_text_of(body, "service")) || !text_is_name(json_text_of(body, "environment")) ||
         !text_is_version(json_text_of(body, "version"))))
        abort();
    json_free(body);
    json_free(message);
    return 0;
}
