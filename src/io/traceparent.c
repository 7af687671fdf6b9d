/* traceparent.c - the header's text taken apart and put together.
 * SPDX-License-Identifier: MIT */
#include "io/traceparent.h"

#include "io/digest.h"

#include <stdio.h>
#include <string.h>

enum {
    VERSION_AT = 0,
    TRACE_AT = 3,
    PARENT_AT = 36,
    FLAGS_AT = 53,
    VERSION_LENGTH = 2,
    TRACE_LENGTH = TRACEPARENT_TRACE_SIZE - 1,
    PARENT_LENGTH = TRACEPARENT_SPAN_SIZE - 1,
    FLAGS_LENGTH = 2,
    LENGTH = TRACEPARENT_SIZE - 1,
    FLAG_SAMPLED = 1
};

#define NO_SPAN "0000000000000000"

static bool is_hex(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (strchr("0123456789abcdef", text[i]) == NULL || text[i] == '\0')
            return false;
    return true;
}

static bool is_zero(const char *text, size_t length)
{
    return strspn(text, "0") >= length;
}

/* Four fields of lower-case digits; a newer version may have more of them. */
static bool has_form(const char *text)
{
    size_t length = text == NULL ? 0 : strnlen(text, LENGTH + 1);
    bool is_first = length > 0 && strncmp(text, "00", VERSION_LENGTH) == 0;

    return length >= LENGTH && (text[LENGTH] == '\0' || (!is_first && text[LENGTH] == '-')) &&
           is_hex(text + VERSION_AT, VERSION_LENGTH) && strncmp(text, "ff", VERSION_LENGTH) != 0 &&
           text[TRACE_AT - 1] == '-' && is_hex(text + TRACE_AT, TRACE_LENGTH) &&
           !is_zero(text + TRACE_AT, TRACE_LENGTH) && text[PARENT_AT - 1] == '-' &&
           is_hex(text + PARENT_AT, PARENT_LENGTH) && text[FLAGS_AT - 1] == '-' &&
           is_hex(text + FLAGS_AT, FLAGS_LENGTH);
}

/* The last bit of the last digit. */
static bool is_sampled(const char *text)
{
    return strchr("13579bdf", text[LENGTH - 1]) != NULL;
}

static void write_text(const char *trace, const char *parent, bool with_sampling, char to[TRACEPARENT_SIZE])
{
    (void)snprintf(to, TRACEPARENT_SIZE, "00-%.*s-%.*s-%02x", (int)TRACE_LENGTH, trace, (int)PARENT_LENGTH,
                   parent, with_sampling ? (unsigned)FLAG_SAMPLED : 0U);
}

static void begin(char to[TRACEPARENT_SIZE])
{
    unsigned char bytes[TRACE_LENGTH / 2];
    char trace[TRACEPARENT_TRACE_SIZE];

    digest_random(bytes, sizeof(bytes));
    digest_hex(bytes, sizeof(bytes), trace);
    write_text(trace, NO_SPAN, true, to);
}

bool traceparent_take(const char *given, char to[TRACEPARENT_SIZE])
{
    bool is_one = has_form(given) && !is_zero(given + PARENT_AT, PARENT_LENGTH);

    if (is_one)
        write_text(given + TRACE_AT, given + PARENT_AT, is_sampled(given), to);
    else
        begin(to);
    return is_one;
}

bool traceparent_read(const char *kept, struct traceparent *ret_traceparent)
{
    if (!has_form(kept))
        return false;
    *ret_traceparent = (struct traceparent){.is_sampled = is_sampled(kept)};
    memcpy(ret_traceparent->trace, kept + TRACE_AT, TRACE_LENGTH);
    if (!is_zero(kept + PARENT_AT, PARENT_LENGTH))
        memcpy(ret_traceparent->parent, kept + PARENT_AT, PARENT_LENGTH);
    return true;
}

void traceparent_pass(const char *kept, const char *span, char to[TRACEPARENT_SIZE])
{
    if (has_form(kept))
        write_text(kept + TRACE_AT, span, is_sampled(kept), to);
    else
        to[0] = '\0';
}

void traceparent_span(const char *name, char to[TRACEPARENT_SPAN_SIZE])
{
    char hash[DIGEST_SHA256_HEX_SIZE];

    digest_sha256_hex(name, strlen(name), hash);
    memcpy(to, hash, PARENT_LENGTH);
    to[PARENT_LENGTH] = '\0';
}
