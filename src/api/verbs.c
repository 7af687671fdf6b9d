/* verbs.c - what people and pipelines say to one deployment.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"
#include "api/parts.h"
#include "api/shape.h"
#include "io/json.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { ALLOWED_SIZE = 160, RULE_SIZE = 160 };

static void answer_conflict(struct call *call, const struct record *record, const char *detail)
{
    char memory[ALLOWED_SIZE];
    struct text allowed;

    text_init(&allowed, memory, sizeof(memory));
    record_allowed(record->state, &allowed);
    problem_answer(call, 409, "conflict", "%s: dep_%llu is %s; possible now: %s", detail,
                   (unsigned long long)record->row->id, record_state_text(record->state), memory);
}

static void explain_conflict(struct call *call)
{
    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    char detail[96];
    (void)snprintf(detail, sizeof(detail), "%s is not possible", verb_name(call->verb));
    answer_conflict(call, &record, detail);
}

/* A deployment that is not in memory any more has a state, which forbids this. */
static bool is_about_state(const struct call *call, const struct err *err)
{
    bool is_refused = err->code == ERR_CONFLICT && call->verb != VERB_ROLLBACK;

    return is_refused || (err->code == ERR_NOT_FOUND && call->verb != VERB_MUTE);
}

static void verb_done(void *data, bool is_done, bool is_new, uint64_t deployment, const struct err *err)
{
    struct call *call = data;

    (void)is_new;
    if (call->request != NULL) {
        if (is_done && deployment != 0 && deployment != call->deployment)
            deployments_answer(call, deployment, 201);
        else if (is_done)
            deployments_answer(call, call->deployment, 200);
        else if (is_about_state(call, err))
            reading_deployment(call, READING_DEPLOYMENT, call->deployment, explain_conflict);
        else
            problem_answer_err(call, err);
    }
    call->env_holds--;
    call_settle(call);
}

static bool read_rule(struct call *call, char rule[RULE_SIZE])
{
    if (!call_body_line(call, "rule", RULE_SIZE, rule))
        return false;
    if (call->verb != VERB_MUTE || rule[0] != '\0')
        return true;
    problem_answer_member(call, "#/rule", "is missing: the name of the rule that shall only record");
    return false;
}

static void ask(struct call *call, const struct record *record)
{
    const struct api_env *env = &call->api->env;
    char rule[RULE_SIZE] = "";

    if (!read_rule(call, rule))
        return;
    struct api_verb verb = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .deployment = record->row->id,
        .verb = call->verb,
        .rule = rule,
        .reason = call->reason,
        .trace = call_trace(call),
        .row = record->row,
        .sealed = call->reading->sealed};
    call->deployment = record->row->id;
    call->env_holds++;
    env->verb(env->data, &verb, verb_done, call);
}

/* Over and out of the engine's memory: what happened already is a success, the rest is refused. */
static void answer_over(struct call *call, const struct record *record)
{
    bool is_promotion = call->verb == VERB_PROMOTE || call->verb == VERB_PROMOTE_FULL;

    if (is_promotion && record->state->phase == PHASE_PROMOTED)
        deployments_answer(call, record->row->id, 200);
    else if (record->state->phase == PHASE_PROMOTED && call->verb == VERB_ROLLBACK)
        problem_answer(call, 409, "conflict",
                       "the slot of %s is not kept any more: start a deployment of that version instead",
                       record->row->previous[0] == '\0' ? "the version before" : record->row->previous);
    else {
        char detail[96];
        (void)snprintf(detail, sizeof(detail), "%s is not possible", verb_name(call->verb));
        answer_conflict(call, record, detail);
    }
}

static bool is_override(enum verb verb)
{
    return verb == VERB_PROMOTE_FULL || verb == VERB_ROLLBACK_PAST || verb == VERB_MUTE;
}

static void act(struct call *call)
{
    unsigned right = is_override(call->verb) ? TOKEN_OVERRIDE : call->route->right;
    char etag[RECORD_ETAG_SIZE];

    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    record_etag(&record, etag);
    if (!call_allowed(call, right, record.row->service, record.row->environment) ||
        !etag_holds(call, etag, record.row->id, 0))
        return;
    if (is_override(call->verb) && call->reason[0] == '\0')
        problem_answer_member(call, "#/reason",
                              "is missing: %s is an override, and those are recorded with a reason",
                              verb_name(call->verb));
    else if (!record.is_live && phase_is_terminal(record.state->phase) &&
             (call->verb != VERB_ROLLBACK || !record.is_way_back))
        answer_over(call, &record);
    else
        ask(call, &record);
}

static bool read_flags(struct call *call)
{
    bool is_full = false;
    bool is_past = false;

    if (!call_body_flag(call, "full", &is_full) || !call_body_flag(call, "past_no_return", &is_past))
        return false;
    if (is_full)
        call->verb = VERB_PROMOTE_FULL;
    if (is_past)
        call->verb = VERB_ROLLBACK_PAST;
    return true;
}

void verbs_act(struct call *call)
{
    static const char *const plain[] = {"reason"};
    static const char *const promote[] = {"reason", "full"};
    static const char *const rollback[] = {"reason", "past_no_return"};
    static const char *const mute[] = {"reason", "rule"};

    call->verb = (enum verb)call->route->value;
    bool is_read = false;
    if (call->verb == VERB_PROMOTE)
        is_read = call_read_body(call, promote, ARRAY_LENGTH(promote), true);
    else if (call->verb == VERB_ROLLBACK)
        is_read = call_read_body(call, rollback, ARRAY_LENGTH(rollback), true);
    else if (call->verb == VERB_MUTE)
        is_read = call_read_body(call, mute, ARRAY_LENGTH(mute), true);
    else
        is_read = call_read_body(call, plain, ARRAY_LENGTH(plain), true);
    if (!is_read || !call_body_line(call, "reason", sizeof(call->reason), call->reason) || !read_flags(call))
        return;
    if (call->match.deployment != 0)
        reading_deployment(call, READING_DEPLOYMENT, call->match.deployment, act);
    else
        reading_last(call, READING_DEPLOYMENT, act);
}
