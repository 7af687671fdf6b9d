/* plain.c - answers as records of one line.
 * SPDX-License-Identifier: MIT */
#include "cli/plain.h"

#include "base/attributes.h"
#include "cli/field.h"

#include <cjson/cJSON.h>
#include <stdio.h>

enum { FIELDS_MAX = 10 };

/* A kind of record: which members of its object are its fields. */
struct kind {
    const char *name;
    const char *fields[FIELDS_MAX + 1]; /* ends with NULL */
};

static const struct kind deployment_kind = {
    "deployment",
    {"id", "service", "environment", "version", "previous", "state", "share", "desired_share", "summary"}};
static const struct kind step_kind = {"step", {"state", "text"}};
static const struct kind approval_kind = {"approval", {"got", "needed", "approvers", "answer"}};
static const struct kind rule_kind = {
    "rule",
    {"name", "verdict", "reason", "value", "bound", "unit", "estimate", "mode", "muted", "condition"}};
static const struct kind run_kind = {
    "run", {"id", "pipeline", "group", "stack", "environment", "version", "digest", "state", "summary"}};
static const struct kind stage_kind = {"stage", {"name", "state"}};
static const struct kind task_kind = {"task", {"name", "state", "version", "deployment", "why"}};

static const struct kind fleet_kind = {"fleet", {"frozen", "frozen_until", "braked", "braked_until"}};
static const struct kind service_kind = {
    "service", {"service", "environment", "frozen", "frozen_until", "braked", "braked_until", "quarantined"}};
static const struct kind stable_kind = {NULL, {"version"}};
static const struct kind under_way_kind = {
    "deployment", {"id", "service", "environment", "version", "state", "share", "summary"}};
static const struct kind pipeline_kind = {"run", {"id", "state", "summary"}};
static const struct kind stack_kind = {"stack", {"stack", "environment", "resources", "locked_since"}};
static const struct kind figure_kind = {"figure", {"value", "unit", "count", "met", "why"}};
static const struct kind recovery_kind = {"recovery", {"service", "environment", "stand_in"}};
static const struct kind rehearsal_kind = {NULL, {"run", "passed", "seconds", "age_s"}};

static void put_value(const cJSON *value)
{
    (void)putchar('\t');
    if (cJSON_IsString(value))
        (void)fputs(value->valuestring, stdout);
    else if (cJSON_IsNumber(value))
        (void)printf("%.15g", value->valuedouble);
    else if (cJSON_IsBool(value))
        (void)fputs(cJSON_IsTrue(value) ? "true" : "false", stdout);
}

static void put_fields(const struct kind *kind, const cJSON *object)
{
    for (size_t i = 0; kind->fields[i] != NULL; i++)
        put_value(cJSON_GetObjectItemCaseSensitive(object, kind->fields[i]));
}

static void put(const struct kind *kind, const cJSON *object)
{
    (void)fputs(kind->name, stdout);
    put_fields(kind, object);
    (void)putchar('\n');
}

static void put_all(const struct kind *kind, const cJSON *array)
{
    const cJSON *row = NULL;

    cJSON_ArrayForEach(row, array) put(kind, row);
}

/* As `verdict get` and `logs --step` count them. */
static void put_step(const cJSON *step)
{
    (void)printf("%s\t%.0f", step_kind.name, field_number(step, "index") + 1.0);
    put_fields(&step_kind, step);
    (void)putchar('\n');
}

static void put_deployment(const cJSON *deployment)
{
    const cJSON *step = NULL;

    put(&deployment_kind, deployment);
    cJSON_ArrayForEach(step, field_part(deployment, "steps")) put_step(step);
    if (field_part(deployment, "approvals") != NULL)
        put(&approval_kind, field_part(deployment, "approvals"));
    put_all(&rule_kind, field_part(deployment, "rules"));
}

static void put_stage(const cJSON *stage)
{
    const cJSON *task = NULL;

    put(&stage_kind, stage);
    cJSON_ArrayForEach(task, field_part(stage, "tasks"))
    {
        (void)printf("%s\t%s", task_kind.name, field_text(stage, "name"));
        put_fields(&task_kind, task);
        (void)putchar('\n');
    }
}

void plain_print(const cJSON *json)
{
    const cJSON *stages = field_part(json, "stages");
    const cJSON *stage = NULL;

    if (stages == NULL) {
        put_deployment(json);
        return;
    }
    put(&run_kind, json);
    cJSON_ArrayForEach(stage, stages) put_stage(stage);
}

static void put_runs(const cJSON *pipelines)
{
    static const char *const lists[] = {"active", "queued", "recent"};
    const cJSON *run = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        cJSON_ArrayForEach(run, field_part(pipelines, lists[i]))
        {
            (void)printf("%s\t%s", pipeline_kind.name, lists[i]);
            put_fields(&pipeline_kind, run);
            (void)putchar('\n');
        }
}

/* Records with fields of a part behind their own. */
static void put_with(const struct kind *kind, const cJSON *array, const struct kind *of_part,
                     const char *part)
{
    const cJSON *row = NULL;

    cJSON_ArrayForEach(row, array)
    {
        (void)fputs(kind->name, stdout);
        put_fields(kind, row);
        put_fields(of_part, field_part(row, part));
        (void)putchar('\n');
    }
}

void plain_print_status(const cJSON *status)
{
    const cJSON *figure = NULL;

    put(&fleet_kind, field_part(status, "fleet"));
    put_with(&service_kind, field_part(status, "services"), &stable_kind, "stable");
    put_all(&under_way_kind, field_part(status, "deployments"));
    put_runs(field_part(status, "pipelines"));
    put_all(&stack_kind, field_part(field_part(status, "infrastructure"), "stacks"));
    cJSON_ArrayForEach(figure, field_part(status, "kpis"))
    {
        (void)printf("%s\t%s", figure_kind.name, figure->string);
        put_fields(&figure_kind, figure);
        (void)putchar('\n');
    }
    put_with(&recovery_kind, field_part(field_part(status, "recovery"), "plans"), &rehearsal_kind,
             "rehearsal");
}
