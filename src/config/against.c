/* against.c - baselines beside the candidate and in the past.
 * SPDX-License-Identifier: MIT */
#include "config/against.h"

#include "base/duration.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { STEPS_KEPT_DAYS = 1, ROW_MS = 60 * 1000 };

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

static bool read_one(const char *text, struct baseline *ret_baseline)
{
    int64_t span_ms = 0;

    *ret_baseline = (struct baseline){.kind = BASELINE_STABLE};
    if (strcmp(text, "stable") == 0)
        return true;
    ret_baseline->kind = BASELINE_BEFORE;
    if (strcmp(text, "before") == 0)
        return true;
    ret_baseline->kind = BASELINE_DAYS;
    if (!duration_parse(text, &span_ms) || span_ms < day_ms || span_ms > AGAINST_DAYS_MAX * day_ms ||
        span_ms % day_ms != 0)
        return false;
    ret_baseline->days = (uint16_t)(span_ms / day_ms);
    return true;
}

static bool is_listed(const struct against *against, const struct baseline *baseline)
{
    for (uint8_t i = 0; i < against->count; i++)
        if (against->list[i].kind == baseline->kind && against->list[i].days == baseline->days)
            return true;
    return false;
}

bool against_read(const struct build *build, const struct node *node, const struct option_value *value,
                  struct against *ret_against)
{
    const struct node *at = tree_find(node, "against");
    struct against against = {0};

    for (size_t i = 0; i < value->list_length && i < COMPARISON_AGAINST_MAX; i++) {
        struct baseline baseline;
        if (!read_one(value->list[i], &baseline))
            return report_node(build->report, at == NULL ? node : at,
                               "against '%s' is not known; known: stable, before, and whole days like 7d (1d "
                               "to %dd)",
                               value->list[i], AGAINST_DAYS_MAX);
        if (is_listed(&against, &baseline))
            return report_node(build->report, at == NULL ? node : at, "against: '%s' is said twice",
                               value->list[i]);
        against.list[against.count++] = baseline;
    }
    *ret_against = against;
    return true;
}

bool against_has(const struct against *against, enum baseline_kind kind)
{
    for (uint8_t i = 0; i < against->count; i++)
        if (against->list[i].kind == kind)
            return true;
    return false;
}

bool against_fit(const struct rule_list *list, const struct node *entry, size_t metric,
                 const struct against *against)
{
    const struct condition_metric *outline = &list->outlines[metric];
    int64_t step_ms = list->metrics == NULL ? 1000 : list->metrics[metric].step_ms;
    bool has_days = against_has(against, BASELINE_DAYS);

    if (!has_days && !against_has(against, BASELINE_BEFORE))
        return true;
    if (step_ms % 1000 != 0)
        return report_node(list->build->report, entry,
                           "'%s' has a resolution below a second, which is not archived: it has no past",
                           outline->name);
    return !has_days || day_ms % step_ms == 0 ||
           report_node(list->build->report, entry,
                       "'%s' has a resolution that no day is a multiple of: no step of another day lies "
                       "beside one of today",
                       outline->name);
}

int64_t against_row_ms(const struct against *against)
{
    for (uint8_t i = 0; i < against->count; i++)
        if (against->list[i].days > STEPS_KEPT_DAYS)
            return ROW_MS;
    return 0;
}

void against_take(const struct against *against, double alpha, struct comparison *comparison)
{
    bool is_anew = comparison->test == COMPARISON_MEAN_DIFFERENCE && against->count > 1;

    comparison->against_count = against->count;
    memcpy(comparison->against, against->list, sizeof(against->list));
    comparison->alpha = is_anew ? alpha / against->count : alpha;
}

void against_name(const struct comparison *comparison, uint64_t against, char to[AGAINST_TEXT_MAX])
{
    static const char *const names[] = {[BASELINE_STABLE] = "stable", [BASELINE_BEFORE] = "before"};
    to[0] = '\0';
    if (against == 0 || against > COMPARISON_AGAINST_MAX)
        return;
    const struct baseline *baseline = &comparison->against[against - 1];
    if (baseline->kind == BASELINE_DAYS)
        (void)snprintf(to, AGAINST_TEXT_MAX, "%ud", (unsigned)baseline->days);
    else
        (void)snprintf(to, AGAINST_TEXT_MAX, "%s", names[baseline->kind]);
}

void against_write(const struct comparison *comparison, char to[AGAINST_TEXT_MAX])
{
    char name[AGAINST_TEXT_MAX];
    struct text text;

    text_init(&text, to, AGAINST_TEXT_MAX);
    for (uint32_t i = 0; i < comparison->against_count; i++) {
        against_name(comparison, i + 1, name);
        text_add(&text, "%s%s", i == 0 ? "" : " or else ", name);
    }
}
