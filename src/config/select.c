/* select.c - gathers and fills in what one deployment uses.
 * SPDX-License-Identifier: MIT */
#include "config/select.h"

#include "base/text.h"
#include "config/condition.h"
#include "config/counted.h"
#include "config/defaults.h"
#include "config/definition.h"
#include "config/placed_files.h"
#include "config/recovery.h"
#include "config/slots.h"
#include "config/strategies.h"
#include "config/vars.h"
#include "config/windows.h"

#include <string.h>

enum { NAMES_MAX = 512, ROOT_MAX = 9 };

/* Definitions of one kind, filled in. */
struct gathered {
    const char *group;
    const char *what;
    struct node *nodes;
    size_t count;
    size_t max;
    bool has_sides;
};

struct selector {
    const struct selection *selection;
    struct vars vars;
    const struct node *service;
    const struct node *environment;
    struct gathered smokes;
    struct gathered baselines;
    struct gathered triggers;
    struct gathered metrics;
    struct node *root;
    size_t root_count;
};

static const char *const rule_keys[] = {"baselines", "triggers", "smoke_tests"};

static void *take(struct selector *selector, size_t count, size_t size)
{
    void *array = arena_take_array(selector->vars.arena, count, size);

    if (array == NULL)
        (void)report_node(selector->vars.report, selector->environment,
                          "the definitions are larger than their memory; make them smaller");
    return array;
}

/* A child of the root; copies the children's array pointer. */
static void add_root(struct selector *selector, const struct node *like, enum node_kind kind,
                     const char *name, const struct node *children, size_t count)
{
    selector->root[selector->root_count++] = (struct node){
        .kind = kind,
        .name = name,
        .source = like->source,
        .line = like->line,
        .count = count,
        .children = children,
    };
}

static bool is_gathered(const struct gathered *gathered, const char *name)
{
    for (size_t i = 0; i < gathered->count; i++)
        if (strcmp(gathered->nodes[i].name, name) == 0)
            return true;
    return false;
}

/* Takes one definition over, once. `at` names it. */
static bool gather(struct selector *selector, struct gathered *gathered, const struct node *at,
                   const char *name)
{
    const struct config *config = selector->selection->config;
    const struct node *node = config_find(config, gathered->group, name);

    if (is_gathered(gathered, name))
        return true;
    if (node == NULL)
        return config_unknown(config, selector->vars.report, at, gathered->group, gathered->what, name);
    if (gathered->count == gathered->max)
        return report_node(selector->vars.report, at, "more than %zu %s in one deployment", gathered->max,
                           gathered->group);
    return vars_copy(&selector->vars, node, gathered->has_sides, &gathered->nodes[gathered->count++]);
}

static bool init_gathered(struct selector *selector, struct gathered *gathered, const char *group,
                          const char *what, size_t max, bool has_sides)
{
    *gathered = (struct gathered){.group = group, .what = what, .max = max, .has_sides = has_sides};
    gathered->nodes = take(selector, max, sizeof(*gathered->nodes));
    return gathered->nodes != NULL;
}

/* A list as it stands, or a single text as a list of one. */
static size_t elements(const struct node *node, const struct node **ret_elements)
{
    *ret_elements = node->kind == NODE_LIST ? node->children : node;
    return node->kind == NODE_LIST ? node->count : 1;
}

static struct gathered *gathered_of(struct selector *selector, const char *key)
{
    if (strcmp(key, "baselines") == 0)
        return &selector->baselines;
    return strcmp(key, "triggers") == 0 ? &selector->triggers : &selector->smokes;
}

/* One list of `rules`, its names filled in, and what they name. */
static bool select_rule_list(struct selector *selector, const struct node *list, struct node *ret_list)
{
    const struct node *from = NULL;
    size_t count = elements(list, &from);
    struct node *names = take(selector, count + 1, sizeof(*names));
    bool is_good = names != NULL;

    for (size_t i = 0; i < count && names != NULL; i++) {
        if (from[i].kind != NODE_TEXT)
            return report_node(selector->vars.report, &from[i], "%s: takes a list of names in quotes",
                               list->name);
        bool is_filled = vars_copy(&selector->vars, &from[i], false, &names[i]);
        is_good = is_filled && gather(selector, gathered_of(selector, list->name), &from[i], names[i].text) &&
                  is_good;
    }
    *ret_list = *list;
    ret_list->kind = NODE_LIST;
    ret_list->text = NULL;
    ret_list->children = names;
    ret_list->count = count;
    return is_good;
}

static bool select_rules(struct selector *selector)
{
    const struct node *outer = tree_find(selector->service, "rules");
    const struct node *inner = tree_find(selector->environment, "rules");
    struct node *lists = take(selector, ARRAY_LENGTH(rule_keys), sizeof(*lists));
    size_t count = 0;
    bool is_good = lists != NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(rule_keys) && lists != NULL; i++) {
        const struct node *list = tree_find(inner, rule_keys[i]);
        if (list == NULL)
            list = tree_find(outer, rule_keys[i]);
        if (list != NULL)
            is_good = select_rule_list(selector, list, &lists[count++]) && is_good;
    }
    add_root(selector, selector->environment, NODE_GROUP, "rules", lists, count);
    return is_good;
}

static bool select_notify(struct selector *selector)
{
    const struct node *notify = tree_find(selector->environment, "notify");

    if (notify == NULL)
        notify = tree_find(selector->service, "notify");
    return notify == NULL ||
           vars_copy(&selector->vars, notify, false, &selector->root[selector->root_count++]);
}

static bool is_elsewhere(const char *name)
{
    static const char *const names[] = {"vars", "rules", "notify", "strategy"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool select_recovery(struct selector *selector, const struct node *from, struct node *ret_to)
{
    const struct selection *selection = selector->selection;

    return vars_copy(&selector->vars, from, false, ret_to) &&
           recovery_fill(selection->config, selection->environment, selector->vars.arena,
                         selector->vars.report, ret_to);
}

static bool select_target(struct selector *selector)
{
    const struct node *environment = selector->environment;
    struct node *children = take(selector, environment->count + 1, sizeof(*children));
    size_t count = 0;
    bool is_good = children != NULL;

    for (size_t i = 0; i < environment->count && children != NULL; i++) {
        const struct node *child = &environment->children[i];
        if (is_elsewhere(child->name))
            continue;
        if (strcmp(child->name, "recovery") == 0)
            is_good = select_recovery(selector, child, &children[count++]) && is_good;
        else if (strcmp(child->name, "slots") == 0)
            is_good = slots_select(&selector->vars, child, &children[count++]) && is_good;
        else
            is_good = vars_copy(&selector->vars, child, true, &children[count++]) && is_good;
    }
    is_good = is_good && windows_select(selector->selection->config, &selector->vars, children, count) &&
              placed_files_select(selector->selection->config, &selector->vars, children, count);
    add_root(selector, environment, NODE_GROUP, "target", children, count);
    return is_good;
}

/* The smoke tests that the steps of a recipe name. */
static bool select_step_smokes(struct selector *selector, const struct node *strategy)
{
    const struct node *steps = tree_find(strategy, "steps");
    bool is_good = true;

    for (size_t i = 0; steps != NULL && steps->kind == NODE_LIST && i < steps->count; i++) {
        const struct node *smoke = tree_find(&steps->children[i], "smoke");
        if (smoke != NULL && smoke->kind == NODE_TEXT)
            is_good = gather(selector, &selector->smokes, smoke, smoke->text) && is_good;
    }
    return is_good;
}

static bool unknown_strategy(struct selector *selector, const struct node *at, const char *name)
{
    const char *names[NAMES_MAX];
    size_t count = config_names(selector->selection->config, "strategies", names, NAMES_MAX / 2);

    for (size_t i = 0; strategy_kinds[i] != NULL; i++)
        names[count++] = strategy_kinds[i];
    return report_unknown(selector->vars.report, at, "strategy", name, names, count);
}

static const char *kind_of(const struct node *strategy)
{
    const struct node *kind = tree_find(strategy, "kind");

    return kind == NULL || kind->kind != NODE_TEXT ? "" : kind->text;
}

static bool select_strategy(struct selector *selector, const char **ret_name, const char **ret_kind)
{
    const struct node *at = tree_find(selector->environment, "strategy");
    const char *name = selector->selection->strategy;

    if (name == NULL) {
        if (at == NULL || at->kind != NODE_TEXT)
            return report_node(selector->vars.report, at == NULL ? selector->environment : at,
                               "strategy is missing (\"canary\", \"recreate\", ... or one of your own)");
        name = vars_fill(&selector->vars, at, false);
    }
    if (name == NULL)
        return false;
    *ret_name = *ret_kind = name;
    const struct node *node = config_find(selector->selection->config, "strategies", name);
    if (node == NULL)
        return strategies_is_kind(name) ||
               unknown_strategy(selector, at == NULL ? selector->environment : at, name);
    struct node *copy = take(selector, 1, sizeof(*copy));
    if (copy == NULL || !vars_copy(&selector->vars, node, false, copy))
        return false;
    *ret_kind = kind_of(copy);
    add_root(selector, node, NODE_GROUP, "strategies", copy, 1);
    return select_step_smokes(selector, copy);
}

/* What the strategy brings along, where the service names no triggers itself. */
static bool select_defaults(struct selector *selector, const char *kind)
{
    if (tree_find(tree_find(selector->environment, "rules"), "triggers") != NULL ||
        tree_find(tree_find(selector->service, "rules"), "triggers") != NULL)
        return true;
    return defaults_select(selector->selection->config, &selector->vars, selector->environment, kind,
                           selector->triggers.nodes, &selector->triggers.count);
}

/* Of the operator's own, or of those that the traffic driver counts. Unknown names are found when the
 * condition is compiled, which knows the column. */
static bool select_metric(struct selector *selector, const struct node *at, const char *name)
{
    const struct config *config = selector->selection->config;
    struct gathered *metrics = &selector->metrics;
    const struct node *counted = counted_find(name);

    if (config_find(config, "metrics", name) != NULL)
        return gather(selector, metrics, at, name);
    if (counted == NULL || is_gathered(metrics, name))
        return true;
    if (metrics->count == metrics->max)
        return report_node(selector->vars.report, at, "more than %zu metrics in one deployment",
                           metrics->max);
    if (!counted_build(&selector->vars, config->schemas, selector->environment, at, counted, name,
                       &metrics->nodes[metrics->count]))
        return false;
    metrics->count++;
    return true;
}

static bool select_condition_metrics(struct selector *selector, const struct node *trigger)
{
    const struct node *when = tree_find(trigger, "when");
    char name[METRIC_MAX_LENGTH + 2];
    size_t at = 0;
    bool is_good = true;

    if (when == NULL || when->kind != NODE_TEXT)
        return true;
    while (condition_next_name(when->text, &at, name, sizeof(name)))
        is_good = select_metric(selector, when, name) && is_good;
    return is_good;
}

static bool select_compared_metrics(struct selector *selector, const struct node *baseline)
{
    const struct node *compare = tree_find(baseline, "compare");
    bool is_good = true;

    for (size_t i = 0; compare != NULL && compare->kind == NODE_GROUP && i < compare->count; i++)
        is_good = select_metric(selector, &compare->children[i], compare->children[i].name) && is_good;
    return is_good;
}

/* Where the share is measured, the driver counts. */
static bool select_measured(struct selector *selector)
{
    const struct node *measured = tree_find(selector->environment, "measured");

    return measured == NULL || measured->kind != NODE_BOOL || strcmp(measured->text, "true") != 0 ||
           select_metric(selector, measured, "lb_errors");
}

static bool select_metrics(struct selector *selector)
{
    bool is_good = select_measured(selector);

    for (size_t i = 0; i < selector->triggers.count; i++)
        is_good = select_condition_metrics(selector, &selector->triggers.nodes[i]) && is_good;
    for (size_t i = 0; i < selector->baselines.count; i++)
        is_good = select_compared_metrics(selector, &selector->baselines.nodes[i]) && is_good;
    return is_good;
}

static bool select_seal(struct selector *selector, const char *strategy)
{
    const struct selection *selection = selector->selection;
    const struct {
        const char *name;
        enum node_kind kind;
        const char *text;
    } values[] = {
        {"format", NODE_INTEGER, "1"},
        {"service", NODE_TEXT, selection->service},
        {"environment", NODE_TEXT, selection->environment},
        {"strategy", NODE_TEXT, strategy},
        {"record", NODE_BOOL, selection->is_record ? "true" : "false"},
    };
    struct node *children = take(selector, ARRAY_LENGTH(values), sizeof(*children));

    for (size_t i = 0; i < ARRAY_LENGTH(values) && children != NULL; i++)
        children[i] = (struct node){.kind = values[i].kind,
                                    .name = values[i].name,
                                    .text = values[i].text,
                                    .source = selector->environment->source,
                                    .line = selector->environment->line};
    add_root(selector, selector->environment, NODE_GROUP, "seal", children, ARRAY_LENGTH(values));
    return children != NULL;
}

static void add_gathered(struct selector *selector, const struct gathered *gathered)
{
    if (gathered->count > 0)
        add_root(selector, &gathered->nodes[0], NODE_GROUP, gathered->group, gathered->nodes,
                 gathered->count);
}

static bool find_pair(struct selector *selector)
{
    const struct selection *selection = selector->selection;

    selector->service = selection->lone != NULL
                            ? selection->lone
                            : config_find(selection->config, "services", selection->service);
    selector->environment = tree_find(tree_find(selector->service, "environments"), selection->environment);
    if (selector->environment == NULL)
        return false;
    selector->vars.scopes[0] = tree_find(selector->environment, "vars");
    selector->vars.scopes[1] = tree_find(selector->service, "vars");
    selector->vars.scopes[2] = selector->service->source->vars;
    selector->vars.slots = tree_find(selector->environment, "slots");
    return true;
}

static bool init_all(struct selector *selector)
{
    selector->root = take(selector, ROOT_MAX, sizeof(*selector->root));
    return selector->root != NULL &&
           init_gathered(selector, &selector->smokes, "smoke_tests", "smoke test", DEFINITION_SMOKE_MAX,
                         true) &&
           init_gathered(selector, &selector->baselines, "baselines", "baseline", SELECT_RULES_MAX, false) &&
           init_gathered(selector, &selector->triggers, "triggers", "trigger", SELECT_RULES_MAX, false) &&
           init_gathered(selector, &selector->metrics, "metrics", "metric", DEFINITION_METRICS_MAX, true);
}

const struct node *select_tree(const struct selection *selection, struct arena *arena,
                               struct config_report *report)
{
    struct selector selector = {
        .selection = selection,
        .vars = {.arena = arena,
                 .report = report,
                 .service = selection->service,
                 .environment = selection->environment},
    };
    const char *strategy = NULL;
    const char *kind = "";

    if (!find_pair(&selector) || !init_all(&selector))
        return NULL;
    bool is_good = select_rules(&selector);
    is_good = select_notify(&selector) && is_good;
    is_good = select_target(&selector) && is_good;
    is_good = select_strategy(&selector, &strategy, &kind) && is_good;
    is_good = select_defaults(&selector, kind) && is_good;
    is_good = select_metrics(&selector) && is_good;
    if (!is_good || !select_seal(&selector, strategy))
        return NULL;
    add_gathered(&selector, &selector.smokes);
    add_gathered(&selector, &selector.baselines);
    add_gathered(&selector, &selector.triggers);
    add_gathered(&selector, &selector.metrics);
    struct node *root = take(&selector, 1, sizeof(*root));
    if (root != NULL)
        *root = (struct node){.kind = NODE_GROUP,
                              .source = selector.environment->source,
                              .line = selector.environment->line,
                              .count = selector.root_count,
                              .children = selector.root};
    return root;
}
