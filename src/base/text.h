/* text.h - text in buffers of a fixed size, and the alphabets of names.
 * SPDX-License-Identifier: MIT */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAME_MAX_LENGTH = 63,     /* services, environments, slots, rules: [a-z][a-z0-9-]* */
    METRIC_MAX_LENGTH = 63,   /* metrics and variables: [a-z][a-z0-9_]* */
    VERSION_MAX_LENGTH = 128, /* [A-Za-z0-9][A-Za-z0-9._+~-]* */
    DIGEST_MAX_LENGTH = 135   /* algorithm:hex, up to sha512 */
};

/* A text under construction. Always ends with a NUL; what does not fit is dropped and `is_cut` set. */
struct text {
    char *data;
    size_t size;
    size_t length;
    bool is_cut;
};

void text_init(struct text *text, char *memory, size_t size);
void text_add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
/* The two that stand in every value's way, without a format to read. */
void text_add_text(struct text *text, const char *added);
void text_add_whole(struct text *text, uint64_t number);

/* Copies into a fixed buffer; false (and the buffer untouched) where `from` does not fit. */
MUST_CHECK bool text_copy(char *to, size_t size, const char *from);

bool text_is_name(const char *text);
bool text_is_metric(const char *text);
bool text_is_version(const char *text);
bool text_is_digest(const char *text);
/* Begins with http:// or https://; what follows is not looked at. */
bool text_is_web_url(const char *text);
/* https://, or http:// to an address of this machine: nobody between can read along or answer instead. */
bool text_is_private_url(const char *text);

/* Whole text as a finite number, without regard to the locale; "1,5", "0x10", "inf", "" and " 1" are refused.
 */
MUST_CHECK bool text_to_number(const char *text, double *ret_number);

/* Whole text as a decimal integer in [min, max]. */
MUST_CHECK bool text_to_integer(const char *text, int64_t min, int64_t max, int64_t *ret_integer);

/* The candidate nearest to a mistyped `word` (edit distance ≤ 2), or NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

#endif
