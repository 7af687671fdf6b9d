/* slots.c - slots filled in.
 * SPDX-License-Identifier: MIT */
#include "config/slots.h"

#include "config/definition.h"

#include <string.h>

enum { SLOT_VARIABLES_MAX = 64 };

static void *take(struct vars *vars, const struct node *at, size_t count, size_t size)
{
    void *array = arena_take_array(vars->arena, count, size);

    if (array == NULL)
        (void)report_node(vars->report, at,
                          "the definitions are larger than their memory; make them smaller");
    return array;
}

/* Names that some slot sets, each once. */
static size_t slot_variables(const struct node *slots, const char **names)
{
    size_t count = 0;

    for (size_t i = 0; i < slots->count; i++) {
        const struct node *vars = tree_find(&slots->children[i], "vars");
        for (size_t j = 0; vars != NULL && vars->kind == NODE_GROUP && j < vars->count; j++) {
            const char *name = vars->children[j].name;
            size_t at = 0;
            while (at < count && strcmp(names[at], name) != 0)
                at++;
            if (at == count && count < SLOT_VARIABLES_MAX)
                names[count++] = name;
        }
    }
    return count;
}

/* One variable as it applies to a slot. */
static bool select_variable(struct vars *vars, const struct node *slot, const char *name, struct node *ret)
{
    const struct node *from = tree_find(tree_find(slot, "vars"), name);

    if (from == NULL)
        from = vars_find(vars, slot->source, name);
    if (from == NULL)
        return report_node(vars->report, slot,
                           "slot '%s': {{%s}} is set in another slot; set it here or outside of the slots",
                           slot->name, name);
    if (from->text == NULL)
        return report_node(vars->report, from, "the variable %s is no single value", name);
    *ret = *from;
    ret->kind = NODE_TEXT;
    ret->name = name;
    ret->text = vars_fill(vars, from, false);
    return ret->text != NULL;
}

/* A slot with all variables that apply to it. */
static bool select_slot(struct vars *vars, const struct node *slot, const char *const *names, size_t count,
                        struct node *ret_slot)
{
    struct node *children = take(vars, slot, slot->count + 1, sizeof(*children));
    struct node *variables = take(vars, slot, count + 1, sizeof(*variables));
    size_t kept = 0;
    bool is_good = children != NULL && variables != NULL;

    if (!is_good)
        return false;
    for (size_t i = 0; i < slot->count; i++)
        if (strcmp(slot->children[i].name, "vars") != 0)
            is_good = vars_copy(vars, &slot->children[i], false, &children[kept++]) && is_good;
    for (size_t i = 0; i < count; i++)
        is_good = select_variable(vars, slot, names[i], &variables[i]) && is_good;
    if (count > 0)
        children[kept++] = (struct node){.kind = NODE_GROUP,
                                         .name = "vars",
                                         .source = slot->source,
                                         .line = slot->line,
                                         .count = count,
                                         .children = variables};
    *ret_slot = *slot;
    ret_slot->children = children;
    ret_slot->count = kept;
    return is_good;
}

bool slots_select(struct vars *vars, const struct node *slots, struct node *ret_slots)
{
    const char *names[SLOT_VARIABLES_MAX];
    bool is_good = true;

    *ret_slots = *slots;
    if (slots->kind != NODE_GROUP || slots->count > DEFINITION_SLOTS_MAX)
        return true;
    size_t count = slot_variables(slots, names);
    if (count == SLOT_VARIABLES_MAX)
        return report_node(vars->report, slots, "%d or more variables in the slots", SLOT_VARIABLES_MAX);
    struct node *children = take(vars, slots, slots->count + 1, sizeof(*children));
    for (size_t i = 0; i < slots->count && children != NULL; i++) {
        const struct node *slot = &slots->children[i];
        children[i] = *slot;
        if (slot->kind == NODE_GROUP)
            is_good = select_slot(vars, slot, names, count, &children[i]) && is_good;
    }
    ret_slots->children = children;
    return is_good && children != NULL;
}
