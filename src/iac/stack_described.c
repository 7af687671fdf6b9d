/* stack_described.c - which status means what.
 * SPDX-License-Identifier: MIT */
#include "iac/stack_described.h"

#include <string.h>

static const struct {
    const char *status;
    enum stack_phase phase;
} phases[] = {
    {"DELETE_COMPLETE", STACK_ABSENT},           {"REVIEW_IN_PROGRESS", STACK_IN_VIEW},
    {"CREATE_COMPLETE", STACK_SETTLED},          {"UPDATE_COMPLETE", STACK_SETTLED},
    {"UPDATE_ROLLBACK_COMPLETE", STACK_SETTLED}, {"IMPORT_COMPLETE", STACK_SETTLED},
    {"IMPORT_ROLLBACK_COMPLETE", STACK_SETTLED},
};

enum stack_phase stack_phase_of(const char *status)
{
    static const char busy[] = "_IN_PROGRESS";
    size_t length = strlen(status);
    size_t tail = sizeof(busy) - 1;

    for (size_t i = 0; i < ARRAY_LENGTH(phases); i++)
        if (strcmp(phases[i].status, status) == 0)
            return phases[i].phase;
    return length > tail && strcmp(status + length - tail, busy) == 0 ? STACK_BUSY : STACK_BROKEN;
}

void stack_described_done(struct stack_described *facts)
{
    xml_free(facts->xml);
    *facts = (struct stack_described){.phase = STACK_ABSENT};
}

static bool take_facts(struct stack_described *facts, struct err *err)
{
    facts->member = xml_find(xml_root(facts->xml), "DescribeStacksResult/Stacks/member");
    const char *id = xml_text(facts->member, "StackId");
    const char *status = xml_text(facts->member, "StackStatus");
    const char *protection = xml_text(facts->member, "EnableTerminationProtection");

    if (id == NULL || status == NULL || facts->member->next != NULL ||
        !text_copy(facts->id, sizeof(facts->id), id) ||
        !text_copy(facts->status, sizeof(facts->status), status))
        return err_set(err, ERR_PROTOCOL, "CloudFormation describes something else than was asked for");
    facts->phase = stack_phase_of(status);
    facts->is_protected = protection != NULL && strcmp(protection, "true") == 0;
    return true;
}

bool stack_describe(struct amazon *amazon, const char *name, struct stack_described *ret_stack,
                    struct err *err)
{
    CLEANUP(amazon_form_done) struct amazon_form form;
    struct stack_described facts = {.phase = STACK_ABSENT};

    amazon_form_init(&form, "DescribeStacks");
    amazon_form_add(&form, "StackName", name);
    if (!amazon_ask(amazon, &form, &facts.xml, err)) {
        if (!amazon_refused_with(amazon, "ValidationError", "does not exist"))
            return false;
    } else if (!take_facts(&facts, err)) {
        stack_described_done(&facts);
        return false;
    }
    if (facts.phase == STACK_ABSENT)
        stack_described_done(&facts);
    *ret_stack = facts;
    return true;
}

bool stack_describe_idle(struct amazon *amazon, const char *name, struct stack_described *ret_stack,
                         struct err *err)
{
    struct amazon_pace pace = {0};
    int64_t waited_ms = 0;

    for (;;) {
        struct stack_described facts;
        if (!stack_describe(amazon, name, &facts, err))
            return false;
        if (facts.phase != STACK_BUSY) {
            *ret_stack = facts;
            return true;
        }
        bool is_late = waited_ms >= WORK_LOCK_MS;
        if (is_late)
            (void)err_set(err, ERR_CONFLICT, "the stack %s is %s for %d s already", name, facts.status,
                          WORK_LOCK_MS / 1000);
        stack_described_done(&facts);
        if (is_late)
            return false;
        if (!amazon_pause(amazon, &pace))
            return err_set(err, ERR_UNAVAILABLE, "interrupted before the stack %s was free", name);
        waited_ms += pace.wait_ms;
    }
}

bool stack_hides(const struct stack_described *facts, const char *parameter)
{
    const struct xml_element *list = xml_find(facts->member, "Parameters");

    for (const struct xml_element *one = list == NULL ? NULL : list->first; one != NULL; one = one->next) {
        const char *key = xml_text(one, "ParameterKey");
        const char *value = xml_text(one, "ParameterValue");
        if (key != NULL && value != NULL && strcmp(key, parameter) == 0)
            return strcmp(value, "****") == 0;
    }
    return false;
}
