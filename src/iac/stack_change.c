/* stack_change.c - from the template to the description of what it would change.
 * SPDX-License-Identifier: MIT */
#include "iac/stack_change.h"

#include "iac/stack_request.h"
#include "io/digest.h"

#include <stdio.h>
#include <string.h>

enum { RANDOM_SIZE = 8, SET_NAME_SIZE = 128, NEXT_SIZE = 2048, MAKE_MS = 30 * 60 * 1000, STATE_SIZE = 32 };

void stack_change_done(struct stack_change *change)
{
    change_set_done(&change->set);
}

static const char *text_of(const struct xml_element *from, const char *name)
{
    const char *text = xml_text(from, name);

    return text == NULL ? "" : text;
}

/* ---- described ---- */

/* One page; ret_answer->root's first element is the result. */
static bool describe(struct amazon *amazon, const char *arn, const char *next, struct xml **ret_answer,
                     struct err *err)
{
    CLEANUP(amazon_form_done) struct amazon_form form;

    amazon_form_init(&form, "DescribeChangeSet");
    amazon_form_add(&form, "ChangeSetName", arn);
    if (next[0] != '\0')
        amazon_form_add(&form, "NextToken", next);
    return amazon_ask(amazon, &form, ret_answer, err);
}

static bool read_pages(struct amazon *amazon, struct change_set *set, size_t which, struct err *err)
{
    char next[NEXT_SIZE] = "";

    for (unsigned page = 0; page < AMAZON_PAGES_MAX; page++) {
        CLEANUP(xml_free_at) struct xml *answer = NULL;
        if (!describe(amazon, set->nested[which].arn, next, &answer, err))
            return false;
        const struct xml_element *result = xml_find(xml_root(answer), "DescribeChangeSetResult");
        if (!change_set_add(set, which, result, err))
            return false;
        if (!text_copy(next, sizeof(next), text_of(result, "NextToken")))
            return err_set(err, ERR_PROTOCOL, "CloudFormation: a NextToken that is too long");
        if (next[0] == '\0')
            return true;
    }
    return err_set(err, ERR_LIMIT, "CloudFormation: a change set of more than %d pages", AMAZON_PAGES_MAX);
}

/* Nested ones turn up while those above them are read. */
static bool read_all(struct amazon *amazon, struct change_set *set, struct err *err)
{
    for (size_t i = 0; i < set->nested_count; i++)
        if (!read_pages(amazon, set, i, err))
            return false;
    change_set_end(set);
    return true;
}

bool stack_change_read(struct amazon *amazon, const char *arn, const char *stack,
                       struct stack_change *ret_change, bool *ret_is_stale, struct err *err)
{
    CLEANUP(xml_free_at) struct xml *answer = NULL;

    if (!describe(amazon, arn, "", &answer, err)) {
        *ret_is_stale = amazon_refused_with(amazon, "ChangeSetNotFound", "") ||
                        amazon_refused_with(amazon, "ValidationError", "does not exist");
        return *ret_is_stale;
    }
    const struct xml_element *result = xml_find(xml_root(answer), "DescribeChangeSetResult");
    *ret_is_stale = strcmp(text_of(result, "ExecutionStatus"), "AVAILABLE") != 0;
    if (*ret_is_stale)
        return true;
    struct stack_change change = {.arn = ""};
    (void)snprintf(change.arn, sizeof(change.arn), "%s", arn);
    (void)snprintf(change.stack, sizeof(change.stack), "%s", stack);
    change_set_init(&change.set, arn);
    if (!read_all(amazon, &change.set, err)) {
        stack_change_done(&change);
        return false;
    }
    *ret_change = change;
    return true;
}

/* ---- removed ---- */

static bool has_change_sets(struct amazon *amazon, const char *stack)
{
    CLEANUP(amazon_form_done) struct amazon_form form;
    CLEANUP(xml_free_at) struct xml *answer = NULL;
    struct err err = {0};

    amazon_form_init(&form, "ListChangeSets");
    amazon_form_add(&form, "StackName", stack);
    if (!amazon_ask(amazon, &form, &answer, &err))
        return true;
    const struct xml_element *all = xml_find(xml_root(answer), "ListChangeSetsResult/Summaries");
    return all == NULL || all->first != NULL;
}

static bool send_removal(struct amazon *amazon, const char *action, const char *name, const char *value,
                         struct err *err)
{
    CLEANUP(amazon_form_done) struct amazon_form form;
    CLEANUP(xml_free_at) struct xml *answer = NULL;

    amazon_form_init(&form, action);
    amazon_form_add(&form, name, value);
    return amazon_ask(amazon, &form, &answer, err) || amazon_refused_with(amazon, "ChangeSetNotFound", "") ||
           amazon_refused_with(amazon, "ValidationError", "does not exist");
}

void stack_change_remove(struct amazon *amazon, const char *arn, const char *stack)
{
    CLEANUP(stack_described_done) struct stack_described facts = {.phase = STACK_ABSENT};
    struct err err = {0};

    bool is_gone = send_removal(amazon, "DeleteChangeSet", "ChangeSetName", arn, &err) &&
                   stack_describe(amazon, stack, &facts, &err);
    if (is_gone && facts.phase == STACK_IN_VIEW && !has_change_sets(amazon, stack))
        is_gone = send_removal(amazon, "DeleteStack", "StackName", stack, &err);
    if (!is_gone)
        (void)fprintf(stderr, "verdict-iac: the change set %s stays: %s\n", arn, err.text);
}

/* ---- made ---- */

struct making {
    struct job *job;
    struct amazon *amazon;
    const struct blueprint *blueprint;
    struct stack_described facts;
    struct stack_change change;
};

static bool check_facts(const struct making *making, struct err *err)
{
    const struct stack_described *facts = &making->facts;

    if (facts->phase != STACK_BROKEN)
        return true;
    return err_set(err, ERR_INVALID,
                   strcmp(facts->status, "UPDATE_ROLLBACK_FAILED") == 0
                       ? "the stack %s is %s: its rollback must be continued or mended there first"
                       : "the stack %s is %s: it can only be deleted (verdict iac destroy) and made anew",
                   making->blueprint->name, facts->status);
}

/* Which parameters and capabilities has it? Says as well what is wrong with it. */
static bool summarize(const struct making *making, struct xml **ret_summary, struct err *err)
{
    CLEANUP(amazon_form_done) struct amazon_form form;

    amazon_form_init(&form, "GetTemplateSummary");
    amazon_form_add(&form, "TemplateBody", making->blueprint->text);
    return amazon_ask(making->amazon, &form, ret_summary, err) || err_wrap(err, "the template");
}

/* A name that nobody had before: whoever finds it taken has made it a moment ago. */
static void name_set(const struct job *job, char to[SET_NAME_SIZE])
{
    unsigned char random[RANDOM_SIZE];
    char hex[2 * RANDOM_SIZE + 1];

    digest_random(random, sizeof(random));
    digest_hex(random, sizeof(random), hex);
    (void)snprintf(to, SET_NAME_SIZE, "verdict-%.64s-%s", job->run, hex);
    for (char *at = to; *at != '\0'; at++)
        if (strchr("_.+~", *at) != NULL)
            *at = '-';
}

static bool send_set(struct making *making, const struct xml_element *summary, struct err *err)
{
    const struct stack_request request = {
        .job = making->job, .blueprint = making->blueprint, .facts = &making->facts, .summary = summary};
    CLEANUP(amazon_form_done) struct amazon_form form;
    CLEANUP(xml_free_at) struct xml *answer = NULL;
    bool is_new = making->facts.phase == STACK_ABSENT || making->facts.phase == STACK_IN_VIEW;
    char name[SET_NAME_SIZE];

    name_set(making->job, name);
    amazon_form_init(&form, "CreateChangeSet");
    amazon_form_add(&form, "StackName", making->blueprint->name);
    amazon_form_add(&form, "ChangeSetName", name);
    amazon_form_add(&form, "ClientToken", name);
    amazon_form_add(&form, "ChangeSetType", is_new ? "CREATE" : "UPDATE");
    amazon_form_add(&form, "IncludeNestedStacks", "true");
    amazon_form_add(&form, "TemplateBody", making->blueprint->text);
    if (making->job->settings.role != NULL)
        amazon_form_add(&form, "RoleARN", making->job->settings.role);
    if (!stack_request_add(&request, &form, err) || !amazon_ask(making->amazon, &form, &answer, err))
        return false;
    const struct xml_element *result = xml_find(xml_root(answer), "CreateChangeSetResult");
    return (text_copy(making->change.arn, AMAZON_ARN_SIZE, text_of(result, "Id")) &&
            text_copy(making->change.stack, AMAZON_ARN_SIZE, text_of(result, "StackId")) &&
            making->change.arn[0] != '\0') ||
           err_set(err, ERR_PROTOCOL, "CloudFormation: a change set without an ARN");
}

/* "arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID" */
static bool check_account(const struct making *making, struct err *err)
{
    const char *account = making->blueprint->account;
    const char *at = making->change.stack;

    for (unsigned colons = 0; colons < 4 && at != NULL; colons++)
        at = strchr(at, ':') == NULL ? NULL : strchr(at, ':') + 1;
    bool is_there = at != NULL && strncmp(at, account, strlen(account)) == 0 && at[strlen(account)] == ':';
    return account[0] == '\0' || is_there ||
           err_set(err, ERR_INVALID, "the stack belongs into the account %s, and these keys lead to %.12s",
                   account, at == NULL ? "none" : at);
}

/* *ret_is_empty: it failed because there is nothing to do. */
static bool wait_for_set(struct making *making, bool *ret_is_empty, struct err *err)
{
    struct amazon_pace pace = {0};
    int64_t waited_ms = 0;

    for (;;) {
        CLEANUP(xml_free_at) struct xml *answer = NULL;
        if (!describe(making->amazon, making->change.arn, "", &answer, err))
            return false;
        const struct xml_element *result = xml_find(xml_root(answer), "DescribeChangeSetResult");
        const char *status = text_of(result, "Status");
        const char *reason = text_of(result, "StatusReason");
        *ret_is_empty = strcmp(status, "FAILED") == 0 && change_set_is_empty_reason(reason);
        if (*ret_is_empty || (strcmp(status, "CREATE_COMPLETE") == 0 &&
                              strcmp(text_of(result, "ExecutionStatus"), "AVAILABLE") == 0))
            return true;
        if (strncmp(status, "CREATE_", 7) != 0)
            return err_set(err, ERR_INVALID, "the change set is %.40s: %.400s", status, reason);
        if (waited_ms > MAKE_MS)
            return err_set(err, ERR_TIMEOUT, "the change set is %.40s for %d min already", status,
                           MAKE_MS / 60000);
        if (!amazon_pause(making->amazon, &pace))
            return err_set(err, ERR_UNAVAILABLE, "interrupted before the change set was there");
        waited_ms += pace.wait_ms;
    }
}

static bool describe_set(struct making *making, struct err *err)
{
    bool is_empty = false;

    if (!check_account(making, err) || !wait_for_set(making, &is_empty, err))
        return false;
    if (!is_empty)
        return read_all(making->amazon, &making->change.set, err);
    stack_change_remove(making->amazon, making->change.arn, making->change.stack);
    making->change.arn[0] = '\0';
    return true;
}

bool stack_change_make(struct job *job, struct amazon *amazon, const struct blueprint *blueprint,
                       struct stack_change *ret_change, struct err *err)
{
    struct making making = {.job = job, .amazon = amazon, .blueprint = blueprint};
    CLEANUP(xml_free_at) struct xml *summary = NULL;

    bool is_sent = stack_describe_idle(amazon, blueprint->name, &making.facts, err) &&
                   check_facts(&making, err) && summarize(&making, &summary, err) &&
                   send_set(&making, xml_find(xml_root(summary), "GetTemplateSummaryResult"), err);
    stack_described_done(&making.facts);
    if (!is_sent)
        return false;
    change_set_init(&making.change.set, making.change.arn);
    if (describe_set(&making, err)) {
        *ret_change = making.change;
        return true;
    }
    amazon_see_through(amazon, AMAZON_PATIENCE_MS); /* also where it was interrupted */
    stack_change_remove(amazon, making.change.arn, making.change.stack);
    stack_change_done(&making.change);
    return false;
}
