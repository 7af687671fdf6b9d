/* vars.c - texts filled with variables.
 * SPDX-License-Identifier: MIT */
#include "config/vars.h"

#include "base/text.h"
#include "config/template.h"

#include <string.h>

enum { NAMES_MAX = 128 };

struct filling {
    struct vars *vars;
    const struct node *node; /* whose text it is: for findings */
    bool has_sides;
    unsigned depth;
    struct text text;
};

static bool fill(struct filling *filling, const struct source *source, const char *text);

bool vars_in_slots(const struct vars *vars, const char *name)
{
    for (size_t i = 0; vars->slots != NULL && vars->slots->kind == NODE_GROUP && i < vars->slots->count; i++)
        if (tree_find(tree_find(&vars->slots->children[i], "vars"), name) != NULL)
            return true;
    return false;
}

const struct node *vars_find(const struct vars *vars, const struct source *source, const char *name)
{
    const struct node *found = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(vars->scopes) && found == NULL; i++)
        found = tree_find(vars->scopes[i], name);
    return found != NULL ? found : tree_find(source->vars, name);
}

/* What is filled in when a side is asked stays as it is. */
static bool keep_side(struct filling *filling, const char *name, bool is_slot_variable)
{
    if (!filling->has_sides)
        return report_node(filling->vars->report, filling->node, "{{%s}} %s and cannot stand here", name,
                           is_slot_variable ? "is set per slot" : "differs by side");
    text_add(&filling->text, "{{%s}}", name);
    return true;
}

static size_t add_names(const struct node *vars, const char **names, size_t count)
{
    for (size_t i = 0; vars != NULL && vars->kind == NODE_GROUP && i < vars->count && count < NAMES_MAX; i++)
        names[count++] = vars->children[i].name;
    return count;
}

/* The variable that was perhaps meant, or NULL. */
static const char *nearest_variable(const struct filling *filling, const char *name)
{
    const struct vars *vars = filling->vars;
    const char *names[NAMES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(vars->scopes); i++)
        count = add_names(vars->scopes[i], names, count);
    return text_nearest(name, names, add_names(filling->node->source->vars, names, count));
}

static bool fill_unknown(struct filling *filling, const char *name)
{
    if (filling->vars->service == NULL) {
        filling->vars->is_unfilled = true;
        text_add(&filling->text, "{{%s}}", name);
        return true;
    }
    const char *nearest = nearest_variable(filling, name);
    return report_node(
        filling->vars->report, filling->node,
        "{{%s}} is not filled for %s/%s: set it in `vars` of the file, service, environment or slot%s%s%s",
        name, filling->vars->service,
        filling->vars->environment == NULL ? "its pipeline" : filling->vars->environment,
        nearest != NULL ? "; did you mean {{" : "", nearest != NULL ? nearest : "",
        nearest != NULL ? "}}?" : "");
}

static bool fill_known(struct filling *filling, const char *name, const char *value)
{
    if (value == NULL)
        return fill_unknown(filling, name);
    text_add(&filling->text, "%s", value);
    return true;
}

static bool fill_name(struct filling *filling, const struct source *source, const char *name)
{
    struct vars *vars = filling->vars;

    if (strcmp(name, "service") == 0)
        return fill_known(filling, name, vars->service);
    if (strcmp(name, "environment") == 0)
        return fill_known(filling, name, vars->environment);
    if (template_is_sidewise(name))
        return keep_side(filling, name, false);
    if (vars_in_slots(vars, name))
        return keep_side(filling, name, true);
    const struct node *variable = vars_find(vars, source, name);
    if (variable == NULL)
        return fill_unknown(filling, name);
    if (variable->text == NULL)
        return report_node(vars->report, variable, "the variable %s is no single value", name);
    if (filling->depth == VARS_DEPTH_MAX)
        return report_node(vars->report, variable, "the variables go round in a circle at {{%s}}", name);
    filling->depth++;
    bool is_filled = fill(filling, variable->source, variable->text);
    filling->depth--;
    return is_filled;
}

static bool fill(struct filling *filling, const struct source *source, const char *text)
{
    struct placeholder found = placeholder_find(text);

    for (; found.kind == PLACEHOLDER_NAME; found = placeholder_find(text)) {
        text_add_bytes(&filling->text, text, found.before);
        if (!fill_name(filling, source, found.name))
            return false;
        text = found.after;
    }
    if (found.kind == PLACEHOLDER_BROKEN)
        return report_node(filling->vars->report, filling->node, "{{ needs a name and }} behind it");
    text_add_bytes(&filling->text, text, found.before);
    return true;
}

static bool full(const struct vars *vars, const struct node *node)
{
    return report_node(vars->report, node, "the definitions are larger than their memory; make them smaller");
}

const char *vars_fill(struct vars *vars, const struct node *node, bool has_sides)
{
    char memory[VARS_TEXT_MAX];
    struct filling filling = {.vars = vars, .node = node, .has_sides = has_sides};

    text_init(&filling.text, memory, sizeof(memory));
    if (!fill(&filling, node->source, node->text))
        return NULL;
    if (filling.text.is_cut) {
        (void)report_node(vars->report, node, "longer than %d bytes when it is filled in", VARS_TEXT_MAX - 1);
        return NULL;
    }
    const char *copy = arena_copy_text(vars->arena, memory);
    if (copy == NULL)
        (void)full(vars, node);
    return copy;
}

bool vars_copy(struct vars *vars, const struct node *from, bool has_sides, struct node *ret_to)
{
    struct node to = *from;
    bool is_good = true;

    if (from->kind == NODE_TEXT) {
        const char *filled = vars_fill(vars, from, has_sides);
        is_good = filled != NULL;
        to.text = is_good ? filled : from->text;
    }
    if (from->count > 0) {
        struct node *children = arena_take_array(vars->arena, from->count, sizeof(*children));
        if (children == NULL)
            return full(vars, from);
        for (size_t i = 0; i < from->count; i++)
            is_good = vars_copy(vars, &from->children[i], has_sides, &children[i]) && is_good;
        to.children = children;
    }
    *ret_to = to;
    return is_good;
}
