/* cloudformation_destroy.c - a plan that lists what there is, and the end of exactly that.
 * SPDX-License-Identifier: MIT */
#include "iac/blueprint.h"
#include "iac/canonical.h"
#include "iac/cloudformation.h"
#include "iac/report.h"
#include "iac/stack_plan.h"
#include "iac/stack_watch.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NEXT_SIZE = 2048 };

/* What makes a resource the same one; its states come and go. */
static const char *const kept[] = {"LogicalResourceId", "PhysicalResourceId", "ResourceType"};

static const char *text_of(const struct xml_element *from, const char *name)
{
    const char *text = xml_text(from, name);

    return text == NULL ? "" : text;
}

/* ---- what there is ---- */

static void add_resources(cJSON *all, const struct xml_element *list)
{
    for (const struct xml_element *one = list == NULL ? NULL : list->first; one != NULL; one = one->next) {
        if (strcmp(text_of(one, "ResourceStatus"), "DELETE_COMPLETE") == 0)
            continue;
        cJSON *resource = cJSON_CreateObject();
        for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
            (void)cJSON_AddStringToObject(resource, kept[i], text_of(one, kept[i]));
        (void)cJSON_AddItemToArray(all, resource);
    }
}

static bool list_page(struct amazon *amazon, const char *stack, cJSON *all, char next[NEXT_SIZE],
                      struct err *err)
{
    CLEANUP(amazon_form_done) struct amazon_form form;
    CLEANUP(xml_free_at) struct xml *answer = NULL;

    amazon_form_init(&form, "ListStackResources");
    amazon_form_add(&form, "StackName", stack);
    if (next[0] != '\0')
        amazon_form_add(&form, "NextToken", next);
    if (!amazon_ask(amazon, &form, &answer, err))
        return false;
    const struct xml_element *result = xml_find(xml_root(answer), "ListStackResourcesResult");
    if (result == NULL || !text_copy(next, NEXT_SIZE, text_of(result, "NextToken")))
        return err_set(err, ERR_PROTOCOL, "CloudFormation lists what is no list of resources");
    add_resources(all, xml_find(result, "StackResourceSummaries"));
    return true;
}

/* NULL: *err. */
static cJSON *list_resources(struct amazon *amazon, const char *stack, struct err *err)
{
    cJSON *all = cJSON_CreateArray();
    char next[NEXT_SIZE] = "";
    bool is_good = true;
    unsigned pages = 0;

    do {
        is_good = list_page(amazon, stack, all, next, err);
    } while (is_good && next[0] != '\0' && ++pages < AMAZON_PAGES_MAX);
    if (is_good && next[0] == '\0') {
        canonical_sort(all);
        return all;
    }
    cJSON_Delete(all);
    if (is_good)
        (void)err_set(err, ERR_LIMIT, "more than %d pages of resources", AMAZON_PAGES_MAX);
    return NULL;
}

bool cloudformation_count(struct amazon *amazon, const char *stack, size_t *ret_count, struct err *err)
{
    cJSON *all = list_resources(amazon, stack, err);

    if (all == NULL)
        return false;
    *ret_count = (size_t)cJSON_GetArraySize(all);
    cJSON_Delete(all);
    return true;
}

/* malloc'ed; NULL: *err. */
static char *text_of_plan(const struct job *job, struct amazon *amazon, const char *name, const char *stack,
                          struct err *err)
{
    const struct stack_plan_head head = {.kind = STACK_PLAN_DELETE,
                                         .region = job->settings.region,
                                         .profile = job->settings.profile,
                                         .role = job->settings.role,
                                         .name = name,
                                         .stack = stack};
    cJSON *resources = stack[0] == '\0' ? cJSON_CreateArray() : list_resources(amazon, stack, err);

    return resources == NULL ? NULL : stack_plan_text(&head, NULL, resources);
}

/* ---- plan ---- */

static void tell_resources(const struct job *job, const char *text, bool has_stack)
{
    CLEANUP(json_free_at) cJSON *tree = cJSON_CreateNull();
    struct report_shown shown = {0};
    struct plan_counts counts = {.outputs = 0};
    struct err err = {0};
    const cJSON *one = NULL;
    cJSON *read = NULL;

    if (json_parse(text, strlen(text), NULL, &read, &err)) {
        json_free(tree);
        tree = read;
    }
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(tree, "resources"))
    {
        counts.of[PLAN_DELETE]++;
        report_change(&shown, PLAN_DELETE, json_text_of(one, "LogicalResourceId"),
                      json_text_of(one, "ResourceType"));
    }
    report_summary(job, &shown, &counts);
    report_counts(job, &counts, has_stack);
    job_tell_number(job, IAC_OUTPUT_RESOURCES, counts.of[PLAN_DELETE]);
}

static bool find_stack(struct job *job, struct amazon *amazon, char name[STACK_NAME_MAX + 1],
                       struct stack_described *facts, struct err *err)
{
    CLEANUP(blueprint_done) struct blueprint blueprint = {0};

    if (!job->tool->place(job, &blueprint, err) || !stack_describe_idle(amazon, blueprint.name, facts, err))
        return false;
    (void)snprintf(name, STACK_NAME_MAX + 1, "%s", blueprint.name);
    return !facts->is_protected ||
           err_set(err, ERR_INVALID, "the stack %s has its termination protection on", name);
}

enum iac_exit cloudformation_plan_destroy(struct job *job)
{
    CLEANUP(amazon_close_at) struct amazon *amazon = NULL;
    CLEANUP(stack_described_done) struct stack_described facts = {.phase = STACK_ABSENT};
    CLEANUP(memory_free_at) char *text = NULL;
    char name[STACK_NAME_MAX + 1];
    struct err err = {0};

    work_sweep(&job->work);
    if (!amazon_open(job, &amazon, &err) || !find_stack(job, amazon, name, &facts, &err))
        return job_complain(job, &err);
    bool is_there = facts.phase != STACK_ABSENT && facts.phase != STACK_IN_VIEW;
    text = text_of_plan(job, amazon, name, is_there ? facts.id : "", &err);
    if (text == NULL || !stack_plan_save(job, text, &err))
        return job_complain(job, &err);
    tell_resources(job, text, is_there);
    return IAC_EXIT_DONE;
}

/* ---- destroy ---- */

static bool get_template(struct amazon *amazon, const char *stack, struct xml **ret_answer, struct err *err)
{
    CLEANUP(amazon_form_done) struct amazon_form form;

    amazon_form_init(&form, "GetTemplate");
    amazon_form_add(&form, "StackName", stack);
    return amazon_ask(amazon, &form, ret_answer, err);
}

static bool write_archive(const struct job *job, const cJSON *archive, struct err *err)
{
    CLEANUP(memory_free_at) char *text = json_print_pretty(archive);
    size_t length = strlen(text);
    int fd = work_archive(&job->work, job->run, err);

    if (fd < 0)
        return false;
    bool is_good = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    (void)close(fd);
    return is_good || err_set(err, ERR_IO, "archive/%s cannot be written", job->run);
}

/* What it would take to make it again: its template, and how it was described. */
static bool archive(const struct job *job, struct amazon *amazon, const struct stack_described *facts,
                    const struct stack_plan *plan, struct err *err)
{
    CLEANUP(xml_free_at) struct xml *answer = NULL;
    CLEANUP(json_free_at) cJSON *whole = cJSON_CreateObject();

    if (!get_template(amazon, plan->head.stack, &answer, err))
        return false;
    cJSON *described = canonical_of(facts->member, err);
    if (described == NULL)
        return false;
    (void)cJSON_AddItemToObject(whole, "stack", described);
    (void)cJSON_AddItemToObject(
        whole, "resources", cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(plan->tree, "resources"), true));
    (void)cJSON_AddStringToObject(whole, "template",
                                  text_of(xml_root(answer), "GetTemplateResult/TemplateBody"));
    if (!write_archive(job, whole, err))
        return false;
    (void)printf("the stack as it was is kept as archive/%s of %s/%s\n", job->run, job->stack,
                 job->environment);
    return true;
}

static bool send_deletion(struct amazon *amazon, const struct stack_plan *plan, const char *token,
                          struct err *err)
{
    CLEANUP(amazon_form_done) struct amazon_form form;
    CLEANUP(xml_free_at) struct xml *answer = NULL;

    amazon_see_through(amazon, AMAZON_LONG_PATIENCE_MS);
    amazon_form_init(&form, "DeleteStack");
    amazon_form_add(&form, "StackName", plan->head.stack);
    amazon_form_add(&form, "ClientRequestToken", token);
    if (plan->head.role[0] != '\0')
        amazon_form_add(&form, "RoleARN", plan->head.role);
    return amazon_ask(amazon, &form, &answer, err);
}

static enum iac_exit delete_stack(struct job *job, struct amazon *amazon, const struct stack_plan *plan)
{
    char token[WATCH_TOKEN_SIZE];
    struct stack_end last = {.reason = ""};
    struct err err = {0};

    (void)snprintf(token, sizeof(token), "verdict-%s", strchr(job->approved, ':') + 1);
    const struct stack_watch watch = {.stack = plan->head.stack, .token = token};
    if (invocation_is_interrupted(&job->signals))
        (void)err_set(&err, ERR_UNAVAILABLE, "interrupted before anything was deleted");
    else if (send_deletion(amazon, plan, token, &err))
        (void)!stack_watch(job, amazon, &watch, &last, &err);
    if (err.code != ERR_NONE)
        return job_complain(job, &err);
    if (strcmp(last.status, "DELETE_COMPLETE") == 0)
        return IAC_EXIT_DONE;
    (void)fprintf(stderr, "verdict-iac: the stack %s is %s: %s\n", plan->head.name, last.status, last.reason);
    return IAC_EXIT_FAILED;
}

/* The stack is there, and is what was approved to be taken away. */
static enum iac_exit destroy(struct job *job, struct amazon *amazon, const struct stack_plan *plan)
{
    CLEANUP(stack_described_done) struct stack_described facts = {.phase = STACK_ABSENT};
    struct err err = {0};

    if (!stack_describe_idle(amazon, plan->head.stack, &facts, &err))
        return job_complain(job, &err);
    if (facts.phase == STACK_ABSENT)
        return IAC_EXIT_STALE;
    CLEANUP(memory_free_at)
    char *text = text_of_plan(job, amazon, plan->head.name, plan->head.stack, &err);
    if (text == NULL)
        return job_complain(job, &err);
    if (strcmp(text, plan->text) != 0)
        return IAC_EXIT_STALE;
    if (!archive(job, amazon, &facts, plan, &err))
        return job_complain(job, &err);
    return delete_stack(job, amazon, plan);
}

static enum iac_exit destroy_plan(struct job *job, const struct stack_plan *plan)
{
    CLEANUP(amazon_close_at) struct amazon *amazon = NULL;
    struct err err = {0};

    job->settings.region = plan->head.region;
    job->settings.profile = plan->head.profile[0] == '\0' ? NULL : plan->head.profile;
    job->settings.role = plan->head.role[0] == '\0' ? NULL : plan->head.role;
    if (plan->head.stack[0] == '\0')
        return IAC_EXIT_DONE;
    return amazon_open(job, &amazon, &err) ? destroy(job, amazon, plan) : job_complain(job, &err);
}

enum iac_exit cloudformation_destroy(struct job *job)
{
    CLEANUP(stack_plan_done) struct stack_plan plan = {0};
    enum iac_exit end = stack_plan_load_approved(job, STACK_PLAN_DELETE, &plan) ? destroy_plan(job, &plan)
                                                                                : IAC_EXIT_OTHER_PLAN;

    if (end == IAC_EXIT_DONE)
        job_tell_number(job, IAC_OUTPUT_RESOURCES, 0);
    stack_plan_remove(job);
    return end;
}
