/* run_notices.c - which event of a run is told to whom, and in which words.
 * SPDX-License-Identifier: MIT
 *
 * Told is the difference between the state that is durable and the one that is about to be, so that a batch
 * that fails and is decided anew tells the same, under the same ids. */
#include "daemon/run_notices.h"

#include "daemon/notice_cause.h"
#include "daemon/run_conditions.h"
#include "daemon/run_incidents.h"
#include "daemon/run_notice_body.h"
#include "daemon/tracing.h"
#include "drivers/notice_kind.h"
#include "engine/snapshot.h"
#include "io/digest.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 512 };

/* Numbers of deployments end far below. */
#define ORDER_OF_RUNS (UINT64_C(1) << 62)

enum happening {
    RUN_STARTS,
    RUN_ENTERS,
    RUN_WANTS_APPROVAL,
    RUN_REMINDS,
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

static const struct run_notice_kind kinds[EVENT_COUNT] = {
    [RUN_STARTS] = {"run_started", "run.started", false, "run started"},
    [RUN_ENTERS] = {"run_stage_entered", "run.stage_entered", false, "entered stage"},
    [RUN_WANTS_APPROVAL] = {"run_approval_wanted", "run.approval_wanted", true,
                            "waits for approval in stage"},
    [RUN_REMINDS] = {"run_approval_wanted", "run.approval_wanted", true,
                     "still waits for approval, and half of the time is over, in stage"},
    [RUN_ASKS] = {"run_asks", "run.asks", true, "failed, and asks what that means, in stage"},
    [RUN_AWAITS] = {"run_waits", "run.waits", false, "waits for an answer in stage"},
    [RUN_RESUMES] = {"run_resumed", "run.resumed", false, "was answered, and goes on in stage"},
    [RUN_IS_RELEASED] = {"run_released", "run.released", false, "done"},
    [RUN_HAS_FAILED] = {"run_failed", "run.failed", true, "failed in stage"},
    [RUN_IS_ABORTED] = {"run_aborted", "run.aborted", true, "aborted in stage"},
    [RUN_IS_REFUSED] = {"plan_refused", "run.plan_refused", true, "the plan is refused, in stage"},
    [RUN_APPLIES_BADLY] = {"apply_failed", "run.apply_failed", true, "applying it failed, in stage"},
};

/* ---- to whom ---- */

/* It happens once in a run, so no time is part of it: decided anew it is the same notice. */
static void make_id(char id[JOURNAL_NOTICE_ID_SIZE], const struct run_telling *telling, const char *receiver)
{
    char text[TEXT_SIZE];
    char hash[DIGEST_SHA256_HEX_SIZE];

    (void)snprintf(text, sizeof(text), "%s run %" PRIu64 " %s%s %u %s %s",
                   telling->live->daemon->settings->instance, telling->live->id, telling->kind.name,
                   telling->is_reminder ? " again" : "", telling->task, telling->stage, receiver);
    digest_sha256_hex(text, strlen(text), hash);
    (void)snprintf(id, JOURNAL_NOTICE_ID_SIZE, "msg_%.27s", hash);
}

static void tell_one(const struct run_telling *telling, const char *receiver)
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
                                   telling->live->definition->pipeline, &trace, run_notice_data(telling));
    notice->deployment = ORDER_OF_RUNS | (snapshot_hash(telling->incident, strlen(telling->incident)) >> 2);
    notice->due_ms = telling->now_ms;
}

static void tell_all(const struct run_telling *telling, const struct receivers *receivers)
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

static void tell_receivers(struct run_telling *telling)
{
    telling->first = telling->notices->count;
    tell_all(telling, &telling->live->definition->notify);
    if (telling->place != NULL)
        tell_all(telling, &telling->place->notify);
}

/* ---- what happened ---- */

struct change {
    struct notices *notices;
    const struct batch *batch;
    struct run_live *live;
    const struct run_state *before; /* NULL: it is new */
    const struct run_state *after;
    int64_t now_ms;
    char incident[RUN_INCIDENT_SIZE];
};

/* Whoever started it is asked about its start alone; its end may come some batches after what caused it. */
static struct notice_cause cause_of(const struct change *change, enum happening event, uint8_t task)
{
    struct run_live *live = change->live;

    if (event == RUN_STARTS)
        return (struct notice_cause){.actor = live->actor, .reason = live->reason};
    if (run_phase_is_terminal(change->after->phase) && change->before != NULL &&
        change->before->phase == RUN_STOPPING)
        return notice_cause_kept(live->end);
    return notice_cause_of_run(live, change->batch, task);
}

static void tell(const struct change *change, enum happening event, uint8_t task, unsigned ends)
{
    const struct run_definition *definition = change->live->definition;
    bool is_staged = event != RUN_STARTS && event != RUN_IS_RELEASED;
    struct run_telling telling = {.notices = change->notices,
                                  .live = change->live,
                                  .state = change->after,
                                  .kind = kinds[event],
                                  .task = task,
                                  .stage = is_staged ? definition->stages[change->after->stage] : "",
                                  .place = place_of(change->live, change->after),
                                  .incident = change->incident,
                                  .cause = cause_of(change, event, task),
                                  .is_reminder = event == RUN_REMINDS,
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
    bool was_reminded = change->before == NULL || change->before->tasks[task].cause == CAUSE_SILENCE;

    if (phase == TASK_AWAITING && change->after->tasks[task].cause == CAUSE_SILENCE && !was_reminded &&
        calls_people(live, change->after, task))
        tell(change, RUN_REMINDS, task, 0);
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
    uint8_t task = is_known ? change->after->failed_task : RUN_NOTICE_NO_TASK;

    if (change->after->phase == RUN_RELEASED)
        tell(change, RUN_IS_RELEASED, RUN_NOTICE_NO_TASK,
             held | (run_incident_is_open(live->daemon, change->incident) ? 1U << NOTICE_FAILED : 0));
    else if (change->after->phase == RUN_FAILED)
        tell(change, failure_of(live, task), task, held);
    else
        tell(change, RUN_IS_ABORTED, RUN_NOTICE_NO_TASK, held);
}

static void tell_way(const struct change *change)
{
    const struct run_state *after = change->after;
    bool was_queued = change->before == NULL || change->before->phase == RUN_QUEUED;
    bool resumes = is_held(change->live, change->before) && !is_held(change->live, after);

    if (was_queued && after->phase != RUN_QUEUED && after->phase != RUN_ABORTED)
        tell(change, RUN_STARTS, RUN_NOTICE_NO_TASK, 0);
    if (run_phase_is_terminal(after->phase) || after->phase == RUN_STOPPING)
        return;
    if (resumes)
        tell(change, RUN_RESUMES, RUN_NOTICE_NO_TASK, 1U << NOTICE_HELD);
    if (!was_queued && after->stage != change->before->stage)
        tell(change, RUN_ENTERS, RUN_NOTICE_NO_TASK, 0);
    for (uint8_t i = 0; i < change->live->definition->plan.task_count; i++)
        tell_waiting(change, i);
}

/* Who says the word that ends it is known now, and asked for when all of it has stopped. */
static void keep_end(const struct change *change)
{
    struct run_live *live = change->live;
    struct notice_cause cause = notice_cause_of_run(live, change->batch, change->after->failed_task);

    if (change->after->phase == RUN_STOPPING && change->before != NULL &&
        change->before->phase != RUN_STOPPING)
        live->end = notice_cause_keep(live->end, cause.actor, cause.reason);
}

static void collect(struct notices *notices, struct daemon *daemon, const struct batch *batch,
                    const struct batch_row *row)
{
    struct change change = {.notices = notices,
                            .batch = batch,
                            .live = run_live_find(daemon, row->run->id),
                            .before = engine_run_state(daemon->engine, row->run->id),
                            .after = row->run,
                            .now_ms = batch->now_ms};

    /* Of looks for drift their findings are told, where they are new. */
    if (change.live == NULL || run_looks_for_drift(change.live))
        return;
    run_incident_name(change.live, change.incident);
    keep_end(&change);
    tell_way(&change);
    if (run_phase_is_terminal(row->run->phase))
        tell_end(&change);
}

void run_notices_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->rows[i].kind == ROW_RUN)
            collect(notices, daemon, batch, &batch->rows[i]);
}

void run_notices_tell_drift(struct notices *notices, struct run_live *live, const struct run_state *state,
                            const struct run_drift_news *news, int64_t now_ms)
{
    char incident[RUN_INCIDENT_SIZE];
    struct run_telling telling = {
        .notices = notices,
        .live = live,
        .state = state,
        .kind = {news->kind, news->type, news->is_urgent, news->sentence},
        .task = RUN_NOTICE_NO_TASK,
        .stage = "",
        .place = news->place,
        .incident = incident,
        .cause = {.actor = live->actor, .reason = live->reason},
        .drifts = news->count,
        .ends = news->ends,
        .now_ms = now_ms,
    };

    (void)snprintf(incident, sizeof(incident), "%s/%s drift", news->place->name, news->place->environment);
    tell_receivers(&telling);
}
