/* stacks.c - stacks read and checked, and filled for an environment and a verb.
 * SPDX-License-Identifier: MIT */
#include "config/stacks.h"

#include "base/text.h"
#include "config/stack_options.h"
#include "config/stack_variables.h"
#include "config/stack_words.h"
#include "config/vars.h"

#include <string.h>

static bool check_environments(const struct build *build, const struct node *stack)
{
    struct option_value values[STACK_FILLED_COUNT] = {{0}}; /* they differ by environment: not of interest */
    const struct node *environments = tree_find(stack, "environments");
    bool is_good = true;

    if (environments == NULL || environments->kind != NODE_GROUP || environments->count == 0)
        return report_node(build->report, environments == NULL ? stack : environments,
                           "'%s' has no environments: environments: { prod: { ... }; }", stack->name);
    for (size_t i = 0; i < environments->count; i++) {
        const struct node *one = &environments->children[i];
        if (!text_is_name(one->name))
            is_good = report_node(build->report, one, "'%s' is no name: small letters, digits, -", one->name);
        is_good = stack_words_merge(build, one, values) && is_good;
    }
    return is_good;
}

void stacks_check(const struct build *build, struct arena *scratch, const struct node *stack)
{
    static const char *const parts[] = {"variables", "cost", "compliance", "notify", "environments", NULL};
    static const struct shape shape = {.options = stack_options, .count = STACK_OPTION_COUNT, .parts = parts};
    struct option_value values[STACK_OPTION_COUNT] = {{0}};
    struct build loose = *build; /* variables are filled in for an environment */

    loose.is_loose = true;
    if (!options_read(&loose, stack, &shape, values, NULL) || !check_environments(&loose, stack))
        return;
    const struct node *environments = tree_find(stack, "environments");
    for (size_t i = 0; i < environments->count; i++) {
        struct run_definition definition = {0};
        struct node filled;
        arena_reset(scratch);
        if (stacks_fill(stack, environments->children[i].name, stack_verbs[STACK_APPLIES], scratch,
                        build->report, &filled))
            (void)!stacks_build(build, &filled, &definition);
    }
}

static struct node text_node(const struct node *like, const char *name, const char *text)
{
    return (struct node){
        .kind = NODE_TEXT, .name = name, .text = text, .source = like->source, .line = like->line};
}

static bool is_known_verb(const char *verb)
{
    for (size_t i = 0; stack_verbs[i] != NULL; i++)
        if (strcmp(stack_verbs[i], verb) == 0)
            return true;
    return false;
}

/* As JSON, since a sealed tree does not keep the kinds of all numbers. */
static bool seal_variables(struct arena *arena, struct config_report *report, struct node *filled)
{
    const struct build build = {.arena = arena, .report = report};
    struct node *children = arena_take_array(arena, filled->count + 1, sizeof(*children));
    const char *json = stack_variables(&build, filled, tree_find(filled, "variables"),
                                       tree_find(tree_find(filled, "here"), "variables"));
    size_t count = 0;

    if (json == NULL || children == NULL)
        return json != NULL && options_full(&build, filled);
    for (size_t i = 0; i < filled->count; i++)
        if (strcmp(filled->children[i].name, "variables") != 0)
            children[count++] = filled->children[i];
    children[count++] = text_node(filled, "variables", json);
    filled->children = children;
    filled->count = count;
    return true;
}

bool stacks_fill(const struct node *stack, const char *environment, const char *verb, struct arena *arena,
                 struct config_report *report, struct node *ret_filled)
{
    const struct node *here = tree_find(tree_find(stack, "environments"), environment);
    struct vars vars = {.arena = arena, .report = report, .service = stack->name, .environment = environment};
    struct node *children = arena_take_array(arena, stack->count + 3, sizeof(*children));
    struct node whole = *stack;

    if (here == NULL)
        return report_node(report, stack, "the stack '%s' has no environment '%.64s'", stack->name,
                           environment);
    if (!is_known_verb(verb))
        return report_node(report, stack, "'%.64s' is nothing that is done to a stack", verb);
    if (children == NULL)
        return report_node(report, stack, "the definitions are larger than their memory; make them smaller");
    whole.count = 0;
    whole.children = children;
    for (size_t i = 0; i < stack->count; i++)
        if (strcmp(stack->children[i].name, "environments") != 0)
            children[whole.count++] = stack->children[i];
    children[whole.count] = *here;
    children[whole.count++].name = "here";
    children[whole.count++] = text_node(stack, "environment", here->name);
    children[whole.count++] = text_node(stack, "verb", verb);
    return vars_copy(&vars, &whole, false, ret_filled) && seal_variables(arena, report, ret_filled);
}
