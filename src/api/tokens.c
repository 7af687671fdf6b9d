/* tokens.c - API tokens: made, listed, revoked. The text of a token is shown once, to who made it.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "api/shape.h"
#include "base/duration.h"
#include "io/clock.h"
#include "io/json.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { EXPIRES_SIZE = 32 };

static cJSON *shape_token(const struct journal_token *token)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *scopes = NULL;

    cJSON_AddStringToObject(object, "id", token->id);
    cJSON_AddStringToObject(object, "principal", token->principal);
    cJSON_AddBoolToObject(object, "person", token->is_person);
    scopes = cJSON_AddArrayToObject(object, "scopes");
    for (unsigned right = TOKEN_READ; right <= TOKEN_ADMIN; right <<= 1)
        if ((token->rights & right) != 0)
            cJSON_AddItemToArray(scopes, cJSON_CreateString(auth_right_name(right)));
    cJSON *services = cJSON_AddArrayToObject(object, "services");
    for (size_t i = 0; i < token->service_count; i++)
        cJSON_AddItemToArray(services, cJSON_CreateString(token->services[i]));
    cJSON *environments = cJSON_AddArrayToObject(object, "environments");
    for (size_t i = 0; i < token->environment_count; i++)
        cJSON_AddItemToArray(environments, cJSON_CreateString(token->environments[i]));
    shape_time(object, "created", token->created_ms);
    shape_time(object, "expires", token->expires_ms);
    return object;
}

static bool answer_member(struct call *call, const struct err *err)
{
    problem_answer(call, 400, "invalid", "%s", err->text);
    return false;
}

static bool read_rights(struct call *call, unsigned *ret_rights)
{
    struct json_node root = json_root(call->body);
    struct json_node array = {0};
    size_t length = 0;
    struct err err = {0};

    if (!json_array(&root, "scopes", JSON_REQUIRED, 6, &array, &length, &err))
        return answer_member(call, &err);
    for (struct json_node at = json_first(&array); at.item != NULL; at = json_next(&array, &at)) {
        const char *name = "";
        if (!json_as_text(&at, NAME_MAX_LENGTH, &name, &err))
            return answer_member(call, &err);
        unsigned right = auth_right(name);
        if (right == 0) {
            problem_answer_member(call, JSON_POINTER(&at),
                                  "is no scope; they are read, deploy, approve, rollback, override, admin");
            return false;
        }
        *ret_rights |= right;
    }
    return true;
}

static bool read_names(struct call *call, const char *name, char (*to)[NAME_MAX_LENGTH + 1],
                       size_t *ret_count)
{
    struct json_node root = json_root(call->body);
    struct json_node array = {0};
    size_t length = 0;
    struct err err = {0};

    if (!json_array(&root, name, JSON_OPTIONAL, JOURNAL_TOKEN_LIMITS_MAX, &array, &length, &err))
        return answer_member(call, &err);
    if (array.item == NULL)
        return true;
    for (struct json_node at = json_first(&array); at.item != NULL; at = json_next(&array, &at)) {
        const char *text = "";
        if (!json_as_text(&at, NAME_MAX_LENGTH, &text, &err))
            return answer_member(call, &err);
        if (!text_is_name(text) || !text_copy(to[*ret_count], NAME_MAX_LENGTH + 1, text)) {
            problem_answer_member(call, JSON_POINTER(&at), "is not a name");
            return false;
        }
        ++*ret_count;
    }
    return true;
}

static bool read_expiry(struct call *call, int64_t *ret_expires_ms)
{
    char text[EXPIRES_SIZE];
    int64_t span_ms = 0;

    if (!call_body_line(call, "expires", sizeof(text), text))
        return false;
    if (text[0] == '\0')
        return true;
    if (!duration_parse(text, &span_ms) || span_ms <= 0) {
        problem_answer_member(call, "#/expires", "must be a span from now on, such as \"90d\"");
        return false;
    }
    *ret_expires_ms = clock_wall_ms() + span_ms;
    return true;
}

static bool read_token(struct call *call, struct journal_token *token)
{
    static const char *const names[] = {"principal", "person",       "scopes",
                                        "services",  "environments", "expires"};

    return call_read_body(call, names, ARRAY_LENGTH(names), false) &&
           call_body_name(call, "principal", text_is_name, "a name", sizeof(token->principal),
                          token->principal) &&
           call_body_flag(call, "person", &token->is_person) && read_rights(call, &token->rights) &&
           read_names(call, "services", token->services, &token->service_count) &&
           read_names(call, "environments", token->environments, &token->environment_count) &&
           read_expiry(call, &token->expires_ms);
}

static bool is_durable(struct call *call, const struct journal_result *result)
{
    listeners_look(call->api);
    if (result->fault == JOURNAL_FINE)
        return true;
    problem_answer(call, 507, "io", "the journal could not be written; nothing happened");
    return false;
}

static void created(void *data, const struct journal_result *result)
{
    struct call *call = data;

    if (is_durable(call, result) && call->request != NULL) {
        cJSON *json = call->answer;
        call->answer = NULL;
        call_answer_json(call, 201, json);
    }
    call->holds--;
    call_settle(call);
}

void tokens_create(struct call *call)
{
    struct journal_token token = {0};
    char text[JOURNAL_TOKEN_TEXT_SIZE];
    struct err err = {0};

    if (!read_token(call, &token))
        return;
    call->holds++;
    if (!journal_token_create(call->api->env.journal, &token, call->principal.name, text, created, call,
                              &err)) {
        call->holds--;
        problem_answer_err(call, &err);
        return;
    }
    call->answer = shape_token(&token);
    cJSON_AddStringToObject(call->answer, "token", text);
    explicit_bzero(text, sizeof(text));
}

void tokens_list(struct call *call)
{
    cJSON *page = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(page, "tokens");
    const struct journal_token *token = NULL;

    for (size_t i = 0; (token = journal_token_at(call->api->env.journal, i)) != NULL; i++)
        cJSON_AddItemToArray(array, shape_token(token));
    call_answer_json(call, 200, page);
}

static void revoked(void *data, const struct journal_result *result)
{
    struct call *call = data;

    if (is_durable(call, result) && call->request != NULL)
        call_answer(call, 204, "application/json", NULL, 0, "", 0);
    call->holds--;
    call_settle(call);
}

void tokens_revoke(struct call *call)
{
    struct err err = {0};

    call->holds++;
    if (journal_token_revoke(call->api->env.journal, call->match.id, call->principal.name, revoked, call,
                             &err))
        return;
    call->holds--;
    problem_answer_err(call, &err);
}

/* A user of the Unix socket has no token and may do everything. */
void tokens_self(struct call *call)
{
    const struct principal *principal = &call->principal;
    struct journal_token token = principal->token;

    if (!principal->has_token) {
        token = (struct journal_token){.is_person = principal->is_person,
                                       .rights = (TOKEN_ADMIN << 1) - TOKEN_READ};
        memcpy(token.principal, principal->name, sizeof(token.principal));
    }
    call_answer_json(call, 200, shape_token(&token));
}
