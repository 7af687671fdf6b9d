/* spans.c - ExportTraceServiceRequest of OTLP/HTTP as JSON.
 * SPDX-License-Identifier: MIT */
#include "api/spans.h"

#include "io/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 32, STATUS_ERROR = 2 };

#define NANOS_PER_MS INT64_C(1000000)

static void add_time(cJSON *object, const char *name, int64_t wall_ms)
{
    char text[NUMBER_SIZE];

    (void)snprintf(text, sizeof(text), "%" PRId64, (wall_ms < 0 ? 0 : wall_ms) * NANOS_PER_MS);
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    cJSON_AddStringToObject(object, name, text);
}

void spans_begin(struct spans *spans, const struct spans_origin *origin, const char *trace)
{
    *spans = (struct spans){.trace = trace, .root = cJSON_CreateObject()};
    cJSON *all = cJSON_AddArrayToObject(spans->root, "resourceSpans");
    cJSON *ours = cJSON_CreateObject();
    cJSON_AddItemToArray(all, ours);
    spans->resource = cJSON_AddObjectToObject(ours, "resource");
    span_text(spans->resource, "service.name", "verdictd");
    span_text(spans->resource, "service.version", VERDICT_VERSION);
    span_text(spans->resource, "service.instance.id", origin->instance);
    cJSON *scopes = cJSON_AddArrayToObject(ours, "scopeSpans");
    cJSON *scope = cJSON_CreateObject();
    cJSON_AddItemToArray(scopes, scope);
    cJSON *name = cJSON_AddObjectToObject(scope, "scope");
    cJSON_AddStringToObject(name, "name", "verdictd");
    cJSON_AddStringToObject(name, "version", VERDICT_VERSION);
    spans->list = cJSON_AddArrayToObject(scope, "spans");
}

char *spans_end(struct spans *spans)
{
    if (spans->left_out > 0)
        span_integer(spans->resource, "verdict.spans.left_out", (int64_t)spans->left_out);
    char *text = json_print(spans->root);
    cJSON_Delete(spans->root);
    *spans = (struct spans){0};
    return text;
}

cJSON *spans_add(struct spans *spans, const struct span_about *about)
{
    if (spans->count == SPANS_MAX) {
        spans->left_out++;
        return NULL;
    }
    cJSON *span = cJSON_CreateObject();
    cJSON_AddStringToObject(span, "traceId", spans->trace);
    cJSON_AddStringToObject(span, "spanId", about->id);
    if (about->parent[0] != '\0')
        cJSON_AddStringToObject(span, "parentSpanId", about->parent);
    cJSON_AddStringToObject(span, "name", about->name);
    cJSON_AddNumberToObject(span, "kind", about->kind);
    add_time(span, "startTimeUnixNano", about->begin_ms);
    span_set_end(span, about->begin_ms, about->end_ms);
    cJSON_AddItemToArray(spans->list, span);
    spans->count++;
    return span;
}

void span_set_end(cJSON *span, int64_t begin_ms, int64_t end_ms)
{
    if (span != NULL)
        add_time(span, "endTimeUnixNano", end_ms < begin_ms ? begin_ms : end_ms);
}

cJSON *span_event(cJSON *span, const char *name, int64_t at_ms)
{
    static const char left_out[] = "droppedEventsCount";
    cJSON *events = cJSON_GetObjectItemCaseSensitive(span, "events");

    if (span == NULL)
        return NULL;
    if (events == NULL)
        events = cJSON_AddArrayToObject(span, "events");
    if (cJSON_GetArraySize(events) == SPANS_EVENTS_MAX) {
        const cJSON *count = cJSON_GetObjectItemCaseSensitive(span, left_out);
        double number = count == NULL ? 1 : count->valuedouble + 1;
        cJSON_DeleteItemFromObjectCaseSensitive(span, left_out);
        cJSON_AddNumberToObject(span, left_out, number);
        return NULL;
    }
    cJSON *event = cJSON_CreateObject();
    add_time(event, "timeUnixNano", at_ms);
    cJSON_AddStringToObject(event, "name", name);
    cJSON_AddItemToArray(events, event);
    return event;
}

void span_link(cJSON *span, const char *trace, const char *id)
{
    cJSON *links = cJSON_GetObjectItemCaseSensitive(span, "links");

    if (span == NULL)
        return;
    if (links == NULL)
        links = cJSON_AddArrayToObject(span, "links");
    cJSON *link = cJSON_CreateObject();
    cJSON_AddStringToObject(link, "traceId", trace);
    cJSON_AddStringToObject(link, "spanId", id);
    cJSON_AddItemToArray(links, link);
}

/* The value that is to be filled; NULL where nobody wants it. */
static cJSON *add_attribute(cJSON *owner, const char *name)
{
    cJSON *attributes = cJSON_GetObjectItemCaseSensitive(owner, "attributes");

    if (owner == NULL)
        return NULL;
    if (attributes == NULL)
        attributes = cJSON_AddArrayToObject(owner, "attributes");
    cJSON *attribute = cJSON_CreateObject();
    cJSON_AddStringToObject(attribute, "key", name);
    cJSON *value = cJSON_AddObjectToObject(attribute, "value");
    cJSON_AddItemToArray(attributes, attribute);
    return value;
}

/* Cut where a character ends. */
static void copy_cut(const char *text, char to[SPANS_TEXT_MAX + 1])
{
    size_t length = strnlen(text, SPANS_TEXT_MAX + 1);

    if (length > SPANS_TEXT_MAX)
        for (length = SPANS_TEXT_MAX; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80; length--)
            ;
    memcpy(to, text, length);
    to[length] = '\0';
}

void span_text(cJSON *owner, const char *name, const char *text)
{
    char cut[SPANS_TEXT_MAX + 1];

    if (text == NULL || text[0] == '\0' || owner == NULL)
        return;
    copy_cut(text, cut);
    cJSON_AddStringToObject(add_attribute(owner, name), "stringValue", cut);
}

void span_integer(cJSON *owner, const char *name, int64_t number)
{
    char text[NUMBER_SIZE];

    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    if (owner != NULL)
        cJSON_AddStringToObject(add_attribute(owner, name), "intValue", text);
}

void span_number(cJSON *owner, const char *name, double number)
{
    if (owner != NULL && isfinite(number))
        cJSON_AddNumberToObject(add_attribute(owner, name), "doubleValue", number);
}

void span_flag(cJSON *owner, const char *name, bool flag)
{
    if (owner != NULL)
        cJSON_AddBoolToObject(add_attribute(owner, name), "boolValue", flag);
}

void span_fail(cJSON *span, const char *type, const char *message)
{
    char cut[SPANS_TEXT_MAX + 1];

    if (span == NULL || cJSON_HasObjectItem(span, "status"))
        return;
    span_text(span, "error.type", type);
    cJSON *status = cJSON_AddObjectToObject(span, "status");
    copy_cut(message, cut);
    if (cut[0] != '\0')
        cJSON_AddStringToObject(status, "message", cut);
    cJSON_AddNumberToObject(status, "code", STATUS_ERROR);
}
