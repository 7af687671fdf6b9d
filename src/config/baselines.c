/* baselines.c - `baselines: { NAME: { compare: { METRIC: { ... } } } }`: one rule per compared metric.
 * SPDX-License-Identifier: MIT */
#include "config/against.h"
#include "config/patience.h"
#include "config/rules.h"
#include "config/score.h"

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
enum {
    COMPARE_TEST,
    COMPARE_ALLOW,
    COMPARE_IGNORE_BELOW,
    COMPARE_CRITICAL,
    COMPARE_ABOVE,
    COMPARE_FORM,
    COMPARE_CONFIDENCE,
    COMPARE_TOLERANCE,
    COMPARE_WEIGHT,
    COMPARE_GROUPS,
    COMPARE_OPTION_COUNT
};
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
                          .max = COMPARISON_AGAINST_MAX,
                          .fallback = "stable",
                          .help = "what the candidate is compared with: the first of \"stable\", "
                                  "\"before\", \"7d\" that has data"},
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

static const char *const form_names[] = {"robust", "poisson", "auto", NULL}; /* by enum comparison_form */

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
                          .help = "alone enough to fail; false where there is a score, else true"},
    [COMPARE_ABOVE] = {.name = "above",
                       .type = OPTION_TEXT,
                       .help = "latency_tail: requests slower than this count, like \"300ms\"; without it a "
                               "bound that 5 % of stable's past were above"},
    [COMPARE_FORM] = {.name = "form",
                      .type = OPTION_CHOICE,
                      .choices = form_names,
                      .help = "how events may depend on each other: \"robust\" bears bursts, \"poisson\" is "
                              "sooner and does not; auto: poisson while stable shows none"},
    [COMPARE_CONFIDENCE] = {.name = "confidence",
                            .type = OPTION_NUMBER,
                            .min = .5,
                            .max = .999999,
                            .help = "mann_whitney: of the interval; 0.98"},
    [COMPARE_TOLERANCE] = {.name = "tolerance",
                           .type = OPTION_NUMBER,
                           .min = 0,
                           .max = 100,
                           .help = "mann_whitney: around 0, in parts of the shift; 0.25"},
    [COMPARE_WEIGHT] = {.name = "weight",
                        .type = OPTION_NUMBER,
                        .min = 0,
                        .max = 100,
                        .help = "percent of the score, of a metric in no group"},
    [COMPARE_GROUPS] = {.name = "groups",
                        .type = OPTION_LIST,
                        .min = 1,
                        .max = SCORE_GROUPS_MAX,
                        .help = "groups of the score that it counts in"},
};

/* By enum comparison_test. */
static const char *const test_names[] = {"sequential", "latency_tail", "mean_difference", "mann_whitney"};
static const char *const kind_names[] = {"a gauge", "a counter", "a histogram"};

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

/* Which of its own: counters and histograms both have a sequential test. */
static bool find_test(const struct build *build, const struct node *entry, const char *name,
                      enum series_kind kind, enum comparison_test *ret_test)
{
    for (size_t i = 0; i < ARRAY_LENGTH(test_names); i++)
        if (strcmp(name, test_names[i]) == 0) {
            *ret_test = (enum comparison_test)i;
            if (i == COMPARISON_SEQUENTIAL && kind == SERIES_HISTOGRAM)
                *ret_test = COMPARISON_LATENCY_TAIL;
            return true;
        }
    return report_node(
        build->report, tree_find(entry, "test"),
        "test '%s' is not known; known: sequential, latency_tail, mean_difference, mann_whitney", name);
}

static bool is_sequential(enum comparison_test test)
{
    return test == COMPARISON_SEQUENTIAL || test == COMPARISON_LATENCY_TAIL;
}

static bool check_kind(const struct rule_list *list, const struct node *entry,
                       const struct condition_metric *metric, enum comparison_test test)
{
    static const char *const takes[] = {"counter or histogram", "histogram", "gauge or counter",
                                        "gauge or counter"};
    bool fits = metric->kind != SERIES_HISTOGRAM;

    if (is_sequential(test))
        fits = metric->kind == (test == COMPARISON_SEQUENTIAL ? SERIES_COUNT : SERIES_HISTOGRAM);
    return fits ||
           report_node(list->build->report, entry, "test '%s' compares metrics of kind %s; '%s' is %s",
                       test_names[test], takes[test], metric->name, kind_names[metric->kind]);
}

static bool check_metric(const struct rule_list *list, const struct node *entry, size_t index,
                         enum comparison_test test, const struct against *against)
{
    const struct condition_metric *outline = &list->outlines[index];

    if (!check_kind(list, entry, outline, test))
        return false;
    if (!against_fit(list, entry, index, against))
        return false;
    if (against_has(against, BASELINE_STABLE) && !outline->names_side)
        return report_node(
            list->build->report, entry,
            "'%s' names no side ({{version}}, {{slot}} or {{address}}): candidate and stable would "
            "be the same series; against = \"before\" compares it with its past",
            outline->name);
    if (is_sequential(test) && list->metrics != NULL && !list->metrics[index].is_lower_better)
        return report_node(list->build->report, entry,
                           "test '%s' compares bad events; '%s' says better = "
                           "\"higher\"",
                           test_names[test], outline->name);
    return true;
}

/* The block in whole steps of the metric. */
static bool take_block(const struct rule_list *list, const struct node *node,
                       const struct option_value *values, size_t index, const struct against *against,
                       int64_t *ret_block_ms)
{
    int64_t step_ms = list->metrics == NULL ? 1000 : list->metrics[index].step_ms;
    int64_t row_ms = against_row_ms(against);
    int64_t least_ms = BLOCK_MS > BLOCK_STEPS * step_ms ? BLOCK_MS : BLOCK_STEPS * step_ms;
    char step[DURATION_TEXT_MAX];

    if (values[BASELINE_EVERY].duration_ms > least_ms)
        least_ms = values[BASELINE_EVERY].duration_ms;
    if (row_ms > least_ms)
        least_ms = row_ms;
    *ret_block_ms = (least_ms + step_ms - 1) / step_ms * step_ms;
    if (!values[BASELINE_BLOCK].is_set)
        return true;
    *ret_block_ms = values[BASELINE_BLOCK].duration_ms;
    if (*ret_block_ms < row_ms)
        return report_node(list->build->report, tree_find(node, "block"),
                           "block: of a past of several days minutes are kept; at least 1m");
    if (*ret_block_ms % step_ms != 0)
        return report_node(list->build->report, tree_find(node, "block"),
                           "block: not a multiple of the resolution of '%s' (%s)", list->outlines[index].name,
                           duration_format(step_ms, step, sizeof(step)));
    return true;
}

/* "300ms" in the metric's unit; a plain number is in it already. */
static bool take_above(const struct build *build, const struct node *entry, const char *unit,
                       const struct option_value *value, struct comparison *comparison)
{
    size_t at = 0;

    if (!value->is_set)
        return true;
    if (comparison->test != COMPARISON_LATENCY_TAIL)
        return report_node(build->report, tree_find(entry, "above"),
                           "above: only histograms have requests above a bound");
    struct lexeme lexeme = lexeme_next(value->text, &at);
    comparison->above = lexeme.number;
    if (lexeme.unit == UNIT_SECONDS)
        comparison->above *= strcmp(unit, "ms") == 0 ? 1e3 : strcmp(unit, "us") == 0 ? 1e6 : 1;
    bool is_good = lexeme.kind == LEXEME_NUMBER && value->text[at] == '\0' && lexeme.number > 0 &&
                   (lexeme.unit == UNIT_SECONDS || lexeme.unit == UNIT_PLAIN);
    return is_good || report_node(build->report, tree_find(entry, "above"),
                                  "above: '%s' is not like \"300ms\"", value->text);
}

static bool take_form(const struct build *build, const struct node *entry, const struct option_value *value,
                      struct comparison *comparison)
{
    comparison->form = value->is_set ? (enum comparison_form)value->choice : FORM_AUTO;
    return !value->is_set || is_sequential(comparison->test) ||
           report_node(build->report, tree_find(entry, "form"),
                       "form: only the tests 'sequential' and 'latency_tail' have forms");
}

static bool take_mann_whitney(const struct build *build, const struct node *entry,
                              const struct option_value *values, struct comparison *comparison)
{
    const struct option_value *confidence = &values[COMPARE_CONFIDENCE];
    const struct option_value *tolerance = &values[COMPARE_TOLERANCE];
    const char *name = confidence->is_set ? "confidence" : "tolerance";

    comparison->confidence = confidence->is_set ? confidence->number : .98;
    comparison->tolerance = tolerance->is_set ? tolerance->number : .25;
    if (comparison->test != COMPARISON_MANN_WHITNEY && (confidence->is_set || tolerance->is_set))
        return report_node(build->report, tree_find(entry, name), "%s is of test 'mann_whitney' alone", name);
    return true;
}

static bool take_allowed(const struct build *build, const struct node *entry,
                         const struct option_value *values, enum series_kind kind,
                         struct comparison *comparison)
{
    const char *allow = values[COMPARE_ALLOW].text;
    double share = allow[0] == '+' && strchr(allow, '%') != NULL ? rules_share(allow + 1) : NAN;
    double ignored_max = kind == SERIES_GAUGE ? 1e15 : 1;

    if (!(share >= 0 && share <= ALLOW_MAX))
        return report_node(build->report, tree_find(entry, "allow"), "allow: '%s' is not like \"+50%%\"",
                           allow);
    comparison->allowed_ratio = 1 + share;
    comparison->ignore_below = rules_share(values[COMPARE_IGNORE_BELOW].text);
    if (!(comparison->ignore_below >= 0 && comparison->ignore_below <= ignored_max))
        return report_node(build->report, tree_find(entry, "ignore_below"),
                           "ignore_below: '%s' is not like \"0.1%%\"", values[COMPARE_IGNORE_BELOW].text);
    return true;
}

static bool take_compare(const struct build *build, const struct node *entry,
                         const struct option_value *values, const struct condition_metric *metric,
                         struct comparison *comparison)
{
    return find_test(build, entry, values[COMPARE_TEST].text, metric->kind, &comparison->test) &&
           take_allowed(build, entry, values, metric->kind, comparison) &&
           take_above(build, entry, metric->unit, &values[COMPARE_ABOVE], comparison) &&
           take_form(build, entry, &values[COMPARE_FORM], comparison) &&
           take_mann_whitney(build, entry, values, comparison);
}

/* What of a comparison only a score can use. */
static bool check_unscored(const struct build *build, const struct node *entry,
                           const struct option_value *values)
{
    const char *name = values[COMPARE_WEIGHT].is_set ? "weight" : "groups";

    if (values[COMPARE_CRITICAL].is_set && !values[COMPARE_CRITICAL].flag)
        return report_node(
            build->report, tree_find(entry, "critical"),
            "critical = false needs a score: say score: { } in this baseline, or then = \"hold\" "
            "or mode = \"record\" in one of its own");
    return (!values[COMPARE_WEIGHT].is_set && !values[COMPARE_GROUPS].is_set) ||
           report_node(build->report, tree_find(entry, name), "%s needs a score: { } in this baseline", name);
}

/* The part of a comparison in its baseline's score; one that is critical acts by itself as well. */
static bool take_part(const struct rule_list *list, const struct node *node, const struct node *entry,
                      const struct option_value *values, struct rule *rule, struct score_part *ret_part)
{
    bool has_score = tree_find(node, "score") != NULL;
    bool is_critical = values[COMPARE_CRITICAL].is_set ? values[COMPARE_CRITICAL].flag : !has_score;

    if (!has_score)
        return check_unscored(list->build, entry, values);
    if (strcmp(entry->name, "score") == 0)
        return report_node(list->build->report, entry, "a metric of a scored baseline is not called 'score'");
    rule->is_scored = !is_critical;
    *ret_part =
        (struct score_part){.node = entry,
                            .rule = list->rule_count - 1,
                            .is_critical = is_critical,
                            .weight = values[COMPARE_WEIGHT].is_set ? values[COMPARE_WEIGHT].number : NAN,
                            .groups = values[COMPARE_GROUPS].list,
                            .group_count = values[COMPARE_GROUPS].list_length};
    return true;
}

/* What of the metric is compared, in words: "latency above 300ms". */
static void write_subject(const struct node *entry, const struct option_value *compare,
                          const struct comparison *comparison, char *to, size_t size)
{
    static const char *const prefixes[] = {"", "slow ", "mean ", "level of "};

    if (comparison->above > 0)
        (void)snprintf(to, size, "%s above %s", entry->name, compare[COMPARE_ABOVE].text);
    else
        (void)snprintf(to, size, "%s%s", prefixes[comparison->test], entry->name);
}

/* "http/error_rate", and in words what it holds the candidate to. */
static bool write_names(const struct rule_list *list, const struct node *node, const struct node *entry,
                        const struct option_value *compare, struct rule_definition *rule)
{
    const struct build *build = list->build;
    const struct comparison *comparison = &rule->rule.comparison;
    char subject[2 * METRIC_MAX_LENGTH];
    char text[2 * (NAME_MAX_LENGTH + METRIC_MAX_LENGTH) + AGAINST_TEXT_MAX];
    char other[AGAINST_TEXT_MAX];
    const char *sign = list->metrics == NULL || rule->rule.metrics[0].is_lower_better ? "<=" : ">=";

    (void)snprintf(text, sizeof(text), "%s/%s", node->name, entry->name);
    rule->name = options_keep(build, entry, text);
    write_subject(entry, compare, comparison, subject, sizeof(subject));
    against_write(comparison, other);
    if (comparison->ignore_below > 0)
        (void)snprintf(text, sizeof(text), "%s %s %s %s, ignored below %s", subject, sign, other,
                       compare[COMPARE_ALLOW].text, compare[COMPARE_IGNORE_BELOW].text);
    else if (sign[0] == '<')
        (void)snprintf(text, sizeof(text), "%s <= %s %s", subject, other, compare[COMPARE_ALLOW].text);
    else
        (void)snprintf(text, sizeof(text), "%s >= %s, %s worse allowed", subject, other,
                       compare[COMPARE_ALLOW].text + 1);
    rule->text = options_keep(build, entry, text);
    return rule->name != NULL && rule->text != NULL;
}

static bool build_entry(struct rule_list *list, const struct node *node, const struct option_value *values,
                        const struct against *against, const struct node *entry, struct score_part *ret_part)
{
    static const struct shape shape = {.options = compare_options, .count = COMPARE_OPTION_COUNT};
    const struct build *build = list->build;
    struct option_value compare[COMPARE_OPTION_COUNT] = {{0}};
    struct comparison comparison = {0};

    if (!options_read(build, entry, &shape, compare, NULL))
        return false;
    size_t index = find_metric(list, entry);
    if (index == list->metric_count)
        return false;
    if (!take_compare(build, entry, compare, &list->outlines[index], &comparison) ||
        !check_metric(list, entry, index, comparison.test, against) ||
        !take_block(list, node, values, index, against, &comparison.block_ms))
        return false;
    struct rule_definition *rule = rules_add(list, entry);
    if (rule == NULL)
        return false;
    against_take(against, values[BASELINE_ALPHA].number, &comparison);
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
        !rules_need(build, tree_find(node, "need"), values[BASELINE_NEED].text, &list->outlines[index].kind,
                    1, &rule->rule.need))
        return false;
    return take_part(list, node, entry, compare, &rule->rule, ret_part) &&
           write_names(list, node, entry, compare, rule);
}

static bool build_entries(struct rule_list *list, const struct node *node, const struct option_value *values,
                          const struct against *against, const struct node *compare)
{
    const struct node *score = tree_find(node, "score");
    struct score_part parts[PLAN_RULES_MAX] = {{0}};
    bool is_good = true;

    if (compare->count > PLAN_RULES_MAX)
        return report_node(list->build->report, compare, "more than %d rules in one deployment",
                           PLAN_RULES_MAX);
    for (size_t i = 0; i < compare->count; i++)
        is_good = build_entry(list, node, values, against, &compare->children[i], &parts[i]) && is_good;
    if (score == NULL || !is_good)
        return is_good;
    if (score->kind != NODE_GROUP)
        return report_node(list->build->report, score,
                           "score: takes a group like { pass = 95;  marginal = 75; }");
    return score_build(list, node, parts, compare->count, (enum rule_mode)values[BASELINE_MODE].choice,
                       (enum rule_outcome)values[BASELINE_THEN].choice);
}

bool baselines_build(struct rule_list *list, const struct node *node)
{
    static const char *const parts[] = {"compare", "on_inconclusive", "score", NULL};
    static const struct shape shape = {.options = options, .count = BASELINE_OPTION_COUNT, .parts = parts};
    const struct build *build = list->build;
    const struct node *compare = tree_find(node, "compare");
    struct option_value values[BASELINE_OPTION_COUNT] = {{0}};
    bool is_good = options_read(build, node, &shape, values, NULL);

    is_good = patience_read(list, node) && is_good;
    if (compare == NULL || compare->kind != NODE_GROUP || compare->count == 0)
        return report_node(build->report, compare == NULL ? node : compare,
                           "compare is missing: compare: { METRIC: { allow = \"+50%%\"; }; }");
    struct against against = {0};
    is_good = against_read(build, node, &values[BASELINE_AGAINST], &against) && is_good;
    return build_entries(list, node, values, &against, compare) && is_good;
}
