/* limits.c - limits of a trigger read.
 * SPDX-License-Identifier: MIT */
#include "config/limits.h"

enum {
    LIMITS_EVERY,
    LIMITS_FAILURES,
    LIMITS_FAILURES_IN_A_ROW,
    LIMITS_CHECKS,
    LIMITS_SUCCESSES,
    LIMITS_INCONCLUSIVE,
    LIMITS_SOURCE_ERRORS,
    LIMITS_OPTION_COUNT
};
enum { SECOND_MS = 1000, HOUR_MS = 3600 * SECOND_MS, COUNT_MAX = 10000 };

#define COUNT(count_name, count_help)                                                                        \
    {                                                                                                        \
        .name = (count_name), .type = OPTION_INTEGER, .min = 1, .max = COUNT_MAX, .help = (count_help)       \
    }

static const struct option options[LIMITS_OPTION_COUNT] = {
    [LIMITS_EVERY] = {.name = "every",
                      .type = OPTION_DURATION,
                      .min = SECOND_MS,
                      .max = HOUR_MS,
                      .help = "time between two checks; the coarsest resolution of its metrics"},
    [LIMITS_FAILURES] = COUNT("failures", "so many failed checks of a deployment fail the rule; 1"),
    [LIMITS_FAILURES_IN_A_ROW] = COUNT("failures_in_a_row", "so many failed checks one after the other do"),
    [LIMITS_CHECKS] = COUNT("checks", "known checks of a step that a pass needs"),
    [LIMITS_SUCCESSES] = COUNT("successes", "good checks in a row that a pass needs"),
    [LIMITS_INCONCLUSIVE] =
        COUNT("inconclusive", "with more inconclusive checks in a step it does not pass any more"),
    [LIMITS_SOURCE_ERRORS] =
        COUNT("source_errors", "with more errors of the source in a row it does not pass any more"),
};

static int64_t coarsest_ms(const struct rule_list *list, const struct rule_definition *rule)
{
    int64_t coarsest = SECOND_MS;

    for (uint8_t i = 0; list->metrics != NULL && i < rule->rule.metric_count; i++)
        if (list->metrics[rule->metrics[i]].step_ms > coarsest)
            coarsest = list->metrics[rule->metrics[i]].step_ms;
    return coarsest;
}

static uint16_t count_of(const struct option_value *value)
{
    return value->is_set ? (uint16_t)value->number : 0;
}

bool limits_build(const struct rule_list *list, const struct node *trigger, struct rule_definition *rule)
{
    static const struct shape shape = {.options = options, .count = LIMITS_OPTION_COUNT};
    const struct node *node = tree_find(trigger, "limits");
    struct option_value values[LIMITS_OPTION_COUNT] = {{0}};
    struct rule_limits limits = {0};

    if (node == NULL)
        return true;
    if (!options_read(list->build, node, &shape, values, NULL))
        return false;
    limits.every_ms =
        values[LIMITS_EVERY].is_set ? values[LIMITS_EVERY].duration_ms : coarsest_ms(list, rule);
    limits.failures = count_of(&values[LIMITS_FAILURES]);
    limits.failures_in_row = count_of(&values[LIMITS_FAILURES_IN_A_ROW]);
    limits.checks = count_of(&values[LIMITS_CHECKS]);
    limits.successes = count_of(&values[LIMITS_SUCCESSES]);
    limits.inconclusive = count_of(&values[LIMITS_INCONCLUSIVE]);
    limits.source_errors = count_of(&values[LIMITS_SOURCE_ERRORS]);
    if (limits.failures == 0 && limits.failures_in_row == 0)
        limits.failures = 1;
    rule->rule.limits = limits;
    return true;
}
