/* printed_state.c - lines that begin with a brace, and what is between them.
 * SPDX-License-Identifier: MIT */
#include "iac/printed_state.h"

#include <string.h>

/* Nothing else that terraform says has a brace in its first column: a line that has one is hidden at once,
 * and where it is nothing but "{", so is all up to the line that begins with "}". */
size_t printed_state_hide(struct printed_state_veil *veil, char *piece, size_t length)
{
    size_t left = 0;

    for (size_t i = 0; i < length; i++) {
        char byte = piece[i];
        if (veil->column == 0)
            veil->is_braced = byte == (veil->is_inside ? '}' : '{');
        bool is_hidden = veil->is_inside || veil->is_braced;
        veil->has_hidden = veil->has_hidden || is_hidden;
        veil->column++;
        if (byte == '\n') {
            if (veil->is_braced)
                veil->is_inside = !veil->is_inside && veil->column == 2;
            veil->column = 0;
        }
        if (!is_hidden)
            piece[left++] = byte;
    }
    return left;
}

static bool is_line(const char *at, const char *end, const char *line)
{
    size_t length = strlen(line);

    return (size_t)(end - at) >= length && memcmp(at, line, length) == 0;
}

bool printed_state_find(const char *text, size_t length, const char **ret_state, size_t *ret_length)
{
    const char *end = text + length;
    const char *begin = NULL;
    bool is_found = false;

    for (const char *at = text; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline == NULL ? end : newline + 1;
        if (begin == NULL && is_line(at, end, "{\n")) {
            begin = at;
        } else if (begin != NULL && is_line(at, end, "}\n")) {
            *ret_state = begin;
            *ret_length = (size_t)(at + 2 - begin);
            is_found = true;
            begin = NULL;
        }
        at = next;
    }
    return is_found;
}
