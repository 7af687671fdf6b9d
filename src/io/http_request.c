/* http_request.c - a request from its headers to its answer: received, handed over, suspended, resumed.
 * SPDX-License-Identifier: MIT */
#include "io/http_state.h"

#include "base/text.h"
#include "io/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

enum {
    DRAIN_MAX_BYTES =
        1024 * 1024, /* of a body that is too long; so that its sender gets to read the answer */
    GONE_PER_TURN = 64,
    STATUS_TOO_LARGE = 413,
    STATUS_HEADERS_TOO_LARGE = 431,
    STATUS_STOPPING = 503 /* or too busy */
};

static void watch_for_gone(struct http_request *request)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLHUP | EPOLLERR, .data.ptr = request};
    int code = epoll_ctl(request->connection->listener->server->gone_fd, EPOLL_CTL_ADD,
                         request->connection->fd, &event);

    assert(code == 0);
    (void)code;
}

void http_request_suspend(struct http_request *request)
{
    MHD_suspend_connection(request->connection->mhd);
    watch_for_gone(request);
}

/* Whatever comes next happens when libmicrohttpd calls us again for this connection. */
void http_request_resume(struct http_request *request)
{
    struct http_server *server = request->connection->listener->server;

    (void)epoll_ctl(server->gone_fd, EPOLL_CTL_DEL, request->connection->fd, NULL);
    MHD_resume_connection(request->connection->mhd);
    http_server_run_soon(request->connection->listener);
}

static void start_waiting(struct http_request *request)
{
    request->state = REQUEST_WAITING;
    LIST_INSERT_HEAD(&request->connection->listener->server->waiting, request, links);
    http_request_suspend(request);
}

void http_request_end_waiting(struct http_request *request, enum http_request_state state)
{
    struct http_server *server = request->connection->listener->server;

    if (request->state == REQUEST_WAITING) {
        LIST_REMOVE(request, links);
        http_request_resume(request);
    }
    request->state = state;
    server->counts.waiting--;
    server->counts.long_polls -= request->is_long_poll ? 1 : 0;
}

static void tell_gone(struct http_server *server, struct http_request *request)
{
    if (server->callbacks.on_gone != NULL)
        server->callbacks.on_gone(server->data, &request->shown);
}

/* One event at a time: a callback may answer, and so end, other requests. */
void http_request_take_gone(void *data, unsigned events)
{
    struct http_server *server = data;
    struct epoll_event event;

    (void)events;
    for (int i = 0; i < GONE_PER_TURN && epoll_wait(server->gone_fd, &event, 1, 0) == 1; i++) {
        struct http_request *request = event.data.ptr;
        server->counts.gone++;
        if (request->state == REQUEST_STREAMING) {
            http_stream_gone(request);
            continue;
        }
        http_request_end_waiting(request, REQUEST_GONE);
        tell_gone(server, request);
    }
}

void http_request_add_headers(struct http_request *request, const struct http_server_header *headers,
                              size_t count)
{
    assert(request->response != NULL && count <= HTTP_SERVER_HEADERS_MAX);
    for (size_t i = 0; i < count; i++) {
        /* A value that would break out of its line is left out. */
        (void)MHD_add_response_header(request->response, headers[i].name, headers[i].value);
    }
}

static void make_response(struct http_request *request, unsigned status,
                          const struct http_server_header *headers, size_t count, const void *body,
                          size_t length)
{
    request->status = status;
    request->response =
        MHD_create_response_from_buffer(length, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    http_request_add_headers(request, headers, count);
}

void http_server_answer(struct http_server_request *shown, unsigned status,
                        const struct http_server_header *headers, size_t count, const void *body,
                        size_t length)
{
    struct http_request *request = (struct http_request *)shown;

    if (shown->given != NULL) {
        shown->given->answer(shown->given->data, status, headers, count, body, length);
        return;
    }
    assert(request->state == REQUEST_HANDLED || request->state == REQUEST_WAITING);
    make_response(request, status, headers, count, body, length);
    http_request_end_waiting(request, REQUEST_ANSWERED);
}

/* As those of the API (api/problem.h), which is not asked yet, or not any more. */
#define PROBLEM(status, title, code, detail)                                                                 \
    "{\"type\":\"urn:verdict:problem:" code "\",\"title\":\"" title "\",\"status\":" status                  \
    ",\"detail\":\"" detail "\",\"code\":\"" code "\"}"

static void refuse(struct http_request *request, unsigned status)
{
    static const struct {
        unsigned status;
        const char *body;
    } refusals[] = {
        {STATUS_TOO_LARGE,
         PROBLEM("413", "Content Too Large", "limit", "the body is longer than it may be here")},
        {STATUS_HEADERS_TOO_LARGE, PROBLEM("431", "Request Header Fields Too Large", "limit",
                                           "the request line and headers are longer than they may be")},
        {STATUS_STOPPING,
         PROBLEM("503", "Service Unavailable", "unavailable", "the server stops, or has too much to take")},
    };
    static const struct http_server_header headers[] = {{"Content-Type", "application/problem+json"},
                                                        {"Connection", "close"}};

    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        if (refusals[i].status == status)
            make_response(request, status, headers, ARRAY_LENGTH(headers), refusals[i].body,
                          strlen(refusals[i].body));
    }
    request->state = REQUEST_ANSWERED;
}

void http_request_give_up_waiting(struct http_server *server)
{
    while (!LIST_EMPTY(&server->waiting)) {
        struct http_request *request = LIST_FIRST(&server->waiting);
        http_request_end_waiting(request, REQUEST_ANSWERED);
        refuse(request, STATUS_STOPPING);
        tell_gone(server, request);
    }
}

static enum MHD_Result send_response(struct http_request *request)
{
    struct http_connection *connection = request->connection;

    connection->deadline_ms = loop_now_ms() + connection->listener->server->settings.answer_ms;
    return MHD_queue_response(connection->mhd, request->status, request->response);
}

static size_t body_max_of(const struct http_server *server, const struct http_request *request)
{
    size_t wanted =
        server->callbacks.body_max == NULL ? 0 : server->callbacks.body_max(server->data, &request->shown);

    if (wanted == 0)
        return server->settings.body_max_bytes;
    return wanted < HTTP_SERVER_BODY_LARGE_MAX_BYTES ? wanted : HTTP_SERVER_BODY_LARGE_MAX_BYTES;
}

static struct http_request *begin_request(struct http_connection *connection, const char *url,
                                          const char *method)
{
    struct http_request *request = memory_take(sizeof(*request));

    connection->is_busy = true;
    connection->deadline_ms = loop_now_ms() + connection->listener->server->settings.request_ms;
    request->connection = connection;
    request->shown.path = url;
    request->shown.method = method;
    request->shown.peer = connection->peer;
    buffer_init(&request->body, body_max_of(connection->listener->server, request));
    return request;
}

/* `length`: as declared, or the most there can be. True: there are too many. */
static bool refuse_huge(struct http_request *request, uint64_t length)
{
    struct http_server *server = request->connection->listener->server;

    if (length <= HTTP_HUGE_BYTES || request->body.length_max <= HTTP_HUGE_BYTES)
        return false;
    if (server->huge_bodies >= HTTP_HUGE_BODIES_MAX) {
        refuse(request, STATUS_STOPPING);
        return true;
    }
    request->is_huge = true;
    server->huge_bodies++;
    return false;
}

/* From the headers alone; true where the body must not even be waited for. */
static bool refuse_early(struct http_request *request)
{
    struct http_server *server = request->connection->listener->server;
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(request->connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *declared = http_server_header(&request->shown, "Content-Length");
    bool is_asking = http_server_header(&request->shown, "Expect") != NULL;
    int64_t length = 0;

    if (size != NULL && size->header_size > server->settings.header_max_bytes) {
        server->counts.refused_header++;
        refuse(request, STATUS_HEADERS_TOO_LARGE);
        return true;
    }
    if (declared == NULL || !text_to_integer(declared, 0, INT64_MAX, &length))
        return refuse_huge(request, UINT64_MAX);
    if ((uint64_t)length <= request->body.length_max)
        return refuse_huge(request, (uint64_t)length);
    if (!is_asking && (uint64_t)length <= request->body.length_max + DRAIN_MAX_BYTES)
        return false;
    server->counts.refused_body++;
    refuse(request, STATUS_TOO_LARGE);
    return true;
}

/* False: so much came that the connection is closed without a word. */
static bool receive(struct http_request *request, const char *bytes, size_t length)
{
    request->received += length;
    if (!buffer_add(&request->body, bytes, length))
        request->refusal = STATUS_TOO_LARGE;
    return request->received <= request->body.length_max + DRAIN_MAX_BYTES;
}

static void hand_over(struct http_request *request)
{
    struct http_server *server = request->connection->listener->server;

    request->connection->deadline_ms = HTTP_NEVER_MS;
    request->shown.body = buffer_text(&request->body);
    request->shown.body_length = request->body.length;
    request->state = REQUEST_HANDLED;
    server->counts.requests++;
    server->counts.waiting++;
    server->callbacks.handle(server->data, &request->shown);
}

static enum MHD_Result complete_request(struct http_request *request)
{
    struct http_server *server = request->connection->listener->server;

    server->counts.refused_body += request->refusal == STATUS_TOO_LARGE ? 1 : 0;
    if (server->is_stopping && request->refusal == 0)
        request->refusal = STATUS_STOPPING;
    if (request->refusal != 0)
        refuse(request, request->refusal);
    else
        hand_over(request);
    if (request->state == REQUEST_ANSWERED || request->state == REQUEST_STREAMING)
        return send_response(request);
    start_waiting(request);
    return MHD_YES;
}

enum MHD_Result http_request_serve(void *data, struct MHD_Connection *mhd, const char *url,
                                   const char *method, const char *version, const char *bytes, size_t *length,
                                   void **context)
{
    struct http_request *request = *context;

    (void)data;
    (void)version;
    if (request == NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        request = begin_request(info->socket_context, url, method);
        *context = request;
        return refuse_early(request) ? send_response(request) : MHD_YES;
    }
    if (request->state == REQUEST_GONE)
        return MHD_NO;
    if (request->state == REQUEST_ANSWERED || request->state == REQUEST_STREAMING)
        return send_response(request);
    if (*length == 0)
        return complete_request(request);
    bool is_fine = receive(request, bytes, *length);
    *length = 0;
    return is_fine ? MHD_YES : MHD_NO;
}

void http_request_end(void *data, struct MHD_Connection *mhd, void **context,
                      enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *context;

    (void)data;
    (void)mhd;
    (void)code;
    if (request == NULL)
        return;
    struct http_connection *connection = request->connection;
    assert(request->state != REQUEST_HANDLED && request->state != REQUEST_WAITING);
    if (request->state == REQUEST_STREAMING)
        http_stream_ended(request);
    connection->is_busy = false;
    connection->deadline_ms = loop_now_ms() + connection->listener->server->settings.request_ms;
    connection->listener->server->huge_bodies -= request->is_huge ? 1 : 0;
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    buffer_done(&request->body);
    free(request);
    *context = NULL;
}

bool http_server_begin_long_poll(struct http_server_request *shown)
{
    struct http_request *request = (struct http_request *)shown;

    if (shown->given != NULL)
        return false;
    struct http_server *server = request->connection->listener->server;
    assert(request->state == REQUEST_HANDLED || request->state == REQUEST_WAITING);
    if (request->is_long_poll)
        return true;
    if (server->counts.long_polls >= server->settings.long_polls_max)
        return false;
    request->is_long_poll = true;
    server->counts.long_polls++;
    return true;
}

static const char *look_up_given(const struct http_server_given *given, const char *name)
{
    for (size_t i = 0; i < given->header_count; i++)
        if (strcasecmp(given->headers[i].name, name) == 0)
            return given->headers[i].value;
    return NULL;
}

static const char *look_up(const struct http_server_request *shown, enum MHD_ValueKind kind, const char *name)
{
    const struct http_request *request = (const struct http_request *)shown;
    const char *value = NULL;

    if (MHD_lookup_connection_value_n(request->connection->mhd, kind, name, strlen(name), &value, NULL) !=
        MHD_YES)
        return NULL;
    return value != NULL ? value : "";
}

const char *http_server_query(const struct http_server_request *request, const char *name)
{
    return request->given != NULL ? NULL : look_up(request, MHD_GET_ARGUMENT_KIND, name);
}

struct each_query {
    void (*each)(void *data, const char *name);
    void *data;
};

static enum MHD_Result tell_query(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
    const struct each_query *each = data;

    (void)kind;
    (void)value;
    each->each(each->data, name != NULL ? name : "");
    return MHD_YES;
}

void http_server_each_query(const struct http_server_request *shown,
                            void (*each)(void *data, const char *name), void *data)
{
    const struct http_request *request = (const struct http_request *)shown;
    struct each_query told = {.each = each, .data = data};

    if (shown->given == NULL)
        (void)MHD_get_connection_values(request->connection->mhd, MHD_GET_ARGUMENT_KIND, tell_query, &told);
}

const char *http_server_header(const struct http_server_request *request, const char *name)
{
    return request->given != NULL ? look_up_given(request->given, name)
                                  : look_up(request, MHD_HEADER_KIND, name);
}

char *http_server_take_body(struct http_server_request *shown, size_t *ret_length)
{
    struct http_request *request = (struct http_request *)shown;

    assert(request->state == REQUEST_HANDLED || request->state == REQUEST_WAITING);
    *ret_length = request->body.length;
    char *bytes = buffer_take(&request->body);
    shown->body = "";
    shown->body_length = 0;
    return bytes;
}

bool http_server_is_type(const struct http_server_request *request, const char *type)
{
    const char *header = http_server_header(request, "Content-Type");
    size_t length = header == NULL ? 0 : strcspn(header, "; \t");

    return header != NULL && length == strlen(type) && strncasecmp(header, type, length) == 0;
}
