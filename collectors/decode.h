/* decode.h - numbers out of payloads: a plain number, or places in a JSON text.
 * SPDX-License-Identifier: MIT
 *
 * A message is parsed when the first reader wants it and shared by all readers. What is not exactly a finite
 * number is an error, never a guess: "1,5", "NaN", "1e999", "0x10", "" and trailing text are refused. */
#ifndef COLLECTORS_DECODE_H
#define COLLECTORS_DECODE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { DECODE_PAYLOAD_MAX = 64 * 1024, DECODE_NUMBER_MAX = 64 };

enum decoder { DECODER_NUMBER, DECODER_JSON };

struct cJSON;

struct decode_message {
    const char *bytes; /* the caller's, until decode_done */
    size_t length;
    bool is_parsed;
    struct cJSON *root; /* NULL: no JSON; parse_err says why */
    struct err parse_err;
};

void decode_init(struct decode_message *message, const char *bytes, size_t length);
void decode_done(struct decode_message *message);

/* `path` (of DECODER_JSON) as json_path_check() accepts it. White space around a plain number and one NUL
 * behind it (collectd) are left out; true and false in JSON are 1 and 0. */
MUST_CHECK bool decode_number(struct decode_message *message, enum decoder decoder, const char *path,
                              double *ret_number, struct err *err);

#endif
