/* balancer_rule.c - actions unfolded into a form, weights read and set.
 * SPDX-License-Identifier: MIT */
#include "drivers/balancer_rule.h"

#include "base/text.h"
#include "io/aws_error.h"
#include "io/xml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHARE_MAX = 10000, NAME_SIZE = 256 };

bool balancer_weights(uint16_t share, unsigned ret_weights[2], struct err *err)
{
    static const unsigned scales[] = {100, 1, 1000, 10, 200, 400, 500, 250, 625, 800};

    for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++) {
        unsigned second = share * scales[i] / SHARE_MAX;
        unsigned first = scales[i] - second;
        if (share * scales[i] % SHARE_MAX != 0 || first > BALANCER_WEIGHT_MAX || second > BALANCER_WEIGHT_MAX)
            continue;
        ret_weights[0] = first;
        ret_weights[1] = second;
        return true;
    }
    return err_set(err, ERR_INVALID,
                   "no weights of 0 to %d are %.2f %%; whole tenths of a percent are possible",
                   BALANCER_WEIGHT_MAX, share / 100.0);
}

static bool is_forward(const struct xml_element *action)
{
    const char *type = xml_text(action, "Type");

    return type != NULL && strcmp(type, "forward") == 0;
}

static const struct xml_element *find_forward(const struct xml_element *actions, struct err *err)
{
    for (const struct xml_element *action = actions->first; action != NULL; action = action->next)
        if (is_forward(action))
            return action;
    (void)err_set(err, ERR_NOT_FOUND, "it does not forward to target groups");
    return NULL;
}

/* What one group gets, added to its side; others may get nothing. */
static bool take_group(const struct xml_element *group, const struct balancer_split *split, bool is_named[2],
                       int64_t weights[2], struct err *err)
{
    const char *arn = xml_text(group, "TargetGroupArn");
    const char *text = xml_text(group, "Weight");
    int64_t weight = 0;

    if (arn == NULL || (text != NULL && !text_to_integer(text, 0, BALANCER_WEIGHT_MAX, &weight)))
        return err_set(err, ERR_INVALID, "its weights are none");
    if (text == NULL)
        weight = 1;
    for (size_t i = 0; i < 2; i++)
        if (strcmp(arn, split->groups[i]) == 0) {
            is_named[i] = true;
            weights[i] += weight;
            return true;
        }
    return weight == 0 ||
           err_set(err, ERR_INVALID, "it forwards to another target group as well: %.120s", arn);
}

bool balancer_read(const struct xml_element *actions, const struct balancer_split *split, uint16_t *ret_share,
                   struct err *err)
{
    const struct xml_element *forward = find_forward(actions, err);
    const struct xml_element *groups = xml_find(forward, "ForwardConfig/TargetGroups");
    bool is_named[2] = {false, false};
    int64_t weights[2] = {0, 0};

    if (forward == NULL)
        return false;
    if (groups == NULL && !take_group(forward, split, is_named, weights, err)) /* the short way: one group */
        return false;
    for (const struct xml_element *group = groups == NULL ? NULL : groups->first; group != NULL;
         group = group->next)
        if (!take_group(group, split, is_named, weights, err))
            return false;
    for (size_t i = 0; i < 2; i++)
        if (!is_named[i])
            return err_set(err, ERR_NOT_FOUND, "it does not forward to %.160s; give it the weight 0 there",
                           split->groups[i]);
    if (weights[0] + weights[1] == 0)
        return err_set(err, ERR_INVALID, "both target groups have the weight 0");
    *ret_share = (uint16_t)lround((double)weights[1] * SHARE_MAX / (double)(weights[0] + weights[1]));
    return true;
}

/* ---- the form ---- */

static void add_pair(struct text *form, const char *name, const char *value)
{
    text_add(form, "&%s=", name);
    aws_form_add(form, value);
}

static bool is_listed(const struct xml_element *element)
{
    return strcmp(element->name, "member") == 0 || strcmp(element->name, "entry") == 0;
}

/* An element with all below it, named by the path of names; members and entries by their numbers. As deep as
 * the XML is, at most XML_DEPTH_MAX. */
static bool add_element(const struct xml_element *element, const char *name, struct text *form,
                        struct err *err)
{
    unsigned number = 0;

    if (element->first == NULL)
        add_pair(form, name, element->text);
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        char memory[NAME_SIZE];
        struct text path;
        text_init(&path, memory, sizeof(memory));
        text_add(&path, "%s.%s", name, child->name);
        if (is_listed(child))
            text_add(&path, ".%u", ++number);
        if (path.is_cut)
            return err_set(err, ERR_LIMIT, "its actions are deeper than we send");
        if (!add_element(child, memory, form, err))
            return false;
    }
    return true;
}

static void add_groups(const struct balancer_split *split, const char *name, struct text *form)
{
    for (size_t i = 0; i < 2; i++) {
        text_add(form, "&%s.ForwardConfig.TargetGroups.member.%zu.Weight=%u", name, i + 1, split->weights[i]);
        text_add(form, "&%s.ForwardConfig.TargetGroups.member.%zu.TargetGroupArn=", name, i + 1);
        aws_form_add(form, split->groups[i]);
    }
}

/* The secret of a client is never told; the one that is there stays. */
static void add_secret(const struct xml_element *action, const char *name, struct text *form)
{
    if (xml_find(action, "AuthenticateOidcConfig") != NULL &&
        xml_find(action, "AuthenticateOidcConfig/UseExistingClientSecret") == NULL)
        text_add(form, "&%s.AuthenticateOidcConfig.UseExistingClientSecret=true", name);
}

static bool is_replaced(const struct xml_element *action, const struct xml_element *field)
{
    return is_forward(action) &&
           (strcmp(field->name, "ForwardConfig") == 0 || strcmp(field->name, "TargetGroupArn") == 0);
}

static bool add_field(const struct xml_element *field, const char *action, struct text *form, struct err *err)
{
    char memory[NAME_SIZE];
    struct text path;

    text_init(&path, memory, sizeof(memory));
    text_add(&path, "%s.%s", action, field->name);
    return path.is_cut ? err_set(err, ERR_LIMIT, "its actions are deeper than we send")
                       : add_element(field, memory, form, err);
}

static bool add_action(const struct xml_element *action, const char *name, const struct balancer_split *split,
                       struct text *form, struct err *err)
{
    const struct xml_element *stickiness = xml_find(action, "ForwardConfig/TargetGroupStickinessConfig");
    char config[NAME_SIZE];
    struct text path;

    for (const struct xml_element *field = action->first; field != NULL; field = field->next)
        if (!is_replaced(action, field) && !add_field(field, name, form, err))
            return false;
    add_secret(action, name, form);
    if (!is_forward(action))
        return true;
    add_groups(split, name, form);
    text_init(&path, config, sizeof(config));
    text_add(&path, "%s.ForwardConfig", name);
    return stickiness == NULL || add_field(stickiness, config, form, err);
}

bool balancer_add_actions(const struct xml_element *actions, const char *prefix,
                          const struct balancer_split *split, struct text *form, struct err *err)
{
    char name[NAME_SIZE];
    unsigned number = 0;

    if (find_forward(actions, err) == NULL)
        return false;
    for (const struct xml_element *action = actions->first; action != NULL; action = action->next) {
        if (++number > BALANCER_ACTIONS_MAX)
            return err_set(err, ERR_LIMIT, "it has more than %d actions", BALANCER_ACTIONS_MAX);
        (void)snprintf(name, sizeof(name), "%.60s.member.%u", prefix, number);
        if (!add_action(action, name, split, form, err))
            return false;
    }
    return !form->is_cut || err_set(err, ERR_LIMIT, "its actions are longer than we send");
}

unsigned balancer_healthy(const struct xml_element *result, const char **ret_state)
{
    const struct xml_element *targets = xml_find(result, "TargetHealthDescriptions");
    unsigned count = 0;

    *ret_state = "it has none";
    for (const struct xml_element *target = targets == NULL ? NULL : targets->first; target != NULL;
         target = target->next) {
        const char *state = xml_text(target, "TargetHealth/State");
        if (state != NULL && strcmp(state, "healthy") == 0)
            count++;
        else if (state != NULL)
            *ret_state = state;
    }
    return count;
}
