/* buffer.c - growing bytes: doubled, never past the maximum.
 * SPDX-License-Identifier: MIT */
#include "io/buffer.h"

#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

void buffer_init(struct buffer *buffer, size_t length_max)
{
    *buffer = (struct buffer){.length_max = length_max};
}

static void make_room(struct buffer *buffer, size_t length)
{
    size_t wanted = buffer->length + length + 1;
    size_t size = buffer->size > 0 ? buffer->size : FIRST_SIZE;

    while (size < wanted)
        size *= 2;
    if (size == buffer->size)
        return;
    buffer->bytes = memory_resize(buffer->bytes, size);
    buffer->size = size;
}

bool buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length > buffer->length_max - buffer->length)
        return false;
    make_room(buffer, length);
    if (length > 0)
        memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    buffer->bytes[buffer->length] = '\0';
    return true;
}

size_t buffer_fill(struct buffer *buffer, const void *bytes, size_t length)
{
    size_t room = buffer->length_max - buffer->length;
    size_t added = length < room ? length : room;

    return buffer_add(buffer, bytes, added) ? added : 0;
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->bytes != NULL ? buffer->bytes : "";
}

char *buffer_take(struct buffer *buffer)
{
    char *bytes = buffer->bytes != NULL ? buffer->bytes : memory_take(1);

    buffer_init(buffer, buffer->length_max);
    return bytes;
}

void buffer_done(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer_init(buffer, buffer->length_max);
}
