/* fuzz_compare.c - libFuzzer: any bytes as the input of verdict compare.
 * SPDX-License-Identifier: MIT */
#include "cli/compare.h"
#include "io/json.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Whatever is answered is JSON again; whatever is refused has a reason. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct json_limits limits = {
        .size_max = 64 * 1024 * 1024, .depth_max = 16, .keys_max = 1000000};
    struct err err = {0};
    struct cJSON *root = NULL;
    char *answer = compare_answer((const char *)bytes, size, &err);

    if (answer == NULL && err.text[0] == '\0')
        abort();
    if (answer != NULL && !json_parse(answer, strlen(answer), &limits, &root, &err))
        abort();
    json_free(root);
    free(answer);
    return 0;
}
