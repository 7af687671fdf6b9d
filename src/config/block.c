/* block.c - memory of the heap that is there, or the process ends.
 * SPDX-License-Identifier: MIT */
#include "config/block.h"

#include <stdio.h>
#include <stdlib.h>

static void *check(void *block, size_t size)
{
    if (block == NULL) {
        (void)fprintf(stderr, "config: out of memory (%zu bytes)\n", size);
        abort();
    }
    return block;
}

void *block_new(size_t size)
{
    return check(calloc(1, size), size);
}

void *block_shrink(void *block, size_t size)
{
    void *smaller = realloc(block, size);

    return smaller == NULL ? block : smaller;
}

void block_arena(struct arena *arena, size_t size)
{
    arena_init(arena, check(malloc(size), size), size); /* it clears what is taken */
}
