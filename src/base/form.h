/* form.h - texts with typed blanks, {{name:type}}: where they are, what is wrong with them, and filling them
 * in.
 * SPDX-License-Identifier: MIT
 *
 * A blank is filled with a text that its type takes (form_type.h), written as the kind of the file wants it
 * (form_kind.h), so that no value can become more than a value: none has a line end or another control
 * character. "{{{{" stands for "{{". */
#ifndef BASE_FORM_H
#define BASE_FORM_H

#include "base/attributes.h"
#include "base/err.h"
#include "base/form_kind.h"
#include "base/form_type.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    FORM_BYTES_MAX = 64 * 1024,   /* of a text with blanks */
    FORM_FILLED_MAX = 256 * 1024, /* of one that is filled in, with the NUL */
    FORM_BLANKS_MAX = 128,
    FORM_VALUE_SIZE = 4096 /* of one value, with the NUL */
};

struct form_blank {
    char name[METRIC_MAX_LENGTH + 1]; /* as variables are called */
    enum form_type type;
    bool is_quoted;        /* it stands between quotes of the text */
    unsigned line, column; /* of its first brace, from 1; columns are bytes */
    size_t begin, end;     /* its bytes */
};

struct form {
    const char *text;
    enum form_kind kind;
    size_t count;
    struct form_blank blanks[FORM_BLANKS_MAX]; /* a name may come again, with the same type */
};

/* Where the error is. */
struct form_place {
    unsigned line, column;
};

/* `text` must outlive the form. False: ERR_INVALID or ERR_LIMIT at *ret_place. */
MUST_CHECK bool form_parse(const char *text, enum form_kind kind, struct form *ret_form,
                           struct form_place *ret_place, struct err *err);

/* Would this value do for the blank? The error names the blank, and no value of a secret. */
MUST_CHECK bool form_check(const struct form *form, const struct form_blank *blank, const char *value,
                           struct err *err);

/* values[i] is for blanks[i]; NULL: there is none (ERR_NOT_FOUND). */
MUST_CHECK bool form_fill(const struct form *form, const char *const *values, struct text *to,
                          struct err *err);

#endif
