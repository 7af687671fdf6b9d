/* canonical.h - what a service says in XML as JSON whose text is the same in whatever order it said it.
 * SPDX-License-Identifier: MIT
 *
 * Elements become objects with their names sorted, lists (`member`) arrays with their texts sorted, all else
 * texts. */
#ifndef IAC_CANONICAL_H
#define IAC_CANONICAL_H

#include "io/xml.h"

struct cJSON;

/* The caller's; NULL: ERR_PROTOCOL, an object with a name twice. */
struct cJSON *canonical_of(const struct xml_element *element, struct err *err);

/* Sorts an array by the texts of what is in it. */
void canonical_sort(struct cJSON *array);

#endif
