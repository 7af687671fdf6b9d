/* rules.c - the kinds that rule files may use, and the checking of one.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void add_kinds(cJSON *object, const char *name, const struct option_schema *schemas, size_t count)
{
    cJSON *array = cJSON_AddArrayToObject(object, name);

    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(schemas[i].name));
}

/* The services that are known are in /v1/status; a file's own text stays on the machine. */
void rules_list(struct call *call)
{
    const struct option_schemas *schemas = call->api->env.schemas;
    cJSON *object = cJSON_CreateObject();

    add_kinds(object, "sources", schemas->collectors, schemas->collector_count);
    add_kinds(object, "traffic", schemas->drivers, schemas->driver_count);
    add_kinds(object, "notifiers", schemas->notifiers, schemas->notifier_count);
    call_answer_json(call, 200, object);
}

/* Takes over `text`, an array of findings. */
static void answer_findings(struct call *call, char *text)
{
    struct cJSON *findings = NULL;
    bool is_good = json_parse(text, strlen(text), NULL, &findings, NULL);
    free(text);
    if (!is_good) {
        problem_answer(call, 500, "internal", "the rules could not be checked");
        return;
    }
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddBoolToObject(answer, "ok", cJSON_GetArraySize(findings) == 0);
    cJSON_AddItemToObject(answer, "findings", findings);
    call_answer_json(call, 200, answer);
}

void rules_check(struct call *call)
{
    const struct api_env *env = &call->api->env;
    const struct http_server_request *request = call->request;

    if (strlen(request->body) != request->body_length) {
        problem_answer(call, 400, "invalid", "the body must be the text of a rule file");
        return;
    }
    answer_findings(call, env->check_rules(env->data, request->body));
}

void rules_reload(struct call *call)
{
    const struct api_env *env = &call->api->env;

    if (call->request->body_length > 0)
        problem_answer(call, 400, "invalid", "nothing is taken here but an empty body");
    else
        answer_findings(call, env->reload(env->data, call->principal.name));
}
