/* notifiers.c - POST /v1/notifiers/{id}/test: does a notice arrive?
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <string.h>

static void noticed(void *data, const char *json, const struct err *err)
{
    struct call *call = data;
    cJSON *answer = NULL;

    if (call->request != NULL && json == NULL)
        problem_answer_err(call, err);
    else if (call->request != NULL && json_parse(json, strlen(json), NULL, &answer, NULL))
        call_answer_json(call, 200, answer);
    else if (call->request != NULL)
        problem_answer(call, 500, "internal", "what came of it could not be told");
    call->env_holds--;
    call_settle(call);
}

void notifiers_test(struct call *call)
{
    const struct api_env *env = &call->api->env;
    const struct api_notice_test asked = {.receiver = call->match.id, .person = call->principal.name};

    if (!call_read_body(call, NULL, 0, true))
        return;
    call->env_holds++;
    env->test_notifier(env->data, &asked, noticed, call);
}
