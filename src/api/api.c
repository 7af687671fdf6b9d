/* api.c - the api's life, and the way of a request to its handler.
 * SPDX-License-Identifier: MIT */
#include "api/parts.h"
#include "api/queries.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"
#include "store/state_file.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOLDER_SIZE = 512 };

/* A daemon that was killed may have left a state half written. */
static void sweep_states(const struct api_env *env)
{
    char folder[FOLDER_SIZE];

    (void)snprintf(folder, sizeof(folder), "%s/iac", env->data_folder);
    state_file_sweep(folder);
}

struct api *api_new(const struct api_env *env)
{
    struct api *api = memory_take(sizeof(*api));
    struct err err = {0};

    api->env = *env;
    api->begun_wall_ms = clock_wall_ms();
    api->queries = queries_new();
    LIST_INIT(&api->calls);
    uint64_t seed = 0;
    digest_random(&seed, sizeof(seed));
    api->rates = rate_table_new(seed);
    fleet_init(&api->fleet);
    TAILQ_INIT(&api->listeners.queue);
    if (!journal_view_open(env->journal_path, &api->view, &err))
        log_say(env->log, LOG_LEVEL_ERROR, "api: %s", err.text);
    sweep_states(env);
    if (env->event != NULL)
        listeners_start(api);
    return api;
}

void api_release(struct api *api)
{
    if (!api->is_closed || !LIST_EMPTY(&api->calls) || !fleet_is_idle(api) || listeners_are_busy(api))
        return;
    kept_done(&api->kept);
    journal_view_close(api->view);
    rate_table_free(api->rates);
    queries_free(api->queries);
    free(api);
}

/* Requests are dropped; those for which a worker still runs keep the api until it has ended. */
void api_free(struct api *api)
{
    if (api == NULL)
        return;
    struct call *call = NULL;
    struct call *next = NULL;
    LIST_FOREACH(call, &api->calls, link)
    call->holds++;
    /* Events stand before the request that brought them. */
    for (call = LIST_FIRST(&api->calls); call != NULL; call = next) {
        next = LIST_NEXT(call, link);
        call_forget(call);
        call->env_holds = 0;
        call->holds--;
        call_settle(call);
    }
    fleet_close(api);
    listeners_free(api);
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

/* Whoever may take something back may always: no limit stands before that (S19). Who comes by the Unix socket
 * without a token is let in by its mode, and must get through while the network is flooded. */
static bool takes_back(const struct call *call)
{
    unsigned right = call->route->right; /* whoever is asked for approval may say no */

    return (right == TOKEN_ROLLBACK || right == TOKEN_APPROVE) &&
           auth_allows(&call->principal, right, "", "");
}

static bool is_within_rate(struct call *call, bool is_someone)
{
    struct api *api = call->api;
    const struct http_server_peer *peer = &call->request->peer;
    const struct principal *principal = &call->principal;
    bool has_token = is_someone && principal->has_token;
    char name[RATE_NAME_SIZE];
    int64_t wait_ms = 0;

    if ((peer->is_unix && !has_token) || (is_someone && takes_back(call)) || call->request->given != NULL)
        return true; /* what is given was counted where it came in */
    if (has_token)
        (void)snprintf(name, sizeof(name), "%s", principal->token.id);
    else
        rate_name(peer->address, name);
    if (rate_take(api->rates, name, has_token ? &api->env.doors.token_rate : &api->env.doors.address_rate,
                  loop_now_ms(), &wait_ms))
        return true;
    *(has_token ? &api->refused_tokens : &api->refused_addresses) += 1;
    problem_answer_rate(call, wait_ms, has_token ? "this token" : "this address");
    return false;
}

static void dispatch(struct call *call)
{
    struct http_server_request *request = call->request;
    const char *why = "";
    bool is_known = false;

    call->route = route_find(routes, route_count, request->method, request->path, &call->match, &is_known);
    bool wants_someone = call->route != NULL && call->route->right != 0;
    bool is_someone =
        wants_someone && auth_find(call->api->env.journal, request, clock_wall_ms(), &call->principal, &why);
    if (!is_within_rate(call, is_someone))
        return;
    if (call->route == NULL) {
        answer_lost(call, is_known);
        return;
    }
    if (wants_someone && !is_someone) {
        problem_answer_unknown(call, why);
        return;
    }
    if (!call_allowed(call, call->route->right, call->match.service, call->match.environment) ||
        !queries_allow(call->api->queries, call))
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
    call_forget(call);
    call_settle(call);
}

/* Waking may end calls, but only the one that is looked at. */
static void wake(struct api *api, bool is_run, uint64_t id)
{
    struct call *next = NULL;

    for (struct call *call = LIST_FIRST(&api->calls); call != NULL; call = next) {
        next = LIST_NEXT(call, link);
        if (call->reading != NULL && call->reading->deployment == id &&
            is_run == (call->reading->kind == READING_RUN))
            call->reading->is_outdated = true;
        if (call->poll.is_on && call->poll.is_run == is_run &&
            (call->poll.deployment == id || call->poll.deployment == 0))
            poll_wake(call);
    }
}

void api_changed(struct api *api, uint64_t deployment)
{
    kept_drop(&api->kept, deployment);
    wake(api, false, deployment);
}

void api_run_changed(struct api *api, uint64_t run)
{
    wake(api, true, run);
}

void api_journaled(struct api *api)
{
    listeners_look(api);
}
