/* cloud_event.c - the three forms of CloudEvents over HTTP.
 * SPDX-License-Identifier: MIT */
#include "api/cloud_event.h"

#include "io/http_server.h"

#include <string.h>

enum cloud_event_form cloud_event_form(const struct http_server_request *request)
{
    if (http_server_is_type(request, "application/cloudevents+json"))
        return CLOUD_EVENT_STRUCTURED;
    if (http_server_is_type(request, "application/cloudevents-batch+json"))
        return CLOUD_EVENT_BATCH;
    bool is_binary = http_server_is_type(request, "application/json") &&
                     http_server_header(request, "ce-specversion") != NULL;
    return is_binary ? CLOUD_EVENT_BINARY : CLOUD_EVENT_NONE;
}

static bool check_version(const char *version, struct err *err)
{
    return strcmp(version, "1.0") == 0 ||
           err_set(err, ERR_INVALID, "specversion: is \"%.16s\", and 1.0 is read here", version);
}

static bool take_header(const struct http_server_request *request, const char *name, const char **ret_text,
                        struct err *err)
{
    const char *text = http_server_header(request, name);

    if (text == NULL || text[0] == '\0' || strlen(text) > CLOUD_EVENT_TEXT_MAX)
        return err_set(err, ERR_INVALID, "header %s: must be there, with 1 to %d bytes", name,
                       CLOUD_EVENT_TEXT_MAX);
    *ret_text = text;
    return true;
}

static bool read_binary(const struct http_server_request *request, struct cloud_events *events,
                        struct err *err)
{
    struct cloud_event *event = &events->of[0];

    if (!check_version(http_server_header(request, "ce-specversion"), err) ||
        !take_header(request, "ce-id", &event->id, err) ||
        !take_header(request, "ce-source", &event->source, err) ||
        !take_header(request, "ce-type", &event->type, err))
        return false;
    event->trace = (struct trace_given){.traceparent = http_server_header(request, "ce-traceparent"),
                                        .tracestate = http_server_header(request, "ce-tracestate")};
    event->data = json_root(events->root);
    events->count = 1;
    return json_as_object(&event->data, err);
}

static bool take_text(const struct json_node *object, const char *name, const char **ret_text,
                      struct err *err)
{
    return json_text(object, name, JSON_REQUIRED, CLOUD_EVENT_TEXT_MAX, ret_text, err) &&
           ((*ret_text)[0] != '\0' ||
            err_set(err, ERR_INVALID, "%s/%s: is empty", JSON_POINTER(object), name));
}

/* Attributes that we do not know are extensions, which anybody may add. */
static bool read_one(const struct json_node *object, struct cloud_events *events, struct err *err)
{
    struct cloud_event *event = &events->of[events->count];
    const char *version = "";

    if (!json_as_object(object, err) || !take_text(object, "specversion", &version, err) ||
        !check_version(version, err) || !take_text(object, "id", &event->id, err) ||
        !take_text(object, "source", &event->source, err) || !take_text(object, "type", &event->type, err))
        return false;
    if (json_member(object, "data_base64").item != NULL)
        return err_set(err, ERR_INVALID, "%s/data_base64: JSON is read here, as \"data\"",
                       JSON_POINTER(object));
    const char *traceparent = json_text_of(object->item, "traceparent");
    if (traceparent[0] != '\0')
        event->trace = (struct trace_given){.traceparent = traceparent,
                                            .tracestate = json_text_of(object->item, "tracestate")};
    event->data = json_member(object, "data");
    if (event->data.item != NULL && !json_as_object(&event->data, err))
        return false;
    events->count++;
    return true;
}

static bool read_batch(struct cloud_events *events, struct err *err)
{
    struct json_node root = json_root(events->root);

    if (!json_is_array(&root))
        return err_set(err, ERR_INVALID, "#: a batch is a list of events");
    for (struct json_node one = json_first(&root); one.item != NULL; one = json_next(&root, &one)) {
        if (events->count == CLOUD_EVENTS_MAX)
            return err_set(err, ERR_INVALID, "%s: more than %d events; send them in parts",
                           JSON_POINTER(&one), CLOUD_EVENTS_MAX);
        if (!read_one(&one, events, err))
            return false;
    }
    return events->count > 0 || err_set(err, ERR_INVALID, "#: there is no event in it");
}

bool cloud_events_read(const struct http_server_request *request, enum cloud_event_form form,
                       struct cloud_events *ret_events, struct err *err)
{
    *ret_events = (struct cloud_events){.is_batch = form == CLOUD_EVENT_BATCH};
    if (!json_parse(request->body, request->body_length, NULL, &ret_events->root, err))
        return false;
    struct json_node root = json_root(ret_events->root);
    if (form == CLOUD_EVENT_BINARY)
        return read_binary(request, ret_events, err);
    return form == CLOUD_EVENT_BATCH ? read_batch(ret_events, err) : read_one(&root, ret_events, err);
}

void cloud_events_free(struct cloud_events *events)
{
    json_free(events->root);
    events->root = NULL;
}
