/* fuzz_iac_plan.c - libFuzzer: any bytes as a plan of terraform.
 * SPDX-License-Identifier: MIT */
#include "iac/plan.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void note(void *data, enum plan_action action, const char *address, const char *reason)
{
    size_t *told = data;

    told[action]++;
    if (address == NULL || reason == NULL)
        abort();
}

/* What is counted is what is told, and a refusal says why. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t told[PLAN_ACTION_COUNT] = {0};
    const struct plan_reader reader = {.data = told, .change = note};
    struct plan_counts counts = {.outputs = 0};
    struct err err = {0};

    if (!plan_read((const char *)bytes, size, &reader, &counts, &err)) {
        if (err.text[0] == '\0')
            abort();
        return 0;
    }
    for (int i = 0; i < PLAN_ACTION_COUNT; i++)
        if (counts.of[i] != told[i])
            abort();
    return 0;
}
