/* http_stream.c - an answer without an end: read from its source while the client takes it, suspended while
 * there is nothing.
 * SPDX-License-Identifier: MIT */
#include "io/http_stream.h"

#include "io/http_state.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum { BLOCK_BYTES = 4096, STATUS_OK = 200 };

/* libmicrohttpd would ask again at once: it is suspended from inside its own call, as it allows. */
static void park(struct http_request *request)
{
    request->stream.is_parked = true;
    request->connection->deadline_ms = HTTP_NEVER_MS;
    http_request_suspend(request);
}

static ssize_t read_source(void *data, uint64_t at, char *to, size_t size)
{
    struct http_request *request = data;
    struct http_stream *stream = &request->stream;

    (void)at;
    if (stream->is_over)
        return stream->why == HTTP_STREAM_DONE ? MHD_CONTENT_READER_END_OF_STREAM
                                               : MHD_CONTENT_READER_END_WITH_ERROR;
    size_t length = stream->source->read(stream->data, to, size);
    if (length == 0) {
        park(request);
        return 0;
    }
    request->connection->deadline_ms =
        loop_now_ms() + request->connection->listener->server->settings.answer_ms;
    return (ssize_t)length;
}

/* A peer that is gone without a word would keep its place for as long as the kernel tries. */
static void bound_silence(const struct http_connection *connection)
{
    const unsigned limit_ms = (unsigned)connection->listener->server->settings.answer_ms;

    if (!connection->peer.is_unix)
        (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
}

/* One address keeps room for its requests: a way back must get in beside as many who only listen. */
static bool has_place(const struct http_server *server, const struct http_connection *connection)
{
    const struct http_request *other = NULL;
    unsigned from_there = 0;

    if (server->counts.streams >= server->settings.streams_max)
        return false;
    LIST_FOREACH(other, &server->streams, links)
    from_there += !connection->peer.is_unix && !other->connection->peer.is_unix &&
                  strcmp(other->connection->peer.address, connection->peer.address) == 0;
    return from_there < server->settings.connections_per_ip_max / 2;
}

bool http_stream_start(struct http_server_request *shown, const struct http_server_header *headers,
                       size_t count, const struct http_stream_source *source, void *data)
{
    struct http_request *request = (struct http_request *)shown;
    struct http_server *server = request->connection->listener->server;

    assert(request->state == REQUEST_HANDLED || request->state == REQUEST_WAITING);
    if (!has_place(server, request->connection))
        return false;
    request->stream = (struct http_stream){.source = source, .data = data, .why = HTTP_STREAM_GONE};
    request->status = STATUS_OK;
    request->response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_source, request, NULL);
    http_request_add_headers(request, headers, count);
    (void)MHD_add_response_header(request->response, "Connection", "close");
    bound_silence(request->connection);
    http_request_end_waiting(request, REQUEST_STREAMING);
    request->connection->stream = request;
    LIST_INSERT_HEAD(&server->streams, request, links);
    server->counts.streams++;
    return true;
}

void http_stream_wake(struct http_server_request *shown)
{
    struct http_request *request = (struct http_request *)shown;

    if (!request->stream.is_parked)
        return;
    request->stream.is_parked = false;
    request->connection->deadline_ms =
        loop_now_ms() + request->connection->listener->server->settings.answer_ms;
    http_request_resume(request);
}

static void end(struct http_request *request, enum http_stream_end why)
{
    if (request->stream.is_over)
        return;
    request->stream.is_over = true;
    request->stream.why = why;
    http_stream_wake(&request->shown);
}

void http_stream_end(struct http_server_request *shown)
{
    end((struct http_request *)shown, HTTP_STREAM_DONE);
}

void http_stream_cut(struct http_server_request *shown)
{
    struct http_request *request = (struct http_request *)shown;

    /* What the client does not take would never be asked for again. */
    end(request, HTTP_STREAM_SLOW);
    (void)shutdown(request->connection->fd, SHUT_RDWR);
}

void http_stream_gone(struct http_request *request)
{
    end(request, HTTP_STREAM_GONE);
}

void http_stream_stop_all(struct http_server *server)
{
    struct http_request *request = NULL;

    LIST_FOREACH(request, &server->streams, links)
    end(request, HTTP_STREAM_DONE);
}

void http_stream_ended(struct http_request *request)
{
    struct http_stream *stream = &request->stream;

    assert(!stream->is_parked);
    LIST_REMOVE(request, links);
    request->connection->stream = NULL;
    request->connection->listener->server->counts.streams--;
    stream->source->ended(stream->data, stream->why);
}
