/* score.c - groups and weights of a scored baseline.
 * SPDX-License-Identifier: MIT */
#include "config/score.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SCORE_PASS, SCORE_MARGINAL, SCORE_OPTION_COUNT };

static const double whole = 100;
static const double tolerance = 1e-6;

static const struct option options[SCORE_OPTION_COUNT] = {
    [SCORE_PASS] = {.name = "pass",
                    .type = OPTION_NUMBER,
                    .min = 0,
                    .max = 100,
                    .fallback = "95",
                    .help = "from this score on it passes"},
    [SCORE_MARGINAL] = {.name = "marginal",
                        .type = OPTION_NUMBER,
                        .min = 0,
                        .max = 100,
                        .fallback = "75",
                        .help = "below this score it fails; between the two it is inconclusive"},
};

/* A score under construction: its groups by name. */
struct scoring {
    const struct build *build;
    const struct node *groups; /* what `groups` of the score says, or NULL */
    struct score *score;
    const char *names[SCORE_GROUPS_MAX];
};

/* SCORE_GROUPS_MAX: there are too many, and it was said. */
static uint8_t take_group(struct scoring *scoring, const struct node *at, const char *name, double weight)
{
    struct score *score = scoring->score;

    for (uint8_t i = 0; i < score->group_count; i++)
        if (strcmp(scoring->names[i], name) == 0)
            return i;
    if (score->group_count == SCORE_GROUPS_MAX) {
        (void)report_node(scoring->build->report, at, "more than %d groups in one score", SCORE_GROUPS_MAX);
        return SCORE_GROUPS_MAX;
    }
    scoring->names[score->group_count] = name;
    score->weights[score->group_count] = weight;
    return score->group_count++;
}

/* The weight that the score gives a group, NAN where it says none. */
static bool read_weight(const struct scoring *scoring, const char *name, double *ret_weight)
{
    static const struct option weight = {.type = OPTION_NUMBER, .min = 0, .max = 100, .help = "percent"};
    const struct node *node = scoring->groups == NULL ? NULL : tree_find(scoring->groups, name);
    struct option option = weight;
    struct option_value value = {0};

    *ret_weight = NAN;
    if (node == NULL)
        return true;
    option.name = name;
    if (!options_value(scoring->build, node, &option, &value))
        return false;
    *ret_weight = value.number;
    return true;
}

/* A metric in no group is one of its own, called as it is. */
static bool take_part(struct scoring *scoring, const struct score_part *part)
{
    struct score *score = scoring->score;
    uint8_t member = score->member_count++;

    score->members[member] = (uint8_t)part->rule;
    if (part->is_critical)
        score->critical |= (uint16_t)(1U << member);
    if (part->group_count > 0 && !isnan(part->weight))
        return report_node(scoring->build->report, tree_find(part->node, "weight"),
                           "weight: a metric in groups weighs as they do; give the groups weights");
    for (size_t i = 0; i < part->group_count; i++) {
        double weight = NAN;
        if (!read_weight(scoring, part->groups[i], &weight))
            return false;
        uint8_t group = take_group(scoring, part->node, part->groups[i], weight);
        if (group == SCORE_GROUPS_MAX)
            return false;
        score->groups[member] |= (uint16_t)(1U << group);
    }
    if (part->group_count > 0)
        return true;
    double weight = part->weight;
    if (isnan(weight) && !read_weight(scoring, part->node->name, &weight))
        return false;
    uint8_t group = take_group(scoring, part->node, part->node->name, weight);
    if (group == SCORE_GROUPS_MAX)
        return false;
    score->groups[member] = (uint16_t)(1U << group);
    return true;
}

/* A weight that nothing has would cap the score for ever. */
static bool check_groups(const struct scoring *scoring)
{
    bool is_good = true;

    for (size_t i = 0; scoring->groups != NULL && i < scoring->groups->count; i++) {
        const struct node *node = &scoring->groups->children[i];
        bool is_used = false;
        for (uint8_t g = 0; g < scoring->score->group_count; g++)
            is_used = is_used || strcmp(scoring->names[g], node->name) == 0;
        if (!is_used)
            is_good = report_node(scoring->build->report, node, "no metric of this baseline is in group '%s'",
                                  node->name);
    }
    return is_good;
}

static bool check_weights(const struct scoring *scoring, const struct node *at)
{
    const struct score *score = scoring->score;
    double given = 0;
    size_t others = 0;

    for (uint8_t g = 0; g < score->group_count; g++) {
        if (isnan(score->weights[g]))
            others++;
        else
            given += score->weights[g];
    }
    if (others == 0 && fabs(given - whole) > tolerance)
        return report_node(scoring->build->report, at, "the weights add up to %g, not to 100", given);
    return others == 0 || given < whole ||
           report_node(scoring->build->report, at,
                       "the weights add up to %g and leave nothing of 100 for the others", given);
}

static bool read_thresholds(const struct build *build, const struct node *node, struct score *score)
{
    static const char *const parts[] = {"groups", NULL};
    static const struct shape shape = {.options = options, .count = SCORE_OPTION_COUNT, .parts = parts};
    struct option_value values[SCORE_OPTION_COUNT] = {{0}};

    if (!options_read(build, node, &shape, values, NULL))
        return false;
    score->pass = values[SCORE_PASS].number;
    score->marginal = values[SCORE_MARGINAL].number;
    return score->marginal <= score->pass ||
           report_node(build->report, node, "marginal, %g, is more than pass, %g", score->marginal,
                       score->pass);
}

static bool add_rule(struct rule_list *list, const struct node *baseline, const struct score *score,
                     enum rule_mode mode, enum rule_outcome outcome)
{
    const struct node *node = tree_find(baseline, "score");
    struct rule_definition *rule = rules_add(list, node);
    char text[2 * NAME_MAX_LENGTH];

    if (rule == NULL)
        return false;
    rule->rule =
        (struct rule){.kind = RULE_SCORE, .mode = mode, .outcome = outcome, .need = 1, .score = *score};
    (void)snprintf(text, sizeof(text), "%s/score", baseline->name);
    rule->name = options_keep(list->build, node, text);
    (void)snprintf(text, sizeof(text), "score of %u comparisons >= %g, fails below %g", score->member_count,
                   score->pass, score->marginal);
    rule->text = options_keep(list->build, node, text);
    return rule->name != NULL && rule->text != NULL;
}

bool score_build(struct rule_list *list, const struct node *baseline, const struct score_part *parts,
                 size_t part_count, enum rule_mode mode, enum rule_outcome outcome)
{
    const struct node *node = tree_find(baseline, "score");
    struct score score = {0};
    struct scoring scoring = {.build = list->build, .groups = tree_find(node, "groups"), .score = &score};
    bool is_good = read_thresholds(list->build, node, &score);

    if (scoring.groups != NULL && scoring.groups->kind != NODE_GROUP)
        return report_node(list->build->report, scoring.groups,
                           "groups: takes a group like { errors = 60;  latency = 40; }");
    if (part_count > SCORE_MEMBERS_MAX)
        return report_node(list->build->report, node, "more than %d metrics in one score", SCORE_MEMBERS_MAX);
    for (size_t i = 0; i < part_count; i++)
        is_good = take_part(&scoring, &parts[i]) && is_good;
    is_good = is_good && check_groups(&scoring) && check_weights(&scoring, node);
    return is_good && add_rule(list, baseline, &score, mode, outcome);
}
