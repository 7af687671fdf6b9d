/* approvals.c - people answer: may they, did they already, and what the deployment makes of it; and what the
 * pipeline of a `follow` deployment tells about its traffic.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"
#include "api/parts.h"
#include "api/shape.h"
#include "io/json.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { DECISION_SIZE = 16 };

static void approval_done(void *data, bool is_done, bool is_new, uint64_t deployment, const struct err *err)
{
    struct call *call = data;

    (void)is_new;
    (void)deployment;
    if (call->request != NULL) {
        if (is_done)
            deployments_answer(call, call->deployment, 200);
        else
            problem_answer_err(call, err);
    }
    call->env_holds--;
    call_settle(call);
}

static bool is_approver(const struct api_env *env, const struct definition *definition, const char *name)
{
    for (size_t i = 0; i < definition->approver_count; i++)
        if (env->is_member(env->data, definition->approvers[i], name))
            return true;
    return definition->approver_count == 0;
}

/* False: answered with 403. */
static bool may_answer(struct call *call, const struct record *record)
{
    const char *name = call->principal.name;

    if (!call_allowed(call, TOKEN_APPROVE, record->row->service, record->row->environment))
        return false;
    if (!call->principal.is_person)
        problem_answer(call, 403, "forbidden",
                       "only people approve, and %s is none: bind a token to a person", name);
    else if (record->definition != NULL && !is_approver(&call->api->env, record->definition, name))
        problem_answer(call, 403, "forbidden", "%s is not among those who may approve this", name);
    else if (call->verb == VERB_APPROVE && record->definition != NULL && record->definition->not_author &&
             strcmp(record->row->actor, name) == 0)
        problem_answer(call, 403, "forbidden",
                       "%s started this deployment, and somebody else must approve it", name);
    else
        return true;
    return false;
}

/* This step's approvals so far; an answer under way counts. */
static bool has_approved(const struct call *call, const struct record *record)
{
    const struct reading *reading = call->reading;

    for (size_t i = 0; i < reading->approver_count; i++)
        if (reading->approvers[i].attempt == record->state->attempt &&
            strcmp(reading->approvers[i].name, call->principal.name) == 0)
            return true;
    return false;
}

static bool is_answering(const struct call *call, uint64_t deployment)
{
    const struct call *other = NULL;

    LIST_FOREACH(other, &call->api->calls, link)
    if (other != call && other->env_holds > 0 && other->deployment == deployment &&
        other->verb == VERB_APPROVE && strcmp(other->principal.name, call->principal.name) == 0)
        return true;
    return false;
}

/* Who approved is known only while nothing happened since it was read: else somebody would count twice. */
static void decide(struct call *call)
{
    const struct api_env *env = &call->api->env;
    char etag[RECORD_ETAG_SIZE];

    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    record_etag(&record, etag);
    if (!may_answer(call, &record) || reading_again(call, record.row->id, decide) ||
        !etag_holds(call, etag, record.row->id, 0))
        return;
    bool is_waiting = record.is_live && record.state->step_state == STEP_WAITING;
    if (is_waiting && call->verb == VERB_APPROVE && has_approved(call, &record)) {
        deployments_answer(call, record.row->id, 200);
        return;
    }
    if (!is_waiting || is_answering(call, record.row->id)) {
        problem_answer(call, 409, "conflict", "nothing waits for your answer: dep_%llu is %s",
                       (unsigned long long)record.row->id, record_state_text(record.state));
        return;
    }
    struct api_verb verb = {.principal = {.name = call->principal.name, .is_person = true},
                            .deployment = record.row->id,
                            .verb = call->verb,
                            .rule = "",
                            .reason = call->reason};
    call->deployment = record.row->id;
    call->env_holds++;
    env->verb(env->data, &verb, approval_done, call);
}

static bool read_decision(struct call *call)
{
    static const char *const names[] = {"decision", "comment"};
    char decision[DECISION_SIZE];

    if (!call_read_body(call, names, ARRAY_LENGTH(names), false) ||
        !call_body_line(call, "decision", sizeof(decision), decision) ||
        !call_body_line(call, "comment", sizeof(call->reason), call->reason))
        return false;
    call->verb = strcmp(decision, "approve") == 0 ? VERB_APPROVE : VERB_REJECT;
    if (call->verb == VERB_APPROVE || strcmp(decision, "reject") == 0)
        return true;
    problem_answer_member(call, "#/decision", "must be \"approve\" or \"reject\"");
    return false;
}

static void read_for(struct call *call, enum reading_kind kind, void (*done)(struct call *call))
{
    if (call->match.deployment != 0)
        reading_deployment(call, kind, call->match.deployment, done);
    else
        reading_last(call, kind, done);
}

void approvals_answer(struct call *call)
{
    if (read_decision(call))
        read_for(call, READING_APPROVALS, decide);
}

/* ---- marks ---- */

static bool read_weight(struct call *call, double *ret_weight)
{
    struct json_node root = json_root(call->body);
    struct err err = {0};

    if (!json_number(&root, "weight", JSON_REQUIRED, ret_weight, &err)) {
        problem_answer(call, 400, "invalid", "%s", err.text);
        return false;
    }
    if (*ret_weight >= 0.0 && *ret_weight <= 100.0)
        return true;
    problem_answer_member(call, "#/weight", "must be 0 to 100, in percent");
    return false;
}

static void mark(struct call *call)
{
    const struct api_env *env = &call->api->env;
    double weight = 0.0;
    char etag[RECORD_ETAG_SIZE];

    if (reading_failed(call) || !read_weight(call, &weight))
        return;
    struct record record = reading_record(call, 0);
    record_etag(&record, etag);
    if (!call_allowed(call, TOKEN_DEPLOY, record.row->service, record.row->environment) ||
        !etag_holds(call, etag, record.row->id, 0))
        return;
    if (!record.is_live || phase_is_terminal(record.state->phase)) {
        problem_answer(call, 409, "conflict", "dep_%llu is %s", (unsigned long long)record.row->id,
                       record_state_text(record.state));
        return;
    }
    env->mark(env->data, record.row->id, weight);
    deployments_answer(call, record.row->id, 200);
}

void verbs_mark(struct call *call)
{
    static const char *const names[] = {"weight"};

    if (call_read_body(call, names, ARRAY_LENGTH(names), false))
        read_for(call, READING_DEPLOYMENT, mark);
}
