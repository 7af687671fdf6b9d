/* fuzz_iac_assembly.c - libFuzzer: any bytes as a manifest of the CDK, and as a list of its assets.
 * SPDX-License-Identifier: MIT */
#include "iac/assembly.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A file is one beside the manifest, and a refusal says why. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct assembly_stack stack = {0};
    struct err err = {0};
    struct err of_assets = {0};

    if (assembly_read((const char *)bytes, size, NULL, &stack, &err)) {
        if (stack.template_file[0] == '\0' || strchr(stack.template_file, '/') != NULL ||
            strchr(stack.assets_file, '/') != NULL)
            abort();
    } else if (err.text[0] == '\0')
        abort();
    if (!assembly_check_assets((const char *)bytes, size, "a.json", &of_assets) && of_assets.text[0] == '\0')
        abort();
    return 0;
}
