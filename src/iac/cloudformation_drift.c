/* cloudformation_drift.c - what is there and what was made.
 * SPDX-License-Identifier: MIT */
#include "iac/blueprint.h"
#include "iac/cloudformation.h"
#include "iac/stack_described.h"

#include <stdio.h>
#include <string.h>

enum { NEXT_SIZE = 2048, ID_SIZE = 128, DETECT_MS = 30 * 60 * 1000 };

static const char *text_of(const struct xml_element *from, const char *name)
{
    const char *text = xml_text(from, name);

    return text == NULL ? "" : text;
}

/* One detection at a time: another one is waited for. */
static bool begin(struct amazon *amazon, const char *stack, char id[ID_SIZE], struct err *err)
{
    struct amazon_pace pace = {0};
    int64_t waited_ms = 0;

    for (;;) {
        CLEANUP(amazon_form_done) struct amazon_form form;
        CLEANUP(xml_free_at) struct xml *answer = NULL;
        amazon_form_init(&form, "DetectStackDrift");
        amazon_form_add(&form, "StackName", stack);
        if (amazon_ask(amazon, &form, &answer, err))
            return text_copy(id, ID_SIZE,
                             text_of(xml_root(answer), "DetectStackDriftResult/StackDriftDetectionId")) ||
                   err_set(err, ERR_PROTOCOL, "CloudFormation: a detection without an id");
        if (!amazon_refused_with(amazon, "OperationInProgress", "") &&
            !amazon_refused_with(amazon, "ValidationError", "already in progress"))
            return false;
        if (waited_ms > WORK_LOCK_MS)
            return err_set(err, ERR_CONFLICT, "somebody else looks for drift for %d s already",
                           WORK_LOCK_MS / 1000);
        if (!amazon_pause(amazon, &pace))
            return err_set(err, ERR_UNAVAILABLE, "interrupted");
        waited_ms += pace.wait_ms;
    }
}

static bool wait_for_end(struct amazon *amazon, const char *id, struct err *err)
{
    struct amazon_pace pace = {0};
    int64_t waited_ms = 0;

    for (;;) {
        CLEANUP(amazon_form_done) struct amazon_form form;
        CLEANUP(xml_free_at) struct xml *answer = NULL;
        amazon_form_init(&form, "DescribeStackDriftDetectionStatus");
        amazon_form_add(&form, "StackDriftDetectionId", id);
        if (!amazon_ask(amazon, &form, &answer, err))
            return false;
        const struct xml_element *result =
            xml_find(xml_root(answer), "DescribeStackDriftDetectionStatusResult");
        const char *status = text_of(result, "DetectionStatus");
        if (strcmp(status, "DETECTION_COMPLETE") == 0)
            return true;
        if (strcmp(status, "DETECTION_IN_PROGRESS") != 0)
            return err_set(err, ERR_INVALID, "the detection is '%.40s': %.300s", status,
                           text_of(result, "DetectionStatusReason"));
        if (waited_ms > DETECT_MS)
            return err_set(err, ERR_TIMEOUT, "the detection goes on for %d min already", DETECT_MS / 60000);
        if (!amazon_pause(amazon, &pace))
            return err_set(err, ERR_UNAVAILABLE, "interrupted");
        waited_ms += pace.wait_ms;
    }
}

static size_t show_page(const struct xml_element *list)
{
    size_t count = 0;

    for (const struct xml_element *one = list == NULL ? NULL : list->first; one != NULL;
         one = one->next, count++)
        (void)printf("%s %.200s (%.200s)\n",
                     strcmp(text_of(one, "StackResourceDriftStatus"), "DELETED") == 0 ? "-  " : "~  ",
                     text_of(one, "LogicalResourceId"), text_of(one, "ResourceType"));
    return count;
}

static bool count_drifts(struct amazon *amazon, const char *stack, size_t *ret_count, struct err *err)
{
    char next[NEXT_SIZE] = "";
    size_t count = 0;

    for (unsigned page = 0; page < AMAZON_PAGES_MAX; page++) {
        CLEANUP(amazon_form_done) struct amazon_form form;
        CLEANUP(xml_free_at) struct xml *answer = NULL;
        amazon_form_init(&form, "DescribeStackResourceDrifts");
        amazon_form_add(&form, "StackName", stack);
        amazon_form_add_member(&form, "StackResourceDriftStatusFilters", 0, NULL, "MODIFIED");
        amazon_form_add_member(&form, "StackResourceDriftStatusFilters", 1, NULL, "DELETED");
        if (next[0] != '\0')
            amazon_form_add(&form, "NextToken", next);
        if (!amazon_ask(amazon, &form, &answer, err))
            return false;
        const struct xml_element *result = xml_find(xml_root(answer), "DescribeStackResourceDriftsResult");
        if (result == NULL || !text_copy(next, sizeof(next), text_of(result, "NextToken")))
            return err_set(err, ERR_PROTOCOL, "CloudFormation tells what is no list of drifts");
        count += show_page(xml_find(result, "StackResourceDrifts"));
        if (next[0] != '\0')
            continue;
        *ret_count = count;
        return true;
    }
    return err_set(err, ERR_LIMIT, "more than %d pages of drifts", AMAZON_PAGES_MAX);
}

static bool find_drifts(struct job *job, struct amazon *amazon, size_t *ret_count, struct err *err)
{
    CLEANUP(blueprint_done) struct blueprint blueprint = {0};
    CLEANUP(stack_described_done) struct stack_described facts = {.phase = STACK_ABSENT};
    char id[ID_SIZE];

    if (!job->tool->place(job, &blueprint, err) || !stack_describe_idle(amazon, blueprint.name, &facts, err))
        return false;
    if (facts.phase == STACK_ABSENT || facts.phase == STACK_IN_VIEW)
        return err_set(err, ERR_NOT_FOUND, "there is no stack %s in %s", blueprint.name,
                       job->settings.region);
    return begin(amazon, facts.id, id, err) && wait_for_end(amazon, id, err) &&
           count_drifts(amazon, facts.id, ret_count, err);
}

enum iac_exit cloudformation_drift(struct job *job)
{
    CLEANUP(amazon_close_at) struct amazon *amazon = NULL;
    struct err err = {0};
    size_t count = 0;

    if (!amazon_open(job, &amazon, &err) || !find_drifts(job, amazon, &count, &err))
        return job_complain(job, &err);
    job_tell_number(job, IAC_OUTPUT_DRIFTS, count);
    (void)printf("%zu resources drifted\n", count);
    return count > 0 ? IAC_EXIT_DRIFTED : IAC_EXIT_DONE;
}
