/* listen.c - GET /v1/events and /v1/deployments/{id}/events: who listens, to what, and from where on.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"

/* `otherwise` where none is given. False: answered with 400. */
static bool read_place(struct call *call, uint64_t otherwise, uint64_t *ret_after)
{
    const char *header = http_server_header(call->request, "Last-Event-ID");
    int64_t after = 0;

    *ret_after = otherwise;
    if (header == NULL || header[0] == '\0')
        return true;
    if (!text_to_integer(header, 0, INT64_MAX, &after)) {
        problem_answer(call, 400, "invalid", "Last-Event-ID: \"%.32s\" is no number of an event", header);
        return false;
    }
    *ret_after = (uint64_t)after;
    return true;
}

void listen_all(struct call *call)
{
    uint64_t after = 0;

    if (read_place(call, UINT64_MAX, &after))
        listeners_add(call, 0, after);
}

static void listen_found(struct call *call)
{
    uint64_t after = 0;

    if (reading_failed(call))
        return;
    const struct journal_deployment *row = &call->reading->rows[0];
    if (!call_allowed(call, TOKEN_READ, row->service, row->environment) || !read_place(call, 0, &after))
        return;
    listeners_add(call, row->id, after);
}

void listen_deployment(struct call *call)
{
    if (call->match.deployment != 0)
        reading_deployment(call, READING_DEPLOYMENT, call->match.deployment, listen_found);
    else
        reading_last(call, READING_DEPLOYMENT, listen_found);
}
