/* json_pick.h - a large JSON object without a tree of all of it: a few of its members, or all but an array,
 * and the array one element after the other.
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

/* The elements of an array, each a small tree of its own: hundreds of them cost what one does, again and
 * again. */
struct json_elements {
    const char *bytes;
    size_t length, at;
    const char *name;   /* of the array, in the outermost object */
    size_t index;       /* of the current one */
    struct cJSON *root; /* the current one */
};

/* Checks the whole text as json_parse() does, and makes a tree (json_free()) of its outermost object without
 * the member `name`, which must be an array: its elements are still to be walked over. A name with escapes is
 * another one. The text must outlive the walk. ERR_INVALID: it is no object; ERR_NOT_FOUND: it has no such
 * array; ERR_LIMIT: all but the array is longer than JSON_PICK_MAX_BYTES. */
MUST_CHECK bool json_split(const char *bytes, size_t length, const struct json_limits *limits,
                           const char *name, struct cJSON **ret_object, struct json_elements *ret_elements,
                           struct err *err);

/* The next one (item NULL: that was the last), until it is asked for another. Its errors tell its place in
 * the whole. */
struct json_node json_elements_next(struct json_elements *elements);
void json_elements_done(struct json_elements *elements); /* wherever it stands */

#endif
