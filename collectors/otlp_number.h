/* otlp_number.h - numbers as the JSON of protocol buffers has them.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_OTLP_NUMBER_H
#define COLLECTORS_OTLP_NUMBER_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/* A whole number, or a text that is one. */
MUST_CHECK bool otlp_whole(const struct cJSON *item, int64_t *ret_integer);

/* A number, a text that is one, or "NaN", "Infinity", "-Infinity". */
MUST_CHECK bool otlp_double(const struct cJSON *item, double *ret_number);

#endif
