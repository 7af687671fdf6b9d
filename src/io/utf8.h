/* utf8.h - is this valid UTF-8?
 * SPDX-License-Identifier: MIT */
#ifndef IO_UTF8_H
#define IO_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_LENGTH_MAX = 4 };

/* Length of the character at `bytes`, 1 to 4; 0 where there is none (RFC 3629: no overlong form, no
 * surrogate, nothing past U+10FFFF) or `left` is 0. */
size_t utf8_length(const char *bytes, size_t left);

/* The code point of the character that utf8_length found. */
uint32_t utf8_point(const char *bytes, size_t length);

/* Is the character (of a length that utf8_length gave) one of the controls U+0080 to U+009F, a line or
 * paragraph separator, or one that turns the writing direction? */
bool utf8_is_control(const char *bytes, size_t length);

bool utf8_is_valid(const char *bytes, size_t length);

/* The text with U+FFFD in place of each byte that is none of a character, as JSON is printed; malloc'ed. */
char *utf8_mended(const char *text);

#endif
