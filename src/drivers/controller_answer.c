/* controller_answer.c - an answer of an upstream controller, read strictly.
 * SPDX-License-Identifier: MIT */
#include "drivers/controller_answer.h"

#include "base/text.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024, TARGET_SIZE = 2 * NAME_MAX_LENGTH + 2, DEPTH_MAX = 4, KEYS_MAX = 256 };

/* What a command is about. */
enum about { ABOUT_DEPLOYMENT, ABOUT_DEPLOYMENT_OR_RUN, ABOUT_SERVICE, ABOUT_START, ABOUT_PIPELINE };

struct verb {
    const char *name;
    const char *tail; /* behind the path of what it is about */
    enum about about;
    const char *takes[8]; /* members that become the body's; ends with NULL */
    const char *decision; /* approvals: NULL otherwise */
};

static const struct verb verbs[] = {
    {"start",
     "",
     ABOUT_START,
     {"version", "digest", "strategy", "run_url", "commit", "actor", "reason", NULL},
     NULL},
    {"run", "", ABOUT_PIPELINE, {"version", "digest", "run_url", "commit", "actor", "reason", NULL}, NULL},
    {"promote", "/promote", ABOUT_DEPLOYMENT, {"reason", "full", NULL}, NULL},
    {"hold", "/hold", ABOUT_DEPLOYMENT, {"reason", NULL}, NULL},
    {"resume", "/resume", ABOUT_DEPLOYMENT, {"reason", NULL}, NULL},
    {"abort", "/abort", ABOUT_DEPLOYMENT_OR_RUN, {"reason", NULL}, NULL},
    {"rollback", "/rollback", ABOUT_DEPLOYMENT, {"reason", "past_no_return", NULL}, NULL},
    {"retry", "/retry", ABOUT_DEPLOYMENT_OR_RUN, {"reason", NULL}, NULL},
    {"mute", "/mute", ABOUT_DEPLOYMENT, {"reason", "rule", NULL}, NULL},
    {"approve", "/approvals", ABOUT_DEPLOYMENT, {"comment", NULL}, "approve"},
    {"reject", "/approvals", ABOUT_DEPLOYMENT, {"comment", NULL}, "reject"},
    {"freeze", "/freeze", ABOUT_SERVICE, {"until", "reason", NULL}, NULL},
    {"unfreeze", "/unfreeze", ABOUT_SERVICE, {"reason", NULL}, NULL},
};

static bool is_id(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return length > 0 && text[length] == '\0';
}

/* "dep_7", "run_7" */
static bool is_numbered(const char *text, const char *prefix)
{
    int64_t number = 0;

    return strncmp(text, prefix, strlen(prefix)) == 0 &&
           text_to_integer(text + strlen(prefix), 1, INT64_MAX, &number);
}

/* "shop/prod" into its halves, in place. */
static bool split(char *text, const char **ret_environment)
{
    char *slash = strchr(text, '/');

    if (slash == NULL)
        return false;
    *slash = '\0';
    *ret_environment = slash + 1;
    return text_is_name(text) && text_is_name(slash + 1);
}

static bool refuse(const struct json_node *node, const char *name, const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "%s/%s: %s", node->pointer, name, what);
}

static bool find_verb(const struct json_node *node, const struct verb **ret_verb, struct err *err)
{
    const char *name = "";

    if (!json_text(node, "verb", JSON_REQUIRED, NAME_MAX_LENGTH, &name, err))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0) {
            *ret_verb = &verbs[i];
            return true;
        }
    return refuse(node, "verb", "is no verb that a controller may use", err);
}

static bool check_keys(const struct json_node *node, const struct verb *verb, struct err *err)
{
    const char *names[3 + ARRAY_LENGTH(verbs[0].takes)] = {
        "id", "verb", verb->about == ABOUT_PIPELINE ? "pipeline" : "deployment"};
    size_t count = 3;

    for (size_t i = 0; verb->takes[i] != NULL; i++)
        names[count++] = verb->takes[i];
    return json_known_keys(node, names, count, err);
}

static bool take_target(const struct json_node *node, const struct verb *verb, cJSON *body,
                        struct controller_order *order, struct err *err)
{
    char target[TARGET_SIZE];
    const char *text = "";
    const char *environment = "";
    const char *member = verb->about == ABOUT_PIPELINE ? "pipeline" : "deployment";

    if (!json_text(node, member, JSON_REQUIRED, TARGET_SIZE - 1, &text, err))
        return false;
    (void)snprintf(target, sizeof(target), "%s", text);
    bool is_deployment = verb->about == ABOUT_DEPLOYMENT || verb->about == ABOUT_DEPLOYMENT_OR_RUN;
    if (is_deployment && is_numbered(text, "dep_")) {
        (void)snprintf(order->path, sizeof(order->path), "/v1/deployments/%s%s", text, verb->tail);
    } else if (verb->about == ABOUT_DEPLOYMENT_OR_RUN && is_numbered(text, "run_")) {
        (void)snprintf(order->path, sizeof(order->path), "/v1/runs/%s%s", text, verb->tail);
    } else if (verb->about == ABOUT_PIPELINE) {
        if (!text_is_name(text))
            return refuse(node, member, "is no name", err);
        cJSON_AddStringToObject(body, "pipeline", text);
        (void)snprintf(order->path, sizeof(order->path), "/v1/runs");
    } else if (!split(target, &environment)) {
        return refuse(node, member, is_deployment ? "is neither dep_N nor SERVICE/ENV" : "is not SERVICE/ENV",
                      err);
    } else if (verb->about == ABOUT_START) {
        cJSON_AddStringToObject(body, "service", target);
        cJSON_AddStringToObject(body, "environment", environment);
        (void)snprintf(order->path, sizeof(order->path), "/v1/deployments");
    } else {
        (void)snprintf(order->path, sizeof(order->path), "/v1/%s/%s/%s%s",
                       is_deployment ? "deployments" : "services", target, environment, verb->tail);
    }
    return true;
}

/* Texts and flags as they are; what they must look like is the API's part. */
static bool take_members(const struct json_node *node, const struct verb *verb, cJSON *body, struct err *err)
{
    for (size_t i = 0; verb->takes[i] != NULL; i++) {
        const char *name = verb->takes[i];
        const struct json_node member = json_member(node, name);
        const char *text = NULL;
        if (member.item == NULL)
            continue;
        if (cJSON_IsBool(member.item))
            cJSON_AddBoolToObject(body, name, cJSON_IsTrue(member.item));
        else if (json_text(node, name, JSON_REQUIRED, TEXT_MAX, &text, err))
            cJSON_AddStringToObject(body, name, text);
        else
            return false;
    }
    if (verb->decision != NULL)
        cJSON_AddStringToObject(body, "decision", verb->decision);
    return true;
}

static bool read_order(const struct json_node *node, struct controller_order *order, struct err *err)
{
    const struct verb *verb = NULL;
    const char *id = "";

    if (!json_as_object(node, err) || !find_verb(node, &verb, err) || !check_keys(node, verb, err) ||
        !json_text(node, "id", JSON_REQUIRED, CONTROLLER_ID_SIZE - 1, &id, err))
        return false;
    if (!is_id(id))
        return refuse(node, "id", "takes letters, digits, '.', '_' and '-'", err);
    cJSON *body = cJSON_CreateObject();
    bool is_good = take_target(node, verb, body, order, err) && take_members(node, verb, body, err);
    if (is_good) {
        (void)!text_copy(order->id, sizeof(order->id), id);
        order->verb = verb->name;
        order->body = json_print(body);
    }
    cJSON_Delete(body);
    return is_good;
}

static bool read_orders(const struct json_node *root, struct controller_orders *orders, struct err *err)
{
    static const char *const names[] = {"commands"};
    struct json_node array = {0};
    size_t count = 0;

    if (!json_as_object(root, err) || !json_known_keys(root, names, ARRAY_LENGTH(names), err) ||
        !json_array(root, "commands", JSON_OPTIONAL, CONTROLLER_ORDERS_MAX, &array, &count, err))
        return false;
    if (array.item == NULL)
        return true;
    for (struct json_node one = json_first(&array); one.item != NULL; one = json_next(&array, &one)) {
        if (!read_order(&one, &orders->of[orders->count], err))
            return false;
        orders->count++;
    }
    return true;
}

bool controller_answer_read(const char *bytes, size_t length, struct controller_orders *ret_orders,
                            struct err *err)
{
    static const struct json_limits limits = {
        .size_max = CONTROLLER_ANSWER_MAX, .depth_max = DEPTH_MAX, .keys_max = KEYS_MAX};
    struct controller_orders orders = {0};
    cJSON *json = NULL;

    if (length == 0) {
        *ret_orders = orders;
        return true;
    }
    if (!json_parse(bytes, length, &limits, &json, err))
        return false;
    const struct json_node root = json_root(json);
    bool is_good = read_orders(&root, &orders, err);
    json_free(json);
    if (is_good)
        *ret_orders = orders;
    else
        controller_orders_free(&orders);
    return is_good;
}

void controller_orders_free(struct controller_orders *orders)
{
    for (size_t i = 0; i < orders->count; i++)
        free(orders->of[i].body);
    orders->count = 0;
}
