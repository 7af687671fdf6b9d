/* run_seal.c - a pipeline, a group with its versions, or a stack with a verb, as canonical text, and back.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/block.h"
#include "config/groups.h"
#include "config/pipelines.h"
#include "config/recovery.h"
#include "config/seal.h"
#include "config/stacks.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 512, FILLED_BYTES = 1024 * 1024, DEFINITION_BYTES = 256 * 1024 };

static bool err_finding(struct err *err, const struct config_report *report)
{
    const struct config_finding *finding = &report->findings[0];

    if (report->count == 0)
        return err_set(err, ERR_INTERNAL, "it could not be resolved");
    return err_set(err, ERR_INVALID, "%s:%u: %s", finding->file, finding->line, finding->text);
}

/* What a run can be of. */
struct kind {
    const char *what, *group;
};

static const struct kind a_pipeline = {"pipeline", "pipelines"};
static const struct kind a_group = {"group", "groups"};
static const struct kind a_stack = {"stack", "stacks"};
static const struct kind a_recovery = {"recovery", "recoveries"};

/* NULL: *err. */
static const struct node *find(const struct config *config, const struct kind *kind, const char *name,
                               struct err *err)
{
    const struct node *node = config_find(config, kind->group, name);
    const char *names[NAMES_MAX];

    if (node != NULL)
        return node;
    size_t count = config_names(config, kind->group, names, NAMES_MAX);
    const char *nearest = text_nearest(name, names, count);
    if (nearest == NULL)
        (void)err_set(err, ERR_NOT_FOUND, "unknown %s '%s'", kind->what, name);
    else
        (void)err_set(err, ERR_NOT_FOUND, "unknown %s '%s'; did you mean '%s'?", kind->what, name, nearest);
    return NULL;
}

/* { pipeline = NAME; pipelines: { NAME: { ... }; }; } */
static char *write_filled(const struct kind *kind, const struct node *filled)
{
    const struct node children[] = {
        {.kind = NODE_TEXT, .name = kind->what, .text = filled->name, .source = filled->source},
        {.kind = NODE_GROUP, .name = kind->group, .source = filled->source, .count = 1, .children = filled},
    };
    const struct node root = {
        .kind = NODE_GROUP, .source = filled->source, .count = ARRAY_LENGTH(children), .children = children};

    return seal_write(&root);
}

char *config_seal_pipeline(const struct config *config, const char *pipeline, struct err *err)
{
    const struct node *node = find(config, &a_pipeline, pipeline, err);
    struct config_report *report = NULL;
    struct arena arena;
    struct node filled;
    char *text = NULL;

    if (node == NULL)
        return NULL;
    report = block_new(sizeof(*report));
    block_arena(&arena, FILLED_BYTES);
    if (pipelines_fill(config, node, &arena, report, &filled))
        text = write_filled(&a_pipeline, &filled);
    else
        (void)err_finding(err, report);
    free(arena.memory);
    free(report);
    return text;
}

char *config_seal_group(const struct config *config, const char *group, const struct run_member *members,
                        size_t count, struct err *err)
{
    const struct node *node = find(config, &a_group, group, err);
    struct arena arena;
    struct node filled;
    char *text = NULL;

    if (node == NULL)
        return NULL;
    block_arena(&arena, FILLED_BYTES);
    if (groups_fill(node, members, count, &arena, &filled, err))
        text = write_filled(&a_group, &filled);
    free(arena.memory);
    return text;
}

char *config_seal_stack(const struct config *config, const char *stack, const char *environment,
                        const char *verb, struct err *err)
{
    const struct node *node = find(config, &a_stack, stack, err);
    struct config_report *report = NULL;
    struct arena arena;
    struct node filled;
    char *text = NULL;

    if (node == NULL)
        return NULL;
    report = block_new(sizeof(*report));
    block_arena(&arena, FILLED_BYTES);
    if (stacks_fill(node, environment, verb, &arena, report, &filled))
        text = write_filled(&a_stack, &filled);
    else
        (void)err_finding(err, report);
    free(arena.memory);
    free(report);
    return text;
}

static const struct node *find_sealed(const struct node *root, const struct kind *kind)
{
    const struct node *name = tree_find(root, kind->what);

    return name == NULL ? NULL : tree_find(tree_find(root, kind->group), name->text);
}

/* What is sealed in the text; false: findings. */
static bool build_sealed(const struct build *build, const struct node *root,
                         struct run_definition *definition)
{
    const struct node *pipeline = find_sealed(root, &a_pipeline);
    const struct node *group = find_sealed(root, &a_group);
    const struct node *stack = find_sealed(root, &a_stack);
    const struct node *recovery = find_sealed(root, &a_recovery);

    if (group != NULL)
        return groups_build(build, group, definition);
    if (stack != NULL)
        return stacks_build(build, stack, definition);
    if (recovery != NULL)
        return recovery_build_run(build, recovery, definition);
    if (pipeline != NULL)
        return pipelines_build(build, pipeline, definition);
    return report_node(build->report, root, "no sealed pipeline");
}

static struct run_definition *build(const struct node *root, struct config_report *report)
{
    struct arena arena;
    struct build building = {.arena = &arena, .report = report};

    block_arena(&arena, DEFINITION_BYTES);
    struct run_definition *definition = arena_take(&arena, sizeof(*definition));
    if (build_sealed(&building, root, definition))
        return definition;
    free(arena.memory);
    return NULL;
}

struct run_definition *config_unseal_pipeline(const char *sealed, struct err *err)
{
    struct source source = {.path = "sealed", .text = sealed};
    struct config_report *report = block_new(sizeof(*report));
    struct run_definition *definition = NULL;
    struct tree tree = {0};

    if (reader_read(&source, &tree, report))
        definition = build(tree.root, report);
    if (definition == NULL)
        (void)err_finding(err, report);
    free(tree.memory);
    free(report);
    return definition;
}

void run_definition_free(struct run_definition *definition)
{
    free(definition);
}

/* As a run of it would be: variables are filled in. */
static int64_t drift_every(const struct config *config, const char *stack, const char *environment)
{
    struct err err = {0};
    char *sealed = config_seal_stack(config, stack, environment, "drift", &err);
    struct run_definition *definition = sealed == NULL ? NULL : config_unseal_pipeline(sealed, &err);
    int64_t every_ms = definition == NULL ? 0 : definition->stack->drift_every_ms;

    run_definition_free(definition);
    free(sealed);
    return every_ms;
}

static void each_environment(const struct config *config, const struct node *stack,
                             void (*each)(void *data, const char *stack, const char *environment,
                                          int64_t every_ms),
                             void *data)
{
    const struct node *environments = tree_find(stack, "environments");

    for (size_t i = 0; environments != NULL && i < environments->count; i++) {
        const char *environment = environments->children[i].name;
        int64_t every_ms = drift_every(config, stack->name, environment);
        if (every_ms > 0)
            each(data, stack->name, environment, every_ms);
    }
}

void config_each_drift(const struct config *config,
                       void (*each)(void *data, const char *stack, const char *environment, int64_t every_ms),
                       void *data)
{
    for (size_t i = 0; i < config->file_count; i++) {
        const struct node *stacks =
            config->files[i].is_out ? NULL : tree_find(config->files[i].tree.root, "stacks");
        for (size_t k = 0; stacks != NULL && k < stacks->count; k++)
            if (tree_find(&stacks->children[k], "drift_every") != NULL)
                each_environment(config, &stacks->children[k], each, data);
    }
}
