/* fuzz_exposition.c - libFuzzer: any bytes as an exposition, and as a selector of its values.
 * SPDX-License-Identifier: MIT */
#include "collectors/exposition.h"
#include "collectors/selector.h"
#include "io/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The first line is the selector. What is refused says why; texts end where the format says that they do. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct exposition reader;
    char *text = memory_copy_bytes(bytes, size);
    size_t first = strcspn(text, "\n");
    struct selector *selector = NULL;
    struct selection selection = {0};
    struct prometheus_vector vector;
    struct labelled value;
    struct err err = {0};
    enum labelled_step step = LABELLED_VALUE;
    char *head = memory_copy_bytes(text, first);

    if (!selector_new(head, &selector, &err) && err.text[0] == '\0')
        abort();
    err = (struct err){0};
    first = first < size ? first + 1 : size;
    if (!exposition_begin(&reader, text + first, size - first, false, &err))
        abort();
    while ((step = exposition_next(&reader, &value, &err)) == LABELLED_VALUE) {
        if (value.name[0] == '\0' || value.label_count > LABELLED_LABELS_MAX)
            abort();
        if (selector != NULL && !selection_add(&selection, selector, "", &value, value.time_ms, NULL))
            break;
    }
    if (step == LABELLED_WRONG && err.text[0] == '\0')
        abort();
    selection_take(&selection, &vector);
    for (size_t i = 0; i < vector.count; i++)
        if (strlen(vector.samples[i].labels) > size)
            abort();
    prometheus_vector_done(&vector);
    selector_free(selector);
    free(head);
    free(text);
    return 0;
}
