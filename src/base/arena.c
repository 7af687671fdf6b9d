/* arena.c - bump allocation on memory that the caller gives.
 * SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

void arena_init(struct arena *arena, void *memory, size_t size)
{
    assert(((uintptr_t)memory % alignof(max_align_t)) == 0);
    arena->memory = memory;
    arena->size = size;
    arena->used = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t alignment = alignof(max_align_t);

    if (size > arena->size)
        return NULL;
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    if (rounded > arena->size - arena->used)
        return NULL;
    unsigned char *taken = arena->memory + arena->used;
    arena->used += rounded;
    memset(taken, 0, rounded);
    return taken;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_take(arena, count * size);
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    size_t length = strlen(text);
    char *copy = arena_take(arena, length + 1);

    if (copy != NULL)
        memcpy(copy, text, length + 1);
    return copy;
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
}
