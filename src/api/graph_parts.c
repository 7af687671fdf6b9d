/* graph_parts.c - marks and bounds of a picture.
 * SPDX-License-Identifier: MIT */
#include "api/graph_parts.h"

#include "base/text.h"
#include "io/json.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <time.h>

enum { MARKS_MAX = 40, NAME_SIZE = 160 };

/* Does the picture tell of it, and is it bad news? */
static bool is_marked(const cJSON *row, bool *ret_is_bad)
{
    static const struct {
        enum trace_kind kind;
        bool is_bad;
    } kinds[] = {{TRACE_CONFIRMED, false}, {TRACE_MIRRORED, false},  {TRACE_HOSTS_READY, false},
                 {TRACE_FAIL, true},       {TRACE_WOULD_FAIL, true}, {TRACE_HELD, true},
                 {TRACE_PHASE, false},     {TRACE_ESCALATED, true}};

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(json_text_of(row, "what"), trace_kind_name(kinds[i].kind)) == 0) {
            *ret_is_bad = kinds[i].is_bad;
            return true;
        }
    return false;
}

void graph_add_marks(cJSON *request, const cJSON *audit)
{
    cJSON *marks = cJSON_AddArrayToObject(request, "marks");
    const cJSON *row = NULL;
    int count = 0;

    cJSON_ArrayForEach(row, audit)
    {
        struct tm parts = {0};
        char name[NAME_SIZE];
        struct text text;
        bool is_bad = false;
        if (count >= MARKS_MAX || !is_marked(row, &is_bad) ||
            strptime(json_text_of(row, "time"), "%Y-%m-%dT%H:%M:%SZ", &parts) == NULL)
            continue;
        text_init(&text, name, sizeof(name));
        text_add(&text, "%.8s  %.140s", json_text_of(row, "time") + sizeof("2026-11-26T") - 1,
                 json_text_of(row, "text"));
        cJSON *mark = cJSON_CreateObject();
        cJSON_AddNumberToObject(mark, "time", (double)timegm(&parts));
        cJSON_AddStringToObject(mark, "name", name);
        cJSON_AddBoolToObject(mark, "bad", is_bad);
        cJSON_AddItemToArray(marks, mark);
        count++;
    }
}

static bool is_comparison(enum expression_op op)
{
    return op >= EXPRESSION_LESS && op <= EXPRESSION_GREATER_EQUAL;
}

/* The metric beside a number, in the unit that the metric has: node k and the two behind it. */
static bool is_bounded(const struct rule_definition *rule, uint8_t k, size_t metric)
{
    const struct expression_node *nodes = rule->rule.condition.nodes;
    bool is_read = nodes[k].op >= EXPRESSION_VALUE && nodes[k].op <= EXPRESSION_QUANTILE &&
                   nodes[k].op != EXPRESSION_RATE && nodes[k].op != EXPRESSION_SUM;

    return is_read && nodes[k].side == SIDE_CANDIDATE && rule->metrics[nodes[k].metric] == metric &&
           nodes[k + 1].op == EXPRESSION_NUMBER && is_comparison(nodes[k + 2].op);
}

static void add_rule(cJSON *bounds, const struct rule_definition *rule, size_t metric, double scale)
{
    const struct expression *condition = &rule->rule.condition;

    for (uint8_t k = 0; k + 2 < condition->count; k++) {
        char name[NAME_SIZE];
        struct text text;
        if (!is_bounded(rule, k, metric))
            continue;
        text_init(&text, name, sizeof(name));
        text_add(&text, "bound of %.63s: %.80s", rule->name, rule->text);
        cJSON *bound = cJSON_CreateObject();
        cJSON_AddNumberToObject(bound, "value", scale * condition->nodes[k + 1].number);
        cJSON_AddStringToObject(bound, "name", name);
        cJSON_AddItemToArray(bounds, bound);
    }
}

void graph_add_bounds(cJSON *request, const struct definition *definition, size_t metric)
{
    /* Shares are drawn in percent. */
    double scale = definition->metrics[metric].kind == SERIES_COUNT ? 100 : 1;
    cJSON *bounds = cJSON_AddArrayToObject(request, "bounds");

    for (size_t i = 0; i < definition->rule_count; i++)
        if (definition->rules[i].rule.kind == RULE_TRIGGER)
            add_rule(bounds, &definition->rules[i], metric, scale);
}
