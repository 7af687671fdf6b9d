/* field.h - members of the daemon's answers, with a harmless value where one is missing.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

/* The answer as a tree (json_free), or NULL where it is no JSON. Larger ones than the API takes are fine.
 * Texts are clean: what they hold may come from a command's output, and they go to a terminal. Only a member
 * "output" keeps its lines. */
struct cJSON *field_parse(const char *text, size_t length);

/* Puts '?' over control characters, but line ends and tabs where `keeps_lines`. In place. */
void field_clean(char *text, bool keeps_lines);

const char *field_text(const struct cJSON *object, const char *name); /* "" */
double field_number(const struct cJSON *object, const char *name);    /* NAN */
bool field_flag(const struct cJSON *object, const char *name);        /* false */
/* An object or array, or NULL (also where it is null). */
const struct cJSON *field_part(const struct cJSON *object, const char *name);

/* Exit code of a deployment, or -1 while it has none. */
int field_exit_code(const struct cJSON *deployment);

#endif
