/* fuzz_form.c - libFuzzer: any bytes as a text with typed blanks, and any bytes as the value of all of them.
 * The first byte is the kind of file, a NUL ends the text.
 * SPDX-License-Identifier: MIT */
#include "base/form.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t lines_of(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

/* No value makes a line. */
static void check(const struct form *form, const char *value)
{
    static char filled[FORM_FILLED_MAX];
    const char *values[FORM_BLANKS_MAX];
    struct text text;
    struct err err = {0};

    for (size_t i = 0; i < form->count; i++)
        values[i] = value;
    text_init(&text, filled, sizeof(filled));
    if (!form_fill(form, values, &text, &err)) {
        if (err.text[0] == '\0')
            abort();
        return;
    }
    if (lines_of(filled) != lines_of(form->text))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct form form;
    struct form_place place = {0, 0};
    struct err err = {0};

    if (size < 2)
        return 0;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = text[size] = '\0';
    const char *value = text + strlen(text) + 1;
    if (form_parse(text, (enum form_kind)(bytes[0] % FORM_KIND_COUNT), &form, &place, &err))
        check(&form, value <= text + size ? value : "");
    else if (err.text[0] == '\0' || place.line == 0 || place.column == 0)
        abort();
    free(text);
    return 0;
}
