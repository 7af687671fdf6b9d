/* decode.h - numbers out of payloads: a plain number, places in a JSON text, values of collectd, lines of
 * many.
 * SPDX-License-Identifier: MIT
 *
 * A message is parsed when the first reader wants it and shared by all readers. What is not exactly a finite
 * number is an error, never a guess: "1,5", "NaN", "1e999", "0x10", "" and trailing text are refused. So is
 * what says of itself that it is of another time (more than LABELLED_AGE_MAX_MS ahead, or older than
 * age_max_ms). */
#ifndef COLLECTORS_DECODE_H
#define COLLECTORS_DECODE_H

#include "base/err.h"
#include "collectors/selector.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECODE_PAYLOAD_MAX = 64 * 1024, DECODE_NUMBER_MAX = 64 };

enum decoder { DECODER_NUMBER, DECODER_JSON, DECODER_COLLECTD, DECODER_INFLUX, DECODER_OPENMETRICS };

struct cJSON;

struct decode_message {
    const char *bytes; /* the caller's, until decode_done */
    size_t length;
    int64_t now_ms;     /* since 1970: when it came */
    int64_t age_max_ms; /* how old it may say to be; LABELLED_AGE_MAX_MS where the caller sets no other */
    bool has_time;      /* all that was read last says when it was measured, */
    int64_t time_ms;    /* the oldest of it then, since 1970 */
    bool is_parsed;
    struct cJSON *root; /* NULL: no JSON; parse_err says why */
    struct err parse_err;
};

void decode_init(struct decode_message *message, const char *bytes, size_t length, int64_t now_ms);
void decode_done(struct decode_message *message);

/* Can these payloads say when they were measured? */
bool decode_has_times(enum decoder decoder);

/* Do these payloads hold many values, of which a selector chooses? Else decode_number reads the one at a
 * place. */
bool decode_has_many(enum decoder decoder);

/* Is it a place of the decoder's? JSON: as json_path_check() says; collectd: which of a line's values, from
 * 0. */
MUST_CHECK bool decode_check_place(enum decoder decoder, const char *place, struct err *err);

/* White space around a plain number and one NUL behind it are left out; true and false in JSON are 1 and 0.
 * collectd's are "time:value:value...", with or without its NUL. */
MUST_CHECK bool decode_number(struct decode_message *message, enum decoder decoder, const char *place,
                              double *ret_number, struct err *err);

/* The values that fit; none is no error. NAN and infinities are values here. Ends with
 * prometheus_vector_done. */
MUST_CHECK bool decode_selected(struct decode_message *message, enum decoder decoder,
                                const struct selector *selector, struct prometheus_vector *ret_vector,
                                struct err *err);

#endif
