/* tally_text.c - the table of a backtest, and the same as JSON.
 * SPDX-License-Identifier: MIT */
#include "cli/tally.h"

#include "base/duration.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

static const char *const modes[] = {[RULE_ACT] = "act", [RULE_ASK] = "ask", [RULE_RECORD] = "record"};
static const char *const outcomes[] = {[RULE_ROLLBACK] = "rollback", [RULE_HOLD] = "hold"};

static void print_row(struct tally_row *row, const char *mode, const char *outcome)
{
    char delay[DURATION_TEXT_MAX] = "-";
    char per_100[16] = "-";
    int64_t delay_ms = tally_delay_ms(row);

    if (delay_ms >= 0)
        (void)duration_format(delay_ms, delay, sizeof(delay));
    if (!isnan(tally_per_100(row)))
        (void)snprintf(per_100, sizeof(per_100), "%.2f", tally_per_100(row));
    (void)printf("%-28s %-7s %-9s %7zu %7zu %7zu %8s %7zu %10s\n", row->rule, mode, outcome, row->judged,
                 row->failed, row->false_alarms, per_100, row->misses, delay);
}

static void print_gaps(const struct tally_row *row)
{
    for (int gap = PAST_COMPLETE + 1; gap < PAST_GAP_COUNT; gap++)
        if (row->gaps[gap] > 0)
            (void)printf("not judged: %s in %zu: %s\n", row->rule, row->gaps[gap],
                         past_gap_text((enum past_gap)gap));
}

void tally_print(struct tally *tally, const char *const *limits, size_t limit_count)
{
    (void)printf("%-28s %-7s %-9s %7s %7s %7s %8s %7s %10s\n", "RULE", "MODE", "THEN", "JUDGED", "FAILED",
                 "FALSE", "PER 100", "MISSED", "DELAY");
    for (size_t i = 0; i < tally->row_count; i++)
        print_row(&tally->rows[i], modes[tally->rows[i].mode], outcomes[tally->rows[i].outcome]);
    print_row(&tally->total, "", "");
    (void)printf("\n%zu deployments: %zu good, %zu bad, %zu unknown\n", tally->total.judged,
                 tally->total.good, tally->total.bad, tally->unknown);
    for (size_t i = 0; i < tally->named_count; i++)
        (void)printf("%s\n", tally->named[i]);
    if (tally->total.false_alarms + tally->total.misses > tally->named_count)
        (void)printf("and %zu more: --json has them all\n",
                     tally->total.false_alarms + tally->total.misses - tally->named_count);
    for (size_t i = 0; i < tally->row_count; i++)
        print_gaps(&tally->rows[i]);
    for (size_t i = 0; i < limit_count; i++)
        (void)printf("limit: %s\n", limits[i]);
}

static cJSON *row_json(struct tally_row *row)
{
    cJSON *object = cJSON_CreateObject();
    int64_t delay_ms = tally_delay_ms(row);

    cJSON_AddStringToObject(object, "rule", row->rule);
    cJSON_AddNumberToObject(object, "judged", (double)row->judged);
    cJSON_AddNumberToObject(object, "failed", (double)row->failed);
    cJSON_AddNumberToObject(object, "good", (double)row->good);
    cJSON_AddNumberToObject(object, "bad", (double)row->bad);
    cJSON_AddNumberToObject(object, "false_alarms", (double)row->false_alarms);
    cJSON_AddNumberToObject(object, "false_per_100", tally_per_100(row));
    cJSON_AddNumberToObject(object, "missed", (double)row->misses);
    cJSON_AddNumberToObject(object, "delay_ms", delay_ms < 0 ? NAN : (double)delay_ms);
    return object;
}

static cJSON *rule_row_json(struct tally_row *row)
{
    cJSON *object = row_json(row);
    cJSON *gaps = cJSON_AddObjectToObject(object, "not_judged");

    cJSON_AddStringToObject(object, "mode", modes[row->mode]);
    cJSON_AddStringToObject(object, "then", outcomes[row->outcome]);
    for (int gap = PAST_COMPLETE + 1; gap < PAST_GAP_COUNT; gap++)
        if (row->gaps[gap] > 0)
            cJSON_AddNumberToObject(gaps, past_gap_text((enum past_gap)gap), (double)row->gaps[gap]);
    return object;
}

cJSON *tally_json(struct tally *tally, const char *const *limits, size_t limit_count)
{
    cJSON *answer = cJSON_CreateObject();
    cJSON *rules = cJSON_AddArrayToObject(answer, "rules");

    for (size_t i = 0; i < tally->row_count; i++)
        cJSON_AddItemToArray(rules, rule_row_json(&tally->rows[i]));
    cJSON *total = row_json(&tally->total);
    cJSON_DeleteItemFromObject(total, "rule");
    cJSON_AddNumberToObject(total, "unknown", (double)tally->unknown);
    cJSON_AddItemToObject(answer, "total", total);
    cJSON_AddItemToObject(answer, "deployments", tally->deployments);
    tally->deployments = NULL;
    cJSON *array = cJSON_AddArrayToObject(answer, "limits");
    for (size_t i = 0; i < limit_count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(limits[i]));
    return answer;
}
