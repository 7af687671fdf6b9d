/* baselines.c - `baselines: { NAME: { compare: { METRIC: { ... } } } }`: one rule per compared metric.
 * SPDX-License-Identifier: MIT */
#include "config/patience.h"
#include "config/rules.h"

#include "base/duration.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    BASELINE_AGAINST,
    BASELINE_WARMUP,
    BASELINE_EVERY,
    BASELINE_BLOCK,
    BASELINE_NEED,
    BASELINE_ALPHA,
    BASELINE_MIN_EVENTS,
    BASELINE_THEN,
    BASELINE_MODE,
    BASELINE_OPTION_COUNT
};
enum { COMPARE_TEST, COMPARE_ALLOW, COMPARE_IGNORE_BELOW, COMPARE_CRITICAL, COMPARE_OPTION_COUNT };
enum {
    HOUR_MS = 3600 * 1000,
    BLOCK_MS = 30 * 1000,
    BLOCK_STEPS = 3, /* fewer steps and an event counts in the neighbouring block */
    ALLOW_MAX = 100
};

static const struct option options[BASELINE_OPTION_COUNT] = {
    [BASELINE_AGAINST] = {.name = "against",
                          .type = OPTION_LIST,
                          .min = 1,
                          .max = 4,
                          .fallback = "stable",
                          .help = "what the candidate is compared with"},
    [BASELINE_WARMUP] = {.name = "warmup",
                         .type = OPTION_DURATION,
                         .min = 0,
                         .max = HOUR_MS,
                         .fallback = "0s",
                         .help = "after a confirmed share nothing counts for a pass for so long"},
    [BASELINE_EVERY] = {.name = "every",
                        .type = OPTION_DURATION,
                        .min = 1000,
                        .max = HOUR_MS,
                        .fallback = "10s",
                        .help = "a look is taken when a block closes, not more often than this"},
    [BASELINE_BLOCK] = {.name = "block",
                        .type = OPTION_DURATION,
                        .min = 1000,
                        .max = HOUR_MS,
                        .help = "events closer together than this count as one burst; 30s"},
    [BASELINE_NEED] = {.name = "need", .type = OPTION_TEXT, .help = "least data, like \"200 requests\""},
    [BASELINE_ALPHA] = {.name = "alpha",
                        .type = OPTION_NUMBER,
                        .min = 0.000001,
                        .max = 0.5,
                        .fallback = "0.01",
                        .help = "probability of a false alarm in a whole deployment"},
    [BASELINE_MIN_EVENTS] = {.name = "min_events",
                             .type = OPTION_INTEGER,
                             .min = 1,
                             .max = 1000000,
                             .fallback = "5",
                             .help = "fewer events of the candidate never fail"},
    [BASELINE_THEN] = {.name = "then",
                       .type = OPTION_CHOICE,
                       .choices = rule_outcomes,
                       .fallback = "rollback",
                       .help = "what happens when the candidate is worse"},
    [BASELINE_MODE] = {.name = "mode",
                       .type = OPTION_CHOICE,
                       .choices = rule_modes,
                       .fallback = "act",
                       .help = "do it, ask people, or only write it down"},
};

static const struct option compare_options[COMPARE_OPTION_COUNT] = {
    [COMPARE_TEST] = {.name = "test",
                      .type = OPTION_TEXT,
                      .fallback = "sequential",
                      .help = "how it is compared"},
    [COMPARE_ALLOW] = {.name = "allow",
                       .type = OPTION_TEXT,
                       .fallback = "+0%",
                       .help = "how much worse the candidate may be, like \"+50%\""},
    [COMPARE_IGNORE_BELOW] = {.name = "ignore_below",
                              .type = OPTION_TEXT,
                              .fallback = "0%",
                              .help = "a candidate below this rate never fails"},
    [COMPARE_CRITICAL] = {.name = "critical",
                          .type = OPTION_BOOL,
                          .fallback = "true",
                          .help = "alone enough to fail"},
};

static bool check_against(const struct build *build, const struct node *node,
                          const struct option_value *against)
{
    const struct node *at = tree_find(node, "against");

    for (size_t i = 0; i < against->list_length; i++)
        if (strcmp(against->list[i], "stable") != 0)
            return report_node(
                build->report, at == NULL ? node : at,
                "against '%s' is not known yet; known: stable (a trigger can compare with `before`)",
                against->list[i]);
    return true;
}

/* The metric that an entry of `compare` names; metric_count: reported. */
static size_t find_metric(const struct rule_list *list, const struct node *entry)
{
    const struct build *build = list->build;

    for (size_t i = 0; i < list->metric_count; i++)
        if (strcmp(list->outlines[i].name, entry->name) == 0)
            return i;
    (void)report_unknown(build->report, entry, "metric", entry->name, build->known_metrics,
                         build->known_metric_count);
    return list->metric_count;
}

static bool check_metric(const struct rule_list *list, const struct node *entry, size_t index)
{
    static const char *const kinds[] = {"a gauge", "a counter", "a histogram"};
    const struct condition_metric *outline = &list->outlines[index];

    if (outline->kind != SERIES_COUNT)
        return report_node(list->build->report, entry,
                           "test 'sequential' compares metrics of kind counter; '%s' is %s", outline->name,
                           kinds[outline->kind]);
    if (!outline->names_side)
        return report_node(
            list->build->report, entry,
            "'%s' names no side ({{version}}, {{slot}} or {{address}}): candidate and stable would "
            "be the same series",
            outline->name);
    if (list->metrics != NULL && !list->metrics[index].is_lower_better)
        return report_node(list->build->report, entry,
                           "test 'sequential' compares bad events; '%s' says better = \"higher\"",
                           outline->name);
    return true;
}

/* The block in whole steps of the metric. */
static bool take_block(const struct rule_list *list, const struct node *node,
                       const struct option_value *values, size_t index, int64_t *ret_block_ms)
{
    int64_t step_ms = list->metrics == NULL ? 1000 : list->metrics[index].step_ms;
    int64_t least_ms = BLOCK_MS > BLOCK_STEPS * step_ms ? BLOCK_MS : BLOCK_STEPS * step_ms;
    char step[DURATION_TEXT_MAX];

    if (values[BASELINE_EVERY].duration_ms > least_ms)
        least_ms = values[BASELINE_EVERY].duration_ms;
    *ret_block_ms = (least_ms + step_ms - 1) / step_ms * step_ms;
    if (!values[BASELINE_BLOCK].is_set)
        return true;
    *ret_block_ms = values[BASELINE_BLOCK].duration_ms;
    if (*ret_block_ms % step_ms != 0)
        return report_node(list->build->report, tree_find(node, "block"),
                           "block: not a multiple of the resolution of '%s' (%s)", list->outlines[index].name,
                           duration_format(step_ms, step, sizeof(step)));
    return true;
}

static bool take_compare(const struct build *build, const struct node *entry,
                         const struct option_value *values, struct comparison *comparison)
{
    const char *test = values[COMPARE_TEST].text;
    const char *allow = values[COMPARE_ALLOW].text;
    double share = allow[0] == '+' && strchr(allow, '%') != NULL ? rules_share(allow + 1) : NAN;

    if (strcmp(test, "sequential") != 0)
        return report_node(build->report, tree_find(entry, "test"),
                           "test '%s' is not known yet; known: sequential", test);
    if (!(share >= 0 && share <= ALLOW_MAX))
        return report_node(build->report, tree_find(entry, "allow"), "allow: '%s' is not like \"+50%%\"",
                           allow);
    comparison->allowed_ratio = 1 + share;
    comparison->ignore_below = rules_share(values[COMPARE_IGNORE_BELOW].text);
    if (!(comparison->ignore_below >= 0 && comparison->ignore_below <= 1))
        return report_node(build->report, tree_find(entry, "ignore_below"),
                           "ignore_below: '%s' is not like \"0.1%%\"", values[COMPARE_IGNORE_BELOW].text);
    if (!values[COMPARE_CRITICAL].flag)
        return report_node(
            build->report, tree_find(entry, "critical"),
            "critical = false needs a score, which this version does not know; say then = \"hold\" or "
            "mode = \"record\" in a baseline of its own");
    return true;
}

/* "http/error_rate", and in words what it holds the candidate to. */
static bool write_names(const struct build *build, const struct node *node, const struct node *entry,
                        const struct option_value *compare, struct rule_definition *rule)
{
    char text[2 * (NAME_MAX_LENGTH + METRIC_MAX_LENGTH)];
    const char *ignore = compare[COMPARE_IGNORE_BELOW].text;

    (void)snprintf(text, sizeof(text), "%s/%s", node->name, entry->name);
    rule->name = options_keep(build, entry, text);
    if (rule->rule.comparison.ignore_below > 0)
        (void)snprintf(text, sizeof(text), "%s <= stable %s, ignored below %s", entry->name,
                       compare[COMPARE_ALLOW].text, ignore);
    else
        (void)snprintf(text, sizeof(text), "%s <= stable %s", entry->name, compare[COMPARE_ALLOW].text);
    rule->text = options_keep(build, entry, text);
    return rule->name != NULL && rule->text != NULL;
}

static bool build_entry(struct rule_list *list, const struct node *node, const struct option_value *values,
                        const struct node *entry)
{
    static const char *const later[] = {"confidence", "tolerance", "weight", NULL};
    static const struct shape shape = {
        .options = compare_options, .count = COMPARE_OPTION_COUNT, .later = later};
    static const enum series_kind kind = SERIES_COUNT;
    const struct build *build = list->build;
    struct option_value compare[COMPARE_OPTION_COUNT] = {{0}};
    struct comparison comparison = {0};

    if (!options_read(build, entry, &shape, compare, NULL) ||
        !take_compare(build, entry, compare, &comparison))
        return false;
    size_t index = find_metric(list, entry);
    if (index == list->metric_count || !check_metric(list, entry, index) ||
        !take_block(list, node, values, index, &comparison.block_ms))
        return false;
    struct rule_definition *rule = rules_add(list, entry);
    if (rule == NULL)
        return false;
    comparison.alpha = values[BASELINE_ALPHA].number;
    comparison.events_min = values[BASELINE_MIN_EVENTS].number;
    rule->rule.kind = RULE_COMPARISON;
    rule->rule.mode = (enum rule_mode)values[BASELINE_MODE].choice;
    rule->rule.outcome = (enum rule_outcome)values[BASELINE_THEN].choice;
    rule->rule.need = 1;
    rule->rule.warmup_ms = values[BASELINE_WARMUP].duration_ms;
    rule->rule.metric_count = 1;
    rule->rule.comparison = comparison;
    rules_use_metric(list, rule, 0, index);
    if (values[BASELINE_NEED].is_set &&
        !rules_need(build, tree_find(node, "need"), values[BASELINE_NEED].text, &kind, 1, &rule->rule.need))
        return false;
    return write_names(build, node, entry, compare, rule);
}

bool baselines_build(struct rule_list *list, const struct node *node)
{
    static const char *const parts[] = {"compare", "on_inconclusive", NULL};
    static const char *const later[] = {"score", NULL};
    static const struct shape shape = {
        .options = options, .count = BASELINE_OPTION_COUNT, .parts = parts, .later = later};
    const struct build *build = list->build;
    const struct node *compare = tree_find(node, "compare");
    struct option_value values[BASELINE_OPTION_COUNT] = {{0}};
    bool is_good = options_read(build, node, &shape, values, NULL);

    is_good = patience_read(list, node) && is_good;
    if (compare == NULL || compare->kind != NODE_GROUP || compare->count == 0)
        return report_node(build->report, compare == NULL ? node : compare,
                           "compare is missing: compare: { METRIC: { allow = \"+50%%\"; }; }");
    is_good = check_against(build, node, &values[BASELINE_AGAINST]) && is_good;
    for (size_t i = 0; i < compare->count; i++)
        is_good = build_entry(list, node, values, &compare->children[i]) && is_good;
    return is_good;
}
