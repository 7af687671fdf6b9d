/* memory.h - heap memory that is there: a daemon without memory stops, and its restart goes on where it was.
 * SPDX-License-Identifier: MIT */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include <stddef.h>

void *memory_zeroed(size_t count, size_t size);
char *memory_copy_text(const char *text);

#endif
