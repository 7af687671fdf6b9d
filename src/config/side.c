/* side.c - from a definition's metrics to series: which key a side has, what its source is asked.
 * SPDX-License-Identifier: MIT */
#include "config/side.h"

#include "base/arena.h"
#include "base/hash.h"
#include "config/template.h"
#include "judge/baseline.h"

#include <stdio.h>
#include <string.h>

enum { LEVELS_KEPT = 60 }; /* blocks that Mann-Whitney looks at */

const struct slot_definition *side_slot(const struct side *side)
{
    return side->slot < side->definition->slot_count ? &side->definition->slots[side->slot] : NULL;
}

static bool names(const struct metric_definition *metric, size_t option_count, const char *word)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_value *value = &metric->options[i];
        if (value->text != NULL && strstr(value->text, word) != NULL)
            return true;
        for (size_t k = 0; k < value->list_length; k++)
            if (strstr(value->list[k], word) != NULL)
                return true;
    }
    return false;
}

bool side_key(const struct side *side, const struct metric_definition *metric, size_t option_count,
              char key[SIDE_KEY_MAX])
{
    const struct slot_definition *slot = side_slot(side);

    if (names(metric, option_count, "{{version}}")) {
        (void)snprintf(key, SIDE_KEY_MAX, "version.%s", side->version);
        return side->version[0] != '\0';
    }
    if (slot != NULL && metric->scope == SCOPE_SIDE) {
        (void)snprintf(key, SIDE_KEY_MAX, "slot.%s", slot->name);
        return side->is_candidate || !side->shares_slot;
    }
    (void)snprintf(key, SIDE_KEY_MAX, "service");
    return side->is_candidate;
}

static size_t add_pair(const char **pairs, size_t count, const char *name, const char *text)
{
    pairs[2 * count] = name;
    pairs[2 * count + 1] = text;
    return count + 1;
}

size_t side_pairs(const struct side *side, size_t address, const char *pairs[2 * SIDE_PAIRS_MAX])
{
    const struct slot_definition *slot = side_slot(side);
    size_t count = 0;

    count = add_pair(pairs, count, "service", side->definition->service);
    count = add_pair(pairs, count, "environment", side->definition->environment);
    count = add_pair(pairs, count, "version", side->version);
    count = add_pair(pairs, count, "previous", side->previous);
    if (slot == NULL)
        return count;
    count = add_pair(pairs, count, "slot", slot->name);
    if (address == SIZE_MAX)
        address = 0;
    if (address < slot->address_count)
        count = add_pair(pairs, count, "address", slot->addresses[address]);
    for (size_t i = 0; i < slot->variable_count && count < SIDE_PAIRS_MAX; i++)
        count = add_pair(pairs, count, slot->variables[2 * i], slot->variables[2 * i + 1]);
    return count;
}

static bool full(struct err *err)
{
    return err_set(err, ERR_LIMIT, "longer than %d bytes when it is filled in", SIDE_TEXT_MAX);
}

/* What a metric of a side is filled with. */
struct filling {
    const struct side *side;
    const char *resolution;
    const char *source; /* its kind: texts stand in its language */
};

static bool fill_text(const struct filling *filling, const char *text, size_t address,
                      enum template_escape escape, char *to, size_t size, struct err *err)
{
    const char *pairs[2 * SIDE_PAIRS_MAX + 2];
    size_t count =
        add_pair(pairs, side_pairs(filling->side, address, pairs), "resolution", filling->resolution);

    return template_fill(text, pairs, count, escape, to, size, err);
}

/* An element of a list that names the address stands for one at each address of the slot. */
static size_t times_of(const struct filling *filling, enum option_type type, const char *text)
{
    const struct slot_definition *slot = side_slot(filling->side);

    return type == OPTION_LIST && slot != NULL && slot->address_count > 0 && template_has(text, "address")
               ? slot->address_count
               : 1;
}

/* Elements of a list or map into `memory` [SIDE_TEXT_MAX], their array in front of them. */
static bool fill_list(const struct filling *filling, enum option_type type, struct option_value *value,
                      char *memory, struct err *err)
{
    char text[SIDE_TEXT_MAX];
    struct arena arena;
    size_t length = 0;

    for (size_t i = 0; i < value->list_length; i++)
        length += times_of(filling, type, value->list[i]);
    arena_init(&arena, memory, SIDE_TEXT_MAX);
    const char **list = arena_take_array(&arena, length, sizeof(*list));
    if (list == NULL)
        return full(err);
    size_t filled = 0;
    for (size_t i = 0; i < value->list_length; i++)
        for (size_t k = 0; k < times_of(filling, type, value->list[i]); k++) {
            if (!fill_text(filling, value->list[i], k, TEMPLATE_PLAIN, text, sizeof(text), err))
                return false;
            list[filled] = arena_copy_text(&arena, text);
            if (list[filled++] == NULL)
                return full(err);
        }
    value->list = list;
    value->list_length = length;
    return true;
}

/* Sources whose texts are PromQL, or a part of it. */
static bool is_promql(const char *source)
{
    return strcmp(source, "prometheus") == 0 || strcmp(source, "scrape") == 0 || strcmp(source, "otlp") == 0;
}

static bool is_json_source(const char *source)
{
    return strcmp(source, "http_json") == 0;
}

/* Host and path stand as they are; what a query is filled with is escaped. */
static bool fill_url(const struct filling *filling, const char *url, char *memory, struct err *err)
{
    char front[SIDE_TEXT_MAX];
    size_t length = strcspn(url, "?");

    if (length >= sizeof(front))
        return full(err);
    memcpy(front, url, length);
    front[length] = '\0';
    if (!fill_text(filling, front, SIZE_MAX, TEMPLATE_PLAIN, memory, SIDE_TEXT_MAX, err))
        return false;
    size_t filled = strlen(memory);
    return fill_text(filling, url + length, SIZE_MAX, TEMPLATE_URL, memory + filled, SIDE_TEXT_MAX - filled,
                     err);
}

static enum template_escape escape_of(const struct filling *filling, const char *text)
{
    if (is_promql(filling->source))
        return TEMPLATE_PROMQL;
    return is_json_source(filling->source) && (text[0] == '{' || text[0] == '[') ? TEMPLATE_JSON
                                                                                 : TEMPLATE_PLAIN;
}

static bool fill_value(const struct filling *filling, const struct option *option, struct option_value *value,
                       char *memory, struct err *err)
{
    if (value->list_length > 0)
        return fill_list(filling, option->type, value, memory, err);
    if (value->text == NULL)
        return true;
    bool is_url = is_json_source(filling->source) && strcmp(option->name, "url") == 0;
    if (is_url ? !fill_url(filling, value->text, memory, err)
               : !fill_text(filling, value->text, SIZE_MAX, escape_of(filling, value->text), memory,
                            SIDE_TEXT_MAX, err))
        return false;
    value->text = memory;
    return true;
}

bool side_fill(const struct side *side, const struct metric_definition *metric,
               const struct option_schema *schema, struct option_value *values, char *texts, struct err *err)
{
    char resolution[32];
    struct filling filling = {.side = side, .resolution = resolution, .source = schema->name};

    (void)snprintf(resolution, sizeof(resolution), "%llds", (long long)(metric->step_ms / 1000));
    for (size_t i = 0; i < schema->use_count; i++) {
        values[i] = metric->options[i];
        if (!fill_value(&filling, &schema->use[i], &values[i], texts + i * SIDE_TEXT_MAX, err))
            return err_wrap(err, "metric %s, %s", metric->name, schema->use[i].name);
    }
    return true;
}

uint64_t side_hash(const struct option_value *values, size_t option_count)
{
    uint64_t hash = HASH_BEGIN;

    for (size_t i = 0; i < option_count; i++) {
        const char *text = values[i].text == NULL ? "" : values[i].text;
        hash = hash_bytes(hash, text, strlen(text) + 1);
        for (size_t k = 0; k < values[i].list_length; k++)
            hash = hash_text(hash, values[i].list[k]);
    }
    return hash;
}

/* What a rule reads at once: its longest span; a comparison a block, and one more that waits for late values;
 * Mann-Whitney many blocks together. */
static int64_t longest_span(const struct rule *rule, int64_t age_max_ms)
{
    int64_t blocks = rule->comparison.test == COMPARISON_MANN_WHITNEY ? LEVELS_KEPT : 2;
    int64_t span_ms = rule->kind == RULE_COMPARISON ? blocks * rule->comparison.block_ms + age_max_ms : 0;

    for (uint8_t n = 0; n < rule->condition.count; n++)
        if (rule->condition.nodes[n].op != EXPRESSION_FOR && rule->condition.nodes[n].span_ms > span_ms)
            span_ms = rule->condition.nodes[n].span_ms;
    return span_ms;
}

static bool compares(const struct rule_definition *rule, size_t metric)
{
    return rule->rule.kind == RULE_COMPARISON && rule->metrics[0] == metric;
}

bool side_reads_days(const struct rule_definition *rule, size_t metric, uint16_t days)
{
    const struct comparison *comparison = &rule->rule.comparison;

    for (uint8_t i = 0; compares(rule, metric) && i < comparison->against_count; i++)
        if (comparison->against[i].kind == BASELINE_DAYS && comparison->against[i].days == days)
            return true;
    return false;
}

static bool has_past(const struct rule *rule)
{
    return baseline_names(rule, BASELINE_BEFORE) || baseline_names(rule, BASELINE_DAYS);
}

bool side_wants_past(const struct definition *definition)
{
    for (size_t r = 0; r < definition->rule_count; r++)
        if (has_past(&definition->rules[r].rule))
            return true;
    return false;
}

bool side_reads_before(const struct rule_definition *rule, size_t metric)
{
    if (compares(rule, metric) && baseline_names(&rule->rule, BASELINE_BEFORE))
        return true;
    for (uint8_t i = 0; i < rule->rule.condition.count; i++) {
        const struct expression_node *node = &rule->rule.condition.nodes[i];
        if (node->op >= EXPRESSION_VALUE && node->op <= EXPRESSION_ABSENT && node->side == SIDE_BEFORE &&
            rule->metrics[node->metric] == metric)
            return true;
    }
    return false;
}

bool side_wants_before(const struct definition *definition, size_t metric)
{
    for (size_t r = 0; r < definition->rule_count; r++)
        if (side_reads_before(&definition->rules[r], metric))
            return true;
    return false;
}

int64_t side_window(const struct definition *definition, size_t metric)
{
    const struct metric_definition *measured = &definition->metrics[metric];
    int64_t span_ms = measured->window_ms;

    for (size_t r = 0; r < definition->rule_count; r++) {
        int64_t needed_ms = longest_span(&definition->rules[r].rule, measured->age_max_ms);
        span_ms = needed_ms > span_ms ? needed_ms : span_ms;
    }
    return span_ms / measured->step_ms + 2;
}

int64_t side_past_steps(const struct definition *definition, size_t metric)
{
    int64_t steps = side_window(definition, metric);

    for (size_t r = 0; r < definition->rule_count; r++)
        if (compares(&definition->rules[r], metric) && has_past(&definition->rules[r].rule))
            return steps > SIDE_PAST_STEPS ? steps : SIDE_PAST_STEPS;
    return steps;
}
