/* tree.h - what a file says, without its syntax: groups, lists and scalars, each with its place.
 * SPDX-License-Identifier: MIT */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum node_kind {
    NODE_GROUP, /* named children, each name once */
    NODE_LIST,  /* children without names: ( ) and [ ] */
    NODE_TEXT,
    NODE_INTEGER,
    NODE_NUMBER,
    NODE_BOOL
};

struct node;

/* A text that was read, and where from; outlives the nodes made of it. */
struct source {
    const char *path;
    const char *text;        /* ends with NUL */
    const struct node *vars; /* the file's own variables, or NULL */
};

struct node {
    enum node_kind kind;
    const char *name; /* NULL: an element of a list, or the root */
    const char *text; /* of scalars, as option_parse() wants it; else NULL */
    const struct source *source;
    unsigned line;
    size_t count;
    const struct node *children; /* [count] */
};

/* The child of that name, or NULL; `group` may be NULL or no group. */
const struct node *tree_find(const struct node *group, const char *name);

bool node_is_scalar(const struct node *node);

/* "a group", "a list", "a text", ... for error texts. */
const char *node_kind_name(enum node_kind kind);

#endif
