/* hooks.c - POST /v1/hooks/NAME: a message of another system's own form, proved by its own signature, taken
 * as the native request that it stands for.
 * SPDX-License-Identifier: MIT
 *
 * GitHub and GitLab number their deliveries in headers that nothing signs: a message that comes twice is
 * known by what is signed, its body, and of Standard Webhooks by its id. */
#include "api/hook_proof.h"
#include "api/hook_read.h"
#include "api/parts.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/log.h"
#include "io/secret.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { SOURCE_SIZE = NAME_MAX_LENGTH + 16 };

static const struct json_limits limits = {
    .size_max = HOOK_BODY_MAX, .depth_max = 32, .keys_max = 8192, .allows_rounding = true};

const struct settings_hook *hooks_find(const struct api *api, const char *name)
{
    for (size_t i = 0; i < api->env.doors.hook_count; i++)
        if (strcmp(api->env.doors.hooks[i].name, name) == 0)
            return &api->env.doors.hooks[i];
    return NULL;
}

static bool is_proved(struct call *call, const struct settings_hook *hook)
{
    const struct http_server_request *request = call->request;
    const struct hook_message message = {.body = request->body,
                                         .length = request->body_length,
                                         .proof = http_server_header(request, hook->header),
                                         .id = http_server_header(request, "webhook-id"),
                                         .timestamp = http_server_header(request, "webhook-timestamp"),
                                         .signatures = http_server_header(request, "webhook-signature")};
    CLEANUP(secret_drop) struct secret secret = {0};
    struct err err = {0};

    if (!secret_load(call->api->env.doors.secrets, hook->secret, &secret, &err)) {
        log_say(call->api->env.log, LOG_LEVEL_ERROR, "hook %s: its secret: %s", hook->name, err.text);
        problem_answer(call, 503, "unavailable", "the secret of this hook cannot be read");
        return false;
    }
    if (hook_proof_check(hook, secret.bytes, &message, clock_wall_ms(), &err))
        return true;
    if (err.code == ERR_FORBIDDEN)
        problem_answer(call, 401, "unauthorized", "%s", err.text);
    else
        problem_answer(call, 503, "unavailable", "the secret of this hook is not what its proof takes");
    return false;
}

static void copy_names(const struct hook_texts *from, char (*to)[NAME_MAX_LENGTH + 1], size_t *ret_count)
{
    for (size_t i = 0; i < from->count && *ret_count < JOURNAL_TOKEN_LIMITS_MAX; i++)
        (void)snprintf(to[(*ret_count)++], NAME_MAX_LENGTH + 1, "%s", from->texts[i]);
}

/* Whoever knows the secret may deploy where the hook is for, and nothing else. */
static void become(struct call *call, const struct settings_hook *hook)
{
    struct principal *principal = &call->principal;

    *principal = (struct principal){.has_token = true, .token = {.rights = TOKEN_DEPLOY}};
    (void)snprintf(principal->name, sizeof(principal->name), "hook-%.58s", hook->name);
    copy_names(&hook->services, principal->token.services, &principal->token.service_count);
    copy_names(&hook->environments, principal->token.environments, &principal->token.environment_count);
}

static void answer_nothing(struct call *call)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddItemToObject(json, "events", cJSON_CreateArray());
    cJSON_AddStringToObject(json, "detail", "it concerns nothing here");
    call_answer_json(call, 202, json);
}

/* The same message twice is one start: by its id where that is signed, else by all of it. */
static void take_start(struct call *call, const struct settings_hook *hook)
{
    char source[SOURCE_SIZE];
    char id[DIGEST_SHA256_HEX_SIZE];
    const char *sent = http_server_header(call->request, "webhook-id");
    cJSON *body = NULL;
    struct err err = {0};

    if (!hook_read_start(hook, call->body, &body, &err)) {
        problem_answer_err(call, &err);
        return;
    }
    (void)snprintf(source, sizeof(source), "hook:%s", hook->name);
    if (hook->proof == HOOK_STANDARD && sent != NULL)
        digest_sha256_hex(sent, strlen(sent), id);
    else
        digest_sha256_hex(call->text, call->text_length, id);
    events_take_start(call, source, id, body);
}

/* Who signed it vouches for the body alone, so that says what it is, and no header does. What cannot be read
 * is nothing here: whoever reads it as a start says why. */
static enum cloud_event_form form_of(const struct call *call)
{
    struct cJSON *root = NULL;
    enum cloud_event_form form = CLOUD_EVENT_NONE;

    if (!json_parse(call->text, call->text_length, NULL, &root, NULL))
        return CLOUD_EVENT_NONE;
    if (cJSON_IsArray(root))
        form = CLOUD_EVENT_BATCH;
    else if (cJSON_GetObjectItemCaseSensitive(root, "specversion") != NULL)
        form = CLOUD_EVENT_STRUCTURED;
    json_free(root);
    return form;
}

/* Events are known by source and id, a native request by the id that is signed with it. */
static void take_own(struct call *call)
{
    enum cloud_event_form form = form_of(call);
    const char *id = http_server_header(call->request, "webhook-id");
    char hash[DIGEST_SHA256_HEX_SIZE];

    if (form != CLOUD_EVENT_NONE) {
        events_take_form(call, form);
        return;
    }
    digest_sha256_hex(id, strlen(id), hash);
    (void)snprintf(call->key, sizeof(call->key), "webhook:%s", hash);
    deployments_start(call);
}

static bool read_message(struct call *call)
{
    struct err err = {0};

    if (!http_server_is_type(call->request, "application/json")) {
        problem_answer(call, 415, "unsupported-media-type", "send it as application/json");
        return false;
    }
    if (json_parse(call->text, call->text_length, &limits, &call->body, &err) && cJSON_IsObject(call->body))
        return true;
    problem_answer(call, 400, "invalid", "%s", call->body != NULL ? "#: must be an object" : err.text);
    return false;
}

void hooks_take(struct call *call)
{
    const struct settings_hook *hook = hooks_find(call->api, call->match.id);
    struct err err = {0};

    if (hook == NULL) {
        problem_answer(call, 404, "not-found", "verdictd.conf has no hook of this name");
        return;
    }
    if (!is_proved(call, hook))
        return;
    become(call, hook);
    if (hook->kind == HOOK_VERDICT)
        take_own(call);
    else if (!read_message(call))
        return;
    else if (!hook_concerns(hook, call->body))
        answer_nothing(call);
    else if (!hook_is_young(hook, call->body, clock_wall_ms(), &err))
        problem_answer_err(call, &err);
    else
        take_start(call, hook);
}
