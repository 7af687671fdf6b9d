/* check_shape.c - names, keys and kinds of a rule file, before anything in it is looked up.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/condition.h"
#include "config/files.h"
#include "config/strategies.h"
#include "config/template.h"

#include <string.h>

static const char *const known[] = {"vars",     "metrics",    "smoke_tests", "baselines",
                                    "triggers", "strategies", "services",    "pipelines",
                                    "windows",  "groups",     "stacks"};
static const char *const service_keys[] = {"notify", "rules", "vars", "environments"};
static const char *const rule_keys[] = {"baselines", "triggers", "smoke_tests"};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool check_is_group(const struct node *node, struct config_report *report)
{
    return node->kind == NODE_GROUP || report_node(report, node, "'%s' takes a group { }, not %s", node->name,
                                                   node_kind_name(node->kind));
}

static void check_vars(const struct node *vars, struct config_report *report)
{
    if (vars == NULL || !check_is_group(vars, report))
        return;
    for (size_t i = 0; i < vars->count; i++) {
        const struct node *variable = &vars->children[i];
        if (!text_is_metric(variable->name))
            (void)report_node(report, variable, "'%s' is no name of a variable: small letters, digits, _",
                              variable->name);
        else if (template_is_sidewise(variable->name) || strcmp(variable->name, "service") == 0 ||
                 strcmp(variable->name, "environment") == 0)
            (void)report_node(report, variable, "{{%s}} is known already and cannot be set", variable->name);
        else if (!node_is_scalar(variable))
            (void)report_node(report, variable, "the variable %s takes one value, not %s", variable->name,
                              node_kind_name(variable->kind));
    }
}

static void check_metric_name(const struct node *node, struct config_report *report)
{
    if (!text_is_metric(node->name))
        (void)report_node(report, node, "'%s' is no name of a metric: small letters, digits, _", node->name);
    else if (condition_is_reserved(node->name))
        (void)report_node(report, node, "no metric can be called '%s': conditions use the word", node->name);
}

static void check_name(const char *group, const struct node *node, struct config_report *report)
{
    if (strcmp(group, "metrics") == 0)
        check_metric_name(node, report);
    else if (strcmp(group, "strategies") == 0 && strategies_is_kind(node->name))
        (void)report_node(report, node, "'%s' is the name of a kind; call your own recipe differently",
                          node->name);
    else if (strcmp(group, "strategies") == 0 && strcmp(node->name, "recovery") == 0)
        (void)report_node(report, node, "no strategy can be called 'recovery': rehearsals use the word");
    else if (!text_is_name(node->name))
        (void)report_node(report, node, "'%s' is no name: small letters, digits, -, at most %d", node->name,
                          NAME_MAX_LENGTH);
}

static void check_rule_keys(const struct node *rules, struct config_report *report)
{
    if (rules == NULL || !check_is_group(rules, report))
        return;
    for (size_t i = 0; i < rules->count; i++)
        if (!is_one_of(rules->children[i].name, rule_keys, ARRAY_LENGTH(rule_keys)))
            (void)report_unknown(report, &rules->children[i], "key", rules->children[i].name, rule_keys,
                                 ARRAY_LENGTH(rule_keys));
}

static void check_environment(const struct node *environment, struct config_report *report)
{
    const struct node *slots = tree_find(environment, "slots");

    if (!text_is_name(environment->name))
        (void)report_node(report, environment, "'%s' is no name: small letters, digits, -",
                          environment->name);
    if (!check_is_group(environment, report))
        return;
    check_vars(tree_find(environment, "vars"), report);
    check_rule_keys(tree_find(environment, "rules"), report);
    for (size_t i = 0; slots != NULL && slots->kind == NODE_GROUP && i < slots->count; i++)
        check_vars(tree_find(&slots->children[i], "vars"), report);
}

static void check_service(const struct node *service, struct config_report *report)
{
    const struct node *environments = tree_find(service, "environments");

    for (size_t i = 0; i < service->count; i++)
        if (!is_one_of(service->children[i].name, service_keys, ARRAY_LENGTH(service_keys)))
            (void)report_unknown(report, &service->children[i], "key", service->children[i].name,
                                 service_keys, ARRAY_LENGTH(service_keys));
    check_vars(tree_find(service, "vars"), report);
    check_rule_keys(tree_find(service, "rules"), report);
    if (environments == NULL || environments->count == 0) {
        (void)report_node(report, service, "'%s' has no environments: environments: { prod: { ... }; }",
                          service->name);
        return;
    }
    if (!check_is_group(environments, report))
        return;
    for (size_t i = 0; i < environments->count; i++)
        check_environment(&environments->children[i], report);
}

static void check_group(const struct node *group, struct config_report *report)
{
    if (!check_is_group(group, report))
        return;
    for (size_t i = 0; i < group->count; i++) {
        const struct node *definition = &group->children[i];
        check_name(group->name, definition, report);
        if (check_is_group(definition, report) && strcmp(group->name, "services") == 0)
            check_service(definition, report);
    }
}

/* Groups where the look-up walks: of definitions, and of environments. */
static bool is_walkable(const struct node *group)
{
    bool is_services = strcmp(group->name, "services") == 0;

    if (group->kind != NODE_GROUP)
        return false;
    for (size_t i = 0; i < group->count; i++) {
        const struct node *environments = tree_find(&group->children[i], "environments");
        if (group->children[i].kind != NODE_GROUP)
            return false;
        if (is_services && (environments == NULL || environments->kind != NODE_GROUP))
            return false;
        for (size_t j = 0; is_services && j < environments->count; j++)
            if (environments->children[j].kind != NODE_GROUP)
                return false;
    }
    return true;
}

bool config_check_shape(const struct config_file *file, struct config_report *report)
{
    const struct node *root = file->tree.root;
    bool can_walk = true;

    for (size_t i = 0; i < root->count; i++) {
        const struct node *group = &root->children[i];
        bool is_known = is_one_of(group->name, known, ARRAY_LENGTH(known));
        bool is_vars = strcmp(group->name, "vars") == 0;
        if (!is_known)
            (void)report_unknown(report, group, "group", group->name, known, ARRAY_LENGTH(known));
        else if (is_vars)
            check_vars(group, report);
        else
            check_group(group, report);
        can_walk = can_walk && (!is_known || is_vars || is_walkable(group));
    }
    return can_walk;
}
