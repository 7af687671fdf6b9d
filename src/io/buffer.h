/* buffer.h - bytes that grow up to a declared maximum, always with a NUL behind them.
 * SPDX-License-Identifier: MIT */
#ifndef IO_BUFFER_H
#define IO_BUFFER_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *bytes; /* NULL until the first byte comes; else NUL-terminated */
    size_t length;
    size_t size;
    size_t length_max;
};

void buffer_init(struct buffer *buffer, size_t length_max);

/* False, and nothing added, where it would pass length_max. */
MUST_CHECK bool buffer_add(struct buffer *buffer, const void *bytes, size_t length);

/* Adds what still fits and returns how many bytes that were. */
size_t buffer_fill(struct buffer *buffer, const void *bytes, size_t length);

/* The text, "" where nothing came. */
const char *buffer_text(const struct buffer *buffer);

/* Hands the bytes to the caller (free()); the buffer is empty afterwards. Never NULL. */
char *buffer_take(struct buffer *buffer);

/* Frees; the buffer may be used again. */
void buffer_done(struct buffer *buffer);

#endif
