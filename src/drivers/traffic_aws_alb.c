/* traffic_aws_alb.c - Amazon's application load balancers: the weights of two target groups in a rule or in a
 * listener's default action.
 * SPDX-License-Identifier: MIT
 *
 * Describe, ask for the candidate's health, modify, describe again. See README.md. */
#include "base/text.h"
#include "drivers/balancer_rule.h"
#include "drivers/lever.h"
#include "io/aws_client.h"
#include "io/memory.h"
#include "io/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USE_RULE, USE_LISTENER, USE_TARGET_GROUPS, USE_COUNT };
enum { ARN_SIZE = 512, ANSWER_MAX = 256 * 1024, FORM_SIZE = 32 * 1024, GROUPS = 2 };

struct traffic {
    struct lever lever;
    struct aws_client *client;
};

struct alb_order {
    struct lever_order head;
    char place[ARN_SIZE]; /* of the rule or the listener */
    bool is_listener;
    char groups[GROUPS][ARN_SIZE];
    struct balancer_split split;
    struct aws_call *call;
    char *actions; /* the form that changes it; NULL: not known yet */
};

static const struct option instance_options[AWS_OPTION_COUNT] = {AWS_OPTIONS(0)};

static const struct option use_options[USE_COUNT] = {
    [USE_RULE] = {.name = "rule",
                  .type = OPTION_TEXT,
                  .help = "ARN of the listener's rule whose weights are set"},
    [USE_LISTENER] = {.name = "listener",
                      .type = OPTION_TEXT,
                      .help = "ARN of the listener whose default action is meant, instead of a rule"},
    [USE_TARGET_GROUPS] = {.name = "target_groups",
                           .type = OPTION_LIST,
                           .is_required = true,
                           .min = GROUPS,
                           .max = GROUPS,
                           .help = "ARNs of the first and the second slot's target groups"},
};

static struct alb_order *alb_of(void *data)
{
    return data;
}

static void end(struct alb_order *order, const struct err *err)
{
    if (order->head.err.code == ERR_NONE)
        order->head.err = *err;
    lever_order_end(&order->head);
}

static void ask(struct alb_order *order, const char *form,
                void (*answered)(void *data, const struct aws_answer *answer))
{
    order->call =
        aws_call_start(lever_traffic(&order->head)->client, NULL, form, ANSWER_MAX, answered, order);
}

/* "Action=A&Version=...&NAME=VALUE" */
static void ask_about(struct alb_order *order, const char *action, const char *name, const char *value,
                      void (*answered)(void *data, const struct aws_answer *answer))
{
    char memory[4 * ARN_SIZE];
    struct text form;

    text_init(&form, memory, sizeof(memory));
    text_add(&form, "Action=%s&Version=2015-12-01&%s=", action, name);
    aws_form_add(&form, value);
    ask(order, memory, answered);
}

static void describe(struct alb_order *order, void (*answered)(void *data, const struct aws_answer *answer))
{
    if (order->is_listener)
        ask_about(order, "DescribeListeners", "ListenerArns.member.1", order->place, answered);
    else
        ask_about(order, "DescribeRules", "RuleArns.member.1", order->place, answered);
}

static bool read_answer(const struct aws_answer *answer, struct xml **ret_xml, struct err *err)
{
    if (answer->err.code != ERR_NONE) {
        *err = answer->err;
        return err_wrap(err, "the load balancer");
    }
    return xml_parse(answer->http->body, answer->http->length, ret_xml, err) ||
           err_set(err, ERR_PROTOCOL, "the load balancer answered what is not XML that we read");
}

/* The one rule or listener that was asked for, and its actions. */
static const struct xml_element *find_actions(const struct alb_order *order, const struct xml *xml,
                                              struct err *err)
{
    const struct xml_element *found =
        xml_find(xml_root(xml), order->is_listener ? "DescribeListenersResult/Listeners/member"
                                                   : "DescribeRulesResult/Rules/member");
    const char *arn = xml_text(found, order->is_listener ? "ListenerArn" : "RuleArn");
    const struct xml_element *actions = xml_find(found, order->is_listener ? "DefaultActions" : "Actions");

    if (arn == NULL || strcmp(arn, order->place) != 0 || actions == NULL || found->next != NULL) {
        (void)err_set(err, ERR_PROTOCOL, "the load balancer answered something else than was asked for");
        return NULL;
    }
    return actions;
}

static void read_back(void *data, const struct aws_answer *answer);

static void sent(void *data, const struct aws_answer *answer)
{
    struct alb_order *order = data;
    struct err err = {0};

    order->call = NULL;
    order->head.must_be_awaited = false;
    if (answer->err.code != ERR_NONE) {
        err = answer->err;
        (void)err_wrap(&err, "the load balancer");
    }
    if (err.code != ERR_NONE || order->head.err.code != ERR_NONE)
        end(order, &err);
    else
        describe(order, read_back);
}

static void modify(struct alb_order *order)
{
    order->head.must_be_awaited = true;
    ask(order, order->actions, sent);
}

/* Of a rehearsal the way back, of a step forward the candidate. */
static void health_told(void *data, const struct aws_answer *answer)
{
    struct alb_order *order = data;
    CLEANUP(xml_free_at) struct xml *xml = NULL;
    bool is_set = order->head.kind == LEVER_SET;
    const char *state = "";
    struct err err = {0};

    order->call = NULL;
    if (read_answer(answer, &xml, &err)) {
        const struct xml_element *result = xml_find(xml_root(xml), "DescribeTargetHealthResult");
        if (balancer_healthy(result, &state) == 0)
            (void)err_set(&err, ERR_UNAVAILABLE, "no healthy target %s (%.60s)",
                          is_set ? "in the candidate's group" : "to go back to", state);
    }
    if (err.code != ERR_NONE || order->head.err.code != ERR_NONE || !is_set)
        end(order, &err);
    else
        modify(order);
}

static bool make_form(struct alb_order *order, const struct xml_element *actions, struct err *err)
{
    char *memory = memory_take(FORM_SIZE);
    struct text form;

    text_init(&form, memory, FORM_SIZE);
    text_add(&form, "Action=%s&Version=2015-12-01&%s=", order->is_listener ? "ModifyListener" : "ModifyRule",
             order->is_listener ? "ListenerArn" : "RuleArn");
    aws_form_add(&form, order->place);
    if (!balancer_add_actions(actions, order->is_listener ? "DefaultActions" : "Actions", &order->split,
                              &form, err)) {
        free(memory);
        return false;
    }
    order->actions = memory;
    return true;
}

/* A way back goes also where the actions are not as they should be: it makes them so. */
static void begin_set(struct alb_order *order, const struct xml_element *actions)
{
    uint16_t share = 0;
    struct err err = {0};
    bool is_read = balancer_read(actions, &order->split, &share, &err);

    if (!is_read && order->head.share != 0) {
        (void)err_wrap(&err, "the load balancer's %s", order->is_listener ? "listener" : "rule");
        end(order, &err);
    } else if (is_read && share == order->head.share)
        end(order, &err);
    else if (!make_form(order, actions, &err))
        end(order, &err);
    else if (order->head.share > share) /* less for the candidate needs no health of it */
        ask_about(order, "DescribeTargetHealth", "TargetGroupArn", order->split.groups[1], health_told);
    else
        modify(order);
}

static void described(void *data, const struct aws_answer *answer)
{
    struct alb_order *order = data;
    CLEANUP(xml_free_at) struct xml *xml = NULL;
    const struct xml_element *actions = NULL;
    uint16_t share = 0;
    struct err err = {0};

    order->call = NULL;
    if (read_answer(answer, &xml, &err))
        actions = find_actions(order, xml, &err);
    if (actions != NULL && order->head.kind == LEVER_SET) {
        begin_set(order, actions);
        return;
    }
    if (actions == NULL || !balancer_read(actions, &order->split, &share, &err)) {
        if (actions != NULL)
            (void)err_wrap(&err, "the load balancer's %s", order->is_listener ? "listener" : "rule");
        end(order, &err);
        return;
    }
    order->head.share = share;
    if (order->head.kind == LEVER_REHEARSE)
        ask_about(order, "DescribeTargetHealth", "TargetGroupArn", order->split.groups[0], health_told);
    else
        end(order, &err);
}

static void read_back(void *data, const struct aws_answer *answer)
{
    struct alb_order *order = data;
    CLEANUP(xml_free_at) struct xml *xml = NULL;
    const struct xml_element *actions = NULL;
    uint16_t share = 0;
    struct err err = {0};

    order->call = NULL;
    if (read_answer(answer, &xml, &err))
        actions = find_actions(order, xml, &err);
    if (actions != NULL && balancer_read(actions, &order->split, &share, &err) && share != order->head.share)
        (void)err_set(&err, ERR_UNAVAILABLE, "asked for %.2f %%, read back %.2f %%",
                      order->head.share / 100.0, share / 100.0);
    end(order, &err);
}

static void begin(struct lever_order *head)
{
    describe(alb_of(head), described);
}

static void drop(struct lever_order *head)
{
    struct alb_order *order = alb_of(head);

    aws_call_cancel(order->call);
    order->call = NULL;
    free(order->actions);
    order->actions = NULL;
}

static bool take_arn(char *to, const char *text, const char *kind, struct err *err)
{
    return (strncmp(text, "arn:", 4) == 0 && strstr(text, kind) != NULL && text_copy(to, ARN_SIZE, text)) ||
           err_set(err, ERR_INVALID, "'%.120s' is no ARN with \"%s\"", text, kind);
}

static bool take_use(struct alb_order *order, const struct traffic_split *split, struct err *err)
{
    const char *rule = split->options[USE_RULE].text;
    const char *listener = split->options[USE_LISTENER].text;
    const struct option_value *groups = &split->options[USE_TARGET_GROUPS];

    if ((rule == NULL) == (listener == NULL))
        return err_set(err, ERR_INVALID, "takes a rule or a listener, one of them");
    if (split->slot_count > GROUPS || groups->list_length != GROUPS)
        return err_set(err, ERR_INVALID, "splits between two slots, each with its target group");
    order->is_listener = rule == NULL;
    for (size_t i = 0; i < GROUPS; i++) {
        if (!take_arn(order->groups[i], groups->list[i], ":targetgroup/", err))
            return false;
        order->split.groups[(i == 0) == (split->candidate == 0) ? 1 : 0] = order->groups[i];
    }
    return take_arn(order->place, rule != NULL ? rule : listener,
                    rule != NULL ? ":listener-rule/" : ":listener/", err) &&
           (order->head.kind != LEVER_SET || balancer_weights(order->head.share, order->split.weights, err));
}

static void prepare(struct lever_order *head, const struct traffic_split *split)
{
    (void)!take_use(alb_of(head), split, &head->err);
}

static const struct lever_type orders = {
    .size = sizeof(struct alb_order),
    .prepare = prepare,
    .begin = begin,
    .drop = drop,
};

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    struct aws_client *client = NULL;

    if (!aws_client_new(env->loop, env->http, "elasticloadbalancing", options, &client, err))
        return false;
    struct traffic *traffic = memory_take(sizeof(*traffic));
    lever_init(&traffic->lever, env, "aws_alb", name, &orders);
    traffic->client = client;
    *ret_traffic = traffic;
    return true;
}

static void close_traffic(struct traffic *traffic)
{
    lever_done(&traffic->lever);
    aws_client_free(traffic->client);
    free(traffic);
}

const struct traffic_type traffic_aws_alb = {
    .name = "aws_alb",
    .instance_options = instance_options,
    .instance_option_count = AWS_OPTION_COUNT,
    .use_options = use_options,
    .use_option_count = USE_COUNT,
    .open = open_traffic,
    .close = close_traffic,
    .rehearse = lever_rehearse,
    .set = lever_set,
    .read = lever_read,
    .has_persisted = lever_has_persisted, /* The load balancer keeps what it was told. */
};
