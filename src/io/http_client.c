/* http_client.c - curl's multi interface driven by the loop's descriptors and timers.
 * SPDX-License-Identifier: MIT */
#include "io/http_client.h"

#include "io/http_transfer.h"
#include "io/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>

enum call_state {
    CALL_QUEUED,  /* waits for a place */
    CALL_RUNNING, /* curl has it */
    CALL_ENDING   /* has failed already, `done` follows at the end of the turn */
};

struct http_call {
    TAILQ_ENTRY(http_call) link;
    enum call_state state;
    struct http_client *client;
    struct http_transfer transfer;
    struct loop_timer *deadline;
    struct err err;
    void (*done)(void *data, const struct http_answer *answer);
    void *data;
};

TAILQ_HEAD(call_list, http_call);

/* One descriptor that curl wants watched. */
struct http_socket {
    struct http_client *client;
    struct loop_poll *poll;
    curl_socket_t fd;
};

struct http_client {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct http_client_limits limits;
    bool is_kick_deferred;
    struct call_list queued, running, ending;
    size_t queued_count, running_count;
};

static void start_queued(struct http_client *client);
static void end_early(void *data);

static struct call_list *list_of(struct http_call *call)
{
    switch (call->state) {
    case CALL_QUEUED:
        return &call->client->queued;
    case CALL_RUNNING:
        return &call->client->running;
    case CALL_ENDING:
        return &call->client->ending;
    }
    assert(false);
    return NULL;
}

/* Out of its list and out of curl's hands; nothing calls back any more. */
static void detach(struct http_call *call)
{
    struct http_client *client = call->client;

    TAILQ_REMOVE(list_of(call), call, link);
    loop_timer_stop(call->deadline);
    if (call->state == CALL_QUEUED)
        client->queued_count--;
    if (call->state == CALL_RUNNING) {
        client->running_count--;
        (void)curl_multi_remove_handle(client->multi, call->transfer.easy);
    }
    if (call->state == CALL_ENDING)
        loop_defer_cancel(client->loop, end_early, call);
}

static void report(struct http_call *call, const struct http_answer *answer)
{
    call->done(call->data, answer);
    http_transfer_done(&call->transfer);
    free(call);
}

static void report_failure(struct http_call *call)
{
    struct http_answer answer = {.body = "", .headers = "", .err = call->err};

    report(call, &answer);
}

static void end_early(void *data)
{
    struct http_call *call = data;

    detach(call);
    report_failure(call);
}

static void deadline_passed(void *data)
{
    struct http_call *call = data;
    struct http_client *client = call->client;

    (void)err_set(&call->err, ERR_TIMEOUT, "%s: %s", call->transfer.target,
                  call->state == CALL_QUEUED ? "the deadline passed before its turn came"
                                             : "the deadline has passed");
    detach(call);
    report_failure(call);
    start_queued(client);
}

/* A call that ended may start or cancel others; curl forgets the messages of those that are cancelled. */
static void collect_ended(struct http_client *client)
{
    CURLMsg *message = NULL;
    int left = 0;

    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct http_call *call = NULL;
        CURLcode result = message->data.result;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call) != CURLE_OK)
            abort();
        detach(call);
        struct http_answer answer = http_transfer_answer(&call->transfer, result);
        report(call, &answer);
        start_queued(client);
    }
}

static void drive(struct http_client *client, curl_socket_t fd, int events)
{
    int running = 0;

    (void)curl_multi_socket_action(client->multi, fd, events, &running);
    collect_ended(client);
}

static void kick(void *data)
{
    struct http_client *client = data;

    client->is_kick_deferred = false;
    drive(client, CURL_SOCKET_TIMEOUT, 0);
}

static void timer_fired(void *data)
{
    drive(data, CURL_SOCKET_TIMEOUT, 0);
}

/* curl calls this from inside its functions: nothing may be driven here. */
static int set_timer(CURLM *multi, long delay_ms, void *data)
{
    struct http_client *client = data;

    (void)multi;
    loop_timer_pause(client->timer);
    if (delay_ms > 0)
        loop_timer_move(client->timer, delay_ms);
    if (delay_ms != 0 || client->is_kick_deferred)
        return 0;
    client->is_kick_deferred = true;
    loop_defer(client->loop, kick, client);
    return 0;
}

static void socket_ready(void *data, unsigned events)
{
    const struct http_socket *socket = data;
    int seen = 0;

    if ((events & LOOP_READABLE) != 0)
        seen |= CURL_CSELECT_IN;
    if ((events & LOOP_WRITABLE) != 0)
        seen |= CURL_CSELECT_OUT;
    if ((events & LOOP_FAILED) != 0)
        seen |= CURL_CSELECT_ERR;
    drive(socket->client, socket->fd, seen);
}

static void forget_socket(struct http_socket *socket)
{
    if (socket == NULL)
        return;
    loop_poll_stop(socket->poll);
    free(socket);
}

static struct http_socket *watch_socket(struct http_client *client, curl_socket_t fd)
{
    struct http_socket *socket = memory_take(sizeof(*socket));

    socket->client = client;
    socket->fd = fd;
    if (!loop_poll_start(client->loop, fd, 0, socket_ready, socket, &socket->poll, NULL)) {
        free(socket);
        return NULL; /* the calls on it end at their deadlines */
    }
    (void)curl_multi_assign(client->multi, fd, socket);
    return socket;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *assigned)
{
    static const unsigned events[] = {[CURL_POLL_NONE] = 0,
                                      [CURL_POLL_IN] = LOOP_READABLE,
                                      [CURL_POLL_OUT] = LOOP_WRITABLE,
                                      [CURL_POLL_INOUT] = LOOP_READABLE | LOOP_WRITABLE};
    struct http_socket *socket = assigned;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(socket);
        return 0;
    }
    if (socket == NULL)
        socket = watch_socket(data, fd);
    if (socket != NULL)
        loop_poll_change(socket->poll, events[what]);
    return 0;
}

static void set_options(struct http_client *client)
{
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)client->limits.in_flight_max);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)client->limits.per_host_max);
}

bool http_client_new(struct loop *loop, const struct http_client_limits *limits,
                     struct http_client **ret_client, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "curl does not start");
    if ((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) == 0) {
        curl_global_cleanup();
        return err_set(err, ERR_INTERNAL, "this curl would block the daemon while it looks up names");
    }
    struct http_client *client = memory_take(sizeof(*client));
    client->loop = loop;
    client->limits = *limits;
    client->multi = curl_multi_init();
    if (client->multi == NULL)
        abort();
    TAILQ_INIT(&client->queued);
    TAILQ_INIT(&client->running);
    TAILQ_INIT(&client->ending);
    client->timer = loop_timer_start(loop, 1, 0, timer_fired, client);
    loop_timer_pause(client->timer);
    set_options(client);
    *ret_client = client;
    return true;
}

static void cancel_all(struct call_list *list)
{
    for (struct http_call *call = TAILQ_FIRST(list), *next = NULL; call != NULL; call = next) {
        next = TAILQ_NEXT(call, link);
        http_request_cancel(call);
    }
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    cancel_all(&client->queued); /* first, or they would take the places of those that run */
    cancel_all(&client->running);
    cancel_all(&client->ending);
    (void)curl_multi_cleanup(client->multi); /* takes its sockets back */
    loop_timer_stop(client->timer);
    loop_defer_cancel(client->loop, kick, client);
    free(client);
    curl_global_cleanup();
}

static void append(struct http_call *call, enum call_state state)
{
    call->state = state;
    TAILQ_INSERT_TAIL(list_of(call), call, link);
}

static void run_call(struct http_call *call)
{
    struct http_client *client = call->client;

    append(call, CALL_RUNNING);
    client->running_count++;
    if (curl_easy_setopt(call->transfer.easy, CURLOPT_PRIVATE, call) != CURLE_OK ||
        curl_multi_add_handle(client->multi, call->transfer.easy) != CURLM_OK)
        abort();
}

static void start_queued(struct http_client *client)
{
    while (client->running_count < client->limits.in_flight_max && !TAILQ_EMPTY(&client->queued)) {
        struct http_call *call = TAILQ_FIRST(&client->queued);
        TAILQ_REMOVE(&client->queued, call, link);
        client->queued_count--;
        run_call(call);
    }
}

static bool has_room(struct http_call *call)
{
    const struct http_client *client = call->client;

    if (client->running_count >= client->limits.in_flight_max &&
        client->queued_count >= client->limits.queue_max)
        return err_set(&call->err, ERR_LIMIT, "%s: %zu requests are waiting already", call->transfer.target,
                       client->queued_count);
    return true;
}

struct http_call *http_client_start(struct http_client *client,
                                    bool (*make)(struct http_transfer *transfer, const void *from,
                                                 struct err *err),
                                    const void *from, int64_t timeout_ms,
                                    void (*done)(void *data, const struct http_answer *answer), void *data)
{
    struct http_call *call = memory_take(sizeof(*call));

    call->client = client;
    call->done = done;
    call->data = data;
    if (!make(&call->transfer, from, &call->err) || !has_room(call)) {
        append(call, CALL_ENDING);
        loop_defer(client->loop, end_early, call);
        return call;
    }
    call->deadline = loop_timer_start(client->loop, timeout_ms, 0, deadline_passed, call);
    append(call, CALL_QUEUED);
    client->queued_count++;
    start_queued(client);
    return call;
}

static bool make_request(struct http_transfer *transfer, const void *from, struct err *err)
{
    return http_transfer_init(transfer, from, err);
}

struct http_call *http_request_start(struct http_client *client, const struct http_request *request,
                                     void (*done)(void *data, const struct http_answer *answer), void *data)
{
    return http_client_start(client, make_request, request, request->timeout_ms, done, data);
}

void http_request_cancel(struct http_call *call)
{
    if (call == NULL)
        return;
    struct http_client *client = call->client;
    detach(call);
    http_transfer_done(&call->transfer);
    free(call);
    start_queued(client);
}
