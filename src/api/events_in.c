/* events_in.c - POST /v1/events: each event is taken as the native request that it stands for, and the answer
 * comes when the last of them has its own.
 * SPDX-License-Identifier: MIT */
#include "api/event_wish.h"
#include "api/parts.h"
#include "io/digest.h"
#include "io/json.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSED = 400, TRY_AGAIN = 429, FAILED = 500 };

struct events_in {
    struct cloud_events events;
    size_t open;                       /* without an answer */
    unsigned status[CLOUD_EVENTS_MAX]; /* of each one's answer */
    char *bodies[CLOUD_EVENTS_MAX];    /* malloc'ed */
};

void events_free(struct events_in *events)
{
    for (size_t i = 0; events != NULL && i < CLOUD_EVENTS_MAX; i++)
        free(events->bodies[i]);
    if (events != NULL)
        cloud_events_free(&events->events);
    free(events);
}

static cJSON *shape_one(const struct events_in *events, size_t place)
{
    const struct cloud_event *event = &events->events.of[place];
    unsigned status = events->status[place];
    const char *body = events->bodies[place];
    cJSON *native = NULL;
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "id", event->id);
    cJSON_AddStringToObject(json, "source", event->source);
    cJSON_AddNumberToObject(json, "status", status);
    if (body == NULL)
        cJSON_AddStringToObject(json, "detail", "it concerns nothing here");
    else if (!json_parse(body, strlen(body), NULL, &native, NULL))
        cJSON_AddStringToObject(json, "detail", "its answer cannot be read");
    const char *id = json_text_of(native, "id");
    if (status >= REFUSED)
        cJSON_AddStringToObject(json, "detail", json_text_of(native, "detail"));
    else if (id[0] != '\0')
        cJSON_AddStringToObject(json, strncmp(id, "run_", 4) == 0 ? "run" : "deployment", id);
    json_free(native);
    return json;
}

/* Refused for good is an answer like another one: only what may go well later is asked for again. */
static unsigned status_of(const struct events_in *events)
{
    unsigned status = 202;

    for (size_t i = 0; i < events->events.count; i++)
        if (events->status[i] >= FAILED || events->status[i] == TRY_AGAIN)
            status = events->status[i];
    return status;
}

static void answer(struct call *call)
{
    const struct events_in *events = call->events;
    bool is_one = events->events.count == 1 && !events->events.is_batch;

    if (is_one && events->status[0] >= REFUSED) {
        call_answer(call, events->status[0], "application/problem+json", NULL, 0, events->bodies[0],
                    strlen(events->bodies[0]));
        return;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(json, "events");
    for (size_t i = 0; i < events->events.count; i++)
        cJSON_AddItemToArray(list, shape_one(events, i));
    call_answer_json(call, status_of(events), json);
}

void events_answered(struct call *call, size_t place, unsigned status, const char *body)
{
    struct events_in *events = call->events;

    events->status[place] = status;
    events->bodies[place] = body == NULL ? NULL : memory_copy_text(body);
    events->open--;
    if (events->open == 0)
        answer(call);
}

static const struct route *native_of(enum event_wish_kind kind)
{
    return route_of(kind == EVENT_WISH_START ? deployments_start
                    : kind == EVENT_WISH_RUN ? runs_start
                                             : runs_answer);
}

/* The same event twice is one start. */
static void make_key(const struct cloud_event *event, struct call *one)
{
    char text[2 * CLOUD_EVENT_TEXT_MAX + 2];
    char hash[DIGEST_SHA256_HEX_SIZE];

    (void)snprintf(text, sizeof(text), "%s\n%s", event->source, event->id);
    digest_sha256_hex(text, strlen(text), hash);
    (void)snprintf(one->key, sizeof(one->key), "event:%s", hash);
}

static void take(struct call *call, size_t place)
{
    const struct cloud_event *event = &call->events->events.of[place];
    struct event_wish wish;
    struct err err = {0};

    bool is_good = event_wish_read(event, &wish, &err);
    if (is_good && wish.kind == EVENT_WISH_NOTHING) {
        events_answered(call, place, 202, NULL);
        return;
    }
    struct call *one = call_new_event(call, place, is_good ? native_of(wish.kind) : call->route,
                                      is_good ? json_print(wish.body) : memory_copy_text(""));
    one->match = wish.match;
    one->trace = event->trace;
    make_key(event, one);
    json_free(wish.body);
    one->holds++;
    if (is_good)
        one->route->handle(one);
    else
        problem_answer(one, 422, "invalid", "%s: %s", event->type, err.text);
    one->holds--;
    call_settle(one);
}

void events_take_start(struct call *call, const char *source, const char *id, cJSON *body)
{
    struct events_in *events = call->events = memory_take(sizeof(*events));
    struct cloud_event *event = &events->events.of[0];
    cJSON *root = cJSON_CreateObject();

    cJSON_AddStringToObject(root, "id", id);
    cJSON_AddStringToObject(root, "source", source);
    cJSON_AddItemToObject(root, "data", body);
    events->events.root = root;
    events->events.count = events->open = 1;
    const struct json_node node = json_root(root);
    *event = (struct cloud_event){.id = json_text_of(root, "id"),
                                  .source = json_text_of(root, "source"),
                                  .type = EVENT_TYPE_START,
                                  .data = json_member(&node, "data")};
    take(call, 0);
}

void events_take(struct call *call)
{
    enum cloud_event_form form = cloud_event_form(call->request);

    if (form != CLOUD_EVENT_NONE)
        events_take_form(call, form);
    else
        problem_answer(call, 415, "unsupported-media-type",
                       "CloudEvents are taken here: application/cloudevents+json, "
                       "application/cloudevents-batch+json, or application/json with ce- headers");
}

void events_take_form(struct call *call, enum cloud_event_form form)
{
    struct events_in *events = call->events = memory_take(sizeof(*events));
    struct err err = {0};

    if (!cloud_events_read(call->request, form, &events->events, &err)) {
        problem_answer(call, 400, "invalid", "%s", err.text);
        return;
    }
    size_t count = events->open = events->events.count;
    for (size_t i = 0; i < count; i++)
        take(call, i);
}

/* The handshake of the specification for web hooks. */
void events_allow(struct call *call)
{
    static const struct http_server_header headers[] = {
        {"Allow", "GET, OPTIONS, POST"}, {"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", "120"}};

    call_answer(call, 200, "application/json", headers, ARRAY_LENGTH(headers), "", 0);
}
