/* rule_words.c - rules in plain words.
 * SPDX-License-Identifier: MIT */
#include "cli/rule_words.h"

#include "base/duration.h"
#include "collectors/collector.h"
#include "config/against.h"

#include <math.h>
#include <string.h>

struct words {
    const struct definition *definition;
    const struct rule_definition *rule;
    struct text *text;
};

struct span {
    char text[DURATION_TEXT_MAX];
};

static struct span span(int64_t ms)
{
    struct span span;

    (void)duration_format(ms, span.text, sizeof(span.text));
    return span;
}

static void add_fires(const struct words *words)
{
    const struct rule *rule = &words->rule->rule;

    if (rule->kind == RULE_TRIGGER)
        text_add(words->text, "  fires when   %s\n", words->rule->text);
    else
        text_add(words->text, "  holds        %s\n", words->rule->text);
}

/* One sentence for each part of the language that the condition uses, each once. */
static void add_parts(const struct words *words)
{
    const struct expression *condition = &words->rule->rule.condition;
    bool has_stable = false;
    bool has_before = false;

    for (uint8_t i = 0; i < condition->count; i++) {
        const struct expression_node *node = &condition->nodes[i];
        bool is_read = node->op >= EXPRESSION_VALUE && node->op <= EXPRESSION_ABSENT;
        if (node->op == EXPRESSION_FOR)
            text_add(words->text,
                     "               for %s: seen true for so long; what nobody saw neither "
                     "counts nor clears\n",
                     span(node->span_ms).text);
        if (node->op == EXPRESSION_CHECKS)
            text_add(words->text, "               in %u of %u checks: a check is one new value\n",
                     node->least, node->index);
        has_stable = has_stable || (is_read && node->side == SIDE_STABLE);
        has_before = has_before || (is_read && node->side == SIDE_BEFORE);
    }
    if (has_stable)
        text_add(words->text, "               stable: the version that serves beside it, at the same time\n");
    if (has_before)
        text_add(words->text,
                 "               before: as it was until the candidate's first traffic, fixed\n");
}

/* Of a map every second element is a name. */
static void add_list(const struct words *words, const struct option *option, const struct option_value *value)
{
    bool is_map = option->type == OPTION_MAP || option->type == OPTION_SECRET_MAP;

    text_add(words->text, "                 %s:", option->name);
    for (size_t i = 0; i < value->list_length; i++)
        text_add(words->text, "%s%s", i == 0 ? " " : is_map && i % 2 == 1 ? " = " : ", ", value->list[i]);
    text_add(words->text, "\n");
}

/* What each baseline cannot tell apart from a bad version. */
static void add_baselines(const struct words *words)
{
    static const char *const weaknesses[] = {
        [BASELINE_STABLE] = "serves beside it; what troubles both alike, the comparison does not see",
        [BASELINE_BEFORE] =
            "what served before it, the nearest first: what comes with the hour looks like it",
        [BASELINE_DAYS] = "the same time of day then: growth, and every release since, look like the version",
    };
    const struct comparison *comparison = &words->rule->rule.comparison;
    char name[AGAINST_TEXT_MAX];

    for (uint8_t i = 0; i < comparison->against_count; i++) {
        against_name(comparison, i + 1U, name);
        text_add(words->text, "  %-12s %s: %s\n", i == 0 ? "against" : "or else", name,
                 weaknesses[comparison->against[i].kind]);
    }
    if (comparison->against_count > 1)
        text_add(words->text,
                 "               the first that has data in the first block of a step behind the warm-up; it "
                 "stays for the step,\n               and what failed beside one is not saved by another\n");
}

static void add_options(const struct words *words, const struct metric_definition *metric)
{
    const struct collector_type *type = collector_types[metric->collector];

    for (size_t i = 0; i < type->metric_option_count; i++)
        if (metric->options[i].list_length > 0)
            add_list(words, &type->metric_options[i], &metric->options[i]);
        else if (metric->options[i].is_set && metric->options[i].text != NULL)
            text_add(words->text, "                 %s = %s\n", type->metric_options[i].name,
                     metric->options[i].text);
}

static void add_metric(const struct words *words, const struct metric_definition *metric, bool is_first)
{
    static const char *const kinds[] = {"gauge", "counter", "histogram"};
    const struct collector_type *type = collector_types[metric->collector];

    text_add(words->text, "  %-12s %s: a %s of %s%s%s%s, one value per %s; older than %s is stale\n",
             is_first ? "reads" : "", metric->name, kinds[metric->kind], type->name,
             metric->source[0] != '\0' ? ":" : "", metric->source,
             metric->scope == SCOPE_SERVICE ? ", one for the whole service" : "", span(metric->step_ms).text,
             span(metric->age_max_ms).text);
    add_options(words, metric);
}

static bool has_requests(const struct words *words)
{
    for (uint8_t i = 0; i < words->rule->rule.metric_count; i++)
        if (words->definition->metrics[words->rule->metrics[i]].kind != SERIES_GAUGE)
            return true;
    return false;
}

static void add_form(const struct words *words)
{
    static const char *const forms[] = {
        [FORM_ROBUST] = "robust: errors may come in bursts of up to a block",
        [FORM_POISSON] =
            "poisson: errors are taken for independent; bursts raise more false alarms than that",
        [FORM_AUTO] = "auto: robust until stable has shown neither bursts nor spells, then poisson, sooner",
    };
    const struct rule *rule = &words->rule->rule;
    bool has_form = rule->kind == RULE_COMPARISON && (rule->comparison.test == COMPARISON_SEQUENTIAL ||
                                                      rule->comparison.test == COMPARISON_LATENCY_TAIL);

    if (has_form)
        text_add(words->text, "               form %s\n", forms[rule->comparison.form]);
}

static void add_need(const struct words *words)
{
    const struct rule *rule = &words->rule->rule;
    const char *what = has_requests(words) ? "request" : "value";

    text_add(
        words->text,
        "  needs        %g %s%s since the first traffic before it may fail, and as many in a step before "
        "it passes it\n",
        rule->need, what, rule->need == 1 ? "" : "s");
    if (rule->warmup_ms > 0)
        text_add(words->text,
                 "               nothing of the first %s after a confirmed share counts for a pass\n",
                 span(rule->warmup_ms).text);
    if (rule->kind == RULE_COMPARISON)
        text_add(
            words->text,
            "               %g bad events over two blocks of %s before it may fail; a false alarm in %g %% "
            "of deployments at most\n",
            rule->comparison.events_min, span(rule->comparison.block_ms).text, 100 * rule->comparison.alpha);
    add_form(words);
    if (rule->kind == RULE_COMPARISON)
        text_add(words->text, "               a pass tells how much worse it may still be: the far end of a "
                              "95 %% interval\n");
}

static void add_limits(const struct words *words)
{
    const struct rule_limits *limits = &words->rule->rule.limits;

    if (limits->every_ms == 0)
        return;
    text_add(words->text, "  limits       looked at every %s;", span(limits->every_ms).text);
    if (limits->failures > 0)
        text_add(words->text, " fails at failed check %u of the deployment;", limits->failures);
    if (limits->failures_in_row > 0)
        text_add(words->text, " fails after %u in a row;", limits->failures_in_row);
    if (limits->checks > 0)
        text_add(words->text, " passes after %u known checks;", limits->checks);
    if (limits->successes > 0)
        text_add(words->text, " passes after %u good ones in a row;", limits->successes);
    if (limits->inconclusive > 0)
        text_add(words->text, " no pass of a step with more than %u inconclusive ones;",
                 limits->inconclusive);
    if (limits->source_errors > 0)
        text_add(words->text, " nor after more than %u errors of the source in a row;",
                 limits->source_errors);
    words->text->data[words->text->length - 1] = '\n';
}

static void add_outcome(const struct words *words)
{
    const struct rule *rule = &words->rule->rule;

    text_add(words->text, "  then         ");
    if (rule->is_scored)
        text_add(words->text, "nothing by itself: the baseline's score counts it\n");
    else if (rule->mode == RULE_RECORD)
        text_add(words->text, "nothing moves: mode = \"record\" writes down what would have happened\n");
    else if (rule->mode == RULE_ASK)
        text_add(words->text, "held, and people are asked (mode = \"ask\")\n");
    else if (rule->outcome == RULE_HOLD)
        text_add(words->text, "held: the share stays where it is, people are called\n");
    else
        text_add(words->text, "rollback: all traffic back to stable, and the version is quarantined\n");
}

static void add_silence(const struct words *words)
{
    static const char *const answers[] = {
        [NO_DATA_INCONCLUSIVE] =
            "inconclusive, never a pass: the step waits, then ends as on_inconclusive says",
        [NO_DATA_ZERO] = "no_data = \"zero\": an answer without data is 0",
        [NO_DATA_PASS] = "no_data = \"pass\": an answer without data passes",
        [NO_DATA_FAIL] = "no_data = \"fail\": silence longer than its age fails"};

    for (uint8_t i = 0; i < words->rule->rule.metric_count; i++) {
        const struct metric_definition *metric = &words->definition->metrics[words->rule->metrics[i]];
        text_add(words->text, "  %-12s %s: %s\n", i == 0 ? "without data" : "", metric->name,
                 answers[metric->no_data]);
    }
}

/* What a group weighs: what was said, or its part of the rest. */
static double weight_of(const struct score *score, uint8_t group)
{
    double rest = 100;
    double others = 0;

    for (uint8_t g = 0; g < score->group_count; g++) {
        others += isnan(score->weights[g]);
        rest -= isnan(score->weights[g]) ? 0 : score->weights[g];
    }
    return isnan(score->weights[group]) ? rest / others : score->weights[group];
}

static size_t members_of(const struct score *score, uint8_t group)
{
    size_t count = 0;

    for (uint8_t m = 0; m < score->member_count; m++)
        count += score->groups[m] >> group & 1;
    return count;
}

static void add_member(const struct words *words, uint8_t member)
{
    const struct score *score = &words->rule->rule.score;
    double weight = 0;

    for (uint8_t g = 0; g < score->group_count; g++)
        if ((score->groups[member] >> g & 1) != 0)
            weight += weight_of(score, g) / (double)members_of(score, g);
    text_add(words->text, "  %-12s %s: %.4g of 100%s\n", member == 0 ? "adds up" : "",
             words->definition->rules[score->members[member]].name, weight,
             (score->critical >> member & 1) != 0 ? "; critical: the score is 0 when it fails" : "");
}

static void add_score(const struct words *words)
{
    const struct score *score = &words->rule->rule.score;

    text_add(words->text, "  holds        %s\n", words->rule->text);
    for (uint8_t m = 0; m < score->member_count; m++)
        add_member(words, m);
    text_add(words->text,
             "               from %g on it passes, below %g it fails, between them it is inconclusive\n"
             "               while a comparison is undecided it only fails, when the others cannot save it\n",
             score->pass, score->marginal);
    add_outcome(words);
    text_add(words->text, "  without data inconclusive, as long as one of its comparisons is\n");
}

void rule_words_add(const struct definition *definition, size_t rule, struct text *text)
{
    const struct words words = {definition, &definition->rules[rule], text};

    if (strchr(words.rule->name, '/') != NULL)
        text_add(text, "%s\n", words.rule->name);
    if (words.rule->rule.kind == RULE_SCORE) {
        add_score(&words);
        return;
    }
    add_fires(&words);
    add_parts(&words);
    add_baselines(&words);
    for (uint8_t i = 0; i < words.rule->rule.metric_count; i++)
        add_metric(&words, &definition->metrics[words.rule->metrics[i]], i == 0);
    add_need(&words);
    add_limits(&words);
    add_outcome(&words);
    add_silence(&words);
}
