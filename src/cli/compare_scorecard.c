/* compare_scorecard.c - scorecard of verdict compare: metrics, their series, groups and weights.
 * SPDX-License-Identifier: MIT */
#include "cli/compare_read.h"
#include "cli/compare_test.h"
#include "io/memory.h"
#include "judge/scorecard.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE_MAX = 200, METRICS_MAX = 10000, GROUPS_OF_A_METRIC_MAX = SCORECARD_GROUPS_MAX };

struct card {
    struct scorecard scorecard;
    const char *groups[SCORECARD_GROUPS_MAX];
    struct scorecard_metric *metrics;
    struct json_node *nodes; /* [metric_count] of metrics */
    const char **names;      /* [metric_count] */
    struct cJSON **answers;  /* [metric_count], NULL: not judged yet; owned until they are handed over */
    size_t metric_count;
    bool is_strict;
};

static bool find_group(struct card *card, const struct json_node *node, const char *name, size_t *ret_index,
                       struct err *err)
{
    size_t index = 0;

    while (index < card->scorecard.group_count && strcmp(card->groups[index], name) != 0)
        index++;
    if (index == SCORECARD_GROUPS_MAX)
        return err_set(err, ERR_INVALID, "%s: is more than %d groups", JSON_POINTER(node),
                       SCORECARD_GROUPS_MAX);
    if (index == card->scorecard.group_count) {
        card->groups[index] = name;
        card->scorecard.weights[index] = NAN;
        card->scorecard.group_count++;
    }
    *ret_index = index;
    return true;
}

static bool read_weights(struct card *card, const struct json_node *item, struct err *err)
{
    struct json_node weights = {0};

    if (!json_object(item, "group_weights", JSON_OPTIONAL, &weights, err))
        return false;
    for (struct json_node child = json_first(&weights); child.item != NULL;
         child = json_next(&weights, &child)) {
        double weight = 0;
        size_t index = 0;
        if (!find_group(card, &child, json_name(&child), &index, err) ||
            !json_as_number(&child, &weight, err))
            return false;
        if (!(weight >= 0 && weight <= 1e6))
            return err_set(err, ERR_INVALID, "%s: %g is no weight in percent", JSON_POINTER(&child), weight);
        card->scorecard.weights[index] = weight;
    }
    return true;
}

static bool read_thresholds(struct card *card, const struct json_node *item, struct err *err)
{
    static const char *const names[] = {"pass", "marginal"};
    struct json_node thresholds = {0};

    card->scorecard.pass = 95;
    card->scorecard.marginal = 75;
    if (!json_object(item, "thresholds", JSON_OPTIONAL, &thresholds, err))
        return false;
    if (thresholds.item == NULL)
        return true;
    if (!json_known_keys(&thresholds, names, ARRAY_LENGTH(names), err) ||
        !compare_read_number(&thresholds, "pass", 0, 1000, &card->scorecard.pass, err) ||
        !compare_read_number(&thresholds, "marginal", 0, 1000, &card->scorecard.marginal, err))
        return false;
    return card->scorecard.marginal <= card->scorecard.pass ||
           compare_refuse(&thresholds, "marginal", err, "%g is above pass, %g", card->scorecard.marginal,
                          card->scorecard.pass);
}

static bool read_groups(struct card *card, const struct json_node *metric, uint64_t *groups, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(metric, "groups", JSON_OPTIONAL, GROUPS_OF_A_METRIC_MAX, &array, &length, err))
        return false;
    for (struct json_node child = json_first(&array); child.item != NULL; child = json_next(&array, &child)) {
        const char *name = NULL;
        size_t index = 0;
        if (!json_as_text(&child, NAME_SIZE_MAX, &name, err) || !find_group(card, &child, name, &index, err))
            return false;
        *groups |= UINT64_C(1) << index;
    }
    return true;
}

/* The index of the metric, or metric_count. */
static size_t find_metric(const struct card *card, const char *name)
{
    size_t index = 0;

    while (index < card->metric_count && strcmp(card->names[index], name) != 0)
        index++;
    return index;
}

static bool read_metric(struct card *card, const struct json_node *node, struct err *err)
{
    static const char *const names[] = {
        "name",     "groups",         "muted",  "confidence", "tolerance",      "nan",   "direction",
        "outliers", "outlier_factor", "effect", "critical",   "must_have_data", "strict"};
    struct scorecard_metric *metric = &card->metrics[card->metric_count];
    struct mann_whitney test;
    const char *name = NULL;

    if (!json_as_object(node, err) || !json_known_keys(node, names, ARRAY_LENGTH(names), err) ||
        !json_text(node, "name", JSON_REQUIRED, NAME_SIZE_MAX, &name, err) ||
        !read_groups(card, node, &metric->groups, err) ||
        !json_bool(node, "muted", JSON_OPTIONAL, &metric->is_muted, err) ||
        !compare_mann_whitney_options(node, &test, err))
        return false;
    if (find_metric(card, name) < card->metric_count)
        return compare_refuse(node, "name", err, "'%s' is there already", name);
    card->names[card->metric_count] = name;
    card->nodes[card->metric_count++] = *node;
    return true;
}

static bool read_metrics(struct card *card, const struct json_node *item, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(item, "metrics", JSON_REQUIRED, METRICS_MAX, &array, &length, err))
        return false;
    card->metrics = memory_take_array(length + 1, sizeof(*card->metrics));
    card->nodes = memory_take_array(length + 1, sizeof(*card->nodes));
    card->names = memory_take_array(length + 1, sizeof(*card->names));
    card->answers = memory_take_array(length + 1, sizeof(cJSON *));
    for (struct json_node child = json_first(&array); child.item != NULL; child = json_next(&array, &child))
        if (!read_metric(card, &child, err))
            return false;
    return true;
}

static bool judge(struct card *card, size_t index, const struct json_node *samples, struct err *err)
{
    struct mann_whitney test;
    struct mann_whitney_answer found;
    cJSON *answer = cJSON_CreateObject();

    card->answers[index] = answer;
    cJSON_AddStringToObject(answer, "name", card->names[index]);
    if (!compare_mann_whitney_options(&card->nodes[index], &test, err))
        return false;
    test.is_strict |= card->is_strict;
    if (!compare_mann_whitney_judge(&test, samples, answer, &found, err))
        return false;
    card->metrics[index].classification = found.classification;
    card->metrics[index].is_critical = found.is_critical;
    return true;
}

static bool judge_series(struct card *card, const struct json_node *series, struct err *err)
{
    static const char *const names[] = {"name", "control", "experiment"};
    const char *name = NULL;

    if (!json_as_object(series, err) || !json_known_keys(series, names, ARRAY_LENGTH(names), err) ||
        !json_text(series, "name", JSON_REQUIRED, NAME_SIZE_MAX, &name, err))
        return false;
    size_t index = find_metric(card, name);
    if (index == card->metric_count)
        return compare_refuse(series, "name", err, "no metric is called '%s'", name);
    if (card->answers[index] != NULL)
        return compare_refuse(series, "name", err, "'%s' is there already", name);
    return judge(card, index, series, err);
}

/* A metric without series is one whose sides are empty. */
static bool judge_the_rest(struct card *card, struct err *err)
{
    cJSON *empty = cJSON_CreateObject();
    bool is_good = true;

    cJSON_AddArrayToObject(empty, "control");
    cJSON_AddArrayToObject(empty, "experiment");
    struct json_node samples = json_root(empty);
    for (size_t index = 0; is_good && index < card->metric_count; index++)
        if (card->answers[index] == NULL)
            is_good = judge(card, index, &samples, err);
    cJSON_Delete(empty);
    return is_good;
}

static bool judge_all(struct card *card, const struct json_node *item, struct err *err)
{
    struct json_node array = {0};
    size_t length = 0;

    if (!json_array(item, "series", JSON_REQUIRED, METRICS_MAX, &array, &length, err))
        return false;
    for (struct json_node child = json_first(&array); child.item != NULL; child = json_next(&array, &child))
        if (!judge_series(card, &child, err))
            return false;
    return judge_the_rest(card, err);
}

/* Weights that do what their writer meant: all of 100, and no group that caps the score. */
static bool check_weights(const struct card *card, const struct json_node *item, struct err *err)
{
    double sum = 0;
    uint64_t used = 0;
    bool has_weights = false;
    bool has_others = false;

    for (size_t at = 0; at < card->metric_count; at++)
        used |= card->metrics[at].groups;
    for (size_t index = 0; index < card->scorecard.group_count; index++) {
        double weight = card->scorecard.weights[index];
        if (isnan(weight)) {
            has_others = true;
            continue;
        }
        has_weights = true;
        sum += weight;
        if ((used >> index & 1) == 0)
            return compare_refuse(item, "group_weights", err, "no metric is in group '%s'",
                                  card->groups[index]);
    }
    if (has_weights && (sum > 100 + 1e-9 || (!has_others && sum < 100 - 1e-9)))
        return compare_refuse(item, "group_weights", err, "the weights are %g together, not 100", sum);
    return true;
}

static void add_answer(struct card *card, cJSON *answer)
{
    struct scorecard_answer found;

    scorecard_run(&card->scorecard, card->metrics, card->metric_count, &found);
    cJSON_AddNumberToObject(answer, "score", found.score);
    cJSON_AddStringToObject(answer, "verdict", scorecard_verdict_name(found.verdict));
    cJSON *groups = cJSON_AddObjectToObject(answer, "groups");
    for (size_t index = 0; index < card->scorecard.group_count; index++)
        if (!isnan(found.groups[index]))
            cJSON_AddNumberToObject(groups, card->groups[index], found.groups[index]);
    cJSON *results = cJSON_AddArrayToObject(answer, "results");
    for (size_t at = 0; at < card->metric_count; at++) {
        cJSON_AddItemToArray(results, card->answers[at]);
        card->answers[at] = NULL;
    }
}

static bool run(const struct json_node *item, cJSON *answer, struct err *err)
{
    struct card card = {0};
    bool is_good = read_weights(&card, item, err) && read_thresholds(&card, item, err) &&
                   json_bool(item, "strict", JSON_OPTIONAL, &card.is_strict, err) &&
                   read_metrics(&card, item, err) && (!card.is_strict || check_weights(&card, item, err)) &&
                   judge_all(&card, item, err);

    if (is_good)
        add_answer(&card, answer);
    for (size_t at = 0; at < card.metric_count; at++)
        cJSON_Delete(card.answers[at]);
    free(card.answers);
    free(card.names);
    free(card.nodes);
    free(card.metrics);
    return is_good;
}

static const char *const keys[] = {"metrics", "group_weights", "thresholds", "series", "strict", NULL};

const struct compare_test compare_scorecard = {"scorecard", run, keys};
