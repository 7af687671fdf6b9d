/* place.h - the file that a job is about: what stands there, and putting something else there.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIGURE_PLACE_H
#define CONFIGURE_PLACE_H

#include "base/attributes.h"
#include "base/err.h"
#include "io/digest.h"
#include "runner/replace.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { PLACE_BYTES_MAX = 1024 * 1024 };

#define PLACE_ABSENT "absent" /* the hash of no file */

/* What stands somewhere, or stood, or shall. */
struct place_content {
    bool is_there;
    struct replace_look look;
    char *bytes; /* [length], with a NUL behind them; free() */
    size_t length;
    char hash[DIGEST_SHA256_HEX_SIZE]; /* of the bytes */
};

struct place {
    int folder; /* -1: not open */
    const char *name;
};

/* Its folder must be there. ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK bool place_open(const char *path, struct place *ret_place, struct err *err);
void place_close(struct place *place);

/* A file of at most PLACE_BYTES_MAX, or none; nothing else may stand there (ERR_INVALID), not even a symbolic
 * link. */
MUST_CHECK bool place_read(const struct place *place, struct place_content *ret_content, struct err *err);
void place_drop(struct place_content *content);

/* Puts it there, also nothing; all at once, and durable. */
MUST_CHECK bool place_put(const struct place *place, const struct place_content *content, struct err *err);

#endif
