/* pipeline_stacks.c - stacks of a pipeline, filled and put before deployments.
 * SPDX-License-Identifier: MIT */
#include "config/pipeline_stacks.h"

#include "base/text.h"
#include "config/stacks.h"

#include <string.h>

/* The stack where it has this environment, filled, in `to`; false: findings. *count grows by what was added.
 */
static bool fill_stack(const struct config *config, const struct node *at, const char *environment,
                       struct arena *arena, struct config_report *report, struct node *to, size_t *count)
{
    const struct node *stack = config_find(config, "stacks", at->text);

    if (stack == NULL)
        return config_unknown(config, report, at, "stacks", "stack", at->text);
    if (tree_find(tree_find(stack, "environments"), environment) == NULL)
        return true;
    return stacks_fill(stack, environment, "apply", arena, report, &to[(*count)++]);
}

/* All stacks in one environment, in *ret_group. */
static bool fill_environment(const struct config *config, const struct node *stacks,
                             const struct node *environment, struct arena *arena,
                             struct config_report *report, struct node *ret_group)
{
    struct node *children = arena_take_array(arena, stacks->count, sizeof(*children));
    struct node group = {
        .kind = NODE_GROUP, .name = environment->text, .source = stacks->source, .line = stacks->line};
    bool is_good = children != NULL;

    for (size_t i = 0; is_good && i < stacks->count; i++)
        is_good = stacks->children[i].kind == NODE_TEXT &&
                  fill_stack(config, &stacks->children[i], environment->text, arena, report, children,
                             &group.count);
    group.children = children;
    *ret_group = group;
    return is_good;
}

/* A stack that no environment has was meant otherwise. */
static bool check_used(const struct node *stacks, const struct node *expanded, struct config_report *report)
{
    bool is_good = true;

    for (size_t i = 0; i < stacks->count; i++) {
        bool is_used = false;
        for (size_t k = 0; k < expanded->count; k++)
            is_used = is_used || tree_find(&expanded->children[k], stacks->children[i].text) != NULL;
        if (!is_used)
            is_good = report_node(report, &stacks->children[i],
                                  "the stack '%s' has none of the environments of this pipeline",
                                  stacks->children[i].text);
    }
    return is_good;
}

/* Puts the stacks that the filled pipeline names into it, so that they are sealed with it. */
bool pipeline_stacks_fill(const struct config *config, struct arena *arena, struct config_report *report,
                          struct node *filled)
{
    const struct node *stacks = tree_find(filled, "infrastructure");
    const struct node *environments = tree_find(filled, "environments");

    if (stacks == NULL || stacks->kind != NODE_LIST || environments == NULL ||
        environments->kind != NODE_LIST)
        return true;
    struct node *children = arena_take_array(arena, filled->count + 1, sizeof(*children));
    struct node *groups = arena_take_array(arena, environments->count, sizeof(*groups));
    if (children == NULL || groups == NULL)
        return report_node(report, filled, "the definitions are larger than their memory; make them smaller");
    for (size_t i = 0; i < environments->count; i++)
        if (environments->children[i].kind != NODE_TEXT ||
            !fill_environment(config, stacks, &environments->children[i], arena, report, &groups[i]))
            return false;
    memcpy(children, filled->children, filled->count * sizeof(*children));
    children[filled->count] = (struct node){.kind = NODE_GROUP,
                                            .name = PIPELINE_EXPANDED,
                                            .source = filled->source,
                                            .line = filled->line,
                                            .count = environments->count,
                                            .children = groups};
    filled->children = children;
    filled->count++;
    return check_used(stacks, &children[filled->count - 1], report);
}

/* `prod-network-plan`: stages of different environments and stacks need names of their own. */
static bool build_stack(const struct build *build, const struct node *filled, const char *environment,
                        struct run_definition *definition)
{
    char prefix[2 * (NAME_MAX_LENGTH + 1) + 1];
    const struct stack_place *place = NULL;
    struct text text;

    text_init(&text, prefix, sizeof(prefix));
    text_add(&text, "%s-%s-", environment, filled->name);
    return stacks_expand(build, filled, prefix, definition, &place);
}

bool pipeline_stacks_build(const struct build *build, const struct node *pipeline,
                           const struct option_value *stacks, const char *environment,
                           struct run_definition *definition)
{
    const struct node *here = tree_find(tree_find(pipeline, PIPELINE_EXPANDED), environment);
    bool is_good = true;

    for (size_t i = 0; i < stacks->list_length; i++) {
        const struct node *filled = tree_find(here, stacks->list[i]);
        is_good = (filled == NULL || build_stack(build, filled, environment, definition)) && is_good;
    }
    return is_good;
}
