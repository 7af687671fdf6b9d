/* run_shape.c - runs as JSON and in words.
 * SPDX-License-Identifier: MIT */
#include "api/run_shape.h"

#include "api/shape.h"
#include "config/recovery.h"
#include "engine/snapshot.h"
#include "orchestrator/run.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
    [RUN_TASK_COMMAND] = "command", [RUN_TASK_AWAIT] = "await", [RUN_TASK_DEPLOY] = "deploy"};

bool run_record_is_done(const struct journal_run *row)
{
    return run_phase_is_terminal(row->state.phase) || row->state.is_escalated;
}

/* How many each task waits for, of those that wait for others. */
static uint64_t hash_waits(const struct run_record *record)
{
    unsigned char counts[RUN_TASKS_MAX] = {0};

    for (uint8_t i = 0; record->waits != NULL && i < RUN_TASKS_MAX; i++)
        counts[i] = record->waits[i].count;
    return snapshot_hash(counts, sizeof(counts));
}

void run_record_etag(const struct run_record *record, char to[RUN_ETAG_SIZE])
{
    const struct journal_run *row = record->row;
    unsigned char bytes[SNAPSHOT_RUN_MAX];
    size_t length = snapshot_write_run(&row->state, bytes);

    (void)snprintf(to, RUN_ETAG_SIZE, "\"run_%" PRIu64 "-%016" PRIx64 "\"", row->id,
                   snapshot_hash(bytes, length) ^ hash_waits(record));
}

static const char *stage_name(const struct run_record *record, uint8_t stage)
{
    const struct run_definition *definition = record->definition;

    return definition == NULL || stage >= definition->plan.stage_count ? "?" : definition->stages[stage];
}

static const char *task_name(const struct run_record *record, uint8_t task)
{
    const struct run_definition *definition = record->definition;

    return definition == NULL || task >= definition->plan.task_count ? "?" : definition->tasks[task].name;
}

/* What the newest try of the task said, "" nothing. */
static const char *task_why(const struct run_record *record, uint8_t task)
{
    const char *why = "";

    for (size_t i = 0; i < record->task_count; i++)
        if (record->tasks[i].task == task)
            why = record->tasks[i].why;
    return why;
}

static void add_failure(const struct run_record *record, struct text *text)
{
    const struct run_state *state = &record->row->state;
    uint8_t task = state->failed_task;

    if (task >= RUN_TASKS_MAX)
        return;
    const char *why = task_why(record, task);
    text_add(text, ": %s: %s", task_name(record, task),
             why[0] == '\0' ? run_cause_text((enum run_cause)state->tasks[task].cause) : why);
    if (state->tasks[task].deployment != 0)
        text_add(text, " (dep_%" PRIu64 ")", state->tasks[task].deployment);
}

/* " (1 of 2)", of those that need several. */
static void add_count(const struct run_record *record, uint8_t task, struct text *text)
{
    uint8_t need = record->definition == NULL ? 0 : record->definition->plan.tasks[task].need;

    if (need > 1)
        text_add(text, " (%u of %u)", record->row->state.approvals[task], need);
}

static void add_waiting(const struct run_record *record, struct text *text)
{
    const struct run_state *state = &record->row->state;
    bool is_first = true;

    for (unsigned i = 0; i < RUN_TASKS_MAX; i++) {
        bool is_asking = state->tasks[i].phase == TASK_ASKING;
        if (state->tasks[i].phase != TASK_AWAITING && !is_asking)
            continue;
        text_add(text, "%s %s%s", is_first ? "" : ",", task_name(record, (uint8_t)i),
                 is_asking ? " (it failed)" : "");
        if (!is_asking)
            add_count(record, (uint8_t)i, text);
        is_first = false;
    }
}

/* Its name has a slash, and its row no service. */
static bool is_of_stack(const struct run_record *record)
{
    return strchr(record->row->pipeline, '/') != NULL && record->row->service[0] == '\0';
}

/* The row of a group names no service. */
static bool is_of_group(const struct run_record *record)
{
    return record->row->service[0] == '\0';
}

static void add_phase(const struct run_record *record, struct text *text)
{
    const struct run_state *state = &record->row->state;
    const char *stage = stage_name(record, state->stage);

    switch (state->phase) {
    case RUN_QUEUED:
        text_add(text, "waits: another run of this %s is under way",
                 is_of_stack(record)   ? "stack"
                 : is_of_group(record) ? "group"
                                       : "pipeline");
        return;
    case RUN_RUNNING:
        text_add(text, "stage %s%s", stage,
                 state->is_escalated ? ": its deployment is escalated, people are called" : "");
        return;
    case RUN_WAITING:
        text_add(text, "stage %s waits for an answer:", stage);
        add_waiting(record, text);
        return;
    case RUN_STOPPING:
        text_add(text, "stage %s is being stopped", stage);
        add_failure(record, text);
        return;
    case RUN_RELEASED:
        text_add(text, "released");
        return;
    case RUN_FAILED:
        text_add(text, "failed in stage %s", stage);
        add_failure(record, text);
        return;
    case RUN_ABORTED:
        text_add(text, "aborted in stage %s", stage);
        return;
    case RUN_PHASE_COUNT:
        return;
    }
}

/* Whom the members of a group wait for, each said once. */
static void add_waits(const struct run_record *record, struct text *text)
{
    const struct api_waits *last = NULL;

    for (uint8_t i = 0; record->waits != NULL && i < RUN_TASKS_MAX; i++)
        if (record->waits[i].count > 0)
            last = &record->waits[i]; /* all that wait at a barrier wait for the same ones */
    for (uint8_t i = 0; last != NULL && i < last->count; i++)
        text_add(text, "%s %s", i == 0 ? "; the others wait for" : ",", last->names[i]);
}

void run_record_summary(const struct run_record *record, char to[RUN_SUMMARY_SIZE])
{
    struct text text;

    text_init(&text, to, RUN_SUMMARY_SIZE);
    text_add(&text, "%s %s: ", record->row->pipeline, record->row->version);
    add_phase(record, &text);
    add_waits(record, &text);
}

static const char *stage_state(const struct run_state *state, uint8_t index)
{
    if (index < state->first_stage)
        return "skipped"; /* a run before this one did it */
    if (index < state->stage || state->phase == RUN_RELEASED)
        return "done";
    if (index > state->stage || state->phase == RUN_QUEUED)
        return "todo";
    return run_phase_name(state->phase);
}

static void add_deployment(cJSON *object, uint64_t deployment)
{
    char id[32];

    (void)snprintf(id, sizeof(id), "dep_%" PRIu64, deployment);
    if (deployment != 0)
        cJSON_AddStringToObject(object, "deployment", id);
}

/* What goes where; of a run's own version and digest nothing is said again. */
static void add_target(cJSON *object, const struct run_record *record, uint8_t index)
{
    const struct run_task_definition *task = &record->definition->tasks[index];

    if (task->service == NULL)
        return;
    cJSON_AddStringToObject(object, "service", task->service);
    cJSON_AddStringToObject(object, "environment", task->environment);
    if (task->version == NULL)
        return;
    cJSON_AddStringToObject(object, "version", task->version);
    cJSON_AddStringToObject(object, "digest", task->digest);
    cJSON *waits = cJSON_AddArrayToObject(object, "waits_for");
    for (uint8_t i = 0; record->waits != NULL && i < record->waits[index].count; i++)
        cJSON_AddItemToArray(waits, cJSON_CreateString(record->waits[index].names[i]));
}

/* What a yes has to name. */
static void add_review(cJSON *object, const struct run_record *record, uint8_t index)
{
    const struct task_review *review = record->definition->tasks[index].review;
    char planner[RUN_TASK_NAME_SIZE];

    if (review == NULL)
        return;
    cJSON *names = cJSON_AddObjectToObject(object, "approves");
    if (review->output == NULL)
        cJSON_AddStringToObject(names, "version", record->row->version);
    for (size_t i = 0; i < record->output_count && review->output != NULL; i++)
        if (strcmp(record->outputs[i].name, review->output) == 0)
            cJSON_AddStringToObject(names, review->output, record->outputs[i].value);
    if (run_definition_planner(record->definition, index, planner))
        cJSON_AddStringToObject(object, "planned_by", planner);
    cJSON_AddNumberToObject(object, "need", review->need);
    cJSON *people = cJSON_AddArrayToObject(object, "approved_by");
    for (size_t i = 0; i < record->approval_count; i++)
        if (record->approvals[i].task == index)
            cJSON_AddItemToArray(people, cJSON_CreateString(record->approvals[i].person));
}

/* All of its tries, and the pauses between them. */
static void add_seconds(cJSON *object, bool is_over, int64_t from_ms, int64_t to_ms)
{
    if (is_over)
        cJSON_AddNumberToObject(object, "seconds", (double)(to_ms - from_ms) / 1000.0);
    else
        cJSON_AddNullToObject(object, "seconds");
}

static cJSON *shape_task(const struct run_record *record, uint8_t index)
{
    const struct run_task *state = &record->row->state.tasks[index];
    cJSON *object = cJSON_CreateObject();
    const struct journal_task *newest = NULL;
    const struct journal_task *oldest = NULL;

    for (size_t i = 0; i < record->task_count; i++) {
        if (record->tasks[i].task != index)
            continue;
        oldest = oldest == NULL ? &record->tasks[i] : oldest;
        newest = &record->tasks[i];
    }
    cJSON_AddStringToObject(object, "name", task_name(record, index));
    cJSON_AddStringToObject(object, "kind", kinds[record->definition->plan.tasks[index].kind]);
    cJSON_AddStringToObject(object, "state", run_task_phase_name(state->phase));
    cJSON_AddNumberToObject(object, "tries", state->tries);
    /* Of one that still waits it says only that people were reminded. */
    enum run_cause cause = state->phase == TASK_AWAITING ? CAUSE_NONE : (enum run_cause)state->cause;
    cJSON_AddStringToObject(object, "cause", run_cause_text(cause));
    add_review(object, record, index);
    add_deployment(object, state->deployment);
    add_target(object, record, index);
    if (newest == NULL)
        return object;
    shape_time(object, "began_at", newest->began_ms);
    shape_time(object, "changed_at", newest->changed_ms);
    add_seconds(object, run_task_is_over(state->phase), oldest->began_ms, newest->changed_ms);
    cJSON_AddStringToObject(object, "why", newest->why);
    cJSON_AddStringToObject(object, "output", newest->output);
    return object;
}

static cJSON *shape_stage(const struct run_record *record, uint8_t index)
{
    const struct run_plan_stage *stage = &record->definition->plan.stages[index];
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "name", record->definition->stages[index]);
    cJSON_AddStringToObject(object, "state", stage_state(&record->row->state, index));
    cJSON *tasks = cJSON_AddArrayToObject(object, "tasks");
    for (uint8_t i = stage->first; i < stage->first + stage->count; i++)
        cJSON_AddItemToArray(tasks, shape_task(record, i));
    return object;
}

static void add_full(cJSON *object, const struct run_record *record)
{
    cJSON *stages = cJSON_AddArrayToObject(object, "stages");
    cJSON *outputs = cJSON_AddObjectToObject(object, "outputs");

    for (uint8_t i = 0; record->definition != NULL && i < record->definition->plan.stage_count; i++)
        cJSON_AddItemToArray(stages, shape_stage(record, i));
    for (size_t i = 0; i < record->output_count; i++)
        cJSON_AddStringToObject(outputs, record->outputs[i].name, record->outputs[i].value);
}

/* "network/prod" is a stack in an environment, and its version what is done to it. */
static void add_stack(cJSON *object, const char *name, const char *verb)
{
    const char *slash = strchr(name, '/');
    char stack[NAME_MAX_LENGTH + 1];

    (void)snprintf(stack, sizeof(stack), "%.*s", (int)(slash - name), name);
    cJSON_AddNullToObject(object, "pipeline");
    cJSON_AddNullToObject(object, "group");
    cJSON_AddNullToObject(object, "service");
    cJSON_AddStringToObject(object, "stack", stack);
    cJSON_AddStringToObject(object, "environment", slash + 1);
    cJSON_AddStringToObject(object, "verb", verb);
}

/* A group has a digest for each of its services, or none. */
static void add_subject(cJSON *object, const struct run_record *record)
{
    const struct journal_run *row = record->row;

    const char *place = NULL;
    bool is_rehearsal = false;

    if (recovery_is_run(row->pipeline, &is_rehearsal, &place)) {
        cJSON_AddNullToObject(object, "pipeline");
        cJSON_AddNullToObject(object, "group");
        cJSON_AddStringToObject(object, "service", row->service);
        cJSON_AddStringToObject(object, "environment", strchr(place, '/') + 1);
        cJSON_AddStringToObject(object, "purpose", is_rehearsal ? "rehearsal" : "recovery");
    } else if (is_of_stack(record)) {
        add_stack(object, row->pipeline, row->version);
    } else if (is_of_group(record)) {
        cJSON_AddNullToObject(object, "pipeline");
        cJSON_AddStringToObject(object, "group", row->pipeline);
        cJSON_AddNullToObject(object, "service");
    } else {
        cJSON_AddStringToObject(object, "pipeline", row->pipeline);
        cJSON_AddNullToObject(object, "group");
        cJSON_AddStringToObject(object, "service", row->service);
    }
    cJSON_AddStringToObject(object, "version", row->version);
    cJSON_AddStringToObject(object, "digest", is_of_group(record) ? "" : row->digest);
}

cJSON *run_shape(const struct run_record *record, bool is_full)
{
    const struct journal_run *row = record->row;
    cJSON *object = cJSON_CreateObject();
    int exit_code = run_exit_code(&row->state);
    char summary[RUN_SUMMARY_SIZE];
    char id[32];

    (void)snprintf(id, sizeof(id), "run_%" PRIu64, row->id);
    cJSON_AddStringToObject(object, "id", id);
    add_subject(object, record);
    cJSON_AddStringToObject(object, "state", run_phase_name(row->state.phase));
    if (record->definition == NULL)
        cJSON_AddNullToObject(object, "stage");
    else
        cJSON_AddStringToObject(object, "stage", stage_name(record, row->state.stage));
    cJSON_AddBoolToObject(object, "done", run_record_is_done(row));
    if (exit_code < 0)
        cJSON_AddNullToObject(object, "exit_code");
    else
        cJSON_AddNumberToObject(object, "exit_code", exit_code);
    run_record_summary(record, summary);
    cJSON_AddStringToObject(object, "summary", summary);
    (void)snprintf(id, sizeof(id), "run_%" PRIu64, row->retry_of);
    if (row->retry_of == 0)
        cJSON_AddNullToObject(object, "retry_of");
    else
        cJSON_AddStringToObject(object, "retry_of", id);
    cJSON_AddStringToObject(object, "actor", row->actor);
    cJSON_AddStringToObject(object, "reason", row->reason);
    cJSON_AddStringToObject(object, "run_url", row->run_url);
    cJSON_AddStringToObject(object, "commit", row->commit);
    shape_trace(object, row->traceparent);
    shape_time(object, "created_at", row->created_ms);
    shape_time(object, "ended_at", row->ended_ms);
    add_seconds(object, row->ended_ms > 0, row->created_ms, row->ended_ms);
    if (is_full)
        add_full(object, record);
    return object;
}
