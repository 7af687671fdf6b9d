/* arena.h - memory with one lifetime: taken piece by piece from a block that the caller owns, given back at
 * once. SPDX-License-Identifier: MIT */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/attributes.h"

#include <stddef.h>

struct arena {
    unsigned char *memory;
    size_t size;
    size_t used;
};

void arena_init(struct arena *arena, void *memory, size_t size);

/* Zeroed memory aligned for any type, or NULL when the arena is full (a limit: report it). */
void *arena_take(struct arena *arena, size_t size);

/* Like arena_take, for `count` elements of `size`; NULL too where the product overflows. */
void *arena_take_array(struct arena *arena, size_t count, size_t size);

/* A copy of `text` that ends with a NUL. */
char *arena_copy_text(struct arena *arena, const char *text);

/* Forgets everything taken; the memory stays the caller's. */
void arena_reset(struct arena *arena);

#endif
