/* memory.c - checked allocation.
 * SPDX-License-Identifier: MIT */
#include "daemon/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory != NULL)
        return memory;
    (void)fputs("verdictd: out of memory\n", stderr);
    abort();
}

void *memory_zeroed(size_t count, size_t size)
{
    return checked(calloc(count, size));
}

char *memory_copy_text(const char *text)
{
    return checked(strdup(text));
}
