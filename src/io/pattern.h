/* pattern.h - regular expressions over what others send (PCRE2), with a bound on the work.
 * SPDX-License-Identifier: MIT */
#ifndef IO_PATTERN_H
#define IO_PATTERN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_LENGTH_MAX = 1024, PATTERN_STEPS_MAX = 100 * 1000 };

struct pattern;

/* ERR_INVALID: no regular expression, or longer than PATTERN_LENGTH_MAX. */
MUST_CHECK bool pattern_new(const char *text, struct pattern **ret_pattern, struct err *err);
void pattern_free(struct pattern *pattern); /* NULL is fine */

/* Whether it occurs in the bytes. ERR_LIMIT: found out in no more than PATTERN_STEPS_MAX steps: not. */
MUST_CHECK bool pattern_search(const struct pattern *pattern, const char *bytes, size_t length,
                               bool *ret_is_found, struct err *err);

#endif
