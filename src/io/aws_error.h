/* aws_error.h - what Amazon's services say instead of an answer, and forms as they want them.
 * SPDX-License-Identifier: MIT */
#ifndef IO_AWS_ERROR_H
#define IO_AWS_ERROR_H

#include "base/text.h"
#include "io/http_client.h"

enum { AWS_CODE_SIZE = 96 };

struct aws_error {
    char code[AWS_CODE_SIZE]; /* "ThrottlingException"; "" where it said none */
    char text[ERR_TEXT_MAX];  /* a sentence, without what may hold secrets */
    bool is_throttled;        /* too many requests, or a failure of its own: later */
    bool is_refused;          /* the keys: wrong, expired, or a clock that is off */
    bool is_denied;           /* the keys are good and may not */
};

/* Of an answer with any status but 200: JSON with "__type" and "message", or XML with Error/Code. */
void aws_error_read(const struct http_answer *answer, struct aws_error *ret_error);

/* A value of a form or query, encoded. */
void aws_form_add(struct text *form, const char *value);

#endif
