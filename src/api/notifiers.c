/* notifiers.c - POST /v1/notifiers/{id}/test: does a notice arrive?
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

void notifiers_test(struct call *call)
{
    const struct api_env *env = &call->api->env;
    const struct api_notice_test asked = {.receiver = call->match.id, .person = call->principal.name};

    if (!call_read_body(call, NULL, 0, true))
        return;
    call->env_holds++;
    env->test_notifier(env->data, &asked, call_told, call);
}
