/* block.h - memory of the heap that is there, or the process ends.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_BLOCK_H
#define CONFIG_BLOCK_H

#include "base/arena.h"

#include <stddef.h>

/* Zeroed memory for free(); a machine that has none left ends the process: the restart resumes. */
void *block_new(size_t size);

/* The same block cut to `size` bytes; it may move. */
void *block_shrink(void *block, size_t size);

/* An arena on a block of `size` bytes; the block is arena->memory. */
void block_arena(struct arena *arena, size_t size);

#endif
