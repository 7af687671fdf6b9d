/* json.h - the one strict reader of JSON from outside, and a writer whose numbers read back equal.
 * SPDX-License-Identifier: MIT
 *
 * Refused, with the byte offset: anything that RFC 8259 does not allow, bytes after the value, a byte order
 * mark, duplicate names in one object (compared decoded), \u0000, lone surrogates, invalid UTF-8, numbers
 * beyond a double (1e999), integers that a double cannot hold exactly, more depth, names or bytes than the
 * limits say.
 *
 * Reading goes through nodes: a value and where it stands, so that every error names it by its JSON pointer
 * ("#/samples/3/value: is text, expected a number"). Texts belong to the tree. */
#ifndef IO_JSON_H
#define IO_JSON_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_elements;
struct cJSON; /* who builds JSON includes <cjson/cJSON.h> itself */

enum {
    JSON_DEPTH_MAX = 64,    /* depth_max of any limits */
    JSON_POINTER_MAX = 192, /* buffer of json_pointer */
    JSON_NUMBER_MAX = 32    /* buffer of json_format_number */
};

#define JSON_INTEGER_MAX (INT64_C(1) << 53)

struct json_limits {
    size_t size_max;      /* bytes */
    size_t depth_max;     /* 1: a scalar, 2: an object of scalars; at most JSON_DEPTH_MAX */
    size_t keys_max;      /* members of all objects together */
    size_t values_max;    /* values of all kinds together; each costs some 80 bytes. 0: as many as fit */
    bool allows_rounding; /* integers past 2^53 are rounded, not refused (telemetry of others, nanoseconds) */
    bool allows_infinity; /* a number beyond a double is refused where it is read, not with the whole text */
};

/* What the HTTP API and configuration-like input take: 1 MiB, depth 16, 4096 keys. */
extern const struct json_limits json_limits_default;

struct json_node {
    const struct cJSON *item;   /* NULL: an optional member that is not there */
    size_t index;               /* among its siblings, where it was found by json_first, _next or _element */
    const char *name;           /* of a member, as it was asked for */
    const struct cJSON *parent; /* with one of these two: its place, also where there is no item */
    const struct cJSON *root;
    const struct json_elements *of; /* whose current element the root is (json_pick.h); else NULL */
};

enum json_need {
    JSON_REQUIRED,
    JSON_OPTIONAL /* missing or null: success, and the output keeps what the caller put there */
};

/* The tree is the caller's: json_free. ERR_INVALID or ERR_LIMIT, "offset 17: ...". `limits` NULL: the
 * default. */
MUST_CHECK bool json_parse(const char *bytes, size_t length, const struct json_limits *limits,
                           struct cJSON **ret_root, struct err *err);
void json_free(struct cJSON *root);         /* NULL is fine */
void json_free_at(struct cJSON **variable); /* for CLEANUP */

/* The root as a node, pointer "#". */
struct json_node json_root(const struct cJSON *root);
bool json_is_object(const struct json_node *node);
bool json_is_array(const struct json_node *node);

/* Members of `object` by their exact name. ERR_INVALID where it is missing, of another type or out of range.
 */
MUST_CHECK bool json_text(const struct json_node *object, const char *name, enum json_need need,
                          size_t bytes_max, const char **ret_text, struct err *err);
MUST_CHECK bool json_number(const struct json_node *object, const char *name, enum json_need need,
                            double *ret_number, struct err *err);
MUST_CHECK bool json_integer(const struct json_node *object, const char *name, enum json_need need,
                             int64_t min, int64_t max, int64_t *ret_integer, struct err *err);
MUST_CHECK bool json_bool(const struct json_node *object, const char *name, enum json_need need,
                          bool *ret_flag, struct err *err);
/* An optional one that is missing leaves ret_object->item as it was: set it to NULL before. */
MUST_CHECK bool json_object(const struct json_node *object, const char *name, enum json_need need,
                            struct json_node *ret_object, struct err *err);
MUST_CHECK bool json_array(const struct json_node *object, const char *name, enum json_need need,
                           size_t length_max, struct json_node *ret_array, size_t *ret_length,
                           struct err *err);

/* Any member, whatever its type; item is NULL where there is none. */
struct json_node json_member(const struct json_node *object, const char *name);

/* Where it stands; asked for in errors alone, for it is looked for in the whole tree. */
const char *json_pointer(const struct json_node *node, char to[JSON_POINTER_MAX]);
#define JSON_POINTER(node) json_pointer((node), (char[JSON_POINTER_MAX]){""})

/* Walking: the first and the next child of an array or object (item NULL: no more), and a member's own name.
 */
struct json_node json_first(const struct json_node *parent);
struct json_node json_next(const struct json_node *parent, const struct json_node *child);
const char *json_name(const struct json_node *child); /* NULL in arrays */
/* One of an array; item NULL: there is none. */
struct json_node json_element(const struct json_node *array, size_t index);

/* The node itself as a value. */
MUST_CHECK bool json_as_text(const struct json_node *node, size_t bytes_max, const char **ret_text,
                             struct err *err);
MUST_CHECK bool json_as_number(const struct json_node *node, double *ret_number, struct err *err);
MUST_CHECK bool json_as_object(const struct json_node *node, struct err *err);

/* Refuses members that `names` does not have: "#/versoin: is not known here; did you mean \"version\"?". */
MUST_CHECK bool json_known_keys(const struct json_node *object, const char *const *names, size_t count,
                                struct err *err);

/* `.a.b[0].c`, `."odd name"`, `.[3]`, `.a[-1]` (the last), `.` (the root). The check is for configuration,
 * the look-up returns NULL where the path leads nowhere. */
MUST_CHECK bool json_path_check(const char *path, struct err *err);
const struct cJSON *json_path(const struct cJSON *root, const char *path);

/* The scalar that a path led to. A number, true (1), false (0) or a text that is a number: true. */
MUST_CHECK bool json_value_number(const struct cJSON *item, double *ret_number);
/* A scalar as text, "" for null: false for objects, arrays and what does not fit. */
MUST_CHECK bool json_value_text(const struct cJSON *item, char *to, size_t size);

/* A member with a harmless value where it is missing or of another kind: "", NAN. */
const char *json_text_of(const struct cJSON *object, const char *name);
double json_number_of(const struct cJSON *object, const char *name);

/* Compact text without spaces, free(); numbers read back equal in every locale, a non-finite one is null. */
char *json_print(const struct cJSON *root);
/* The same with two spaces of indent a level and a final newline. */
char *json_print_pretty(const struct cJSON *root);
const char *json_format_number(double number, char to[JSON_NUMBER_MAX]);

#endif
