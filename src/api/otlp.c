/* otlp.c - POST /v1/metrics: what exporters of OpenTelemetry post (OTLP/HTTP, as JSON).
 * SPDX-License-Identifier: MIT
 *
 * The path and the answers are the protocol's; errors are problem documents as everywhere here. */
#include "api/parts.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_SIZE = 24 };

static bool allows(void *data, const char *service, const char *environment)
{
    const struct call *call = data;

    return auth_allows(&call->principal, call->route->right, service, environment);
}

/* What we do not read is said so that whoever set up the exporter knows what to change. */
static bool check_form(struct call *call)
{
    const char *type = http_server_header(call->request, "Content-Type");
    const char *coding = http_server_header(call->request, "Content-Encoding");

    if (coding != NULL && strcasecmp(coding, "identity") != 0)
        problem_answer(call, 415, "encoding",
                       "compressed bodies (%.40s) are not read; set the exporter's compression to none",
                       coding);
    else if (!http_server_is_type(call->request, "application/json"))
        problem_answer(call, 415, "media-type",
                       "OTLP is read as JSON only (application/json), not as %.80s; protocol http/json, or "
                       "encoding: json of the Collector's otlphttp exporter",
                       type == NULL ? "nothing said" : type);
    else
        return true;
    return false;
}

static void answer(struct call *call, const struct api_otlp_answer *told)
{
    cJSON *root = cJSON_CreateObject();
    char number[NUMBER_SIZE];

    if (told->rejected > 0) {
        cJSON *part = cJSON_AddObjectToObject(root, "partialSuccess");
        (void)snprintf(number, sizeof(number), "%" PRIu64, told->rejected);
        cJSON_AddStringToObject(part, "rejectedDataPoints", number);
        cJSON_AddStringToObject(part, "errorMessage", told->why);
    }
    call_answer_json(call, 200, root);
}

void otlp_take(struct call *call)
{
    const struct api_env *env = &call->api->env;
    const struct api_otlp posted = {
        .bytes = call->request->body, .length = call->request->body_length, .data = call, .allows = allows};
    struct api_otlp_answer told = {0};
    struct err err = {0};

    if (!check_form(call))
        return;
    if (env->otlp(env->data, &posted, &told, &err))
        answer(call, &told);
    else if (err.code == ERR_LIMIT)
        problem_answer(call, 413, "limit", "%s", err.text);
    else
        problem_answer(call, 400, "invalid", "%s", err.text);
}
