/* vectors.h - numbers kept in JSON files under tests/unit/vectors.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include "io/json.h"

/* The whole file (seen from the project's folder); fails the test. json_free. */
struct cJSON *vectors_read(const char *path);

/* Members that must be there. */
double vectors_number(const struct json_node *object, const char *name); /* null: NAN */
const char *vectors_text(const struct json_node *object, const char *name);
bool vectors_flag(const struct json_node *object, const char *name);
struct json_node vectors_array(const struct json_node *object, const char *name, size_t *ret_length);
size_t vectors_numbers(const struct json_node *object, const char *name, double *to, size_t max);

/* |left - right| <= relative * |right|; equal infinities and two NAN are close. */
bool vectors_is_close(double left, double right, double relative);

#endif
