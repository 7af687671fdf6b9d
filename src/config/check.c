/* check.c - looks into every definition, whether a service uses it or not.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/assemble.h"
#include "config/block.h"
#include "config/condition.h"
#include "config/counted.h"
#include "config/files.h"
#include "config/groups.h"
#include "config/metrics.h"
#include "config/notify.h"
#include "config/pipelines.h"
#include "config/recovery.h"
#include "config/rules.h"
#include "config/select.h"
#include "config/smoke.h"
#include "config/stacks.h"
#include "config/strategies.h"
#include "config/vars.h"
#include "config/windows.h"

#include <stdlib.h>
#include <string.h>

/* One definition's name and place, for finding the same name twice. */
struct entry {
    const char *group;
    const struct node *node;
    struct config_file *file;
    size_t order;
};

/* What looking into one definition needs. */
struct inspection {
    struct config *config;
    struct build build;
    struct arena arena; /* of what is built and thrown away again */
    struct condition_metric *outlines;
    size_t outline_count;
    bool is_blaming; /* definitions are right: what does not resolve is the service's own mistake */
};

static const char *const groups[] = {"metrics", "smoke_tests", "baselines", "triggers", "strategies",
                                     "windows", "services",    "pipelines", "groups",   "stacks"};

/* Those that say how they are made without a look at a service. */
enum { GROUPS_OF_THEIR_OWN = 6 };

static int by_name(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = strcmp(a->group, b->group);

    if (order == 0)
        order = strcmp(a->node->name, b->node->name);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static size_t count_definitions(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->file_count; i++)
        for (size_t j = 0; j < ARRAY_LENGTH(groups) && !config->files[i].is_out; j++) {
            const struct node *group = tree_find(config->files[i].tree.root, groups[j]);
            count += group == NULL ? 0 : group->count;
        }
    return count;
}

static size_t list_definitions(struct config *config, struct entry *entries)
{
    size_t count = 0;

    for (size_t i = 0; i < config->file_count; i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(groups) && !config->files[i].is_out; j++) {
            const struct node *group = tree_find(config->files[i].tree.root, groups[j]);
            for (size_t k = 0; group != NULL && k < group->count; k++)
                entries[count++] = (struct entry){groups[j], &group->children[k], &config->files[i], i};
        }
    }
    return count;
}

/* The newer text of two is the one that is wrong; of two new ones the later. */
static void report_twice(const struct entry *first, const struct entry *second, struct config_report *report)
{
    bool is_first = second->file->is_previous && !first->file->is_previous;
    const struct entry *wrong = is_first ? first : second;
    const struct entry *right = is_first ? second : first;

    (void)report_node(report, wrong->node,
                      "'%s' stands in `%s` of %s:%u already; names are global, rename one", wrong->node->name,
                      wrong->group, right->node->source->path, right->node->line);
    wrong->file->has_findings = true;
}

static void check_names(struct config *config, struct config_report *report)
{
    size_t count = count_definitions(config);
    struct entry *entries = block_new((count + 1) * sizeof(*entries));

    count = list_definitions(config, entries);
    qsort(entries, count, sizeof(*entries), by_name);
    for (size_t i = 1; i < count; i++)
        if (strcmp(entries[i - 1].group, entries[i].group) == 0 &&
            strcmp(entries[i - 1].node->name, entries[i].node->name) == 0)
            report_twice(&entries[i - 1], &entries[i], report);
    free(entries);
}

static void inspect_rule(struct inspection *inspection, const struct node *node, bool is_trigger)
{
    struct rule_list list = {
        .build = &inspection->build,
        .outlines = inspection->outlines,
        .metric_count = inspection->outline_count,
        .rules = options_array(&inspection->build, node, PLAN_RULES_MAX, sizeof(struct rule_definition)),
    };

    if (list.rules == NULL)
        return;
    if (is_trigger)
        (void)!triggers_build(&list, node);
    else
        (void)!baselines_build(&list, node);
}

static void inspect_window(struct inspection *inspection, const struct node *node)
{
    if (windows_build(&inspection->build, node) != NULL)
        (void)windows_check_zones(inspection->config->schemas, inspection->build.report, node);
}

static void inspect_filled(struct inspection *inspection, const char *group, const struct node *node)
{
    static const struct patience none = {0};
    struct metric_definition metric;
    struct smoke_definition smoke;
    struct strategy strategy;

    if (strcmp(group, "metrics") == 0)
        (void)!metrics_build(&inspection->build, node, &metric);
    else if (strcmp(group, "smoke_tests") == 0)
        (void)!smoke_build(&inspection->build, node, &smoke);
    else if (strcmp(group, "windows") == 0)
        inspect_window(inspection, node);
    else if (strcmp(group, "strategies") == 0)
        (void)!strategies_build(&inspection->build, node, node->name, NULL, &none, &strategy);
    else
        inspect_rule(inspection, node, strcmp(group, "triggers") == 0);
}

/* With the file's own variables only. A rule or smoke test that needs more is looked at where a service uses
 * it; of a metric everything but the open values is looked at. */
static void inspect(struct inspection *inspection, const char *group, const struct node *node)
{
    bool is_metric = strcmp(group, "metrics") == 0;
    bool has_sides = is_metric || strcmp(group, "smoke_tests") == 0;
    struct vars vars = {.arena = &inspection->arena, .report = inspection->build.report};
    struct node filled;

    arena_reset(&inspection->arena);
    inspection->build.is_loose = is_metric;
    if (vars_copy(&vars, node, has_sides, &filled) && (is_metric || !vars.is_unfilled))
        inspect_filled(inspection, group, &filled);
}

static void check_definitions(struct inspection *inspection, struct config_file *file)
{
    size_t before = inspection->build.report->said;

    for (size_t i = 0; i < GROUPS_OF_THEIR_OWN; i++) {
        const struct node *group = tree_find(file->tree.root, groups[i]);
        for (size_t j = 0; group != NULL && j < group->count; j++)
            inspect(inspection, groups[i], &group->children[j]);
    }
    if (inspection->build.report->said != before)
        file->has_findings = true;
}

/* Does some finding stand in this file? */
static bool is_named(const struct config_report *report, const struct config_file *file)
{
    for (size_t i = 0; i < report->count && i < CONFIG_FINDINGS_MAX; i++)
        if (strcmp(report->findings[i].file, file->path) == 0)
            return true;
    return false;
}

static void note_commands(struct config *config, const struct node *environment,
                          const struct definition *definition)
{
    for (size_t i = 0; i < definition->command_count; i++)
        config_note_secrets(config, environment, definition->commands[i].secrets,
                            definition->commands[i].secret_count);
}

/* Whether the stand-in has all that the plan wants to know. */
static void check_recovery(struct inspection *inspection, const struct node *service,
                           const struct node *environment, const struct definition *definition)
{
    const struct node *recovery = tree_find(environment, "recovery");
    struct run_definition *run = NULL;
    struct err err = {0};

    if (definition->recovery == NULL || definition->recovery->rehearse == NULL)
        return;
    char *sealed = config_seal_rehearsal(inspection->config, service->name, environment->name, &err);
    if (sealed != NULL)
        run = config_unseal_pipeline(sealed, &err);
    if (run == NULL)
        (void)report_node(inspection->build.report, tree_find(recovery, "rehearse"), "%s", err.text);
    run_definition_free(run);
    free(sealed);
}

static void check_environment(struct inspection *inspection, struct config_file *file,
                              const struct node *service, const struct node *environment)
{
    struct config_report *report = inspection->build.report;
    struct selection selection = {
        .config = inspection->config, .service = service->name, .environment = environment->name};
    size_t before = report->said;
    struct definition *definition = NULL;

    arena_reset(&inspection->arena);
    const struct node *root = select_tree(&selection, &inspection->arena, report);
    if (root != NULL)
        definition = assemble(root, inspection->config->schemas, inspection->build.known_metrics,
                              inspection->build.known_metric_count, report);
    if (definition != NULL)
        note_commands(inspection->config, environment, definition);
    if (definition != NULL && inspection->is_blaming) {
        check_recovery(inspection, service, environment, definition);
        notify_warn(report, service, &definition->notify);
    }
    definition_free(definition);
    if ((definition != NULL && report->said == before) || !inspection->is_blaming)
        return;
    file->has_findings = true;
    if (!is_named(report, file))
        (void)report_node(report, environment, "%s/%s cannot be used as long as what it names has findings",
                          service->name, environment->name);
}

static void check_services(struct inspection *inspection, struct config_file *file)
{
    const struct node *services = tree_find(file->tree.root, "services");

    for (size_t i = 0; services != NULL && i < services->count; i++) {
        const struct node *environments = tree_find(&services->children[i], "environments");
        for (size_t j = 0; environments != NULL && j < environments->count; j++)
            check_environment(inspection, file, &services->children[i], &environments->children[j]);
    }
}

static void check_pipelines(struct inspection *inspection, struct config_file *file)
{
    const struct node *pipelines = tree_find(file->tree.root, "pipelines");
    struct config_report *report = inspection->build.report;
    size_t before = report->said;

    for (size_t i = 0; pipelines != NULL && i < pipelines->count; i++) {
        struct run_definition definition = {0};
        struct node filled;
        arena_reset(&inspection->arena);
        if (pipelines_fill(inspection->config, &pipelines->children[i], &inspection->arena, report, &filled))
            (void)!pipelines_build(&inspection->build, &filled, &definition);
        for (uint8_t k = 0; k < definition.plan.task_count; k++)
            config_note_secrets(inspection->config, &pipelines->children[i], definition.tasks[k].secrets,
                                definition.tasks[k].secret_count);
    }
    if (report->said != before)
        file->has_findings = true;
}

static void check_groups(struct inspection *inspection, struct config_file *file)
{
    const struct node *defined = tree_find(file->tree.root, "groups");
    size_t before = inspection->build.report->said;

    for (size_t i = 0; defined != NULL && i < defined->count; i++) {
        arena_reset(&inspection->arena);
        groups_check(inspection->config, &inspection->build, &defined->children[i]);
    }
    if (inspection->build.report->said != before)
        file->has_findings = true;
}

static void check_stacks(struct inspection *inspection, struct config_file *file)
{
    const struct node *stacks = tree_find(file->tree.root, "stacks");
    size_t before = inspection->build.report->said;
    struct arena scratch;

    if (stacks == NULL)
        return;
    block_arena(&scratch, SELECT_BYTES_MAX);
    for (size_t i = 0; i < stacks->count; i++) {
        arena_reset(&inspection->arena);
        stacks_check(&inspection->build, &scratch, &stacks->children[i]);
    }
    free(scratch.memory);
    if (inspection->build.report->said != before)
        file->has_findings = true;
}

static void outline_metrics(struct inspection *inspection)
{
    const struct config *config = inspection->config;

    for (size_t i = 0; i < config->file_count; i++) {
        const struct node *metrics = tree_find(config->files[i].tree.root, "metrics");
        for (size_t j = 0; metrics != NULL && !config->files[i].is_out && j < metrics->count; j++)
            inspection->outlines[inspection->outline_count++] = metrics_raw_outline(&metrics->children[j]);
    }
    for (size_t i = 0; i < COUNTED_MAX; i++)
        if (config_find(config, "metrics", counted_metrics[i].name) == NULL)
            inspection->outlines[inspection->outline_count++] = metrics_raw_outline(&counted_metrics[i]);
}

void config_check(struct config *config, struct config_report *report)
{
    struct inspection inspection = {
        .config = config,
        .build = {.schemas = config->schemas,
                  .report = report,
                  .known_metrics = config->metric_names,
                  .known_metric_count = config->metric_name_count},
    };

    config_forget_secrets(config);
    config_note_written(config);
    block_arena(&inspection.arena, SELECT_BYTES_MAX);
    inspection.build.arena = &inspection.arena;
    inspection.outlines = block_new((config->metric_name_count + COUNTED_MAX) * sizeof(*inspection.outlines));
    outline_metrics(&inspection);
    check_names(config, report);
    for (size_t i = 0; i < config->file_count; i++)
        if (!config->files[i].is_out)
            check_definitions(&inspection, &config->files[i]);
    inspection.is_blaming = true;
    for (size_t i = 0; i < config->file_count; i++)
        if (!config->files[i].is_out && config->files[i].has_findings)
            inspection.is_blaming = false;
    for (size_t i = 0; i < config->file_count; i++)
        if (!config->files[i].is_out)
            check_services(&inspection, &config->files[i]);
    inspection.build.is_loose = false;
    for (size_t i = 0; i < config->file_count; i++)
        if (!config->files[i].is_out) {
            check_pipelines(&inspection, &config->files[i]);
            check_groups(&inspection, &config->files[i]);
            check_stacks(&inspection, &config->files[i]);
        }
    free(inspection.outlines);
    free(inspection.arena.memory);
}
