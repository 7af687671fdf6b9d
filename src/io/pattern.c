/* pattern.c - PCRE2 on bytes, interpreted, with its match limits.
 * SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "io/pattern.h"

#include "io/memory.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 160, HEAP_MAX_KIB = 1024, DEPTH_MAX = 1000 };

struct pattern {
    pcre2_code *code;
    pcre2_match_context *context;
};

static const char *message_of(int code, char to[MESSAGE_MAX])
{
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)to, MESSAGE_MAX) == PCRE2_ERROR_BADDATA)
        to[0] = '\0';
    return to;
}

bool pattern_new(const char *text, struct pattern **ret_pattern, struct err *err)
{
    char message[MESSAGE_MAX];
    int code = 0;
    size_t offset = 0;

    if (strlen(text) > PATTERN_LENGTH_MAX)
        return err_set(err, ERR_INVALID, "the pattern is longer than %d bytes", PATTERN_LENGTH_MAX);
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
    if (compiled == NULL)
        return err_set(err, ERR_INVALID, "the pattern '%.100s' is wrong at byte %zu: %s", text, offset,
                       message_of(code, message));
    struct pattern *pattern = memory_take(sizeof(*pattern));
    pattern->code = compiled;
    pattern->context = pcre2_match_context_create(NULL);
    if (pattern->context == NULL)
        abort();
    (void)pcre2_set_match_limit(pattern->context, PATTERN_STEPS_MAX);
    (void)pcre2_set_depth_limit(pattern->context, DEPTH_MAX);
    (void)pcre2_set_heap_limit(pattern->context, HEAP_MAX_KIB);
    *ret_pattern = pattern;
    return true;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_match_context_free(pattern->context);
    pcre2_code_free(pattern->code);
    free(pattern);
}

bool pattern_search(const struct pattern *pattern, const char *bytes, size_t length, bool *ret_is_found,
                    struct err *err)
{
    char message[MESSAGE_MAX];
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);

    if (match == NULL)
        abort();
    int code = pcre2_match(pattern->code, (PCRE2_SPTR)bytes, length, 0, 0, match, pattern->context);
    pcre2_match_data_free(match);
    if (code < 0 && code != PCRE2_ERROR_NOMATCH)
        return err_set(err, ERR_LIMIT, "searching the pattern: %s", message_of(code, message));
    *ret_is_found = code >= 0;
    return true;
}
