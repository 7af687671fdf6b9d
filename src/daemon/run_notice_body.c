/* run_notice_body.c - what a notice of a run says: its subject, its plan, who is asked, and the command that
 * answers.
 * SPDX-License-Identifier: MIT */
#include "daemon/run_notice_body.h"

#include "drivers/notice_kind.h"
#include "io/iac_protocol.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

enum { TEXT_SIZE = 512 };

static const struct run_task_definition *task_of(const struct run_telling *telling)
{
    return telling->task == RUN_NOTICE_NO_TASK ? NULL : &telling->live->definition->tasks[telling->task];
}

static void add_text(cJSON *data, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        cJSON_AddStringToObject(data, name, text);
}

static void add_subject(cJSON *data, const struct run_telling *telling)
{
    const struct run_live *live = telling->live;
    const struct run_definition *definition = live->definition;
    bool has_task = telling->task != RUN_NOTICE_NO_TASK;
    const char *environment = has_task ? definition->tasks[telling->task].environment : NULL;

    if (definition->stack == NULL)
        add_text(data, definition->is_group ? "group" : "pipeline", definition->pipeline);
    if (telling->place != NULL) {
        add_text(data, "stack", telling->place->name);
        environment = telling->place->environment;
    }
    add_text(data, "service", definition->service);
    cJSON_AddStringToObject(data, "environment", environment == NULL ? "" : environment);
    cJSON_AddStringToObject(data, "version", live->version);
    add_text(data, "digest",
             definition->service[0] == '\0' ? "" : run_live_digest(live, telling->state->version_key));
}

static void add_ends(cJSON *data, unsigned ends)
{
    cJSON *array = ends == 0 ? NULL : cJSON_AddArrayToObject(data, "ends");

    for (unsigned i = 0; i < NOTICE_ALERT_COUNT; i++)
        if ((ends & (1U << i)) != 0)
            cJSON_AddItemToArray(array, cJSON_CreateString(notice_alert_name((enum notice_alert)i)));
}

/* What a plan would do, where one was made, and how all of it can be read. */
static void add_plan(cJSON *data, const struct run_live *live, uint8_t task)
{
    static const char *const counts[] = {"creates", "updates", "deletes", "replaces"};
    const char *plan = run_live_output(live, IAC_OUTPUT_PLAN);
    char planner[RUN_TASK_NAME_SIZE];
    char memory[TEXT_SIZE];
    struct text text;

    if (plan == NULL)
        return;
    text_init(&text, memory, sizeof(memory));
    text_add(&text, "%.80s", plan);
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        const char *count = run_live_output(live, counts[i]);
        if (count != NULL)
            text_add(&text, ", %s %.20s", counts[i], count);
    }
    if (run_definition_planner(live->definition, task, planner))
        text_add(&text, "; all of it: verdict logs run_%" PRIu64 " --task %s", live->id, planner);
    cJSON_AddStringToObject(data, "plan", memory);
}

static void add_approvers(cJSON *data, const struct run_telling *telling, const struct task_review *review)
{
    uint8_t said = telling->state->approvals[telling->task];
    char memory[TEXT_SIZE];
    struct text text;

    text_init(&text, memory, sizeof(memory));
    for (size_t i = 0; i < review->approver_count; i++)
        text_add(&text, "%s%s", i == 0 ? "" : ", ", review->approvers[i]);
    if (review->approver_count == 0)
        text_add(&text, "whoever may approve");
    if (review->need > 1)
        text_add(&text, " (%u of %u so far)", said, review->need);
    if (review->not_author)
        text_add(&text, ", but not %s", telling->live->actor);
    cJSON_AddStringToObject(data, "approvers", memory);
    cJSON_AddNumberToObject(data, "need", review->need);
    cJSON_AddNumberToObject(data, "approved", said);
}

/* The command that answers, and where an answer goes. */
static void add_answer(cJSON *data, const struct run_telling *telling)
{
    const struct run_live *live = telling->live;
    const struct run_task_definition *task = task_of(telling);
    enum run_task_phase phase = task == NULL ? TASK_DONE : telling->state->tasks[telling->task].phase;
    char path[TEXT_SIZE];
    char text[TEXT_SIZE + TEXT_SIZE];

    if (task == NULL || (phase != TASK_AWAITING && phase != TASK_ASKING))
        return;
    (void)snprintf(path, sizeof(path), "v1/runs/run_%" PRIu64 "/tasks/%s/%s", live->id, telling->stage,
                   task->name);
    if (task->review != NULL) {
        bool has_plan = task->review->output != NULL;
        const char *plan = has_plan ? run_live_output(live, task->review->output) : NULL;
        if (has_plan)
            add_plan(data, live, telling->task);
        add_approvers(data, telling, task->review);
        (void)snprintf(text, sizeof(text), "verdict approve run_%" PRIu64 "%s%.80s", live->id,
                       has_plan ? " --plan " : "", plan == NULL ? "" : plan);
    } else {
        (void)snprintf(text, sizeof(text), "POST /%s {\"result\": \"pass\"}", path);
    }
    cJSON_AddStringToObject(data, "answer", text);
    if (live->daemon->settings->public_url[0] == '\0')
        return;
    (void)snprintf(text, sizeof(text), "%s/%s", live->daemon->settings->public_url, path);
    cJSON_AddStringToObject(data, "answer_url", text);
}

/* What the task said last; of what nobody said, the cause. */
static const char *why_of(const struct run_telling *telling)
{
    if (telling->task == RUN_NOTICE_NO_TASK)
        return "";
    for (const struct run_report *report = telling->live->reports; report != NULL; report = report->next)
        if (report->task == telling->task && report->why[0] != '\0')
            return report->why;
    return run_cause_text((enum run_cause)telling->state->tasks[telling->task].cause);
}

static void add_words(cJSON *data, const struct run_telling *telling)
{
    const struct run_live *live = telling->live;
    const struct settings *settings = live->daemon->settings;
    char text[TEXT_SIZE];
    bool is_staged = telling->stage[0] != '\0';

    cJSON_AddStringToObject(data, "action", notice_kind_find(telling->kind.name)->action);
    cJSON_AddStringToObject(data, "actor", telling->cause.actor);
    cJSON_AddStringToObject(data, "reason", telling->cause.reason);
    cJSON_AddStringToObject(data, "author", live->actor);
    add_text(data, "commit", live->commit);
    add_text(data, "run_url", live->run_url);
    add_text(data, "why", why_of(telling));
    (void)snprintf(text, sizeof(text), "%s %s: %s%s%s", live->definition->pipeline, live->version,
                   telling->kind.sentence, is_staged ? " " : "", telling->stage);
    cJSON_AddStringToObject(data, "summary", text);
    (void)snprintf(text, sizeof(text), "verdict get run_%" PRIu64, live->id);
    cJSON_AddStringToObject(data, "evidence", text);
    if (settings->public_url[0] == '\0')
        return;
    (void)snprintf(text, sizeof(text), "%s/%s/run_%" PRIu64, settings->public_url,
                   settings->has_console ? "#/runs" : "v1/runs", live->id);
    cJSON_AddStringToObject(data, "link", text);
}

cJSON *run_notice_data(const struct run_telling *telling)
{
    const struct run_task_definition *task = task_of(telling);
    char id[32];
    cJSON *data = cJSON_CreateObject();

    (void)snprintf(id, sizeof(id), "run_%" PRIu64, telling->live->id);
    cJSON_AddStringToObject(data, "run", id);
    cJSON_AddStringToObject(data, "event", telling->kind.name);
    cJSON_AddStringToObject(data, "incident", telling->incident);
    add_ends(data, telling->ends);
    add_subject(data, telling);
    cJSON_AddStringToObject(data, "state", run_phase_name(telling->state->phase));
    add_text(data, "stage", telling->stage);
    add_text(data, "task", task == NULL ? "" : task->name);
    if (telling->is_reminder)
        cJSON_AddTrueToObject(data, "reminder");
    if (telling->drifts > 0)
        cJSON_AddNumberToObject(data, "drifts", telling->drifts);
    add_answer(data, telling);
    add_words(data, telling);
    return data;
}
