/* err.c - error values: set, wrap, name.
 * SPDX-License-Identifier: MIT */
#include "base/err.h"

#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[ERR_CODE_COUNT] = {
    [ERR_NONE] = "none",     [ERR_INVALID] = "invalid",   [ERR_NOT_FOUND] = "not-found",
    [ERR_EXISTS] = "exists", [ERR_CONFLICT] = "conflict", [ERR_FORBIDDEN] = "forbidden",
    [ERR_LIMIT] = "limit",   [ERR_TIMEOUT] = "timeout",   [ERR_UNAVAILABLE] = "unavailable",
    [ERR_IO] = "io",         [ERR_PROTOCOL] = "protocol", [ERR_INTERNAL] = "internal",
};

bool err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list arguments;

    if (err == NULL)
        return false;
    err->code = code;
    va_start(arguments, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
    char context[ERR_TEXT_MAX];
    char inner[ERR_TEXT_MAX];
    struct text text;
    va_list arguments;

    if (err == NULL)
        return false;
    va_start(arguments, format);
    (void)vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    memcpy(inner, err->text, sizeof(inner));
    text_init(&text, err->text, sizeof(err->text));
    text_add(&text, "%s: %s", context, inner);
    return false;
}

const char *err_code_name(enum err_code code)
{
    assert(code < ERR_CODE_COUNT);
    return code_names[code];
}
