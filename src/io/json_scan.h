/* json_scan.h - the strict check that runs before cJSON sees a byte; for io/json.c and
 * io/json_pick.c alone.
 * SPDX-License-Identifier: MIT */
#ifndef IO_JSON_SCAN_H
#define IO_JSON_SCAN_H

#include "base/err.h"
#include "io/json.h"

#include <stdbool.h>
#include <stddef.h>

/* Is it exactly one JSON value in the sense of json.h? Allocates for the names only, and frees that. */
MUST_CHECK bool json_scan(const char *bytes, size_t length, const struct json_limits *limits,
                          struct err *err);

/* json.c: the tree of the value that begins there in such a text, to be freed with json_free(), and where it
 * ends; never NULL. */
struct cJSON *json_scanned_tree(const char *bytes, size_t length, size_t *ret_length);

#endif
