/* cloud_event.h - CloudEvents 1.0 as they come over HTTP: one in the headers (binary), one as JSON
 * (structured), or a list (batch). SPDX-License-Identifier: MIT */
#ifndef API_CLOUD_EVENT_H
#define API_CLOUD_EVENT_H

#include "base/err.h"
#include "io/json.h"
#include "io/trace_lists.h"

#include <stdbool.h>
#include <stddef.h>

struct http_server_request;

enum { CLOUD_EVENTS_MAX = 16, CLOUD_EVENT_TEXT_MAX = 256 };

struct cloud_event {
    const char *id, *source, *type; /* never empty; at most CLOUD_EVENT_TEXT_MAX bytes */
    struct trace_given trace;
    struct json_node data; /* an object, or item NULL */
};

struct cloud_events {
    size_t count;
    bool is_batch; /* also of one */
    struct cloud_event of[CLOUD_EVENTS_MAX];
    struct cJSON *root; /* their texts are its own, or the request's headers' */
};

enum cloud_event_form { CLOUD_EVENT_NONE, CLOUD_EVENT_BINARY, CLOUD_EVENT_STRUCTURED, CLOUD_EVENT_BATCH };

/* By the headers; NONE: no CloudEvents. */
enum cloud_event_form cloud_event_form(const struct http_server_request *request);

/* ERR_INVALID, with the pointer or header. `ret_events`: for cloud_events_free(), also after a failure. */
MUST_CHECK bool cloud_events_read(const struct http_server_request *request, enum cloud_event_form form,
                                  struct cloud_events *ret_events, struct err *err);
void cloud_events_free(struct cloud_events *events);

#endif
