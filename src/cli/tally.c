/* tally.c - counting.
 * SPDX-License-Identifier: MIT */
#include "cli/tally.h"

#include "base/duration.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_SIZE = 640, NOT_FAILED = -1 };

void tally_init(struct tally *tally, bool is_json)
{
    *tally = (struct tally){.deployments = is_json ? cJSON_CreateArray() : NULL};
    (void)snprintf(tally->total.rule, sizeof(tally->total.rule), "taken back");
}

void tally_done(struct tally *tally)
{
    for (size_t i = 0; i < tally->row_count; i++)
        free(tally->rows[i].delays_ms);
    for (size_t i = 0; i < tally->named_count; i++)
        free(tally->named[i]);
    free(tally->total.delays_ms);
    free(tally->rows);
    cJSON_Delete(tally->deployments);
}

static struct tally_row *row_of(struct tally *tally, const struct rule_definition *rule)
{
    for (size_t i = 0; i < tally->row_count; i++)
        if (strcmp(tally->rows[i].rule, rule->name) == 0)
            return &tally->rows[i];
    if (tally->row_count == tally->row_room) {
        tally->row_room = tally->row_room == 0 ? 32 : 2 * tally->row_room;
        tally->rows = memory_resize(tally->rows, tally->row_room * sizeof(*tally->rows));
    }
    struct tally_row *row = &tally->rows[tally->row_count++];
    *row = (struct tally_row){.mode = rule->rule.mode, .outcome = rule->rule.outcome};
    (void)snprintf(row->rule, sizeof(row->rule), "%s", rule->name);
    return row;
}

static void add_delay(struct tally_row *row, int64_t delay_ms)
{
    if ((row->delay_count & (row->delay_count - 1)) == 0) /* full at every power of two */
        row->delays_ms = memory_resize(row->delays_ms, (2 * row->delay_count + 1) * sizeof(int64_t));
    row->delays_ms[row->delay_count++] = delay_ms;
}

/* `delay_ms`: NOT_FAILED where it did not. */
static void count(struct tally_row *row, enum past_label label, int64_t delay_ms)
{
    bool has_failed = delay_ms != NOT_FAILED;

    row->judged++;
    row->failed += has_failed;
    row->good += label == PAST_GOOD;
    row->bad += label == PAST_BAD;
    row->false_alarms += label == PAST_GOOD && has_failed;
    row->misses += label == PAST_BAD && !has_failed;
    if (has_failed && label != PAST_GOOD)
        add_delay(row, delay_ms);
}

static int64_t delay_of(const struct past *past, const struct rejudged *rule)
{
    return rule->judgement.verdict == VERDICT_FAIL ? rule->at_ms - past->routed_ms : NOT_FAILED;
}

/* The rule that takes it back first, or rule_count. */
static size_t first_of(const struct past *past, const struct rejudged *rules, uint32_t judged)
{
    size_t count_of_rules = past->definition->rule_count;
    size_t first = count_of_rules;

    for (size_t r = 0; r < count_of_rules; r++) {
        const struct rule *rule = &past->definition->rules[r].rule;
        bool takes_back = (judged >> r & 1) != 0 && rule->mode == RULE_ACT &&
                          rule->outcome == RULE_ROLLBACK && rules[r].judgement.verdict == VERDICT_FAIL;
        if (takes_back && (first == count_of_rules || rules[r].at_ms < rules[first].at_ms))
            first = r;
    }
    return first;
}

static cJSON *rule_json(const struct past *past, size_t index, const struct rejudged *rule, bool is_judged)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "rule", past->definition->rules[index].name);
    if (!is_judged) {
        cJSON_AddStringToObject(object, "not_judged", past_gap_text(past_rule_gap(past, index)));
        return object;
    }
    cJSON_AddStringToObject(object, "verdict", verdict_name(rule->judgement.verdict));
    cJSON_AddStringToObject(object, "reason", reason_name(rule->judgement.reason));
    cJSON_AddNumberToObject(object, "at_ms", (double)rule->at_ms);
    cJSON_AddNumberToObject(object, "value", rule->judgement.value);
    cJSON_AddNumberToObject(object, "bound", rule->judgement.bound);
    cJSON_AddNumberToObject(object, "statistic", rule->judgement.statistic);
    return object;
}

static cJSON *deployment_json(const struct past *past, const struct rejudged *rules, uint32_t judged,
                              size_t first)
{
    cJSON *object = cJSON_CreateObject();
    bool is_taken_back = first < past->definition->rule_count;

    cJSON_AddStringToObject(object, "id", past->id);
    cJSON_AddStringToObject(object, "service", past->service);
    cJSON_AddStringToObject(object, "environment", past->environment);
    cJSON_AddStringToObject(object, "version", past->version);
    cJSON_AddStringToObject(object, "outcome", past->outcome);
    cJSON_AddStringToObject(object, "label", past_label_name(past->label));
    cJSON_AddBoolToObject(object, "averaged", past->is_coarse);
    cJSON_AddBoolToObject(object, "would_roll_back", is_taken_back);
    if (is_taken_back) {
        cJSON_AddStringToObject(object, "rule", past->definition->rules[first].name);
        cJSON_AddNumberToObject(object, "delay_ms", (double)delay_of(past, &rules[first]));
    }
    cJSON *array = cJSON_AddArrayToObject(object, "rules");
    for (size_t r = 0; r < past->definition->rule_count; r++)
        if (past->definition->rules[r].rule.kind != RULE_SHARE)
            cJSON_AddItemToArray(array, rule_json(past, r, &rules[r], (judged >> r & 1) != 0));
    return object;
}

/* False alarms and misses are what somebody wants to look at. */
static void name(struct tally *tally, const struct past *past, const struct rejudged *rules, size_t first)
{
    bool is_taken_back = first < past->definition->rule_count;
    char memory[SENTENCE_SIZE];
    char delay[DURATION_TEXT_MAX];
    struct text text;

    if (past->label == PAST_UNKNOWN || (past->label == PAST_GOOD) != is_taken_back ||
        tally->named_count == TALLY_NAMED_MAX)
        return;
    text_init(&text, memory, sizeof(memory));
    text_add(&text, "%s %s/%s %s, %s: ", past->id, past->service, past->environment, past->version,
             past->outcome);
    if (is_taken_back)
        text_add(&text, "false alarm of %s after %s, %.4g against %.4g", past->definition->rules[first].name,
                 duration_format(delay_of(past, &rules[first]), delay, sizeof(delay)),
                 rules[first].judgement.value, rules[first].judgement.bound);
    else
        text_add(&text, "missed");
    tally->named[tally->named_count++] = memory_copy_text(memory);
}

void tally_add(struct tally *tally, const struct past *past, const struct rejudged *rules, uint32_t judged)
{
    size_t first = first_of(past, rules, judged);
    bool is_taken_back = first < past->definition->rule_count;

    for (size_t r = 0; r < past->definition->rule_count; r++) {
        if (past->definition->rules[r].rule.kind == RULE_SHARE) /* it never fails */
            continue;
        struct tally_row *row = row_of(tally, &past->definition->rules[r]);
        if ((judged >> r & 1) != 0)
            count(row, past->label, delay_of(past, &rules[r]));
        else
            row->gaps[past_rule_gap(past, r)]++;
    }
    if (tally->deployments != NULL)
        cJSON_AddItemToArray(tally->deployments, deployment_json(past, rules, judged, first));
    tally->coarse += past->is_coarse;
    if (judged == 0) {
        tally->total.gaps[PAST_NOTHING]++;
        return;
    }
    tally->unknown += past->label == PAST_UNKNOWN;
    count(&tally->total, past->label, is_taken_back ? delay_of(past, &rules[first]) : NOT_FAILED);
    name(tally, past, rules, first);
}

double tally_per_100(const struct tally_row *row)
{
    return row->good == 0 ? NAN : 100.0 * (double)row->false_alarms / (double)row->good;
}

static int compare(const void *one, const void *other)
{
    int64_t difference = *(const int64_t *)one - *(const int64_t *)other;

    return (difference > 0) - (difference < 0);
}

int64_t tally_delay_ms(struct tally_row *row)
{
    if (row->delay_count == 0)
        return -1;
    qsort(row->delays_ms, row->delay_count, sizeof(*row->delays_ms), compare);
    return row->delays_ms[row->delay_count / 2];
}
