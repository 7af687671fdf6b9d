/* client.h - requests to verdictd: one at a time, with a deadline, ended by Ctrl-C.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "base/err.h"
#include "io/trace_lists.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_ETAG_SIZE = 96, CLIENT_ANSWER_MAX = 16 * 1024 * 1024, CLIENT_TIMEOUT_MS = 30000 };

struct client;

struct client_request {
    const char *method;
    const char *path;   /* with its query */
    const char *body;   /* JSON text, or NULL */
    const char *type;   /* of the body; NULL: JSON */
    const char *key;    /* Idempotency-Key, or NULL */
    const char *etag;   /* If-None-Match, or NULL */
    int64_t timeout_ms; /* 0: CLIENT_TIMEOUT_MS */
};

struct client_answer {
    int status; /* 0: none; err says why */
    char *body; /* malloc'ed, never NULL once it was asked */
    size_t length;
    char etag[CLIENT_ETAG_SIZE];
    bool is_interrupted; /* by the user: no answer */
    struct err err;
};

struct client_settings {
    const char *url;   /* unix:/path/of/socket, http://... or https://... */
    const char *token; /* or NULL, as what follows */
    const char *ca_file;
    const char *cert_file, *key_file; /* what we show; the key may stand in cert_file */
    struct trace_given trace; /* of every request; passed over where it is none (../io/traceparent.h) */
};

MUST_CHECK bool client_new(const struct client_settings *settings, struct client **ret_client,
                           struct err *err);
void client_free(struct client *client); /* NULL is fine */

/* Waits for the answer. Any status is an answer. */
void client_ask(struct client *client, const struct client_request *request,
                struct client_answer *ret_answer);
void client_answer_done(struct client_answer *answer);

/* Waits; false: interrupted. */
bool client_pause(struct client *client, int64_t pause_ms);
bool client_is_interrupted(const struct client *client);
/* Forgets the interruption, so that one more request can be made. */
void client_go_on(struct client *client);

#endif
