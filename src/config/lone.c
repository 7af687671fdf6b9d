/* lone.c - a service made up around one rule.
 * SPDX-License-Identifier: MIT */
#include "config/lone.h"

#include "base/text.h"
#include "config/assemble.h"
#include "config/block.h"
#include "config/report.h"
#include "config/select.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 512 };

static const char service_name[] = "a-service";
static const char environment_name[] = "an-environment";
static const char *const groups[] = {"triggers", "baselines"};

static bool take(const struct config *config, const char *group, const char *name,
                 struct rule_place *ret_place)
{
    const struct node *node = config_find(config, group, name);

    if (node == NULL)
        return false;
    *ret_place = (struct rule_place){group, node->name, node->source->path, node->line};
    return true;
}

bool lone_find(const struct config *config, const char *name, struct rule_place *ret_place)
{
    char baseline[NAME_MAX_LENGTH + 1];
    size_t length = strcspn(name, "/");
    struct text text;

    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
        if (take(config, groups[i], name, ret_place))
            return true;
    text_init(&text, baseline, sizeof(baseline));
    text_add_bytes(&text, name, length);
    return name[length] == '/' && !text.is_cut && take(config, groups[1], baseline, ret_place);
}

bool lone_find_smoke(const struct config *config, const char *name, struct rule_place *ret_place)
{
    return take(config, "smoke_tests", name, ret_place);
}

const char *lone_nearest(const struct config *config, const char *name)
{
    const char *names[NAMES_MAX];
    size_t count = config_names(config, groups[0], names, NAMES_MAX);

    count += config_names(config, groups[1], names + count, NAMES_MAX - count);
    return text_nearest(name, names, count);
}

static struct definition *build(const struct config *config, const struct node *service,
                                struct config_report *report)
{
    struct selection selection = {
        .config = config, .service = service_name, .environment = environment_name, .lone = service};
    struct definition *definition = NULL;
    struct arena arena;

    block_arena(&arena, SELECT_BYTES_MAX);
    const struct node *root = select_tree(&selection, &arena, report);
    if (root != NULL)
        definition = assemble(root, config->schemas, config->metric_names, config->metric_name_count, report);
    free(arena.memory);
    return definition;
}

/* The nodes of the made-up service. */
struct lone {
    struct node name, list, slots[2], inside[5], environment, environments, service;
};

static struct node group(const struct node *like, const char *name, const struct node *children, size_t count)
{
    return (struct node){.kind = NODE_GROUP,
                         .name = name,
                         .source = like->source,
                         .line = like->line,
                         .count = count,
                         .children = children};
}

static struct node word(const struct node *like, const char *name, const char *text)
{
    return (struct node){
        .kind = NODE_TEXT, .name = name, .text = text, .source = like->source, .line = like->line};
}

/* Two slots behind HAProxy, so that what it counts is there. */
static void fill(struct lone *lone, const struct node *rule, const struct rule_place *place)
{
    static const struct node nothing;

    lone->name = word(rule, NULL, place->name);
    lone->list = group(rule, place->group, &lone->name, 1);
    lone->list.kind = NODE_LIST;
    lone->slots[0] = group(rule, "a", &nothing, 0);
    lone->slots[1] = group(rule, "b", &nothing, 0);
    lone->inside[0] = group(rule, "rules", &lone->list, 1);
    lone->inside[1] = word(rule, "strategy", "follow");
    lone->inside[2] = word(rule, "traffic", "haproxy:a-balancer");
    lone->inside[3] = word(rule, "backend", "a-backend");
    lone->inside[4] = group(rule, "slots", lone->slots, ARRAY_LENGTH(lone->slots));
    lone->environment = group(rule, environment_name, lone->inside, ARRAY_LENGTH(lone->inside));
    lone->environments = group(rule, "environments", &lone->environment, 1);
    lone->service = group(rule, service_name, &lone->environments, 1);
}

struct definition *lone_resolve(const struct config *config, const struct rule_place *place, struct err *err)
{
    const struct node *rule = config_find(config, place->group, place->name);
    struct config_report *report = block_new(sizeof(*report));
    struct lone lone;

    fill(&lone, rule, place);
    struct definition *definition = build(config, &lone.service, report);
    if (definition == NULL)
        (void)err_set(err, ERR_INVALID, "%s",
                      report->count > 0 ? report->findings[0].text : "the rule cannot be read");
    free(report);
    return definition;
}
