/* run_notices.c - which event of a run is told to whom, and in which words.
 * SPDX-License-Identifier: MIT
 *
 * Told is the difference between the state that is durable and the one that is about to be, so that a batch
 * that fails and is decided anew tells the same, under the same ids. */
#include "daemon/run_notices.h"

#include "daemon/run_conditions.h"
#include "daemon/run_incidents.h"
#include "daemon/tracing.h"
#include "drivers/notice_kind.h"
#include "engine/snapshot.h"
#include "io/digest.h"
#include "io/iac_protocol.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 512, NO_TASK = UINT8_MAX };

/* Numbers of deployments end far below. */
#define ORDER_OF_RUNS (UINT64_C(1) << 62)

struct kind {
    const char *name, *type;
    bool is_urgent;
    const char *sentence;
};

enum happening {
    RUN_STARTS,
    RUN_ENTERS,
    RUN_WANTS_APPROVAL,
    RUN_ASKS,
    RUN_AWAITS,
    RUN_RESUMES,
    RUN_IS_RELEASED,
    RUN_HAS_FAILED,
    RUN_IS_ABORTED,
    RUN_IS_REFUSED,
    RUN_APPLIES_BADLY,
    EVENT_COUNT
};

static const struct kind kinds[EVENT_COUNT] = {
    [RUN_STARTS] = {"run_started", "run.started", false, "run started"},
    [RUN_ENTERS] = {"run_stage_entered", "run.stage_entered", false, "entered stage"},
    [RUN_WANTS_APPROVAL] = {"run_approval_wanted", "run.approval_wanted", true,
                            "waits for approval in stage"},
    [RUN_ASKS] = {"run_asks", "run.asks", true, "failed, and asks what that means, in stage"},
    [RUN_AWAITS] = {"run_waits", "run.waits", false, "waits for an answer in stage"},
    [RUN_RESUMES] = {"run_resumed", "run.resumed", false, "was answered, and goes on in stage"},
    [RUN_IS_RELEASED] = {"run_released", "run.released", false, "done"},
    [RUN_HAS_FAILED] = {"run_failed", "run.failed", true, "failed in stage"},
    [RUN_IS_ABORTED] = {"run_aborted", "run.aborted", true, "aborted in stage"},
    [RUN_IS_REFUSED] = {"plan_refused", "run.plan_refused", true, "the plan is refused, in stage"},
    [RUN_APPLIES_BADLY] = {"apply_failed", "run.apply_failed", true, "applying it failed, in stage"},
};

/* One event that is told. */
struct telling {
    struct notices *notices;
    struct run_live *live;
    const struct run_state *state;
    struct kind kind;
    uint8_t task;      /* that it is about; NO_TASK */
    const char *stage; /* "": the sentence names none */
    const struct stack_place *place;
    const char *incident;
    uint32_t drifts;
    unsigned ends;
    size_t first; /* of its rows */
    int64_t now_ms;
};

/* ---- the body ---- */

static const struct run_task_definition *task_of(const struct telling *telling)
{
    return telling->task == NO_TASK ? NULL : &telling->live->definition->tasks[telling->task];
}

static void add_text(cJSON *data, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        cJSON_AddStringToObject(data, name, text);
}

static void add_subject(cJSON *data, const struct telling *telling)
{
    const struct run_live *live = telling->live;
    const struct run_definition *definition = live->definition;
    const struct run_task_definition *task = task_of(telling);
    const char *environment = task == NULL ? NULL : task->environment;

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

/* What a plan would do, where one was made. */
static void add_plan(cJSON *data, const struct run_live *live)
{
    static const char *const counts[] = {"creates", "updates", "deletes", "replaces"};
    const char *plan = run_live_output(live, IAC_OUTPUT_PLAN);
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
    cJSON_AddStringToObject(data, "plan", memory);
}

static void add_approvers(cJSON *data, const struct telling *telling, const struct task_review *review)
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
static void add_answer(cJSON *data, const struct telling *telling)
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
            add_plan(data, live);
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
static const char *why_of(const struct telling *telling)
{
    if (telling->task == NO_TASK)
        return "";
    for (const struct run_report *report = telling->live->reports; report != NULL; report = report->next)
        if (report->task == telling->task && report->why[0] != '\0')
            return report->why;
    return run_cause_text((enum run_cause)telling->state->tasks[telling->task].cause);
}

static void add_words(cJSON *data, const struct telling *telling)
{
    const struct run_live *live = telling->live;
    const struct settings *settings = live->daemon->settings;
    char text[TEXT_SIZE];
    bool is_staged = telling->stage[0] != '\0';

    cJSON_AddStringToObject(data, "actor", live->actor);
    cJSON_AddStringToObject(data, "reason", live->reason);
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

static cJSON *data_of(const struct telling *telling)
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
    if (telling->drifts > 0)
        cJSON_AddNumberToObject(data, "drifts", telling->drifts);
    add_answer(data, telling);
    add_words(data, telling);
    return data;
}

/* ---- to whom ---- */

/* It happens once in a run, so no time is part of it: decided anew it is the same notice. */
static void make_id(char id[JOURNAL_NOTICE_ID_SIZE], const struct telling *telling, const char *receiver)
{
    char text[TEXT_SIZE];
    char hash[DIGEST_SHA256_HEX_SIZE];

    (void)snprintf(text, sizeof(text), "%s run %" PRIu64 " %s %u %s %s",
                   telling->live->daemon->settings->instance, telling->live->id, telling->kind.name,
                   telling->task, telling->stage, receiver);
    digest_sha256_hex(text, strlen(text), hash);
    (void)snprintf(id, JOURNAL_NOTICE_ID_SIZE, "msg_%.27s", hash);
}

static void tell_one(const struct telling *telling, const char *receiver)
{
    char traceparent[TRACEPARENT_SIZE];

    if (!notices_takes(telling->notices, telling->first, receiver))
        return;
    struct journal_notice *notice = notices_add(telling->notices);
    make_id(notice->id, telling, receiver);
    tracing_of_run(telling->live, traceparent);
    const struct trace_given trace = {.traceparent = traceparent,
                                      .tracestate = telling->live->trace_lists.tracestate};
    notice->receiver = receiver;
    notice->kind = telling->kind.name;
    notice->body = notice_envelope(telling->live->daemon, notice->id, telling->kind.type,
                                   telling->live->definition->pipeline, &trace, data_of(telling));
    notice->deployment = ORDER_OF_RUNS | (snapshot_hash(telling->incident, strlen(telling->incident)) >> 2);
    notice->due_ms = telling->now_ms;
}

static void tell_all(const struct telling *telling, const struct receivers *receivers)
{
    for (size_t i = 0; i < receivers->all_count; i++)
        tell_one(telling, receivers->all[i]);
    for (size_t i = 0; i < receivers->urgent_count; i++)
        if (telling->kind.is_urgent || (telling->ends != 0 && notices_keeps_incidents(receivers->urgent[i])))
            tell_one(telling, receivers->urgent[i]);
}

/* The stack that the stage is about, of a run that is of a stack or applies it on its way. */
static const struct stack_place *place_of(const struct run_live *live, const struct run_state *state)
{
    const struct run_definition *definition = live->definition;

    return definition->stack != NULL ? definition->stack
                                     : definition->tasks[definition->plan.stages[state->stage].first].stack;
}

static void tell_receivers(struct telling *telling)
{
    telling->first = telling->notices->count;
    tell_all(telling, &telling->live->definition->notify);
    if (telling->place != NULL)
        tell_all(telling, &telling->place->notify);
}

/* ---- what happened ---- */

struct change {
    struct notices *notices;
    struct run_live *live;
    const struct run_state *before; /* NULL: it is new */
    const struct run_state *after;
    int64_t now_ms;
    char incident[RUN_INCIDENT_SIZE];
};

static void tell(const struct change *change, enum happening event, uint8_t task, unsigned ends)
{
    const struct run_definition *definition = change->live->definition;
    bool is_staged = event != RUN_STARTS && event != RUN_IS_RELEASED;
    struct telling telling = {.notices = change->notices,
                              .live = change->live,
                              .state = change->after,
                              .kind = kinds[event],
                              .task = task,
                              .stage = is_staged ? definition->stages[change->after->stage] : "",
                              .place = place_of(change->live, change->after),
                              .incident = change->incident,
                              .ends = ends,
                              .now_ms = change->now_ms};

    tell_receivers(&telling);
}

/* It waits for a person: for an approval that somebody is asked for, or for a word about what failed. */
static bool calls_people(const struct run_live *live, const struct run_state *state, uint8_t task)
{
    enum run_task_phase phase = state->tasks[task].phase;

    return phase == TASK_ASKING || (phase == TASK_AWAITING && live->definition->tasks[task].review != NULL &&
                                    !run_task_is_needless(live, task));
}

static bool is_held(const struct run_live *live, const struct run_state *state)
{
    bool is_held = false;

    for (uint8_t i = 0; state != NULL && i < live->definition->plan.task_count; i++)
        is_held = is_held || calls_people(live, state, i);
    return is_held;
}

static void tell_waiting(const struct change *change, uint8_t task)
{
    const struct run_live *live = change->live;
    enum run_task_phase phase = change->after->tasks[task].phase;

    if (change->before != NULL && change->before->tasks[task].phase == phase)
        return;
    if (calls_people(live, change->after, task))
        tell(change, phase == TASK_ASKING ? RUN_ASKS : RUN_WANTS_APPROVAL, task, 0);
    else if (phase == TASK_AWAITING && live->definition->tasks[task].review == NULL)
        tell(change, RUN_AWAITS, task, 0);
}

static enum happening failure_of(const struct run_live *live, uint8_t task)
{
    if (task >= live->definition->plan.task_count)
        return RUN_HAS_FAILED;
    if ((live->refused & (UINT32_C(1) << task)) != 0)
        return RUN_IS_REFUSED;
    return live->definition->tasks[task].word == STACK_WORD_APPLY ? RUN_APPLIES_BADLY : RUN_HAS_FAILED;
}

static void tell_end(const struct change *change)
{
    const struct run_live *live = change->live;
    unsigned held = is_held(live, change->before) ? 1U << NOTICE_HELD : 0;
    bool is_known = change->after->failed_task < live->definition->plan.task_count;
    uint8_t task = is_known ? change->after->failed_task : NO_TASK;

    if (change->after->phase == RUN_RELEASED)
        tell(change, RUN_IS_RELEASED, NO_TASK,
             held | (run_incident_is_open(live->daemon, change->incident) ? 1U << NOTICE_FAILED : 0));
    else if (change->after->phase == RUN_FAILED)
        tell(change, failure_of(live, task), task, held);
    else
        tell(change, RUN_IS_ABORTED, NO_TASK, held);
}

static void tell_way(const struct change *change)
{
    const struct run_state *after = change->after;
    bool was_queued = change->before == NULL || change->before->phase == RUN_QUEUED;
    bool resumes = is_held(change->live, change->before) && !is_held(change->live, after);

    if (was_queued && after->phase != RUN_QUEUED && after->phase != RUN_ABORTED)
        tell(change, RUN_STARTS, NO_TASK, 0);
    if (run_phase_is_terminal(after->phase) || after->phase == RUN_STOPPING)
        return;
    if (resumes)
        tell(change, RUN_RESUMES, NO_TASK, 1U << NOTICE_HELD);
    if (!was_queued && after->stage != change->before->stage)
        tell(change, RUN_ENTERS, NO_TASK, 0);
    for (uint8_t i = 0; i < change->live->definition->plan.task_count; i++)
        tell_waiting(change, i);
}

static void collect(struct notices *notices, struct daemon *daemon, const struct batch_row *row,
                    int64_t now_ms)
{
    struct change change = {.notices = notices,
                            .live = run_live_find(daemon, row->run->id),
                            .before = engine_run_state(daemon->engine, row->run->id),
                            .after = row->run,
                            .now_ms = now_ms};

    /* Of looks for drift their findings are told, where they are new. */
    if (change.live == NULL || run_looks_for_drift(change.live))
        return;
    run_incident_name(change.live, change.incident);
    tell_way(&change);
    if (run_phase_is_terminal(row->run->phase))
        tell_end(&change);
}

void run_notices_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->rows[i].kind == ROW_RUN)
            collect(notices, daemon, &batch->rows[i], batch->now_ms);
}

void run_notices_tell_drift(struct notices *notices, struct run_live *live, const struct run_state *state,
                            const struct run_drift_news *news, int64_t now_ms)
{
    char incident[RUN_INCIDENT_SIZE];
    struct telling telling = {
        .notices = notices,
        .live = live,
        .state = state,
        .kind = {news->kind, news->type, news->is_urgent, news->sentence},
        .task = NO_TASK,
        .stage = "",
        .place = news->place,
        .incident = incident,
        .drifts = news->count,
        .ends = news->ends,
        .now_ms = now_ms,
    };

    (void)snprintf(incident, sizeof(incident), "%s/%s drift", news->place->name, news->place->environment);
    tell_receivers(&telling);
}
