/* rehearsal.c - POST .../rehearse: what an admission would say now.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

void rehearsal_ask(struct call *call)
{
    static const char *const names[] = {"strategy", "version"};
    char strategy[NAME_MAX_LENGTH + 1];
    char version[VERSION_MAX_LENGTH + 1];

    if (!call_read_body(call, names, ARRAY_LENGTH(names), true) ||
        !call_body_line(call, "strategy", sizeof(strategy), strategy) ||
        !call_body_line(call, "version", sizeof(version), version) ||
        !call_allowed(call, TOKEN_DEPLOY, call->match.service, call->match.environment))
        return;
    if (version[0] != '\0' && !text_is_version(version)) {
        problem_answer(call, 422, "invalid", "version: letters, digits and . _ + ~ -, at most 128");
        return;
    }
    const struct api_rehearsal asked = {.service = call->match.service,
                                        .environment = call->match.environment,
                                        .strategy = strategy,
                                        .version = version};
    call->env_holds++;
    call->api->env.rehearse(call->api->env.data, &asked, call_told, call);
}
