/* run_seal.c - a pipeline as canonical text, and back.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/block.h"
#include "config/pipelines.h"
#include "config/seal.h"

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

static bool err_unknown(struct err *err, const struct config *config, const char *pipeline)
{
    const char *names[NAMES_MAX];
    size_t count = config_names(config, "pipelines", names, NAMES_MAX);
    const char *nearest = text_nearest(pipeline, names, count);

    if (nearest == NULL)
        return err_set(err, ERR_NOT_FOUND, "unknown pipeline '%s'", pipeline);
    return err_set(err, ERR_NOT_FOUND, "unknown pipeline '%s'; did you mean '%s'?", pipeline, nearest);
}

/* { pipeline = NAME; pipelines: { NAME: { ... }; }; } */
static char *write_filled(const struct node *filled)
{
    const struct node children[] = {
        {.kind = NODE_TEXT, .name = "pipeline", .text = filled->name, .source = filled->source},
        {.kind = NODE_GROUP, .name = "pipelines", .source = filled->source, .count = 1, .children = filled},
    };
    const struct node root = {
        .kind = NODE_GROUP, .source = filled->source, .count = ARRAY_LENGTH(children), .children = children};

    return seal_write(&root);
}

char *config_seal_pipeline(const struct config *config, const char *pipeline, struct err *err)
{
    const struct node *node = config_find(config, "pipelines", pipeline);
    struct config_report *report = NULL;
    struct arena arena;
    struct node filled;
    char *text = NULL;

    if (node == NULL) {
        (void)err_unknown(err, config, pipeline);
        return NULL;
    }
    report = block_new(sizeof(*report));
    block_arena(&arena, FILLED_BYTES);
    if (pipelines_fill(config, node, &arena, report, &filled))
        text = write_filled(&filled);
    else
        (void)err_finding(err, report);
    free(arena.memory);
    free(report);
    return text;
}

static struct run_definition *build(const struct node *root, struct config_report *report)
{
    const struct node *name = tree_find(root, "pipeline");
    const struct node *node = name == NULL ? NULL : tree_find(tree_find(root, "pipelines"), name->text);
    struct arena arena;
    struct build building = {.arena = &arena, .report = report};

    if (node == NULL) {
        (void)report_node(report, root, "no sealed pipeline");
        return NULL;
    }
    block_arena(&arena, DEFINITION_BYTES);
    struct run_definition *definition = arena_take(&arena, sizeof(*definition));
    if (pipelines_build(&building, node, definition))
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
