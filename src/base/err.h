/* err.h - what went wrong, for people: a code and one sentence, wrapped by each module it crosses.
 * SPDX-License-Identifier: MIT
 *
 * A function that can fail is `MUST_CHECK bool thing_verb(..., struct err *err)`: true is success, outputs
 * (`ret_`) stay untouched on failure. `err` may be NULL where the caller does not want the text. The pure
 * cores have no errors. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/attributes.h"

#include <stdbool.h>

enum err_code {
    ERR_NONE,
    ERR_INVALID,     /* the input breaks a rule of its format */
    ERR_NOT_FOUND,   /* what was named does not exist */
    ERR_EXISTS,      /* what was to be created is there already */
    ERR_CONFLICT,    /* the state forbids it now */
    ERR_FORBIDDEN,   /* the caller lacks the right */
    ERR_LIMIT,       /* a declared maximum is reached */
    ERR_TIMEOUT,     /* a deadline passed */
    ERR_UNAVAILABLE, /* the other side does not answer, or answers with an error */
    ERR_IO,          /* a system call failed */
    ERR_PROTOCOL,    /* the other side answered something that its protocol does not know */
    ERR_INTERNAL,    /* a library failed in a way that it does not explain */
    ERR_CODE_COUNT
};

enum { ERR_TEXT_MAX = 512 };

struct err {
    enum err_code code;
    char text[ERR_TEXT_MAX]; /* one sentence without a full stop, cut when longer */
};

/* Sets code and text; returns false, so that `return err_set(...)` reads well. */
bool err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " before the text; returns false. */
bool err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The name of a code, as logs and problem documents show it ("not-found"). */
const char *err_code_name(enum err_code code);

#endif
