/* plan.c - terraform's plan: which resources change how.
 * SPDX-License-Identifier: MIT */
#include "iac/plan.h"

#include "base/text.h"

#include <string.h>

enum {
    VALUES_MAX = 2 * 1000 * 1000,
    CHANGES_MAX = 100000,
    ACTIONS_MAX = 2,
    WORD_MAX = 64,
    ADDRESS_MAX = 1024
};

const struct json_limits plan_json_limits = {.size_max = PLAN_JSON_MAX,
                                             .depth_max = JSON_DEPTH_MAX,
                                             .keys_max = VALUES_MAX,
                                             .values_max = VALUES_MAX,
                                             .allows_rounding = true,
                                             .allows_infinity = true};

static const char *const names[PLAN_ACTION_COUNT] = {
    [PLAN_CREATE] = "creates",
    [PLAN_UPDATE] = "updates",
    [PLAN_DELETE] = "deletes",
    [PLAN_REPLACE] = "replaces",
};

const char *plan_count_name(enum plan_action action)
{
    return names[action];
}

/* What terraform calls it, first and second action. */
struct known {
    const char *first, *second;
    enum plan_action action; /* PLAN_ACTION_COUNT: nothing changes */
};

static const struct known known[] = {
    {"no-op", "", PLAN_ACTION_COUNT},   {"read", "", PLAN_ACTION_COUNT},
    {"create", "", PLAN_CREATE},        {"update", "", PLAN_UPDATE},
    {"delete", "", PLAN_DELETE},        {"forget", "", PLAN_DELETE},
    {"delete", "create", PLAN_REPLACE}, {"create", "delete", PLAN_REPLACE},
    {"create", "forget", PLAN_REPLACE},
};

static bool read_actions(const struct json_node *change, enum plan_action *ret_action, struct err *err)
{
    const char *words[ACTIONS_MAX] = {"", ""};
    struct json_node actions = {0};
    size_t count = 0;

    if (!json_array(change, "actions", JSON_REQUIRED, ACTIONS_MAX, &actions, &count, err))
        return false;
    for (struct json_node one = json_first(&actions); one.item != NULL; one = json_next(&actions, &one))
        if (!json_as_text(&one, WORD_MAX, &words[one.index], err))
            return false;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(words[0], known[i].first) == 0 && strcmp(words[1], known[i].second) == 0) {
            *ret_action = known[i].action;
            return true;
        }
    return err_set(err, ERR_INVALID, "%s: '%s%s%s' is no action that is known here", JSON_POINTER(&actions),
                   words[0], words[1][0] == '\0' ? "" : " ", words[1]);
}

static bool read_change(const struct json_node *node, enum plan_action *ret_action, struct err *err)
{
    struct json_node change = {0};

    return json_as_object(node, err) && json_object(node, "change", JSON_REQUIRED, &change, err) &&
           read_actions(&change, ret_action, err);
}

/* What is read only is none; nor is what a replacement left behind one more. */
static bool read_presence(const struct json_node *node, enum plan_action action, struct plan_counts *counts,
                          struct err *err)
{
    const char *mode = "";

    if (!json_text(node, "mode", JSON_OPTIONAL, WORD_MAX, &mode, err))
        return false;
    if (action != PLAN_CREATE && strcmp(mode, "data") != 0 && json_member(node, "deposed").item == NULL)
        counts->resources++;
    return true;
}

static bool read_resources(const struct json_node *root, const struct plan_reader *reader,
                           struct plan_counts *counts, struct err *err)
{
    struct json_node all = {0};
    size_t count = 0;

    if (!json_array(root, "resource_changes", JSON_OPTIONAL, CHANGES_MAX, &all, &count, err))
        return false;
    for (struct json_node one = json_first(&all); one.item != NULL; one = json_next(&all, &one)) {
        enum plan_action action = PLAN_ACTION_COUNT;
        const char *address = "";
        const char *reason = "";
        if (!read_change(&one, &action, err) || !read_presence(&one, action, counts, err) ||
            !json_text(&one, "address", JSON_REQUIRED, ADDRESS_MAX, &address, err) ||
            !json_text(&one, "action_reason", JSON_OPTIONAL, WORD_MAX, &reason, err))
            return false;
        if (action == PLAN_ACTION_COUNT)
            continue;
        counts->of[action]++;
        if (reader != NULL)
            reader->change(reader->data, action, address, reason);
    }
    return true;
}

static bool read_drift(const struct json_node *root, struct plan_counts *counts, struct err *err)
{
    struct json_node all = {0};
    size_t count = 0;

    if (!json_array(root, "resource_drift", JSON_OPTIONAL, CHANGES_MAX, &all, &count, err))
        return false;
    for (struct json_node one = json_first(&all); one.item != NULL; one = json_next(&all, &one)) {
        enum plan_action action = PLAN_ACTION_COUNT;
        if (!read_change(&one, &action, err))
            return false;
        counts->drifts += action != PLAN_ACTION_COUNT;
    }
    return true;
}

static bool read_outputs(const struct json_node *root, struct plan_counts *counts, struct err *err)
{
    struct json_node all = {0};

    if (!json_object(root, "output_changes", JSON_OPTIONAL, &all, err))
        return false;
    if (all.item == NULL)
        return true;
    for (struct json_node one = json_first(&all); one.item != NULL; one = json_next(&all, &one)) {
        enum plan_action action = PLAN_ACTION_COUNT;
        if (!json_as_object(&one, err) || !read_actions(&one, &action, err))
            return false;
        counts->outputs += action != PLAN_ACTION_COUNT;
    }
    return true;
}

static bool check_head(const struct json_node *root, struct err *err)
{
    const char *version = "";
    bool has_failed = false;

    if (!json_text(root, "format_version", JSON_REQUIRED, WORD_MAX, &version, err) ||
        !json_bool(root, "errored", JSON_OPTIONAL, &has_failed, err))
        return false;
    if (strncmp(version, "1.", 2) != 0 && strcmp(version, "1") != 0)
        return err_set(err, ERR_INVALID, "#/format_version: '%s' is not known here, only 1.x", version);
    return !has_failed || err_set(err, ERR_INVALID, "#/errored: the plan says that it failed");
}

bool plan_read(const char *json, size_t length, const struct plan_reader *reader,
               struct plan_counts *ret_counts, struct err *err)
{
    CLEANUP(json_free_at) struct cJSON *tree = NULL;
    struct plan_counts counts = {.outputs = 0};

    if (!json_parse(json, length, &plan_json_limits, &tree, err))
        return false;
    struct json_node root = json_root(tree);
    if (!json_as_object(&root, err) || !check_head(&root, err) ||
        !read_resources(&root, reader, &counts, err) || !read_drift(&root, &counts, err) ||
        !read_outputs(&root, &counts, err))
        return false;
    *ret_counts = counts;
    return true;
}
