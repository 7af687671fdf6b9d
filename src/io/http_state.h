/* http_state.h - what http_server.c and http_request.c share: listeners, connections, requests.
 * SPDX-License-Identifier: MIT */
#ifndef IO_HTTP_STATE_H
#define IO_HTTP_STATE_H

#include "io/buffer.h"
#include "io/http_server.h"
#include "io/loop.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define HTTP_NEVER_MS INT64_MAX

enum http_request_state {
    REQUEST_RECEIVING,
    REQUEST_HANDLED,  /* inside `handle` */
    REQUEST_WAITING,  /* suspended, the handler's */
    REQUEST_ANSWERED, /* no longer the handler's; `response` is on its way */
    REQUEST_GONE      /* no longer the handler's; the connection is to be closed */
};

struct http_connection {
    LIST_ENTRY(http_connection) links;
    struct http_listener *listener;
    struct MHD_Connection *mhd;
    int fd;
    int64_t deadline_ms;
    bool is_busy; /* its first request is not complete, or a later one has begun */
    struct http_server_peer peer;
};

struct http_request {
    struct http_server_request shown; /* first: the handler's pointer is ours */
    LIST_ENTRY(http_request) links;   /* while WAITING */
    struct http_connection *connection;
    enum http_request_state state;
    bool is_long_poll;
    unsigned refusal; /* status, or 0 */
    size_t received;
    struct buffer body;
    struct MHD_Response *response;
    unsigned status;
};

struct http_listener {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    struct loop_poll *poll;
    struct loop_timer *timer;
    uint16_t port;
    bool is_tls;
    bool is_due; /* its run is deferred */
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
    struct http_server_counts counts;
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

#endif
