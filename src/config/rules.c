/* rules.c - what triggers and baselines share.
 * SPDX-License-Identifier: MIT */
#include "config/rules.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define NEED_MAX 1e9

const char *const rule_outcomes[] = {"rollback", "hold", NULL};
const char *const rule_modes[] = {"act", "ask", "record", NULL};

struct rule_definition *rules_add(struct rule_list *list, const struct node *node)
{
    if (list->rule_count == PLAN_RULES_MAX) {
        (void)report_node(list->build->report, node, "more than %d rules in one deployment", PLAN_RULES_MAX);
        return NULL;
    }
    struct rule_definition *rule = &list->rules[list->rule_count++];
    memset(rule, 0, sizeof(*rule));
    return rule;
}

double rules_share(const char *text)
{
    size_t at = 0;
    struct lexeme lexeme = lexeme_next(text, &at);

    if (lexeme.kind != LEXEME_NUMBER || lexeme.unit == UNIT_SECONDS || lexeme.unit == UNIT_POINTS ||
        text[at] != '\0')
        return NAN;
    return lexeme.number;
}

static bool has_kind(const enum series_kind *kinds, size_t count, bool is_gauge)
{
    for (size_t i = 0; i < count; i++)
        if ((kinds[i] == SERIES_GAUGE) == is_gauge)
            return true;
    return false;
}

bool rules_need(const struct build *build, const struct node *node, const char *text,
                const enum series_kind *kinds, size_t count, double *ret_need)
{
    size_t at = 0;
    struct lexeme number = lexeme_next(text, &at);
    struct lexeme unit = lexeme_next(text, &at);
    bool is_requests = lexeme_is(&unit, "requests") || lexeme_is(&unit, "request");
    bool is_values = lexeme_is(&unit, "values") || lexeme_is(&unit, "value");

    if (number.kind != LEXEME_NUMBER || number.unit != UNIT_PLAIN || (!is_requests && !is_values) ||
        text[at] != '\0' || number.number < 1 || number.number > NEED_MAX)
        return report_node(build->report, node, "need: '%s' is not like \"50 requests\" or \"3 values\"",
                           text);
    if (is_requests && !has_kind(kinds, count, false))
        return report_node(build->report, node, "need: gauges have values, not requests; write \"%g values\"",
                           number.number);
    if (is_values && !has_kind(kinds, count, true))
        return report_node(build->report, node,
                           "need: counters and histograms have requests; write \"%g requests\"",
                           number.number);
    *ret_need = number.number;
    return true;
}

void rules_use_metric(const struct rule_list *list, struct rule_definition *rule, uint8_t index,
                      size_t metric)
{
    rule->metrics[index] = (uint8_t)metric;
    if (list->metrics == NULL)
        return;
    rule->rule.metrics[index].age_max_ms = list->metrics[metric].age_max_ms;
    rule->rule.metrics[index].no_data = list->metrics[metric].no_data;
    rule->rule.metrics[index].is_lower_better = list->metrics[metric].is_lower_better;
}

enum plan_rule rules_part(const struct rule *rule)
{
    if (rule->is_scored)
        return PLAN_RULE_SCORED;
    switch (rule->mode) {
    case RULE_ASK:
        return PLAN_RULE_ASK;
    case RULE_RECORD:
        return PLAN_RULE_RECORD;
    case RULE_ACT:
        break;
    }
    return rule->outcome == RULE_HOLD ? PLAN_RULE_ACT_HOLD : PLAN_RULE_ACT_ROLLBACK;
}
