/* json_pick.h - a few members of a large JSON object, without a tree of all the others.
 * SPDX-License-Identifier: MIT */
#ifndef IO_JSON_PICK_H
#define IO_JSON_PICK_H

#include "io/json.h"

enum { JSON_PICK_MAX_BYTES = 4096 };

/* Checks the whole text as json_parse() does, and makes a tree (json_free()) of an object with those members
 * of its outermost object that `names` has, as they are written there: a name with escapes is another one.
 * ERR_INVALID: it is no object; ERR_LIMIT: what is picked is longer than JSON_PICK_MAX_BYTES. */
MUST_CHECK bool json_pick(const char *bytes, size_t length, const struct json_limits *limits,
                          const char *const *names, size_t count, struct cJSON **ret_object, struct err *err);

/* Where the value of such a member stands in a text that json_pick() has taken. False: there is none. */
MUST_CHECK bool json_pick_place(const char *bytes, size_t length, const char *name, size_t *ret_at,
                                size_t *ret_length);

#endif
