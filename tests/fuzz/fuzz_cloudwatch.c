/* fuzz_cloudwatch.c - libFuzzer: any bytes as a page of CloudWatch's values.
 * SPDX-License-Identifier: MIT */
#include "collectors/cloudwatch_answer.h"
#include "io/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct cloudwatch_page *page)
{
    if (page->count > CLOUDWATCH_RESULTS_MAX ||
        (page->next_token != NULL && strlen(page->next_token) > CLOUDWATCH_TOKEN_MAX))
        abort();
    for (size_t i = 0; i < page->count; i++)
        for (size_t k = 0; k < page->results[i].count; k++)
            if (!isfinite(page->results[i].points[k].value))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy_bytes(bytes, size);
    struct cloudwatch_page page;
    struct err err = {0};

    if (cloudwatch_read(text, size, &page, &err)) {
        check(&page);
        cloudwatch_page_done(&page);
    } else if (err.text[0] == '\0')
        abort();
    free(text);
    return 0;
}
