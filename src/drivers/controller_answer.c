/* controller_answer.c - an answer of an upstream controller, read strictly.
 * SPDX-License-Identifier: MIT */
#include "drivers/controller_answer.h"

#include "base/text.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024, TARGET_SIZE = 2 * NAME_MAX_LENGTH + 2, DEPTH_MAX = 5, KEYS_MAX = 256 };

/* What a command is about, in its member of that name. */
enum about {
    ABOUT_DEPLOYMENT,        /* deployment: dep_N or SERVICE/ENV */
    ABOUT_DEPLOYMENT_OR_RUN, /* deployment: run_N as well */
    ABOUT_REVIEW,            /* deployment: run_N; what is approved in it */
    ABOUT_SERVICE,           /* deployment: SERVICE/ENV, in the path */
    ABOUT_PLACE,             /* deployment: SERVICE/ENV, in the body */
    ABOUT_STACK,             /* stack: STACK/ENV */
    ABOUT_PIPELINE,          /* pipeline: its name */
    ABOUT_GROUP,             /* group: its name */
    ABOUT_ENTRY              /* entry: of the quarantine */
};

static const char *const members[] = {[ABOUT_DEPLOYMENT] = "deployment",
                                      [ABOUT_DEPLOYMENT_OR_RUN] = "deployment",
                                      [ABOUT_REVIEW] = "deployment",
                                      [ABOUT_SERVICE] = "deployment",
                                      [ABOUT_PLACE] = "deployment",
                                      [ABOUT_STACK] = "stack",
                                      [ABOUT_PIPELINE] = "pipeline",
                                      [ABOUT_GROUP] = "group",
                                      [ABOUT_ENTRY] = "entry"};

struct verb {
    const char *name;
    const char *tail; /* behind the path of what it is about; the whole path of what stands in the body */
    enum about about;
    const char *takes[8]; /* members that become the body's; ends with NULL */
    const char *word;     /* approvals: the decision; stacks: what is done; NULL otherwise */
};

#define START "run_url", "commit", "actor", "reason"

/* Of two rows with one name the first is for what it alone is about. */
static const struct verb verbs[] = {
    {"start", "/v1/runs", ABOUT_GROUP, {"versions", "digests", START, NULL}, NULL},
    {"start", "/v1/deployments", ABOUT_PLACE, {"version", "digest", "strategy", START, NULL}, NULL},
    {"run", "/v1/runs", ABOUT_PIPELINE, {"version", "digest", START, NULL}, NULL},
    {"iac plan", "/v1/runs", ABOUT_STACK, {START, NULL}, "plan"},
    {"iac apply", "/v1/runs", ABOUT_STACK, {START, NULL}, "apply"},
    {"iac verify", "/v1/runs", ABOUT_STACK, {START, NULL}, "verify"},
    {"iac drift", "/v1/runs", ABOUT_STACK, {START, NULL}, "drift"},
    {"iac destroy", "/v1/runs", ABOUT_STACK, {"confirm", START, NULL}, "destroy"},
    {"promote", "/promote", ABOUT_DEPLOYMENT, {"reason", "full", NULL}, NULL},
    {"hold", "/hold", ABOUT_DEPLOYMENT, {"reason", NULL}, NULL},
    {"resume", "/resume", ABOUT_DEPLOYMENT, {"reason", NULL}, NULL},
    {"abort", "/abort", ABOUT_DEPLOYMENT_OR_RUN, {"reason", NULL}, NULL},
    {"rollback", "/rollback", ABOUT_DEPLOYMENT, {"reason", "past_no_return", NULL}, NULL},
    {"retry", "/retry", ABOUT_DEPLOYMENT_OR_RUN, {"reason", NULL}, NULL},
    {"mute", "/mute", ABOUT_DEPLOYMENT, {"reason", "rule", NULL}, NULL},
    {"mark", "/marks", ABOUT_DEPLOYMENT, {"weight", NULL}, NULL},
    {"approve", "/tasks", ABOUT_REVIEW, {"plan", "stage", "task", "comment", NULL}, "pass"},
    {"approve", "/approvals", ABOUT_DEPLOYMENT, {"comment", NULL}, "approve"},
    {"reject", "/tasks", ABOUT_REVIEW, {"stage", "task", "comment", NULL}, "fail"},
    {"reject", "/approvals", ABOUT_DEPLOYMENT, {"comment", NULL}, "reject"},
    {"freeze", "/freeze", ABOUT_SERVICE, {"until", "reason", NULL}, NULL},
    {"unfreeze", "/unfreeze", ABOUT_SERVICE, {"reason", NULL}, NULL},
    {"adopt", "/adopt", ABOUT_SERVICE, {"version", "slot", "digest", "reason", NULL}, NULL},
    {"rehearse", "/rehearse", ABOUT_SERVICE, {"strategy", "version", NULL}, NULL},
    {"rehearse recovery", "/rehearse/recovery", ABOUT_SERVICE, {"reason", NULL}, NULL},
    {"quarantine add", "/v1/quarantine", ABOUT_PLACE, {"version", "digest", "reason", NULL}, NULL},
    {"quarantine clear", "/v1/quarantine", ABOUT_ENTRY, {"reason", NULL}, NULL},
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
    return err_set(err, ERR_INVALID, "%s/%s: %s", JSON_POINTER(node), name, what);
}

/* A row for groups is for what names one, a row for reviews for runs. */
static bool is_meant(const struct verb *verb, const struct json_node *node)
{
    const struct json_node target = json_member(node, members[verb->about]);
    const char *text = cJSON_GetStringValue(target.item);

    if (verb->about == ABOUT_REVIEW)
        return text != NULL && is_numbered(text, "run_");
    return verb->about != ABOUT_GROUP || target.item != NULL;
}

static bool find_verb(const struct json_node *node, const struct verb **ret_verb, struct err *err)
{
    const char *name = "";

    if (!json_text(node, "verb", JSON_REQUIRED, NAME_MAX_LENGTH, &name, err))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0 && is_meant(&verbs[i], node)) {
            *ret_verb = &verbs[i];
            return true;
        }
    return refuse(node, "verb", "is no verb that a controller may use", err);
}

static bool check_keys(const struct json_node *node, const struct verb *verb, struct err *err)
{
    const char *names[3 + ARRAY_LENGTH(verbs[0].takes)] = {"id", "verb", members[verb->about]};
    size_t count = 3;

    for (size_t i = 0; verb->takes[i] != NULL; i++)
        names[count++] = verb->takes[i];
    return json_known_keys(node, names, count, err);
}

static void set_path(struct controller_order *order, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void set_path(struct controller_order *order, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(order->path, sizeof(order->path), format, arguments);
    va_end(arguments);
}

/* The task that reviews a plan is called so in a run of a stack. */
static bool take_review(const struct json_node *node, const char *run, struct controller_order *order,
                        struct err *err)
{
    const char *stage = NULL;
    const char *task = NULL;

    if (!json_text(node, "stage", JSON_OPTIONAL, NAME_MAX_LENGTH, &stage, err) ||
        !json_text(node, "task", JSON_OPTIONAL, NAME_MAX_LENGTH, &task, err))
        return false;
    if (stage != NULL && !text_is_name(stage))
        return refuse(node, "stage", "is no name", err);
    if (task != NULL && !text_is_name(task))
        return refuse(node, "task", "is no name", err);
    set_path(order, "/v1/runs/%s/tasks/%s/%s", run, stage == NULL ? "approve" : stage,
             task == NULL ? "approve" : task);
    return true;
}

static bool take_deployment(const struct json_node *node, const struct verb *verb, const char *text,
                            struct controller_order *order, struct err *err)
{
    char target[TARGET_SIZE];
    const char *environment = "";

    (void)snprintf(target, sizeof(target), "%s", text);
    if (is_numbered(text, "dep_"))
        set_path(order, "/v1/deployments/%s%s", text, verb->tail);
    else if (verb->about == ABOUT_DEPLOYMENT_OR_RUN && is_numbered(text, "run_"))
        set_path(order, "/v1/runs/%s%s", text, verb->tail);
    else if (split(target, &environment))
        set_path(order, "/v1/deployments/%s/%s%s", target, environment, verb->tail);
    else
        return refuse(node, "deployment", "is neither dep_N nor SERVICE/ENV", err);
    return true;
}

/* SERVICE/ENV or STACK/ENV, in the path or in the body. */
static bool take_place(const struct json_node *node, const struct verb *verb, const char *text, cJSON *body,
                       struct controller_order *order, struct err *err)
{
    const bool is_stack = verb->about == ABOUT_STACK;
    char target[TARGET_SIZE];
    const char *environment = "";

    (void)snprintf(target, sizeof(target), "%s", text);
    if (!split(target, &environment))
        return refuse(node, members[verb->about], is_stack ? "is not STACK/ENV" : "is not SERVICE/ENV", err);
    if (verb->about == ABOUT_SERVICE) {
        set_path(order, "/v1/services/%s/%s%s", target, environment, verb->tail);
        return true;
    }
    cJSON_AddStringToObject(body, is_stack ? "stack" : "service", target);
    cJSON_AddStringToObject(body, "environment", environment);
    if (is_stack)
        cJSON_AddStringToObject(body, "verb", verb->word);
    set_path(order, "%s", verb->tail);
    return true;
}

static bool take_name(const struct json_node *node, const struct verb *verb, const char *text, cJSON *body,
                      struct controller_order *order, struct err *err)
{
    if (!text_is_name(text))
        return refuse(node, members[verb->about], "is no name", err);
    cJSON_AddStringToObject(body, members[verb->about], text);
    set_path(order, "%s", verb->tail);
    return true;
}

static bool take_target(const struct json_node *node, const struct verb *verb, cJSON *body,
                        struct controller_order *order, struct err *err)
{
    const char *text = "";

    if (!json_text(node, members[verb->about], JSON_REQUIRED, TARGET_SIZE - 1, &text, err))
        return false;
    order->method = verb->about == ABOUT_ENTRY ? "DELETE" : "POST";
    switch (verb->about) {
    case ABOUT_DEPLOYMENT:
    case ABOUT_DEPLOYMENT_OR_RUN:
        return take_deployment(node, verb, text, order, err);
    case ABOUT_REVIEW:
        return take_review(node, text, order, err);
    case ABOUT_SERVICE:
    case ABOUT_PLACE:
    case ABOUT_STACK:
        return take_place(node, verb, text, body, order, err);
    case ABOUT_PIPELINE:
    case ABOUT_GROUP:
        return take_name(node, verb, text, body, order, err);
    case ABOUT_ENTRY:
        if (!is_id(text) || text[0] == '.')
            return refuse(node, "entry", "is no id of an entry in quarantine", err);
        set_path(order, "%s/%s", verb->tail, text);
        return true;
    }
    return false;
}

/* Of a group: what each of its services gets. */
static bool take_texts(const struct json_node *object, cJSON *to, struct err *err)
{
    for (struct json_node one = json_first(object); one.item != NULL; one = json_next(object, &one)) {
        const char *text = "";
        if (!json_as_text(&one, TEXT_MAX, &text, err))
            return false;
        cJSON_AddStringToObject(to, json_name(&one), text);
    }
    return true;
}

/* Texts and flags as they are; what they must look like is the API's part. */
static bool take_member(const struct json_node *node, const char *name, cJSON *body, struct err *err)
{
    const struct json_node member = json_member(node, name);
    bool holds_texts = strcmp(name, "versions") == 0 || strcmp(name, "digests") == 0;
    const char *text = NULL;

    if (member.item == NULL)
        return true;
    if (cJSON_IsBool(member.item))
        cJSON_AddBoolToObject(body, name, cJSON_IsTrue(member.item));
    else if (strcmp(name, "weight") == 0 && cJSON_IsNumber(member.item))
        cJSON_AddNumberToObject(body, name, member.item->valuedouble);
    else if (holds_texts && cJSON_IsObject(member.item))
        return take_texts(&member, cJSON_AddObjectToObject(body, name), err);
    else if (json_text(node, name, JSON_REQUIRED, TEXT_MAX, &text, err))
        cJSON_AddStringToObject(body, name, text);
    else
        return false;
    return true;
}

/* An answer to a task has other names than an approval of a deployment. */
static bool take_answer(const struct json_node *node, const struct verb *verb, cJSON *body, struct err *err)
{
    const char *plan = NULL;
    const char *comment = NULL;

    if (!json_text(node, "plan", JSON_OPTIONAL, TEXT_MAX, &plan, err) ||
        !json_text(node, "comment", JSON_OPTIONAL, TEXT_MAX, &comment, err))
        return false;
    cJSON_AddStringToObject(body, "result", verb->word);
    if (plan != NULL)
        cJSON_AddStringToObject(cJSON_AddObjectToObject(body, "outputs"), "plan", plan);
    if (comment != NULL)
        cJSON_AddStringToObject(body, "reason", comment);
    return true;
}

static bool take_members(const struct json_node *node, const struct verb *verb, cJSON *body, struct err *err)
{
    if (verb->about == ABOUT_REVIEW)
        return take_answer(node, verb, body, err);
    for (size_t i = 0; verb->takes[i] != NULL; i++)
        if (!take_member(node, verb->takes[i], body, err))
            return false;
    if (verb->about == ABOUT_DEPLOYMENT && verb->word != NULL)
        cJSON_AddStringToObject(body, "decision", verb->word);
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
