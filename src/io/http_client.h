/* http_client.h - HTTP requests to others (libcurl): on the loop, or blocking for the CLI.
 * SPDX-License-Identifier: MIT
 *
 * Always: http and https only, redirects not followed (a 3xx is an answer), no proxy or netrc from the
 * environment, certificates checked, look-ups on curl's own thread, gzip accepted and the cap counted after
 * decoding, a total deadline that includes waiting in the queue. Error texts name scheme and host only: paths
 * and queries may hold secrets. */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include "base/err.h"
#include "io/loop.h"
#include "io/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_HEADERS_SIZE_MAX = 32768, /* bytes of an answer's headers */
    HTTP_REQUEST_HEADERS_MAX = 32
};

struct http_client; /* a pool of connections on one loop */
struct http_call;   /* a request on its way */

struct http_header {
    const char *name;
    const char *value; /* line breaks are refused */
};

/* Everything is copied by the call that takes it. */
struct http_request {
    const char *method;     /* NULL: GET, or POST with a body */
    const char *url;        /* http://... or https://... */
    const char *unix_path;  /* connect here, whatever host the URL names; or NULL */
    const char *connect_to; /* "host:port": connect there, whatever the URL names; or NULL */
    const struct http_header *headers;
    size_t header_count;
    const void *body; /* NULL: none */
    size_t body_length;
    const struct secret *bearer;   /* Authorization: Bearer; or NULL */
    const char *user;              /* basic authentication, or the key id of aws_sigv4; or NULL */
    const struct secret *password; /* with `user` */
    const char *aws_sigv4;         /* "aws:amz:eu-central-1:monitoring": signs the request; or NULL */
    const char *ca_file;           /* trust these instead of the system's; or NULL */
    const char *client_cert_file;  /* PEM, with client_key_file; or NULL */
    const char *client_key_file;
    int64_t timeout_ms;         /* total, > 0 */
    int64_t connect_timeout_ms; /* 0: timeout_ms */
    int64_t
        stall_timeout_ms; /* give up when nothing came for so long (whole seconds, rounded up); 0: never */
    size_t answer_max;    /* bytes of body, decoded; > 0 */
    bool is_cut_allowed;  /* a longer body ends the transfer as a success with is_cut, not ERR_LIMIT */
    const struct err *refused; /* nothing is asked: this is the answer (what it needs is missing); or NULL */
    bool is_handshake;         /* https: a new connection, its certificate checked, and nothing asked */
};

/* A status of 0 means that there is no answer: `err` says why (ERR_UNAVAILABLE: not reached, reset;
 * ERR_TIMEOUT; ERR_LIMIT: queue full or answer too long; ERR_INVALID: the request; ERR_PROTOCOL: not HTTP,
 * bad TLS). Any status from the server is an answer, also 500. */
struct http_answer {
    int status;
    const char *body; /* NUL-terminated, "" if none */
    size_t length;
    bool is_cut;
    bool has_shaken_hands;     /* of is_handshake, in place of a status */
    int64_t certificate_end_s; /* until when the peer's is good, since 1970; 0: unknown or not asked */
    const char *headers;       /* lines "Name: value\n" of the final answer */
    double time_total_ms;      /* without the time in our queue */
    struct err err;
    void *memory; /* what http_answer_done frees */
};

struct http_client_limits {
    size_t in_flight_max; /* more wait in the queue */
    size_t queue_max;     /* more are answered ERR_LIMIT */
    size_t per_host_max;  /* connections to one host; 0: no limit of its own */
};

/* Fails where curl cannot look up names without blocking. */
MUST_CHECK bool http_client_new(struct loop *loop, const struct http_client_limits *limits,
                                struct http_client **ret_client, struct err *err);
/* Drops all calls without calling their `done`. NULL is fine. */
void http_client_free(struct http_client *client);

/* `done` is called exactly once, from the loop, unless cancelled first; the answer is valid inside it, the
 * handle is gone then. A wrong request is an answer with status 0 too, so this never fails. */
struct http_call *http_request_start(struct http_client *client, const struct http_request *request,
                                     void (*done)(void *data, const struct http_answer *answer), void *data);
void http_request_cancel(struct http_call *call); /* `done` is not called; NULL is fine */

/* Blocks until the answer or the deadline; false where there is no answer. Ends with http_answer_done. */
MUST_CHECK bool http_perform(const struct http_request *request, struct http_answer *ret_answer,
                             struct err *err);
void http_answer_done(struct http_answer *answer);

/* The first header of that name (any case) into `to`; false where there is none or it does not fit. */
MUST_CHECK bool http_answer_header(const struct http_answer *answer, const char *name, char *to, size_t size);
/* Date as seconds since 1970; false where there is none. */
MUST_CHECK bool http_answer_date(const struct http_answer *answer, int64_t *ret_s);
/* Retry-After in seconds or as a date, as milliseconds from now on, at most a day; false where there is none.
 */
MUST_CHECK bool http_answer_retry_after(const struct http_answer *answer, int64_t *ret_ms);

#endif
