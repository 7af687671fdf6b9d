/* notice_text.c - character by character.
 * SPDX-License-Identifier: MIT */
#include "drivers/notice_text.h"

#include "io/utf8.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 8 };

static const char dots[] = "...";
static const char marks[] = "\\*_~`|<>[]";

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    default:
        return NULL;
    }
}

/* One character as it is shown; returns the bytes that it took of `from`. */
static size_t show(const char *from, size_t left, enum notice_escape escape, char to[SHOWN_MAX])
{
    size_t length = utf8_length(from, left);
    const char *entity = escape == NOTICE_ENTITIES ? entity_of(*from) : NULL;

    if (length == 0) {
        (void)snprintf(to, SHOWN_MAX, "\xEF\xBF\xBD");
        return 1;
    }
    bool is_control = (unsigned char)*from < ' ' || *from == 0x7f || utf8_is_control(from, length);
    bool is_mark = escape == NOTICE_MARKDOWN && strchr(marks, *from) != NULL;
    if (is_control)
        (void)snprintf(to, SHOWN_MAX, " ");
    else if (entity != NULL)
        (void)snprintf(to, SHOWN_MAX, "%s", entity);
    else
        (void)snprintf(to, SHOWN_MAX, "%s%.*s", is_mark ? "\\" : "", (int)length, from);
    return length;
}

void notice_text_add(struct text *to, const char *from, enum notice_escape escape)
{
    size_t left = strlen(from);
    size_t keep = to->length; /* what still leaves room for the dots */
    char shown[SHOWN_MAX];

    while (left > 0) {
        size_t taken = show(from, left, escape, shown);
        if (to->length + strlen(shown) >= to->size)
            break;
        text_add_bytes(to, shown, strlen(shown));
        if (to->length + sizeof(dots) <= to->size)
            keep = to->length;
        from += taken;
        left -= taken;
    }
    if (left == 0)
        return;
    to->length = keep;
    to->data[keep] = '\0';
    if (keep + sizeof(dots) <= to->size)
        text_add_bytes(to, dots, strlen(dots));
    to->is_cut = true;
}

const char *notice_text(const char *from, enum notice_escape escape, char *to, size_t size)
{
    struct text text;

    text_init(&text, to, size);
    notice_text_add(&text, from, escape);
    return to;
}
