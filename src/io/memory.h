/* memory.h - the heap of the shell: an allocation that fails is logged and aborts, since a restart resumes.
 * SPDX-License-Identifier: MIT */
#ifndef IO_MEMORY_H
#define IO_MEMORY_H

#include <stddef.h>

/* Once, before anything is taken: large blocks always come fresh from the system, so that what is reserved
 * for the worst case costs nothing before it is used, and threads share two heaps. */
void memory_begin(void);

/* Zeroed memory, never NULL; given back by free(). */
void *memory_take(size_t size) __attribute__((malloc, returns_nonnull));
void *memory_take_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Like realloc; what is new is not zeroed. */
void *memory_resize(void *memory, size_t size) __attribute__((returns_nonnull));

/* A copy of `length` bytes with a NUL behind them; of a text; NULL of NULL. */
char *memory_copy_bytes(const void *bytes, size_t length);
char *memory_copy_text(const char *text);

/* For CLEANUP: frees what the variable points to. */
void memory_free_at(void *variable);

#endif
