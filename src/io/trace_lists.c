/* trace_lists.c - members kept whole or not at all.
 * SPDX-License-Identifier: MIT */
#include "io/trace_lists.h"

#include "base/text.h"
#include "io/http_client.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

struct member {
    const char *text;
    size_t length; /* without blanks around it; 0: an empty one */
};

/* The next one, or false at the end. */
static bool take_member(const char **at, struct member *ret_member)
{
    if (**at == '\0')
        return false;
    const char *text = *at + strspn(*at, BLANKS);
    size_t length = strcspn(text, ",");

    *at = text + length + (text[length] == ',' ? 1 : 0);
    while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL)
        length--;
    *ret_member = (struct member){text, length};
    return true;
}

/* What would break out of a header's line, or is no ASCII, is no member. */
static bool is_fit(const struct member *member)
{
    for (size_t i = 0; i < member->length; i++)
        if ((member->text[i] < ' ' && member->text[i] != '\t') || member->text[i] > '~')
            return false;
    return member->length > 0;
}

static size_t add_members(struct text *text, const char *list, size_t members_max)
{
    struct member member;
    size_t count = 0;

    while (count < members_max && take_member(&list, &member)) {
        if (!is_fit(&member))
            continue;
        if (text->length + (count > 0) + member.length >= text->size)
            break;
        text_add(text, "%s", count > 0 ? "," : "");
        text_add_bytes(text, member.text, member.length);
        count++;
    }
    return count;
}

static char *take_list(const char *given, size_t members_max, size_t bytes_max)
{
    char memory[TRACE_BAGGAGE_MAX + 1];
    struct text text;

    text_init(&text, memory, bytes_max + 1);
    return given != NULL && add_members(&text, given, members_max) > 0 ? memory_copy_text(memory) : NULL;
}

void trace_lists_take(const struct trace_given *given, bool is_in_trace, struct trace_lists *ret_lists)
{
    const char *tracestate = is_in_trace ? given->tracestate : NULL;

    *ret_lists = (struct trace_lists){
        .tracestate = take_list(tracestate, TRACE_STATE_MEMBERS_MAX, TRACE_STATE_MAX),
        .baggage = take_list(given->baggage, TRACE_BAGGAGE_MEMBERS_MAX, TRACE_BAGGAGE_MAX)};
}

void trace_lists_done(struct trace_lists *lists)
{
    free(lists->tracestate);
    free(lists->baggage);
    *lists = (struct trace_lists){0};
}

static size_t add_header(struct http_header *to, size_t count, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return count;
    to[count] = (struct http_header){name, value};
    return count + 1;
}

size_t trace_lists_headers(const struct trace_given *trace, struct http_header *to)
{
    bool is_in_trace = trace->traceparent != NULL && trace->traceparent[0] != '\0';
    size_t count = add_header(to, 0, "traceparent", trace->traceparent);

    count = add_header(to, count, "tracestate", is_in_trace ? trace->tracestate : NULL);
    return add_header(to, count, "baggage", trace->baggage);
}

const char *trace_list_fit(const char *name, const char *kept, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    text_add(&text, "%s", name);
    if (kept == NULL || add_members(&text, kept, TRACE_BAGGAGE_MEMBERS_MAX) == 0)
        to[0] = '\0';
    return to;
}
