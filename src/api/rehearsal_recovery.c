/* rehearsal_recovery.c - POST .../rehearse/recovery: the recovery plan of an environment, run on its
 * stand-in.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

/* Whoever may deploy there and to the stand-in. */
static bool is_allowed(struct call *call, const struct api_run_start *start)
{
    const struct api_env *env = &call->api->env;
    struct err err = {0};

    if (!call_allowed(call, TOKEN_DEPLOY, start->rehearses, start->environment))
        return false;
    struct run_definition *definition = env->run_definition(env->data, start, &err);
    if (definition == NULL) {
        problem_answer_err(call, &err);
        return false;
    }
    bool is_good = runs_allowed(call, TOKEN_DEPLOY, definition->service, definition);
    run_definition_free(definition);
    return is_good;
}

void rehearsal_recovery(struct call *call)
{
    static const char *const names[] = {"reason"};
    const struct api_env *env = &call->api->env;

    if (!call_read_body(call, names, ARRAY_LENGTH(names), true) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason))
        return;
    const struct api_run_start start = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .rehearses = call->match.service,
        .environment = call->match.environment,
        .version = "",
        .digest = "",
        .run_url = "",
        .commit = "",
        .reason = call->reason,
        .actor = call->principal.name,
        .trace = call_trace(call)};
    if (!is_allowed(call, &start))
        return;
    call->env_holds++;
    env->run_start(env->data, &start, runs_done, call);
}
