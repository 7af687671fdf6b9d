/* http_server.h - the HTTP server (libmicrohttpd) on the loop: Unix socket and TCP, TLS where a certificate
 * is given, answers now or later. SPDX-License-Identifier: MIT
 *
 * One handler gets every request once it is complete (body included) and answers it with
 * http_server_answer(), inside the handler or any time later. A request belongs to the handler until it is
 * answered or `on_gone` names it, exactly one of both; after that the pointer is dead. Loop thread only. */
#ifndef IO_HTTP_SERVER_H
#define IO_HTTP_SERVER_H

#include "base/attributes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct http_server;

enum {
    HTTP_SERVER_LISTENERS_MAX = 8,
    HTTP_SERVER_ADDRESS_MAX = 64,
    HTTP_SERVER_HEADERS_MAX = 16, /* of one answer */
    HTTP_SERVER_BODY_MAX_BYTES = 64 * 1024,
    HTTP_SERVER_BODY_LARGE_MAX_BYTES = 16 * 1024 * 1024, /* the most that `body_max` may allow */
    HTTP_SERVER_HEADER_MAX_BYTES = 8 * 1024,
    HTTP_SERVER_CONNECTIONS_MAX = 1280,       /* a fifth for those who ask, the rest for those who listen */
    HTTP_SERVER_CONNECTIONS_PER_IP_MAX = 128, /* pipelines behind one address wait on one each */
    HTTP_SERVER_LONG_POLLS_MAX = 128,
    HTTP_SERVER_REQUEST_MS = 10 * 1000,
    HTTP_SERVER_ANSWER_MS = 60 * 1000
};

/* Either `unix_path` (made with mode 0660; a stale socket is replaced, a living one is ERR_EXISTS) or
 * `address`: numeric, "127.0.0.1:8443", "[::1]:0" (port 0: any free one, see http_server_port). */
struct http_server_listener {
    const char *unix_path;
    const char *address;
    const char *certificate; /* PEM text, with chain; NULL: no TLS. Not kept after http_server_start */
    const char *key;         /* PEM text */
    const char *client_ca;   /* PEM text: a client must show a certificate of one of these; NULL: none */
};

/* Zero in a limit means the default of the enum above. */
struct http_server_settings {
    const struct http_server_listener *listeners;
    size_t listener_count;
    size_t body_max_bytes;           /* more is answered with 413 */
    size_t header_max_bytes;         /* request line and headers; more is answered with 431 */
    unsigned connections_max;        /* per listener, so that the network never locks out the Unix socket */
    unsigned connections_per_ip_max; /* TCP only */
    unsigned long_polls_max;         /* see http_server_begin_long_poll */
    unsigned streams_max;            /* of all listeners, see http_stream.h; 0: 4 of 5 connections_max */
    int64_t request_ms;              /* to send the headers, and as long again for the body; then closed */
    int64_t answer_ms;               /* for the client to take an answer; then closed */
};

struct http_server_peer {
    bool is_unix;
    bool is_tls;
    uid_t uid;                             /* of the other process; Unix socket only */
    char address[HTTP_SERVER_ADDRESS_MAX]; /* numeric, without port; "" on the Unix socket */
};

struct http_server_header {
    const char *name;
    const char *value;
};

/* Where a request came in that is none of the server's: what the handler asks of it, and its answer. Lives as
 * long as the request; whoever made it may take it back as a client that is gone. */
struct http_server_given {
    const struct http_server_header *headers; /* [header_count] */
    size_t header_count;
    void (*answer)(void *data, unsigned status, const struct http_server_header *headers, size_t count,
                   const void *body, size_t length);
    void *data;
};

struct http_server_request {
    const char *method;
    const char *path; /* decoded, without the query */
    const char *body; /* body_length bytes, then a NUL; never NULL */
    size_t body_length;
    struct http_server_peer peer;
    void *waiter;                          /* the handler's own: finds its waiter again in on_gone */
    const struct http_server_given *given; /* NULL: it came over this server */
};

struct http_server_callbacks {
    /* The longest body of a request whose headers have come (path, method, http_server_header()), or 0: as
     * the settings say. Before the body is read, so ask who it is. May be NULL. */
    size_t (*body_max)(void *data, const struct http_server_request *request);
    void (*handle)(void *data, struct http_server_request *request); /* a complete one */
    /* The client of an unanswered request went away (also: closed its sending side), or the server stops and
     * answers it with 503 itself. Never inside handle or http_server_answer. May be NULL. */
    void (*on_gone)(void *data, struct http_server_request *request);
    /* A line of libmicrohttpd for the log. May be NULL. */
    void (*on_log)(void *data, const char *line);
};

struct http_server_counts {
    uint64_t requests;       /* handed to the handler */
    uint64_t refused_body;   /* 413 */
    uint64_t refused_header; /* 431 */
    uint64_t timed_out;      /* closed: too slow to send a request or to take an answer */
    uint64_t gone;           /* clients gone before their answer */
    unsigned connections;    /* open now */
    unsigned waiting;        /* requests unanswered now */
    unsigned long_polls;     /* of these */
    unsigned streams;        /* open now */
};

/* Binds and listens. ERR_INVALID: address or certificate; ERR_EXISTS: somebody listens there; ERR_IO. */
MUST_CHECK bool http_server_start(struct loop *loop, const struct http_server_settings *settings,
                                  const struct http_server_callbacks *callbacks, void *data,
                                  struct http_server **ret_server, struct err *err);

/* Stops listening, answers what waits with 503 (on_gone is called for it), lets answers under way end for at
 * most `deadline_ms`, then frees the server and calls `done` (may be NULL) from the loop. Call it once, not
 * inside a callback. */
void http_server_stop(struct http_server *server, int64_t deadline_ms, void (*done)(void *data), void *data);

/* Answers and gives the request back. Copies everything. `count` headers at most HTTP_SERVER_HEADERS_MAX.
 * Content-Length, Date and Connection are the server's. */
void http_server_answer(struct http_server_request *request, unsigned status,
                        const struct http_server_header *headers, size_t count, const void *body,
                        size_t length);

/* It will wait for an event, and not only for its journal entry. False: too many do already; answer now. */
MUST_CHECK bool http_server_begin_long_poll(struct http_server_request *request);

/* Decoded value of a query parameter ("" where it has none) or of a header, or NULL; until the answer. */
const char *http_server_query(const struct http_server_request *request, const char *name);
void http_server_each_query(const struct http_server_request *request,
                            void (*each)(void *data, const char *name), void *data);
const char *http_server_header(const struct http_server_request *request, const char *name);
/* Hands the body over (free()), for who works on it after the answer; the request has an empty one then. */
char *http_server_take_body(struct http_server_request *request, size_t *ret_length);

/* Is its Content-Type `type` ("application/json"), whatever the parameters behind it? */
bool http_server_is_type(const struct http_server_request *request, const char *type);

/* The port that listener `index` really has; 0 for a Unix socket. */
uint16_t http_server_port(const struct http_server *server, size_t index);

struct http_server_counts http_server_counts(const struct http_server *server);

#endif
