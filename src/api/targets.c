/* targets.c - what concerns a service in an environment: what serves, freezes, quarantine.
 * SPDX-License-Identifier: MIT */
#include "api/fleet_parts.h"
#include "api/parts.h"
#include "api/shape.h"
#include "api/until.h"
#include "io/clock.h"
#include "io/json.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUARANTINE_ID_SIZE = 48, QUARANTINE_KEY_DIGITS = 16 };

struct target_texts {
    char version[VERSION_MAX_LENGTH + 1], digest[DIGEST_MAX_LENGTH + 1], slot[NAME_MAX_LENGTH + 1];
    int64_t until_wall_ms;
};

/* ---- shapes ---- */

static void add_version(const struct api *api, cJSON *object, uint64_t key)
{
    const char *version = "";
    const char *digest = "";

    if (!journal_version(api->env.journal, key, &version, &digest))
        version = digest = "";
    cJSON_AddStringToObject(object, "version", version);
    cJSON_AddStringToObject(object, "digest", digest);
}

static cJSON *shape_quarantined(const struct api *api, uint32_t target, const struct quarantined *row)
{
    const char *service = "";
    const char *environment = "";
    cJSON *object = cJSON_CreateObject();
    char id[QUARANTINE_ID_SIZE];

    if (!journal_target_names(api->env.journal, target, &service, &environment))
        service = environment = "";
    (void)snprintf(id, sizeof(id), "q%" PRIu32 "-%016" PRIx64, target, row->version_key);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddStringToObject(object, "service", service);
    cJSON_AddStringToObject(object, "environment", environment);
    add_version(api, object, row->version_key);
    shape_deployment_id(object, "deployment", row->deployment);
    return object;
}

static bool is_fleet(const char *service)
{
    return strcmp(service, JOURNAL_FLEET) == 0;
}

/* ---- verbs ---- */

static void target_done(void *data, bool is_done, bool is_new, uint64_t deployment, const struct err *err)
{
    struct call *call = data;

    (void)deployment;
    if (call->request != NULL && !is_done)
        problem_answer_err(call, err);
    if (call->request != NULL) {
        struct journal *journal = call->api->env.journal;
        uint32_t id = journal_target(journal, call->match.service, call->match.environment);
        const struct fleet_target target =
            fleet_target_of(call->api, id, call->match.service, call->match.environment);
        cJSON *json = is_fleet(call->match.service) ? fleet_shape_door(&target) : fleet_shape_target(&target);
        call_answer_json(call, is_new && call->status == 201 ? 201 : 200, json);
    }
    call->env_holds--;
    call_settle(call);
}

/* Of the call's service and environment. */
static void ask(struct call *call, enum target_verb_kind kind, const struct target_texts *texts)
{
    const struct api_env *env = &call->api->env;
    struct api_target_verb verb = {
        .principal = {.name = call->principal.name, .is_person = call->principal.is_person},
        .kind = kind,
        .service = call->match.service,
        .environment = call->match.environment,
        .version = texts->version,
        .digest = texts->digest,
        .slot = texts->slot,
        .until_wall_ms = texts->until_wall_ms,
        .reason = call->reason};

    call->env_holds++;
    env->target_verb(env->data, &verb, target_done, call);
}

static bool needs_reason(struct call *call)
{
    if (call->reason[0] != '\0')
        return false;
    problem_answer_member(call, "#/reason", "is missing: this is recorded with a reason");
    return true;
}

static bool read_version(struct call *call, struct target_texts *texts)
{
    if (!call_body_name(call, "version", text_is_version, "a version", sizeof(texts->version),
                        texts->version) ||
        !call_body_line(call, "digest", sizeof(texts->digest), texts->digest))
        return false;
    if (texts->digest[0] == '\0' || text_is_digest(texts->digest))
        return true;
    problem_answer_member(call, "#/digest", "is not a digest (sha256:... in hexadecimal)");
    return false;
}

static void adopt(struct call *call)
{
    static const char *const names[] = {"slot", "version", "digest", "reason"};
    struct target_texts texts = {0};

    if (!call_read_body(call, names, ARRAY_LENGTH(names), false) || !read_version(call, &texts) ||
        !call_body_line(call, "slot", sizeof(texts.slot), texts.slot) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason) || needs_reason(call))
        return;
    ask(call, TARGET_ADOPT, &texts);
}

static bool read_until(struct call *call, const char *until, int64_t *ret_wall_ms)
{
    struct err err = {0};

    if (until[0] == '\0' || until_parse(until, clock_wall_ms(), ret_wall_ms, &err))
        return true;
    problem_answer_member(call, "#/until", "%s", err.text);
    return false;
}

static void freeze(struct call *call)
{
    static const char *const names[] = {"until", "reason"};
    struct target_texts texts = {0};
    char until[UNTIL_TEXT_SIZE];

    if (!call_read_body(call, names, ARRAY_LENGTH(names), true) ||
        !call_body_line(call, "until", sizeof(until), until) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason))
        return;
    if (read_until(call, until, &texts.until_wall_ms) && !needs_reason(call))
        ask(call, TARGET_FREEZE, &texts);
}

static void unfreeze(struct call *call)
{
    static const char *const names[] = {"reason"};
    const struct target_texts texts = {0};

    if (call_read_body(call, names, ARRAY_LENGTH(names), true) &&
        call_body_line(call, "reason", sizeof(call->reason), call->reason))
        ask(call, TARGET_UNFREEZE, &texts);
}

/* Of all of them, by whoever may do so everywhere. */
void fleet_act(struct call *call)
{
    (void)!text_copy(call->match.service, sizeof(call->match.service), JOURNAL_FLEET);
    (void)!text_copy(call->match.environment, sizeof(call->match.environment), JOURNAL_FLEET);
    if (call_allowed(call, call->route->right, JOURNAL_FLEET, JOURNAL_FLEET))
        targets_act(call);
}

void targets_act(struct call *call)
{
    switch ((enum target_verb_kind)call->route->value) {
    case TARGET_ADOPT:
        adopt(call);
        return;
    case TARGET_FREEZE:
        freeze(call);
        return;
    case TARGET_UNFREEZE:
        unfreeze(call);
        return;
    case TARGET_QUARANTINE_ADD:
    case TARGET_QUARANTINE_CLEAR:
    case TARGET_OPEN:
        return;
    }
}

/* ---- quarantine ---- */

void quarantine_list(struct call *call)
{
    const struct api *api = call->api;
    const char *service = "";
    const char *environment = "";
    cJSON *page = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(page, "quarantine");

    for (uint32_t target = 1; target <= journal_target_last(api->env.journal); target++) {
        const struct target_state *state = api->env.target(api->env.data, target);
        if (state == NULL || state->quarantined_count == 0 ||
            !journal_target_names(api->env.journal, target, &service, &environment) ||
            !auth_allows(&call->principal, TOKEN_READ, service, environment))
            continue;
        for (uint8_t i = 0; i < state->quarantined_count; i++)
            cJSON_AddItemToArray(array, shape_quarantined(api, target, &state->quarantined[i]));
    }
    call_answer_json(call, 200, page);
}

void quarantine_add(struct call *call)
{
    static const char *const names[] = {"service", "environment", "version", "digest", "reason"};
    struct target_texts texts = {0};

    call->status = 201;
    if (!call_read_body(call, names, ARRAY_LENGTH(names), false) ||
        !call_body_name(call, "service", text_is_name, "a name", sizeof(call->match.service),
                        call->match.service) ||
        !call_body_name(call, "environment", text_is_name, "a name", sizeof(call->match.environment),
                        call->match.environment) ||
        !read_version(call, &texts) || !call_body_line(call, "reason", sizeof(call->reason), call->reason) ||
        !call_allowed(call, call->route->right, call->match.service, call->match.environment) ||
        needs_reason(call))
        return;
    ask(call, TARGET_QUARANTINE_ADD, &texts);
}

/* "q3-00000000deadbeef" */
static bool parse_id(const char *id, uint32_t *ret_target, uint64_t *ret_key)
{
    char number[QUARANTINE_ID_SIZE];
    size_t length = strcspn(id, "-");
    int64_t target = 0;
    const char *key = id + length + (id[length] == '-');
    char *end = NULL;

    if (id[0] != 'q' || length >= sizeof(number) ||
        strspn(key, "0123456789abcdef") != QUARANTINE_KEY_DIGITS || key[QUARANTINE_KEY_DIGITS] != '\0')
        return false;
    memcpy(number, id + 1, length - 1);
    number[length - 1] = '\0';
    if (!text_to_integer(number, 1, JOURNAL_TARGETS_MAX, &target))
        return false;
    *ret_target = (uint32_t)target;
    *ret_key = strtoull(key, &end, 16);
    return true;
}

static bool find_quarantined(struct call *call, struct target_texts *texts)
{
    const struct api_env *env = &call->api->env;
    const char *service = "";
    const char *environment = "";
    const char *version = "";
    const char *digest = "";
    uint32_t target = 0;
    uint64_t key = 0;

    if (!parse_id(call->match.id, &target, &key) ||
        !journal_target_names(env->journal, target, &service, &environment) ||
        !journal_version(env->journal, key, &version, &digest))
        return false;
    return text_copy(call->match.service, sizeof(call->match.service), service) &&
           text_copy(call->match.environment, sizeof(call->match.environment), environment) &&
           text_copy(texts->version, sizeof(texts->version), version) &&
           text_copy(texts->digest, sizeof(texts->digest), digest);
}

void quarantine_clear(struct call *call)
{
    static const char *const names[] = {"reason"};
    struct target_texts texts = {0};

    if (!call_read_body(call, names, ARRAY_LENGTH(names), true) ||
        !call_body_line(call, "reason", sizeof(call->reason), call->reason))
        return;
    if (!find_quarantined(call, &texts))
        problem_answer(call, 404, "not-found", "there is no such entry in quarantine");
    else if (call_allowed(call, call->route->right, call->match.service, call->match.environment))
        ask(call, TARGET_QUARANTINE_CLEAR, &texts);
}
