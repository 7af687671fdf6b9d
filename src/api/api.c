/* api.c - the api's life, and the way of a request to its handler.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/memory.h"

#include <stdlib.h>

struct api *api_new(const struct api_env *env)
{
    struct api *api = memory_take(sizeof(*api));
    struct err err = {0};

    api->env = *env;
    LIST_INIT(&api->calls);
    if (!journal_view_open(env->journal_path, &api->view, &err))
        log_say(env->log, LOG_LEVEL_ERROR, "api: %s", err.text);
    return api;
}

void api_release(struct api *api)
{
    if (!api->is_closed || !LIST_EMPTY(&api->calls))
        return;
    journal_view_close(api->view);
    free(api);
}

/* Requests are dropped; those for which a worker still runs keep the api until it has ended. */
void api_free(struct api *api)
{
    if (api == NULL)
        return;
    struct call *next = NULL;
    for (struct call *call = LIST_FIRST(&api->calls); call != NULL; call = next) {
        next = LIST_NEXT(call, link);
        poll_end(call);
        call->env_holds = 0;
        call->request = NULL;
        call_settle(call);
    }
    api->is_closed = true;
    api_release(api);
}

static void answer_lost(struct call *call, bool is_known)
{
    char allowed[64];
    struct text text;
    struct route_match match;

    if (!is_known) {
        problem_answer(call, 404, "not-found", "there is nothing at this path; /openapi.json lists what is");
        return;
    }
    text_init(&text, allowed, sizeof(allowed));
    for (size_t i = 0; i < route_count; i++)
        if (route_fits(routes[i].pattern, call->request->path, &match))
            text_add(&text, "%s%s", text.length == 0 ? "" : ", ", routes[i].method);
    problem_answer_method(call, allowed);
}

static void dispatch(struct call *call)
{
    struct http_server_request *request = call->request;
    const char *why = "";
    bool is_known = false;

    call->route = route_find(routes, route_count, request->method, request->path, &call->match, &is_known);
    if (call->route == NULL) {
        answer_lost(call, is_known);
        return;
    }
    if (call->route->right != 0 &&
        !auth_find(call->api->env.journal, request, clock_wall_ms(), &call->principal, &why)) {
        problem_answer_unknown(call, why);
        return;
    }
    if (!call_allowed(call, call->route->right, call->match.service, call->match.environment))
        return;
    call->route->handle(call);
}

void api_handle(void *data, struct http_server_request *request)
{
    struct call *call = call_new(data, request);

    /* Held: a handler may be done with it before it returns. */
    call->holds++;
    dispatch(call);
    call->holds--;
    call_settle(call);
}

void api_on_gone(void *data, struct http_server_request *request)
{
    struct call *call = request->waiter;

    (void)data;
    poll_end(call);
    call->request = NULL;
    call_settle(call);
}

/* Waking may end calls, but only the one that is looked at. */
static void wake(struct api *api, bool is_run, uint64_t id)
{
    struct call *next = NULL;

    for (struct call *call = LIST_FIRST(&api->calls); call != NULL; call = next) {
        next = LIST_NEXT(call, link);
        if (call->poll.is_on && call->poll.is_run == is_run &&
            (call->poll.deployment == id || call->poll.deployment == 0))
            poll_wake(call);
    }
}

void api_changed(struct api *api, uint64_t deployment)
{
    wake(api, false, deployment);
}

void api_run_changed(struct api *api, uint64_t run)
{
    wake(api, true, run);
}
