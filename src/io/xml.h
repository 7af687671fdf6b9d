/* xml.h - the XML that web services answer: elements and texts, read strictly; not the whole language.
 * SPDX-License-Identifier: MIT
 *
 * Refused, with the byte offset: document types, comments, CDATA and processing instructions (but the
 * declaration at the start), entities other than the five that XML knows and numbers, text beside elements,
 * tags that do not match, bytes after the root, no UTF-8, and more than the limits. Attributes are skipped,
 * names keep their prefix. */
#ifndef IO_XML_H
#define IO_XML_H

#include "base/err.h"

#include <stddef.h>

enum { XML_SIZE_MAX = 1024 * 1024, XML_DEPTH_MAX = 32, XML_ELEMENTS_MAX = 50000 };

struct xml; /* a document; its elements and texts live as long */

struct xml_element {
    const char *name;
    const char *text; /* decoded; "" where it has elements inside, or nothing */
    struct xml_element *parent, *first, *last, *next;
};

/* ERR_INVALID or ERR_LIMIT, "offset 17: ...". */
MUST_CHECK bool xml_parse(const char *bytes, size_t length, struct xml **ret_xml, struct err *err);
void xml_free(struct xml *xml);     /* NULL is fine */
void xml_free_at(struct xml **xml); /* for CLEANUP */

const struct xml_element *xml_root(const struct xml *xml);

/* The element at a path of names below `from`, "A/B/C", the first of each; NULL where there is none, or
 * `from` is NULL. */
const struct xml_element *xml_find(const struct xml_element *from, const char *path);

/* Its text; NULL where there is no such element. */
const char *xml_text(const struct xml_element *from, const char *path);

#endif
