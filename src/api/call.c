/* call.c - one request on its way: its life, its body, its answer.
 * SPDX-License-Identifier: MIT */
#include "api/call.h"

#include "api/parts.h"
#include "io/json.h"
#include "io/json_pick.h"
#include "io/memory.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTER_SIZE = 128 };

struct call *call_new(struct api *api, struct http_server_request *request)
{
    struct call *call = memory_take(sizeof(*call));

    call->api = api;
    call->request = request;
    call->text = request->body;
    call->text_length = request->body_length;
    request->waiter = call;
    LIST_INSERT_HEAD(&api->calls, call, link);
    return call;
}

struct call *call_new_event(struct call *parent, size_t place, const struct route *route, char *text)
{
    struct call *call = memory_take(sizeof(*call));

    call->api = parent->api;
    call->request = parent->request;
    call->principal = parent->principal;
    call->route = route;
    call->text = text;
    call->text_length = strlen(text);
    call->parent = parent;
    call->place = place;
    parent->holds++;
    LIST_INSERT_HEAD(&parent->api->calls, call, link);
    return call;
}

/* Baggage has no word of its own in an event. */
struct trace_given call_trace(const struct call *call)
{
    const char *baggage = http_server_header(call->request, "baggage");

    if (call->trace.traceparent != NULL)
        return (struct trace_given){call->trace.traceparent, call->trace.tracestate, baggage};
    return (struct trace_given){http_server_header(call->request, "traceparent"),
                                http_server_header(call->request, "tracestate"), baggage};
}

void call_forget(struct call *call)
{
    struct call *one = NULL;

    poll_end(call);
    call->request = NULL;
    LIST_FOREACH(one, &call->api->calls, link)
    if (one->parent == call)
        one->request = NULL;
}

static void free_call(struct call *call)
{
    LIST_REMOVE(call, link);
    poll_end(call);
    reading_free(call->reading);
    json_free(call->body);
    json_free(call->answer);
    events_free(call->events);
    if (call->parent != NULL)
        free((void *)(uintptr_t)call->text);
    free(call);
}

void call_settle(struct call *call)
{
    if (call->request != NULL || call->holds > 0 || call->env_holds > 0)
        return;
    struct api *api = call->api;
    struct call *parent = call->parent;
    free_call(call);
    if (parent != NULL) {
        parent->holds--;
        call_settle(parent);
        return;
    }
    api_release(api);
}

void call_answer(struct call *call, unsigned status, const char *type,
                 const struct http_server_header *headers, size_t header_count, const char *body,
                 size_t length)
{
    struct http_server_header all[HTTP_SERVER_HEADERS_MAX] = {
        {"Content-Type", type}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    size_t count = 3;

    for (size_t i = 0; i < header_count && count < HTTP_SERVER_HEADERS_MAX; i++)
        all[count++] = headers[i];
    call_answer_bare(call, status, all, count, body, length);
}

void call_answer_bare(struct call *call, unsigned status, const struct http_server_header *headers,
                      size_t header_count, const void *body, size_t length)
{
    struct http_server_request *request = call->request;

    if (request == NULL)
        return;
    call->request = NULL;
    if (call->parent != NULL) {
        events_answered(call->parent, call->place, status, body);
        return;
    }
    call->api->answered[status / 100 < API_STATUS_CLASSES ? status / 100 : 0]++;
    http_server_answer(request, status, headers, header_count, body, length);
}

void call_answer_json(struct call *call, unsigned status, cJSON *json)
{
    char *text = json_print(json);

    call_answer(call, status, "application/json", NULL, 0, text, strlen(text));
    free(text);
    cJSON_Delete(json);
}

void call_told(void *data, const char *json, const struct err *err)
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

static void answer_body_err(struct call *call, const struct err *err)
{
    problem_answer(call, 400, "invalid", "%s", err->text);
}

bool call_read_body(struct call *call, const char *const *names, size_t count, bool allows_empty)
{
    struct err err = {0};

    if (call->text_length == 0 && allows_empty) {
        call->body = cJSON_CreateObject();
        return true;
    }
    bool is_good = json_parse(call->text, call->text_length, NULL, &call->body, &err);
    struct json_node root = json_root(call->body);
    if (is_good && json_as_object(&root, &err) && json_known_keys(&root, names, count, &err))
        return true;
    answer_body_err(call, &err);
    return false;
}

bool call_split_body(struct call *call, const char *const *names, size_t count, const char *array,
                     struct json_elements *ret_elements)
{
    struct err err = {0};

    bool is_good = json_split(call->text, call->text_length, NULL, array, &call->body, ret_elements, &err);
    struct json_node root = json_root(call->body);
    if (is_good && json_known_keys(&root, names, count, &err))
        return true;
    if (err.code == ERR_NOT_FOUND)
        problem_answer(call, 422, "invalid", "%s", err.text);
    else
        answer_body_err(call, &err);
    return false;
}

static bool is_line(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == '\x7f')
            return false;
    return true;
}

bool call_body_line(struct call *call, const char *name, size_t size, char *to)
{
    struct json_node root = json_root(call->body);
    const char *text = "";
    struct err err = {0};

    if (!json_text(&root, name, JSON_OPTIONAL, size - 1, &text, &err)) {
        answer_body_err(call, &err);
        return false;
    }
    if (!is_line(text) || !text_copy(to, size, text)) {
        char pointer[POINTER_SIZE];
        (void)snprintf(pointer, sizeof(pointer), "#/%s", name);
        problem_answer_member(call, pointer, "must be one line without control characters");
        return false;
    }
    return true;
}

/* Who may not approve what they began must not begin it in somebody else's name. */
bool call_body_actor(struct call *call, size_t size, char *to)
{
    const struct principal *principal = &call->principal;

    if (!call_body_line(call, "actor", size, to))
        return false;
    if (to[0] != '\0' && principal->is_person && strcmp(to, principal->name) != 0) {
        problem_answer(
            call, 403, "forbidden",
            "#/actor: %s speaks for no other person: only a pipeline's token tells for whom it acts",
            principal->name);
        return false;
    }
    return to[0] != '\0' || text_copy(to, size, principal->name);
}

bool call_body_name(struct call *call, const char *name, bool (*is_good)(const char *text), const char *what,
                    size_t size, char *to)
{
    struct json_node root = json_root(call->body);
    const char *text = "";
    char pointer[POINTER_SIZE];
    struct err err = {0};

    if (!json_text(&root, name, JSON_REQUIRED, size - 1, &text, &err)) {
        answer_body_err(call, &err);
        return false;
    }
    if (is_good(text) && text_copy(to, size, text))
        return true;
    (void)snprintf(pointer, sizeof(pointer), "#/%s", name);
    problem_answer_member(call, pointer, "is not %s", what);
    return false;
}

bool call_body_flag(struct call *call, const char *name, bool *ret_flag)
{
    struct json_node root = json_root(call->body);
    struct err err = {0};

    *ret_flag = false;
    if (json_bool(&root, name, JSON_OPTIONAL, ret_flag, &err))
        return true;
    answer_body_err(call, &err);
    return false;
}

bool call_query_number(struct call *call, const char *name, int64_t min, int64_t max, int64_t *number)
{
    const char *text = http_server_query(call->request, name);

    if (text == NULL || text_to_integer(text, min, max, number))
        return true;
    problem_answer(call, 400, "invalid", "%s: must be %" PRId64 " to %" PRId64, name, min, max);
    return false;
}

bool call_allowed(struct call *call, unsigned right, const char *service, const char *environment)
{
    const struct principal *principal = &call->principal;

    if (auth_allows(principal, right, service, environment))
        return true;
    if ((principal->token.rights & right) == 0)
        problem_answer(call, 403, "forbidden", "the token of %s lacks the scope \"%s\"", principal->name,
                       auth_right_name(right));
    else
        problem_answer(call, 403, "forbidden", "the token of %s is not for %s/%s", principal->name, service,
                       environment);
    return false;
}
