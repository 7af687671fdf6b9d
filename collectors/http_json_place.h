/* http_json_place.h - numbers and times at places of a JSON text, and the text itself.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_HTTP_JSON_PLACE_H
#define COLLECTORS_HTTP_JSON_PLACE_H

#include "base/err.h"

#include <stdint.h>

struct cJSON;

enum http_json_found {
    HTTP_JSON_FOUND,
    HTTP_JSON_NOTHING, /* null, or past the end of an array: the API knows of no value */
    HTTP_JSON_MISSING, /* a member that is not there: no value, or a wrong path */
    HTTP_JSON_WRONG    /* something else than a number */
};

/* `err` says why there is none. */
enum http_json_found http_json_number(const struct cJSON *root, const char *path, double *ret_number,
                                      struct err *err);

/* Milliseconds since 1970 of a number (s, ms, us or ns, told apart by its size), or of a text like
 * 2026-11-26T16:00:00.5Z. False: it is none, or is not there. */
MUST_CHECK bool http_json_time(const struct cJSON *root, const char *path, int64_t *ret_ms, struct err *err);

/* Is something there, and neither null, false, 0, "" nor empty? */
bool http_json_is_something(const struct cJSON *root, const char *path);

#endif
