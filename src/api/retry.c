/* retry.c - what has ended without being promoted, wanted once more: a new deployment by the rule files of
 * today. SPDX-License-Identifier: MIT */
#include "api/etag.h"
#include "api/parts.h"
#include "orchestrator/deployment.h"

static bool is_quarantined(const struct target_state *target, uint64_t version_key)
{
    for (uint8_t i = 0; target != NULL && i < target->quarantined_count; i++)
        if (target->quarantined[i].version_key == version_key)
            return true;
    return false;
}

/* Taking a version out of quarantine overrides a verdict, by whichever door. */
static bool may_take_out(struct call *call, const struct journal_deployment *row, bool *ret_takes_out)
{
    const struct api_env *env = &call->api->env;

    *ret_takes_out = auth_allows(&call->principal, TOKEN_OVERRIDE, row->service, row->environment);
    return *ret_takes_out || !is_quarantined(env->target(env->data, row->target), row->version_key) ||
           call_allowed(call, TOKEN_OVERRIDE, row->service, row->environment);
}

static bool is_over(struct call *call, const struct record *record)
{
    enum deployment_phase phase = record->state->phase;

    if (phase_is_terminal(phase) && phase != PHASE_PROMOTED && record->row->kind == PLAN_DEPLOY)
        return true;
    problem_answer(call, 409, "conflict",
                   "retry is not possible: dep_%llu is %s; only what ended without being promoted is wanted "
                   "once more, and no rollback is",
                   (unsigned long long)record->row->id, record_state_text(record->state));
    return false;
}

static void retry(struct call *call)
{
    const struct api_env *env = &call->api->env;
    bool takes_out = false;
    char etag[RECORD_ETAG_SIZE];

    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    const struct journal_deployment *row = record.row;
    record_etag(&record, etag);
    if (!call_allowed(call, call->route->right, row->service, row->environment) ||
        !etag_holds(call, etag, row->id, 0) || !is_over(call, &record) ||
        !may_take_out(call, row, &takes_out))
        return;
    const struct api_start start = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .service = row->service,
        .environment = row->environment,
        .version = row->version,
        .digest = row->digest,
        .strategy = row->strategy,
        .run_url = row->run_url,
        .commit = row->commit,
        .reason = call->reason,
        .actor = call->principal.name,
        .trace = call_trace(call),
        .retries = row->id,
        .takes_out = takes_out};
    call->env_holds++;
    env->start(env->data, &start, deployments_started, call);
}

void retry_answer(struct call *call)
{
    static const char *const names[] = {"reason"};

    if (!call_read_body(call, names, ARRAY_LENGTH(names), true) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason))
        return;
    if (call->reason[0] == '\0')
        problem_answer_member(call, "#/reason", "is missing: a retry is recorded with what has changed");
    else if (call->match.deployment != 0)
        reading_deployment(call, READING_DEPLOYMENT, call->match.deployment, retry);
    else
        reading_last(call, READING_DEPLOYMENT, retry);
}
