/* stack_variables.c - a tree of the rule file as JSON.
 * SPDX-License-Identifier: MIT */
#include "config/stack_variables.h"

#include "base/text.h"

#include <string.h>

enum { DEPTH_MAX = 8 };

static void add_text(struct text *text, const char *from)
{
    text_add(text, "\"");
    for (; *from != '\0'; from++) {
        if (*from == '"' || *from == '\\')
            text_add(text, "\\%c", *from);
        else if ((unsigned char)*from < ' ')
            text_add(text, "\\u%04x", (unsigned)*from);
        else
            text_add_bytes(text, from, 1);
    }
    text_add(text, "\"");
}

static bool add_value(const struct build *build, const struct node *node, unsigned depth, struct text *text);

static bool add_children(const struct build *build, const struct node *node, unsigned depth,
                         struct text *text)
{
    bool is_group = node->kind == NODE_GROUP;
    bool is_good = true;

    if (depth == DEPTH_MAX)
        return report_node(build->report, node, "variables: more than %d groups and lists in one another",
                           DEPTH_MAX);
    text_add(text, is_group ? "{" : "[");
    for (size_t i = 0; i < node->count; i++) {
        text_add(text, i == 0 ? "" : ",");
        if (is_group) {
            add_text(text, node->children[i].name);
            text_add(text, ":");
        }
        is_good = add_value(build, &node->children[i], depth + 1, text) && is_good;
    }
    text_add(text, is_group ? "}" : "]");
    return is_good;
}

static bool add_value(const struct build *build, const struct node *node, unsigned depth, struct text *text)
{
    double number = 0;

    switch (node->kind) {
    case NODE_GROUP:
    case NODE_LIST:
        return add_children(build, node, depth, text);
    case NODE_TEXT:
        add_text(text, node->text);
        return true;
    case NODE_INTEGER:
    case NODE_NUMBER:
        if (!text_to_number(node->text, &number))
            return report_node(build->report, node, "variables: %s is no number that can be passed on",
                               node->text);
        text_add(text, "%s", node->text);
        return true;
    case NODE_BOOL:
        text_add(text, "%s", node->text);
        return true;
    }
    return false;
}

/* As terraform wants names: letters, digits, _ and -, no digit first. */
static bool check_names(const struct build *build, const struct node *variables)
{
    bool is_good = true;

    if (variables == NULL)
        return true;
    if (variables->kind != NODE_GROUP)
        return report_node(build->report, variables, "variables: takes a group { name = value; }, not %s",
                           node_kind_name(variables->kind));
    for (size_t i = 0; i < variables->count; i++) {
        const char *name = variables->children[i].name;
        if (name[0] == '-' || name[0] == '*')
            is_good =
                report_node(build->report, &variables->children[i], "'%s' is no name of a variable", name);
    }
    return is_good;
}

static bool add_each(const struct build *build, const struct node *variables, const struct node *without,
                     struct text *text)
{
    bool is_good = true;

    for (size_t i = 0; variables != NULL && i < variables->count; i++) {
        const struct node *one = &variables->children[i];
        if (tree_find(without, one->name) != NULL)
            continue;
        text_add(text, text->length == 1 ? "" : ",");
        add_text(text, one->name);
        text_add(text, ":");
        is_good = add_value(build, one, 1, text) && is_good;
    }
    return is_good;
}

const char *stack_variables(const struct build *build, const struct node *at, const struct node *common,
                            const struct node *own)
{
    char memory[STACK_VARIABLES_MAX];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    text_add(&text, "{");
    if (!check_names(build, common) || !check_names(build, own) || !add_each(build, common, own, &text) ||
        !add_each(build, own, NULL, &text))
        return NULL;
    text_add(&text, "}");
    if (!text.is_cut)
        return options_keep(build, at, memory);
    (void)report_node(build->report, at,
                      "variables: longer than %d bytes as JSON; put them into a file beside the stack's code",
                      STACK_VARIABLES_MAX - 1);
    return NULL;
}
