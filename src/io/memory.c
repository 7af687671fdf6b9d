/* memory.c - malloc that cannot fail: the shell would rather restart than go on half.
 * SPDX-License-Identifier: MIT */
#include "io/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGE_BYTES = 128 * 1024, HEAPS_MAX = 2 };

/* Left alone, glibc takes larger and larger blocks from its heap, and then calloc has to write zeros into
 * them. */
void memory_begin(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_ARENA_MAX, HEAPS_MAX);
}

static void *must_have(void *memory)
{
    static const char message[] = "level=error msg=\"out of memory\"\n";

    if (memory != NULL)
        return memory;
    ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1);
    (void)written;
    abort();
}

void *memory_take(size_t size)
{
    return must_have(calloc(1, size > 0 ? size : 1));
}

void *memory_take_array(size_t count, size_t size)
{
    return must_have(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *memory_resize(void *memory, size_t size)
{
    return must_have(realloc(memory, size > 0 ? size : 1));
}

char *memory_copy_bytes(const void *bytes, size_t length)
{
    char *copy = memory_take(length + 1);

    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *memory_copy_text(const char *text)
{
    return text == NULL ? NULL : memory_copy_bytes(text, strlen(text));
}

void memory_free_at(void *variable)
{
    void **pointer = variable;

    free(*pointer);
    *pointer = NULL;
}
