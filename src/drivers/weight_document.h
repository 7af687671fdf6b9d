/* weight_document.h - weights in a JSON document, found by JSON pointers (RFC 6901). Pure.
 * SPDX-License-Identifier: MIT
 *
 * One pointer leads to the second slot's weight, of `scale` in all. Two lead to the first slot's and the
 * second's, which share by their sum and are set to add up to `scale`. */
#ifndef DRIVERS_WEIGHT_DOCUMENT_H
#define DRIVERS_WEIGHT_DOCUMENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

enum { WEIGHT_POINTERS_MAX = 2, WEIGHT_SCALE_MAX = 1000000 };

struct weight_places {
    const char *pointers[WEIGHT_POINTERS_MAX];
    size_t count;
    int64_t scale;
};

/* "" or "/a/0/b~1c". */
bool weight_is_pointer(const char *text);

/* The second slot's share, in hundredths of a percent. ERR_NOT_FOUND: a pointer that leads to no number;
 * ERR_INVALID: numbers that are no weights. */
MUST_CHECK bool weight_document_read(const struct cJSON *root, const struct weight_places *places,
                                     uint16_t *ret_share, struct err *err);

/* ERR_INVALID where no whole weights of `scale` are that share. */
MUST_CHECK bool weight_document_set(struct cJSON *root, const struct weight_places *places, uint16_t share,
                                    struct err *err);

#endif
