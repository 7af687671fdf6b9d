/* flag_document.h - one flag in a file of flagd's: its share read, and set. Pure.
 * SPDX-License-Identifier: MIT
 *
 * The share stands in `fractional`, which is the flag's whole targeting or the last branch of its `if` (so
 * that testers may have a variant of their own before it). Without a targeting everybody has the default
 * variant; a flag that is not ENABLED has the share 0. */
#ifndef DRIVERS_FLAG_DOCUMENT_H
#define DRIVERS_FLAG_DOCUMENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

struct flag_names {
    const char *flag;
    const char *on, *off; /* variants */
};

/* The share of `on`. ERR_NOT_FOUND: no such flag or variant; ERR_INVALID: a targeting that is no split
 * between the two. */
MUST_CHECK bool flag_document_read(const struct cJSON *root, const struct flag_names *names,
                                   uint16_t *ret_share, struct err *err);

/* Changes the flag's targeting and default variant, nothing else. ERR_NOT_FOUND as above; ERR_INVALID: the
 * flag is not ENABLED and more than 0 is asked for. A targeting that is no split is replaced: whoever is to
 * keep it reads first. */
MUST_CHECK bool flag_document_set(struct cJSON *root, const struct flag_names *names, uint16_t share,
                                  struct err *err);

#endif
