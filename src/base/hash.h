/* hash.h - FNV-1a, 64 bit: for tables in memory, and where a number must stand for a text from run to run.
 * Not for what somebody might forge. SPDX-License-Identifier: MIT */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN UINT64_C(14695981039346656037)

/* `hash`: HASH_BEGIN, or of what comes before. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length);
/* Without its NUL: "ab" and "c" are "a" and "bc". */
uint64_t hash_text(uint64_t hash, const char *text);

#endif
