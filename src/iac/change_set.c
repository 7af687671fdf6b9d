/* change_set.c - changes read, counted, sorted.
 * SPDX-License-Identifier: MIT */
#include "iac/change_set.h"

#include "base/text.h"
#include "iac/canonical.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESS_SIZE = CHANGE_PREFIX_SIZE + 1024 };

/* What is approved of a change set; not what time changes (states, dates, tokens). */
static const char *const kept[] = {"ChangeSetId",
                                   "StackId",
                                   "StackName",
                                   "Capabilities",
                                   "Parameters",
                                   "Tags",
                                   "NotificationARNs",
                                   "RollbackConfiguration",
                                   "OnStackFailure",
                                   "IncludeNestedStacks",
                                   "ImportExistingResources"};

void change_set_init(struct change_set *set, const char *arn)
{
    *set = (struct change_set){.nested_count = 1, .changes = cJSON_CreateArray()};
    (void)snprintf(set->nested[0].arn, sizeof(set->nested[0].arn), "%s", arn);
}

void change_set_done(struct change_set *set)
{
    cJSON_Delete(set->head);
    cJSON_Delete(set->changes);
    set->head = set->changes = NULL;
}

/* ---- one change ---- */

/* What CloudFormation calls it: Action, Replacement ("" none is said). */
struct known {
    const char *action, *replacement;
    enum plan_action plan;
};

static const struct known known[] = {
    {"Add", "", PLAN_CREATE},
    {"Remove", "", PLAN_DELETE},
    {"Import", "", PLAN_UPDATE},
    {"SyncWithActual", "", PLAN_UPDATE},
    {"Dynamic", "", PLAN_REPLACE},
    {"Modify", "", PLAN_UPDATE},
    {"Modify", "False", PLAN_UPDATE},
    {"Modify", "True", PLAN_REPLACE},
    {"Modify", "Conditional", PLAN_REPLACE},
};

static const char *text_of(const struct xml_element *from, const char *name)
{
    const char *text = xml_text(from, name);

    return text == NULL ? "" : text;
}

static bool find_action(const struct xml_element *change, enum plan_action *ret_action, struct err *err)
{
    const char *action = text_of(change, "Action");
    const char *replacement = text_of(change, "Replacement");
    const char *policy = text_of(change, "PolicyAction");

    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(known[i].action, action) == 0 && strcmp(known[i].replacement, replacement) == 0) {
            *ret_action = strncmp(policy, "Replace", 7) == 0 ? PLAN_REPLACE : known[i].plan;
            return true;
        }
    return err_set(err, ERR_INVALID,
                   "CloudFormation: %.200s: action '%.40s' with replacement '%.40s' is not known here",
                   text_of(change, "LogicalResourceId"), action, replacement);
}

static bool add_nested(struct change_set *set, const char *address, const char *arn, struct err *err)
{
    struct change_nested *nested = &set->nested[set->nested_count];

    if (set->nested_count == CHANGE_SETS_MAX)
        return err_set(err, ERR_LIMIT, "CloudFormation: more than %d nested stacks", CHANGE_SETS_MAX);
    if (snprintf(nested->prefix, sizeof(nested->prefix), "%s/", address) >= CHANGE_PREFIX_SIZE ||
        !text_copy(nested->arn, sizeof(nested->arn), arn))
        return err_set(err, ERR_LIMIT, "CloudFormation: nested stacks with names that are too long");
    set->nested_count++;
    return true;
}

static bool add_change(struct change_set *set, size_t which, const struct xml_element *member,
                       struct err *err)
{
    const struct xml_element *change = xml_find(member, "ResourceChange");
    const char *nested = text_of(change, "ChangeSetId");
    const char *name = text_of(change, "LogicalResourceId");
    char address[ADDRESS_SIZE];
    enum plan_action action = PLAN_ACTION_COUNT;

    if (change == NULL || name[0] == '\0' || strcmp(text_of(member, "Type"), "Resource") != 0)
        return err_set(err, ERR_PROTOCOL, "CloudFormation: a change of '%.40s', and not of a resource",
                       text_of(member, "Type"));
    if (set->count == CHANGES_MAX)
        return err_set(err, ERR_LIMIT, "CloudFormation: more than %d changes", CHANGES_MAX);
    if (!find_action(change, &action, err))
        return false;
    (void)snprintf(address, sizeof(address), "%s%.1000s", set->nested[which].prefix, name);
    if (nested[0] != '\0' && !add_nested(set, address, nested, err))
        return false;
    cJSON *item = canonical_of(change, err);
    if (item == NULL)
        return false;
    cJSON *whole = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(whole, "address", address);
    (void)cJSON_AddStringToObject(whole, "counts_as", plan_count_name(action));
    (void)cJSON_AddItemToObject(whole, "change", item);
    (void)cJSON_AddItemToArray(set->changes, whole);
    set->count++;
    set->counts.of[action]++;
    return true;
}

/* ---- pages ---- */

static bool take_head(struct change_set *set, const struct xml_element *result, struct err *err)
{
    set->head = cJSON_CreateObject();
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        const struct xml_element *element = xml_find(result, kept[i]);
        cJSON *item = element == NULL ? NULL : canonical_of(element, err);
        if (item != NULL)
            (void)cJSON_AddItemToObject(set->head, kept[i], item);
        else if (element != NULL)
            return false;
    }
    return true;
}

bool change_set_add(struct change_set *set, size_t which, const struct xml_element *result, struct err *err)
{
    const struct xml_element *changes = xml_find(result, "Changes");

    if (result == NULL || strcmp(text_of(result, "ChangeSetId"), set->nested[which].arn) != 0)
        return err_set(err, ERR_PROTOCOL, "CloudFormation describes '%.200s', asked for %s",
                       text_of(result, "ChangeSetId"), set->nested[which].arn);
    if (set->head == NULL && !take_head(set, result, err))
        return false;
    const struct xml_element *member = changes == NULL ? NULL : changes->first;
    for (; member != NULL; member = member->next)
        if (!add_change(set, which, member, err))
            return false;
    return true;
}

void change_set_end(struct change_set *set)
{
    canonical_sort(set->changes);
}

/* ---- what it is for people ---- */

static enum plan_action action_called(const char *name)
{
    int action = 0;

    while (action < PLAN_ACTION_COUNT && strcmp(plan_count_name((enum plan_action)action), name) != 0)
        action++;
    return (enum plan_action)action;
}

void change_set_tell(const struct change_set *set, const struct plan_reader *reader)
{
    const cJSON *one = NULL;
    char reason[ADDRESS_SIZE];

    cJSON_ArrayForEach(one, set->changes)
    {
        const cJSON *change = cJSON_GetObjectItemCaseSensitive(one, "change");
        const char *replacement = json_text_of(change, "Replacement");
        const char *policy = json_text_of(change, "PolicyAction");
        bool is_open =
            strcmp(replacement, "Conditional") == 0 || strcmp(json_text_of(change, "Action"), "Dynamic") == 0;
        (void)snprintf(reason, sizeof(reason), "%.200s%s%s%.60s", json_text_of(change, "ResourceType"),
                       is_open ? ", perhaps" : "", policy[0] == '\0' ? "" : ", policy ", policy);
        reader->change(reader->data, action_called(json_text_of(one, "counts_as")),
                       json_text_of(one, "address"), reason);
    }
}

bool change_set_is_empty_reason(const char *reason)
{
    static const char *const said[] = {"didn't contain changes", "No updates are to be performed",
                                       "There are no changes to perform"};
    bool is_empty = false;

    for (size_t i = 0; i < ARRAY_LENGTH(said); i++)
        is_empty = is_empty || strstr(reason, said[i]) != NULL;
    return is_empty;
}
