/* http_state.h - what http_server.c and http_request.c share: listeners, connections, requests.
 * SPDX-License-Identifier: MIT */
#ifndef IO_HTTP_STATE_H
#define IO_HTTP_STATE_H

#include "io/buffer.h"
#include "io/http_server.h"
#include "io/http_stream.h"
#include "io/loop.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define HTTP_NEVER_MS INT64_MAX

enum http_request_state {
    REQUEST_RECEIVING,
    REQUEST_HANDLED,   /* inside `handle` */
    REQUEST_WAITING,   /* suspended, the handler's */
    REQUEST_ANSWERED,  /* no longer the handler's; `response` is on its way */
    REQUEST_STREAMING, /* `response` is on its way and reads from the handler's source until it is over */
    REQUEST_GONE       /* no longer the handler's; the connection is to be closed */
};

/* Few may bring bodies that are so long, and each of them its own: they must not fill the memory together. */
enum { HTTP_HUGE_BYTES = 4 * 1024 * 1024, HTTP_HUGE_BODIES_MAX = 16 };

struct http_connection {
    LIST_ENTRY(http_connection) links;
    struct http_listener *listener;
    struct MHD_Connection *mhd;
    int fd;
    int64_t deadline_ms;
    bool is_busy; /* its first request is not complete, or a later one has begun */
    struct http_server_peer peer;
    struct http_request *stream; /* its request, while that is STREAMING; or NULL */
};

struct http_stream {
    const struct http_stream_source *source;
    void *data;
    bool is_parked; /* suspended: the source had nothing */
    bool is_over;   /* nothing is read any more */
    enum http_stream_end why;
};

struct http_request {
    struct http_server_request shown; /* first: the handler's pointer is ours */
    LIST_ENTRY(http_request) links;   /* while WAITING or STREAMING */
    struct http_connection *connection;
    enum http_request_state state;
    bool is_long_poll;
    bool is_huge;     /* its body is one of huge_bodies */
    unsigned refusal; /* status, or 0 */
    size_t received;
    struct buffer body;
    struct MHD_Response *response;
    unsigned status;
    struct http_stream stream;
};

struct http_listener {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    struct loop_poll *poll;
    struct loop_timer *timer;
    uint16_t port;
    bool is_tls;
    bool wants_certificate; /* of whoever comes */
    bool is_due;            /* its run is deferred */
    char *unix_path;
};

struct http_server {
    struct loop *loop;
    struct http_server_settings settings;
    struct http_server_callbacks callbacks;
    void *data;
    struct http_listener listeners[HTTP_SERVER_LISTENERS_MAX];
    LIST_HEAD(, http_connection) connections;
    LIST_HEAD(, http_request) waiting;
    LIST_HEAD(, http_request) streams;
    struct http_server_counts counts;
    unsigned huge_bodies; /* coming in now */
    struct loop_timer *tick;
    int gone_fd; /* epoll over the suspended connections, which libmicrohttpd does not watch */
    struct loop_poll *gone_poll;
    bool is_stopping;
    int64_t stop_at_ms;
    void (*stopped)(void *data);
    void *stopped_data;
};

/* libmicrohttpd's callbacks for requests; data is unused. */
enum MHD_Result http_request_serve(void *data, struct MHD_Connection *mhd, const char *url,
                                   const char *method, const char *version, const char *bytes, size_t *length,
                                   void **context);
void http_request_end(void *data, struct MHD_Connection *mhd, void **context,
                      enum MHD_RequestTerminationCode code);

/* Runs the listener's daemon at the end of this turn: it does not wake by itself for what is resumed. */
void http_server_run_soon(struct http_listener *listener);

/* Reports the waiting requests whose clients are gone (gone_fd is readable). */
void http_request_take_gone(void *data, unsigned events);

/* Answers every waiting request with 503. */
void http_request_give_up_waiting(struct http_server *server);

/* Suspends: libmicrohttpd looks away, and we look whether the client goes. */
void http_request_suspend(struct http_request *request);
void http_request_resume(struct http_request *request);

/* From the handler's on its way, as `state`. */
void http_request_end_waiting(struct http_request *request, enum http_request_state state);

/* Adds what of `headers` is fit to be one. */
void http_request_add_headers(struct http_request *request, const struct http_server_header *headers,
                              size_t count);

/* http_stream.c: its client went while it was parked; the server stops; its request is over. */
void http_stream_gone(struct http_request *request);
void http_stream_stop_all(struct http_server *server);
void http_stream_ended(struct http_request *request);

#endif
