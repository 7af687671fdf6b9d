/* graph_parts.c - marks and bounds of a picture.
 * SPDX-License-Identifier: MIT */
#include "api/graph_parts.h"

#include "base/text.h"
#include "io/json.h"
#include "io/rrd_graph.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <time.h>

enum { MARKS_MAX = 40, NAME_SIZE = 160 };

/* Does the picture tell of it, and as what? */
static bool is_marked(const cJSON *row, enum rrd_graph_mark_kind *ret_kind)
{
    static const struct {
        enum trace_kind trace;
        enum rrd_graph_mark_kind kind;
    } kinds[] = {{TRACE_STEP, RRD_GRAPH_STEP},         {TRACE_STEP_PASS, RRD_GRAPH_PASS},
                 {TRACE_CONFIRMED, RRD_GRAPH_EVENT},   {TRACE_MIRRORED, RRD_GRAPH_EVENT},
                 {TRACE_HOSTS_READY, RRD_GRAPH_EVENT}, {TRACE_OVERRIDE, RRD_GRAPH_EVENT},
                 {TRACE_PHASE, RRD_GRAPH_EVENT},       {TRACE_FAIL, RRD_GRAPH_BAD},
                 {TRACE_WOULD_FAIL, RRD_GRAPH_BAD},    {TRACE_HELD, RRD_GRAPH_BAD},
                 {TRACE_ESCALATED, RRD_GRAPH_BAD}};

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(json_text_of(row, "what"), trace_kind_name(kinds[i].trace)) == 0) {
            *ret_kind = kinds[i].kind;
            return true;
        }
    return false;
}

static bool read_mark(const cJSON *row, enum rrd_graph_mark_kind *ret_kind, int64_t *ret_time_s)
{
    struct tm parts = {0};

    if (!is_marked(row, ret_kind) ||
        strptime(json_text_of(row, "time"), "%Y-%m-%dT%H:%M:%SZ", &parts) == NULL)
        return false;
    *ret_time_s = (int64_t)timegm(&parts);
    return true;
}

/* How many of each kind there is room for. */
static void share_room(const cJSON *audit, size_t rooms[RRD_GRAPH_MARK_KINDS])
{
    static const enum rrd_graph_mark_kind order[] = {RRD_GRAPH_BAD, RRD_GRAPH_PASS, RRD_GRAPH_EVENT,
                                                     RRD_GRAPH_STEP};
    size_t counts[RRD_GRAPH_MARK_KINDS] = {0};
    size_t left = MARKS_MAX;
    const cJSON *row = NULL;

    cJSON_ArrayForEach(row, audit)
    {
        enum rrd_graph_mark_kind kind = RRD_GRAPH_EVENT;
        int64_t time_s = 0;
        if (read_mark(row, &kind, &time_s))
            counts[kind]++;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        size_t count = counts[order[i]];
        rooms[order[i]] = count < left ? count : left;
        left -= rooms[order[i]];
    }
}

static cJSON *mark_of(const cJSON *row, enum rrd_graph_mark_kind kind, int64_t time_s)
{
    cJSON *mark = cJSON_CreateObject();
    char name[NAME_SIZE];
    struct text text;

    text_init(&text, name, sizeof(name));
    text_add(&text, "%.8s  %.140s", json_text_of(row, "time") + sizeof("2026-11-26T") - 1,
             json_text_of(row, "text"));
    cJSON_AddNumberToObject(mark, "time", (double)time_s);
    cJSON_AddStringToObject(mark, "name", name);
    cJSON_AddStringToObject(mark, "kind", rrd_graph_mark_names[kind]);
    return mark;
}

void graph_add_marks(cJSON *request, const cJSON *audit)
{
    cJSON *marks = cJSON_AddArrayToObject(request, "marks");
    size_t rooms[RRD_GRAPH_MARK_KINDS] = {0};
    const cJSON *row = NULL;

    share_room(audit, rooms);
    cJSON_ArrayForEach(row, audit)
    {
        enum rrd_graph_mark_kind kind = RRD_GRAPH_EVENT;
        int64_t time_s = 0;
        if (!read_mark(row, &kind, &time_s) || rooms[kind] == 0)
            continue;
        rooms[kind]--;
        cJSON_AddItemToArray(marks, mark_of(row, kind, time_s));
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
