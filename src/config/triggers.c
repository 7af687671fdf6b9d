/* triggers.c - `triggers: { NAME: { when = "..."; } }`.
 * SPDX-License-Identifier: MIT */
#include "config/limits.h"
#include "config/rules.h"

#include <string.h>

enum { TRIGGER_WHEN, TRIGGER_NEED, TRIGGER_THEN, TRIGGER_MODE, TRIGGER_WARMUP, TRIGGER_OPTION_COUNT };
enum { HOUR_MS = 3600 * 1000 };

static const struct option options[TRIGGER_OPTION_COUNT] = {
    [TRIGGER_WHEN] = {.name = "when",
                      .type = OPTION_TEXT,
                      .is_required = true,
                      .help = "the condition, like \"error_rate > 5% for 10s\""},
    [TRIGGER_NEED] = {.name = "need", .type = OPTION_TEXT, .help = "least data, like \"50 requests\""},
    [TRIGGER_THEN] = {.name = "then",
                      .type = OPTION_CHOICE,
                      .choices = rule_outcomes,
                      .fallback = "rollback",
                      .help = "what happens when it holds"},
    [TRIGGER_MODE] = {.name = "mode",
                      .type = OPTION_CHOICE,
                      .choices = rule_modes,
                      .fallback = "act",
                      .help = "do it, ask people, or only write it down"},
    [TRIGGER_WARMUP] = {.name = "warmup",
                        .type = OPTION_DURATION,
                        .min = 0,
                        .max = HOUR_MS,
                        .fallback = "0s",
                        .help = "after a confirmed share nothing counts for a pass for so long"},
};

static void take_condition(const struct rule_list *list, const struct condition *condition,
                           struct rule_definition *rule)
{
    memcpy(&rule->rule.condition, &condition->expression, sizeof(condition->expression));
    rule->rule.metric_count = condition->metric_count;
    for (uint8_t i = 0; i < condition->metric_count; i++)
        rules_use_metric(list, rule, i, condition->metrics[i]);
}

static bool take_need(const struct rule_list *list, const struct node *node, const struct option_value *value,
                      const struct condition *condition, struct rule_definition *rule)
{
    enum series_kind kinds[RULE_METRICS_MAX];

    rule->rule.need = 1;
    if (!value->is_set)
        return true;
    for (uint8_t i = 0; i < condition->metric_count; i++)
        kinds[i] = list->outlines[condition->metrics[i]].kind;
    return rules_need(list->build, tree_find(node, "need"), value->text, kinds, condition->metric_count,
                      &rule->rule.need);
}

bool triggers_build(struct rule_list *list, const struct node *node)
{
    static const char *const parts[] = {"limits", NULL};
    static const struct shape shape = {.options = options, .count = TRIGGER_OPTION_COUNT, .parts = parts};
    const struct build *build = list->build;
    struct option_value values[TRIGGER_OPTION_COUNT] = {{0}};
    struct condition condition;
    struct err err;

    if (!options_read(build, node, &shape, values, NULL))
        return false;
    if (!condition_parse(values[TRIGGER_WHEN].text, list->outlines, list->metric_count, build->known_metrics,
                         build->known_metric_count, &condition, &err))
        return report_node(build->report, tree_find(node, "when"), "%s", err.text);
    struct rule_definition *rule = rules_add(list, node);
    if (rule == NULL)
        return false;
    rule->name = options_keep(build, node, node->name);
    rule->text = values[TRIGGER_WHEN].text;
    rule->rule.kind = RULE_TRIGGER;
    rule->rule.mode = (enum rule_mode)values[TRIGGER_MODE].choice;
    rule->rule.outcome = (enum rule_outcome)values[TRIGGER_THEN].choice;
    rule->rule.warmup_ms = values[TRIGGER_WARMUP].duration_ms;
    take_condition(list, &condition, rule);
    return take_need(list, node, &values[TRIGGER_NEED], &condition, rule) && limits_build(list, node, rule) &&
           rule->name != NULL;
}
