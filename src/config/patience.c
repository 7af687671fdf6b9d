/* patience.c - what baselines say of an inconclusive end.
 * SPDX-License-Identifier: MIT */
#include "config/patience.h"

#include "base/duration.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 16, WAIT_MAX_MS = 24 * 3600 * 1000 };

/* "extend 5m, then rollback" */
static bool parse(const struct build *build, const struct node *node, struct wait *ret_wait)
{
    char word[WORD_MAX] = "";
    char span[DURATION_TEXT_MAX] = "";
    char outcome[WORD_MAX] = "";
    int end = 0;
    struct wait wait = {.is_set = true, .node = node};

    if (node->kind != NODE_TEXT)
        return report_node(build->report, node, "%s: takes a text like \"extend 5m, then rollback\"",
                           node->name);
    int parts = sscanf(node->text, "%15s %31[^,], then %15s%n", word, span, outcome, &end);
    bool is_known = strcmp(word, "extend") == 0 || strcmp(word, "hold") == 0;
    bool is_rollback = strcmp(outcome, "rollback") == 0;
    if (parts != 3 || node->text[end] != '\0' || !is_known || !duration_parse(span, &wait.extend_ms) ||
        wait.extend_ms == 0 || (!is_rollback && strcmp(outcome, "hold") != 0))
        return report_node(build->report, node, "%s: '%s' is not like \"extend 5m, then rollback\" (or hold)",
                           node->name, node->text);
    if (wait.extend_ms > WAIT_MAX_MS)
        return report_node(build->report, node, "%s: nothing waits for longer than 24h", node->name);
    wait.outcome = is_rollback ? OUTCOME_ROLLBACK : OUTCOME_HOLD;
    *ret_wait = wait;
    return true;
}

static void take(struct rule_list *list, const struct node *node, struct wait *wait)
{
    struct wait said = {0};

    if (!parse(list->build, node, &said))
        return;
    if (wait->is_set && (wait->extend_ms != said.extend_ms || wait->outcome != said.outcome))
        (void)report_node(list->build->report, node,
                          "another baseline of the same service says something else (line %u); they share "
                          "the observation",
                          wait->node->line);
    *wait = said;
}

bool patience_read(struct rule_list *list, const struct node *baseline)
{
    static const char *const keys[] = {"source_error", "other"};
    const struct config_report *report = list->build->report;
    const struct node *group = tree_find(baseline, "on_inconclusive");
    size_t before = report->said;

    if (group == NULL)
        return true;
    if (group->kind != NODE_GROUP)
        return report_node(list->build->report, group,
                           "takes a group { other = \"extend 5m, then rollback\"; }");
    for (size_t i = 0; i < group->count; i++) {
        const struct node *child = &group->children[i];
        if (strcmp(child->name, keys[0]) == 0)
            take(list, child, &list->patience.source_error);
        else if (strcmp(child->name, keys[1]) == 0)
            take(list, child, &list->patience.other);
        else
            (void)report_unknown(list->build->report, child, "reason", child->name, keys, ARRAY_LENGTH(keys));
    }
    return report->said == before;
}

void patience_fill(const struct patience *patience, struct recipe *recipe)
{
    if (patience->other.is_set) {
        recipe->extend_ms = patience->other.extend_ms;
        recipe->on_inconclusive = patience->other.outcome;
    }
    if (patience->source_error.is_set) {
        recipe->source_extend_ms = patience->source_error.extend_ms;
        recipe->on_source_error = patience->source_error.outcome;
    }
}
