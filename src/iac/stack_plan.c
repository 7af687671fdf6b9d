/* stack_plan.c - plans written, hashed and read.
 * SPDX-License-Identifier: MIT */
#include "iac/stack_plan.h"

#include "base/text.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/memory.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024, VALUES_MAX = 2 * 1000 * 1000 };

static const struct {
    const char *name;
    size_t offset;
} members[] = {
    {"kind", offsetof(struct stack_plan_head, kind)},
    {"region", offsetof(struct stack_plan_head, region)},
    {"profile", offsetof(struct stack_plan_head, profile)},
    {"role", offsetof(struct stack_plan_head, role)},
    {"name", offsetof(struct stack_plan_head, name)},
    {"stack", offsetof(struct stack_plan_head, stack)},
    {"change_set", offsetof(struct stack_plan_head, change_set)},
    {"template", offsetof(struct stack_plan_head, template)},
};

static const char **member_of(struct stack_plan_head *head, size_t index)
{
    return (const char **)(void *)((char *)head + members[index].offset);
}

char *stack_plan_text(const struct stack_plan_head *head, cJSON *described, cJSON *resources)
{
    struct stack_plan_head texts = *head;
    cJSON *root = cJSON_CreateObject();

    (void)cJSON_AddNumberToObject(root, "format", 1);
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        const char *text = *member_of(&texts, i);
        (void)cJSON_AddStringToObject(root, members[i].name, text == NULL ? "" : text);
    }
    (void)cJSON_AddItemToObject(root, "described", described == NULL ? cJSON_CreateNull() : described);
    (void)cJSON_AddItemToObject(root, "resources", resources);
    char *text = json_print(root);
    cJSON_Delete(root);
    return text;
}

void stack_plan_digest(const char *text, char to[IAC_DIGEST_SIZE])
{
    assert(text != NULL);
    (void)snprintf(to, IAC_DIGEST_SIZE, "sha256:");
    digest_sha256_hex(text, strlen(text), to + strlen(to));
}

void stack_plan_done(struct stack_plan *plan)
{
    free(plan->text);
    json_free(plan->tree);
    *plan = (struct stack_plan){0};
}

static bool read_head(struct stack_plan *plan, size_t length, struct err *err)
{
    static const struct json_limits limits = {.size_max = PLAN_JSON_MAX,
                                              .depth_max = JSON_DEPTH_MAX,
                                              .keys_max = VALUES_MAX,
                                              .values_max = VALUES_MAX};

    if (!json_parse(plan->text, length, &limits, &plan->tree, err))
        return false;
    struct json_node root = json_root(plan->tree);
    if (!json_as_object(&root, err))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
        if (!json_text(&root, members[i].name, JSON_REQUIRED, TEXT_MAX, member_of(&plan->head, i), err))
            return false;
    return true;
}

bool stack_plan_load(const struct job *job, struct stack_plan *ret_plan, struct err *err)
{
    struct stack_plan plan = {0};
    size_t length = 0;

    if (!work_load(&job->work, STACK_PLAN_FILE, PLAN_JSON_MAX, &plan.text, &length, err))
        return false;
    if (!read_head(&plan, length, err)) {
        stack_plan_done(&plan);
        return err_wrap(err, "the plan");
    }
    *ret_plan = plan;
    return true;
}

bool stack_plan_load_approved(const struct job *job, const char *kind, struct stack_plan *ret_plan)
{
    char digest[IAC_DIGEST_SIZE];
    struct stack_plan plan = {0};
    struct err err = {0};

    if (!stack_plan_load(job, &plan, &err)) {
        (void)job_complain(job, &err);
        return false;
    }
    stack_plan_digest(plan.text, digest);
    bool is_it = digest_equal_text(digest, job->approved) && strcmp(plan.head.kind, kind) == 0;
    if (is_it)
        *ret_plan = plan;
    else {
        (void)fprintf(stderr, "verdict-iac: approved is plan '%s', and here is plan %s, a %s\n",
                      job->approved, digest, plan.head.kind);
        stack_plan_done(&plan);
    }
    return is_it;
}

bool stack_plan_save(const struct job *job, const char *text, struct err *err)
{
    char digest[IAC_DIGEST_SIZE];
    char path[WORK_PATH_MAX + sizeof("/" STACK_PLAN_FILE)];

    if (!work_save(&job->work, STACK_PLAN_FILE, text, strlen(text), err))
        return false;
    stack_plan_digest(text, digest);
    (void)snprintf(path, sizeof(path), "%s/" STACK_PLAN_FILE, job->work.run_path);
    job_tell(job, IAC_OUTPUT_PLAN, digest);
    job_tell(job, IAC_OUTPUT_PLAN_FILE, path);
    (void)printf("plan %s\n", digest);
    return true;
}

void stack_plan_remove(const struct job *job)
{
    work_remove(&job->work, STACK_PLAN_FILE);
}
