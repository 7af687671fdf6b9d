/* status.c - GET /v1/status: the report of the fleet for whoever asks.
 * SPDX-License-Identifier: MIT */
#include "api/fleet.h"
#include "api/parts.h"
#include "base/duration.h"

#include <stdlib.h>

static void told(void *data, char *json, size_t length, const struct err *err)
{
    struct call *call = data;

    if (call->request != NULL && json == NULL)
        problem_answer_err(call, err);
    else if (call->request != NULL)
        call_answer(call, 200, "application/json", NULL, 0, json, length);
    free(json);
    call->holds--;
    call_settle(call);
}

void status_show(struct call *call)
{
    const char *since = http_server_query(call->request, "since");
    const char *environment = http_server_query(call->request, "environment");
    struct fleet_wish wish = {.principal = call->principal, .span_ms = FLEET_SPAN_DEFAULT_MS};
    struct err err = {0};

    if (since != NULL && (!duration_parse(since, &wish.span_ms) || wish.span_ms < FLEET_SPAN_MIN_MS)) {
        problem_answer(call, 400, "invalid", "since takes a duration from 1m to 366d, like 30d");
        return;
    }
    if (environment != NULL &&
        (!text_is_name(environment) || !text_copy(wish.environment, sizeof(wish.environment), environment))) {
        problem_answer(call, 400, "invalid", "environment takes the name of one");
        return;
    }
    if (fleet_report_start(call->api, &wish, NULL, told, call, &err) == NULL)
        problem_answer_err(call, &err);
    else
        call->holds++;
}
