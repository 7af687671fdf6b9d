/* notices.c - which event is told to whom, and in which words: CloudEvents with the numbers behind the
 * decision.
 * SPDX-License-Identifier: MIT */
#include "daemon/notices.h"

#include "api/record.h"
#include "daemon/drifting.h"
#include "daemon/exporting.h"
#include "daemon/notice_cause.h"
#include "daemon/run_notices.h"
#include "daemon/tracing.h"
#include "drivers/notice_kind.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64 };

struct kind {
    const char *name; /* NULL: not told */
    bool is_urgent;
    const char *sentence; /* service/environment and version stand before it */
};

/* One event that is told. */
struct telling {
    struct notices *notices;
    const struct live *live;
    const struct batch_row *row;
    struct kind kind;
    struct notice_cause cause;
    unsigned ends; /* bits of enum notice_alert: who was told that it is so must hear that it is over */
    size_t first;  /* of its rows */
    int64_t now_ms;
};

static const struct kind silent = {NULL, false, NULL};

static const struct kind phase_kinds[PHASE_COUNT] = {
    [PHASE_ADMITTING] = {"started", false, "deployment started"},
    [PHASE_ROLLING_BACK] = {"rollback_started", true, "rollback started"},
    [PHASE_ROLLED_BACK] = {"rolled_back", true, "rolled back"},
    [PHASE_PROMOTED] = {"promoted", false, "promoted"},
    [PHASE_REJECTED] = {"rejected", false, "rejected at admission"},
    [PHASE_CANCELLED] = {"cancelled", false, "cancelled"},
};

static const struct kind trace_kinds[] = {
    [TRACE_STEP] = {"step_entered", false, "entered a step"},
    [TRACE_FAIL] = {"verdict_failed", true, "failed a rule"},
    [TRACE_WOULD_FAIL] = {"would_have_rolled_back", false, "would have been rolled back"},
    [TRACE_HELD] = {"held", true, "held"},
    [TRACE_RESUMED] = {"resumed", false, "goes on"},
    [TRACE_APPROVAL_WANTED] = {"approval_wanted", true, "waits for approval"},
    [TRACE_ESCALATED] = {"escalated", true, "needs a person"},
    [TRACE_QUARANTINE] = {"quarantined", false, "put into quarantine"},
    [TRACE_RETIRED] = {NULL, false, NULL},
    [TRACE_EMERGENCY] = {"emergency", true, "is an emergency: nobody else is asked"},
    [TRACE_DISASTER] = {"disaster_recovery_started", true, "could not go back: disaster recovery started"},
    [TRACE_DISASTER_OVER] = {"disaster_recovery_ended", true, "disaster recovery ended, and it tries on"},
    [TRACE_BRAKED] = {"brake_closed", true,
                      "failed, and closes the brake of its service: nothing begins there"},
    [TRACE_FORGOTTEN] = {"quarantine_forgotten", true, "pushed the oldest version out of a full quarantine"},
    [TRACE_REMINDED] = {"approval_wanted", true, "still waits for approval, and half of the time is over"},
};

/* A trial that passed and is taken away as it was to be is nothing that people are called for. */
static struct kind kind_of(const struct trace *trace)
{
    bool is_trial = trace->kind == TRACE_PHASE && trace->b == ENDING_PASSED;

    if (is_trial && trace->a == PHASE_ROLLING_BACK)
        return silent;
    if (is_trial && trace->a == PHASE_ROLLED_BACK)
        return (struct kind){"tried", false, "tried on copies of requests, and well"};
    if (trace->kind == TRACE_BRAKED && trace->a != 0)
        return (struct kind){"brake_closed", true,
                             "failed, and closes the brake of the fleet: nothing begins"};
    if (trace->kind == TRACE_PHASE)
        return phase_kinds[trace->a];
    return (size_t)trace->kind < ARRAY_LENGTH(trace_kinds) ? trace_kinds[trace->kind] : silent;
}

static void add_number(cJSON *object, const char *name, double number)
{
    if (isfinite(number))
        cJSON_AddNumberToObject(object, name, number);
}

/* The numbers of the rule that the event is about: the trace's, or the one that decided. */
static void add_rule(cJSON *data, const struct live *live, const struct batch_row *row)
{
    uint32_t rule = row->trace.kind == TRACE_FAIL || row->trace.kind == TRACE_WOULD_FAIL
                        ? row->trace.a
                        : row->state->failed_rule;

    if (rule >= live->definition->rule_count)
        return;
    const struct rule_definition *definition = &live->definition->rules[rule];
    const struct judgement *judgement = &live->rule_states[rule].last;
    cJSON_AddStringToObject(data, "rule", definition->name);
    cJSON_AddStringToObject(data, "condition", definition->text);
    if (definition->rule.metric_count > 0)
        cJSON_AddStringToObject(data, "metric", live->definition->metrics[definition->metrics[0]].name);
    add_number(data, "value", judgement->value);
    add_number(data, "bound", judgement->bound);
    add_number(data, "count", judgement->count);
}

/* Those that it stands or falls with. */
static void add_group(cJSON *data, const struct live *live, const struct batch_row *row)
{
    const struct run_live *run = run_live_find(live->daemon, row->state->together);
    char id[32];

    if (row->state->together == 0)
        return;
    (void)snprintf(id, sizeof(id), "run_%llu", (unsigned long long)row->state->together);
    cJSON_AddStringToObject(data, "group_run", id);
    if (run != NULL)
        cJSON_AddStringToObject(data, "group", run->definition->pipeline);
}

/* Where people are asked: whom, and the command that answers. */
static void add_answer(cJSON *data, const struct live *live, const struct batch_row *row, const char *id)
{
    char text[RECORD_SUMMARY_SIZE];
    struct text who;

    if (row->trace.kind != TRACE_APPROVAL_WANTED && row->trace.kind != TRACE_REMINDED)
        return;
    text_init(&who, text, sizeof(text));
    record_approvers(live->definition, live->actor, &who);
    cJSON_AddStringToObject(data, "approvers", text);
    (void)snprintf(text, sizeof(text), "verdict approve %s", id);
    cJSON_AddStringToObject(data, "answer", text);
}

static void add_ends(cJSON *data, unsigned ends)
{
    cJSON *array = ends == 0 ? NULL : cJSON_AddArrayToObject(data, "ends");

    for (unsigned i = 0; i < NOTICE_ALERT_COUNT; i++)
        if ((ends & (1U << i)) != 0)
            cJSON_AddItemToArray(array, cJSON_CreateString(notice_alert_name(i)));
}

/* What is done, by whom and why; and who began it all. */
static void add_cause(cJSON *data, const struct telling *telling)
{
    cJSON_AddStringToObject(data, "action", notice_kind_find(telling->kind.name)->action);
    cJSON_AddStringToObject(data, "actor", telling->cause.actor);
    cJSON_AddStringToObject(data, "reason", telling->cause.reason);
    cJSON_AddStringToObject(data, "author", telling->live->actor);
}

static cJSON *data_of(const struct telling *telling)
{
    const struct live *live = telling->live;
    const struct batch_row *row = telling->row;
    const struct definition *definition = live->definition;
    char text[512];
    char id[32];
    cJSON *data = cJSON_CreateObject();

    (void)snprintf(id, sizeof(id), "dep_%llu", (unsigned long long)row->deployment);
    cJSON_AddStringToObject(data, "deployment", id);
    cJSON_AddStringToObject(data, "event", telling->kind.name);
    add_ends(data, telling->ends);
    cJSON_AddStringToObject(data, "service", definition->service);
    cJSON_AddStringToObject(data, "environment", definition->environment);
    cJSON_AddStringToObject(data, "version", live->version);
    cJSON_AddStringToObject(data, "previous", live->previous);
    cJSON_AddStringToObject(data, "state", phase_name(row->state->phase));
    cJSON_AddStringToObject(data, "ending", ending_name(row->state->ending));
    if (row->trace.kind == TRACE_REMINDED)
        cJSON_AddTrueToObject(data, "reminder");
    cJSON_AddNumberToObject(data, "step", row->state->step);
    add_number(data, "share", row->state->confirmed_share / 100.0);
    if (row->state->down_ms > 0)
        add_number(data, "downtime_s", (double)row->state->down_ms / 1000.0);
    add_rule(data, live, row);
    add_group(data, live, row);
    add_answer(data, live, row, id);
    add_cause(data, telling);
    if (live->commit[0] != '\0')
        cJSON_AddStringToObject(data, "commit", live->commit);
    if (live->run_url != NULL && live->run_url[0] != '\0')
        cJSON_AddStringToObject(data, "run_url", live->run_url);
    if (live_why(live)[0] != '\0')
        cJSON_AddStringToObject(data, "why", live_why(live));
    (void)snprintf(text, sizeof(text), "%s/%s %s: %s", definition->service, definition->environment,
                   live->version, telling->kind.sentence);
    cJSON_AddStringToObject(data, "summary", text);
    (void)snprintf(text, sizeof(text), "verdict get %s", id);
    cJSON_AddStringToObject(data, "evidence", text);
    if (live->daemon->settings->public_url[0] != '\0') {
        const struct settings *settings = live->daemon->settings;
        (void)snprintf(text, sizeof(text), "%s/%s/%s", settings->public_url,
                       settings->has_console ? "#/deployments" : "v1/deployments", id);
        cJSON_AddStringToObject(data, "link", text);
    }
    return data;
}

char *notice_envelope(const struct daemon *daemon, const char *id, const char *type, const char *subject,
                      const struct trace_given *trace, cJSON *data)
{
    char text[128];
    char stamp[CLOCK_STAMP_SIZE];
    cJSON *event = cJSON_CreateObject();

    cJSON_AddStringToObject(event, "specversion", "1.0");
    cJSON_AddStringToObject(event, "id", id);
    (void)snprintf(text, sizeof(text), "/verdict/%s", daemon->settings->instance);
    cJSON_AddStringToObject(event, "source", text);
    (void)snprintf(text, sizeof(text), "verdict.%s", type);
    cJSON_AddStringToObject(event, "type", text);
    cJSON_AddStringToObject(event, "time", clock_stamp(clock_wall_ms(), stamp));
    cJSON_AddStringToObject(event, "datacontenttype", "application/json");
    cJSON_AddStringToObject(event, "subject", subject);
    if (trace->traceparent != NULL && trace->traceparent[0] != '\0')
        cJSON_AddStringToObject(event, "traceparent", trace->traceparent);
    if (trace->tracestate != NULL)
        cJSON_AddStringToObject(event, "tracestate", trace->tracestate);
    cJSON_AddItemToObject(event, "data", data);
    char *body = json_print(event);
    cJSON_Delete(event);
    return body;
}

static char *body_of(const struct telling *telling, const char *id)
{
    const struct definition *definition = telling->live->definition;
    char traceparent[TRACEPARENT_SIZE];
    char type[64];
    char subject[128];

    (void)snprintf(type, sizeof(type), "deployment.%s", telling->kind.name);
    (void)snprintf(subject, sizeof(subject), "%s/%s", definition->service, definition->environment);
    tracing_of_action(telling->live, NULL, traceparent);
    const struct trace_given trace = {.traceparent = traceparent,
                                      .tracestate = telling->live->trace_lists.tracestate};
    return notice_envelope(telling->live->daemon, id, type, subject, &trace, data_of(telling));
}

/* A hash of what it is about, when it happened, and for whom: held twice is told twice. */
static void make_id(char id[JOURNAL_NOTICE_ID_SIZE], const struct telling *telling, const char *receiver)
{
    const struct batch_row *row = telling->row;
    char text[512];
    char hash[DIGEST_SHA256_HEX_SIZE];

    (void)snprintf(text, sizeof(text), "%s %llu %s %u %u %u %lld %s",
                   telling->live->daemon->settings->instance, (unsigned long long)row->deployment,
                   telling->kind.name, row->state->attempt, row->trace.a, row->trace.b,
                   (long long)telling->now_ms, receiver);
    digest_sha256_hex(text, strlen(text), hash);
    (void)snprintf(id, JOURNAL_NOTICE_ID_SIZE, "msg_%.27s", hash);
}

bool notices_takes(const struct notices *notices, size_t first, const char *receiver)
{
    const struct notifier_type *type = notifier_type_find(receiver);

    for (size_t i = first; i < notices->count; i++)
        if (strcmp(notices->rows[i].receiver, receiver) == 0)
            return false;
    return type == NULL || !type->takes_traces;
}

struct journal_notice *notices_add(struct notices *notices)
{
    if (notices->count == notices->room) {
        notices->room = notices->room == 0 ? ROOM_FIRST : 2 * notices->room;
        notices->rows = memory_resize(notices->rows, notices->room * sizeof(*notices->rows));
    }
    return &notices->rows[notices->count++];
}

static void tell_one(const struct telling *telling, const char *receiver)
{
    if (!notices_takes(telling->notices, telling->first, receiver))
        return;
    struct journal_notice *notice = notices_add(telling->notices);
    make_id(notice->id, telling, receiver);
    notice->receiver = receiver;
    notice->kind = telling->kind.name;
    notice->body = body_of(telling, notice->id);
    notice->deployment = telling->row->deployment;
    notice->due_ms = telling->now_ms;
}

bool notices_keeps_incidents(const char *receiver)
{
    const struct notifier_type *type = notifier_type_find(receiver);

    return type != NULL && type->keeps_incidents;
}

static void tell(const struct telling *telling)
{
    const struct definition *definition = telling->live->definition;

    for (size_t i = 0; i < definition->notify.all_count; i++)
        tell_one(telling, definition->notify.all[i]);
    for (size_t i = 0; i < definition->notify.urgent_count; i++)
        if (telling->kind.is_urgent ||
            (telling->ends != 0 && notices_keeps_incidents(definition->notify.urgent[i])))
            tell_one(telling, definition->notify.urgent[i]);
}

static void tell_of(struct notices *notices, struct live *live, const struct batch_row *row,
                    const struct kind *kind, int64_t now_ms)
{
    const struct notice_kind *meaning = notice_kind_find(kind->name);
    const struct telling telling = {.notices = notices,
                                    .live = live,
                                    .row = row,
                                    .kind = *kind,
                                    .cause = notice_cause_of(live, row),
                                    .ends = meaning->incident == NOTICE_ENDS ? live->alerts : 0,
                                    .first = notices->count,
                                    .now_ms = now_ms};

    tell(&telling);
    if (meaning->incident == NOTICE_OPENS)
        live->alerts |= 1U << meaning->alert;
    live->alerts &= ~telling.ends;
}

void notices_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        struct live *live = row->kind == ROW_TRACE ? live_find(daemon, row->deployment) : NULL;
        if (live == NULL)
            continue;
        struct kind kind = kind_of(&row->trace);
        if (kind.name != NULL)
            tell_of(notices, live, row, &kind, batch->now_ms);
    }
    run_notices_collect(notices, daemon, batch);
    drifting_collect(notices, daemon, batch);
    exporting_collect(notices, daemon, batch);
}

void notices_clear(struct notices *notices)
{
    for (size_t i = 0; i < notices->count; i++)
        free((void *)(uintptr_t)notices->rows[i].body);
    free(notices->rows);
    *notices = (struct notices){0};
}
