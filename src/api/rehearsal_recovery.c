/* rehearsal_recovery.c - POST .../rehearse/recovery: the recovery plan of an environment, run on its
 * stand-in.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

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
    /* Whoever may deploy there and to the stand-in. */
    if (!call_allowed(call, TOKEN_DEPLOY, start.rehearses, start.environment) ||
        !runs_may_start(call, &start))
        return;
    call->env_holds++;
    env->run_start(env->data, &start, runs_done, call);
}
