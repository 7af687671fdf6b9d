/* scan_sarif.c - SARIF 2.1: results of the runs, with the levels and severities of their rules.
 * SPDX-License-Identifier: MIT */
#include "base/attributes.h"
#include "collectors/scan_report.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    RUNS_MAX = 100,
    RESULTS_MAX = 100000,
    WORD_MAX = 64,
    RULE_ID_MAX = 1024,
    LOOKS_MAX = 4 * 1000 * 1000 /* rules looked at for all results: what a loop's turn may take */
};

struct counting {
    struct json_node tool; /* of the present run */
    struct scan_counts *counts;
    size_t looks;
};

static bool read_word(const struct json_node *object, const char *name, const char **word, struct err *err)
{
    return json_text(object, name, JSON_OPTIONAL, WORD_MAX, word, err);
}

/* A tool that says that it did not get through has found nothing that counts. */
static bool check_invocations(const struct json_node *run, struct err *err)
{
    struct json_node all = {0};
    size_t count = 0;

    if (!json_array(run, "invocations", JSON_OPTIONAL, RESULTS_MAX, &all, &count, err))
        return false;
    for (struct json_node one = json_first(&all); one.item != NULL; one = json_next(&all, &one)) {
        bool is_good = true;
        if (!json_as_object(&one, err) ||
            !json_bool(&one, "executionSuccessful", JSON_OPTIONAL, &is_good, err))
            return false;
        if (!is_good)
            return err_set(err, ERR_INVALID, "%s/executionSuccessful: the tool says that it failed",
                           JSON_POINTER(&one));
    }
    return true;
}

/* The part of the tool whose rule it is: its driver, or the extension that the result names. */
static bool find_component(struct counting *counting, const struct json_node *reference,
                           struct json_node *ret_component, struct err *err)
{
    struct json_node where = {0};
    struct json_node extensions = {0};
    size_t count = 0;
    int64_t index = -1;

    if (reference->item != NULL &&
        (!json_object(reference, "toolComponent", JSON_OPTIONAL, &where, err) ||
         (where.item != NULL && !json_integer(&where, "index", JSON_OPTIONAL, -1, RESULTS_MAX, &index, err))))
        return false;
    if (index < 0)
        return json_object(&counting->tool, "driver", JSON_REQUIRED, ret_component, err);
    if (!json_array(&counting->tool, "extensions", JSON_REQUIRED, RESULTS_MAX, &extensions, &count, err))
        return false;
    struct json_node one = json_element(&extensions, (size_t)index);
    counting->looks += (size_t)index;
    if (one.item == NULL)
        return err_set(err, ERR_INVALID, "%s/index: the tool has no such extension", JSON_POINTER(&where));
    *ret_component = one;
    return json_as_object(&one, err);
}

struct rule_reference {
    int64_t index; /* -1: by its id */
    const char *id;
};

static bool read_reference(const struct json_node *object, const char *id, const char *index,
                           struct rule_reference *reference, struct err *err)
{
    return json_text(object, id, JSON_OPTIONAL, RULE_ID_MAX, &reference->id, err) &&
           json_integer(object, index, JSON_OPTIONAL, -1, RESULTS_MAX, &reference->index, err);
}

/* A rule that the tool does not describe is none (item NULL): all of its defaults count. */
static struct json_node look_up(const struct json_node *rules, const struct rule_reference *reference)
{
    const struct json_node none = {0};
    int64_t index = 0;

    if (rules->item == NULL || (reference->index < 0 && reference->id == NULL))
        return none;
    if (reference->index >= 0)
        return json_element(rules, (size_t)reference->index);
    for (const cJSON *rule = rules->item->child; rule != NULL; rule = rule->next, index++) {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(rule, "id"));
        if (id != NULL && strcmp(id, reference->id) == 0)
            return json_element(rules, (size_t)index);
    }
    return none;
}

static bool find_rule(struct counting *counting, const struct json_node *result, struct json_node *ret_rule,
                      struct err *err)
{
    struct rule_reference reference = {.index = -1};
    struct json_node of_result = {0};
    struct json_node component = {0};
    struct json_node rules = {0};
    size_t count = 0;

    if (!read_reference(result, "ruleId", "ruleIndex", &reference, err) ||
        !json_object(result, "rule", JSON_OPTIONAL, &of_result, err) ||
        (of_result.item != NULL && !read_reference(&of_result, "id", "index", &reference, err)) ||
        !find_component(counting, &of_result, &component, err) ||
        !json_array(&component, "rules", JSON_OPTIONAL, RESULTS_MAX, &rules, &count, err))
        return false;
    *ret_rule = look_up(&rules, &reference);
    counting->looks += count;
    if (counting->looks > LOOKS_MAX)
        return err_set(err, ERR_LIMIT, "%s: so many results with so many rules take too long",
                       JSON_POINTER(result));
    return ret_rule->item == NULL || json_as_object(ret_rule, err);
}

/* Accepted by somebody: suppressed, and no suppression of it is under review or rejected. */
static bool is_suppressed(const struct json_node *result, bool *ret_is, struct err *err)
{
    struct json_node all = {0};
    size_t count = 0;

    if (!json_array(result, "suppressions", JSON_OPTIONAL, RESULTS_MAX, &all, &count, err))
        return false;
    *ret_is = count > 0;
    for (struct json_node one = json_first(&all); one.item != NULL; one = json_next(&all, &one)) {
        const char *status = "accepted";
        if (!json_as_object(&one, err) || !read_word(&one, "status", &status, err))
            return false;
        *ret_is = *ret_is && strcmp(status, "accepted") == 0;
    }
    return true;
}

static bool is_finding(const struct json_node *result, bool *ret_is, struct err *err)
{
    static const char *const none[] = {"pass", "notApplicable", "informational"};
    const char *kind = "fail";
    const char *state = "";
    bool is_accepted = false;

    if (!read_word(result, "kind", &kind, err) || !read_word(result, "baselineState", &state, err) ||
        !is_suppressed(result, &is_accepted, err))
        return false;
    *ret_is = !is_accepted && strcmp(state, "absent") != 0;
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++)
        *ret_is = *ret_is && strcmp(kind, none[i]) != 0;
    return true;
}

static bool add_level(const struct json_node *result, const struct json_node *rule,
                      struct scan_counts *counts, struct err *err)
{
    static const struct scan_word levels[] = {
        {"error", SCAN_ERRORS}, {"warning", SCAN_WARNINGS}, {"note", SCAN_NOTES}, {"none", SCAN_NOTES}};
    struct json_node standard = {0};
    const char *level = "warning";

    if (rule->item != NULL && !json_object(rule, "defaultConfiguration", JSON_OPTIONAL, &standard, err))
        return false;
    if ((standard.item != NULL && !read_word(&standard, "level", &level, err)) ||
        !read_word(result, "level", &level, err))
        return false;
    if (scan_count_word(levels, ARRAY_LENGTH(levels), level, counts))
        return true;
    return err_set(err, ERR_INVALID, "%s/level: '%s' is no level of SARIF", JSON_POINTER(result), level);
}

/* One finding that nobody rated, and the severe ones cannot be counted any more. */
static void forget_severities(struct scan_counts *counts)
{
    for (int i = SCAN_CRITICAL; i <= SCAN_LOW; i++)
        counts->of[i] = NAN;
}

static bool add_severity(const struct json_node *rule, struct scan_counts *counts, struct err *err)
{
    struct json_node properties = {0};
    double score = 0;

    if (rule->item != NULL && !json_object(rule, "properties", JSON_OPTIONAL, &properties, err))
        return false;
    struct json_node said = {0};
    if (properties.item != NULL)
        said = json_member(&properties, "security-severity");
    if (said.item == NULL) {
        forget_severities(counts);
        return true;
    }
    if (!json_value_number(said.item, &score) || !(score >= 0 && score <= 10))
        return err_set(err, ERR_INVALID, "%s: is no severity from 0.0 to 10.0", JSON_POINTER(&said));
    counts->of[score >= 9 ? SCAN_CRITICAL : score >= 7 ? SCAN_HIGH : score >= 4 ? SCAN_MEDIUM : SCAN_LOW]++;
    return true;
}

static bool add_result(struct counting *counting, const struct json_node *result, struct err *err)
{
    struct json_node rule = {0};
    bool is_one = false;

    if (!json_as_object(result, err) || !is_finding(result, &is_one, err))
        return false;
    if (!is_one)
        return true;
    counting->counts->of[SCAN_FINDINGS]++;
    return find_rule(counting, result, &rule, err) && add_level(result, &rule, counting->counts, err) &&
           add_severity(&rule, counting->counts, err);
}

/* Results that are not even an empty list: the scan did not begin. */
static bool add_run(struct counting *counting, const struct json_node *run, struct err *err)
{
    struct json_node results = {0};
    size_t count = 0;

    if (!json_as_object(run, err) || !check_invocations(run, err) ||
        !json_object(run, "tool", JSON_REQUIRED, &counting->tool, err) ||
        !json_array(run, "results", JSON_REQUIRED, RESULTS_MAX, &results, &count, err))
        return false;
    for (struct json_node one = json_first(&results); one.item != NULL; one = json_next(&results, &one))
        if (!add_result(counting, &one, err))
            return false;
    return true;
}

bool scan_sarif(const struct json_node *root, struct scan_counts *counts, struct err *err)
{
    struct counting counting = {.counts = counts};
    struct json_node runs = {0};
    size_t count = 0;
    const char *version = NULL;

    if (!json_as_object(root, err) || !json_text(root, "version", JSON_REQUIRED, WORD_MAX, &version, err))
        return false;
    if (strncmp(version, "2.1.", 4) != 0)
        return err_set(err, ERR_INVALID, "#/version: '%s' is not 2.1.0", version);
    if (!json_array(root, "runs", JSON_REQUIRED, RUNS_MAX, &runs, &count, err))
        return false;
    if (count == 0)
        return err_set(err, ERR_INVALID, "%s: is empty: nothing was scanned", JSON_POINTER(&runs));
    for (struct json_node run = json_first(&runs); run.item != NULL; run = json_next(&runs, &run))
        if (!add_run(&counting, &run, err))
            return false;
    return true;
}
