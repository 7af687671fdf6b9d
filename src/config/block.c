/* block.c - memory of the heap that is there, or the process ends.
 * SPDX-License-Identifier: MIT */
#include "config/block.h"

#include <stdio.h>
#include <stdlib.h>

void *block_new(size_t size)
{
    void *block = calloc(1, size);

    if (block == NULL) {
        (void)fprintf(stderr, "config: out of memory (%zu bytes)\n", size);
        abort();
    }
    return block;
}

void *block_shrink(void *block, size_t size)
{
    void *smaller = realloc(block, size);

    return smaller == NULL ? block : smaller;
}

void block_arena(struct arena *arena, size_t size)
{
    arena_init(arena, block_new(size), size);
}
