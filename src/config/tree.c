/* tree.c - looking into a tree.
 * SPDX-License-Identifier: MIT */
#include "config/tree.h"

#include <string.h>

static const char *const kind_names[] = {
    [NODE_GROUP] = "a group { }",      [NODE_LIST] = "a list",     [NODE_TEXT] = "a text",
    [NODE_INTEGER] = "a whole number", [NODE_NUMBER] = "a number", [NODE_BOOL] = "true or false",
};

const struct node *tree_find(const struct node *group, const char *name)
{
    if (group == NULL || group->kind != NODE_GROUP)
        return NULL;
    for (size_t i = 0; i < group->count; i++)
        if (strcmp(group->children[i].name, name) == 0)
            return &group->children[i];
    return NULL;
}

bool node_is_scalar(const struct node *node)
{
    return node->kind != NODE_GROUP && node->kind != NODE_LIST;
}

const char *node_kind_name(enum node_kind kind)
{
    return kind_names[kind];
}
