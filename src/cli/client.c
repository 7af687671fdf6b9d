/* client.c - requests to verdictd.
 * SPDX-License-Identifier: MIT */
#include "cli/client.h"

#include "base/text.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/secret.h"
#include "io/traceparent.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    URL_SIZE = 2048,
    HEADERS_MAX = 3 + TRACE_HEADERS_MAX,
    PATH_SIZE = 108,
    CONNECT_MS = 5000,
    FOREVER_MS = 1 << 30
};

struct client {
    struct loop *loop;
    struct http_client *http;
    struct loop_signal *signals[2];
    char base[URL_SIZE];       /* "http://localhost" */
    char unix_path[PATH_SIZE]; /* "" none */
    char *ca_file, *cert_file, *key_file;
    struct secret token;
    char traceparent[TRACEPARENT_SIZE]; /* "" none */
    struct trace_lists lists;
    bool is_interrupted;
    bool is_over; /* of the request or pause under way */
    struct client_answer *answer;
};

static void interrupted(void *data, int number)
{
    struct client *client = data;

    (void)number;
    client->is_interrupted = true;
    client->is_over = true;
}

static bool read_url(struct client *client, const char *url, struct err *err)
{
    static const char local[] = "unix:";

    if (strncmp(url, local, sizeof(local) - 1) == 0) {
        const char *path = url + sizeof(local) - 1;
        if (strncmp(path, "//", 2) == 0)
            path += 2;
        if (path[0] != '/' || !text_copy(client->unix_path, sizeof(client->unix_path), path))
            return err_set(err, ERR_INVALID, "VERDICT_URL: unix: wants an absolute path of at most %d bytes",
                           PATH_SIZE - 1);
        (void)snprintf(client->base, sizeof(client->base), "http://localhost");
        return true;
    }
    if (!text_is_web_url(url))
        return err_set(err, ERR_INVALID, "VERDICT_URL: must be unix:/path, http://... or https://...");
    if (!text_copy(client->base, sizeof(client->base), url))
        return err_set(err, ERR_INVALID, "VERDICT_URL: is too long");
    size_t length = strlen(client->base);
    while (length > 0 && client->base[length - 1] == '/')
        client->base[--length] = '\0';
    return true;
}

/* A key that others may read is no secret any more: as for every other one. */
static bool check_key(const char *path, struct err *err)
{
    CLEANUP(secret_drop) struct secret key = {0};
    char reference[sizeof("file:") + PATH_MAX];
    char whole[PATH_MAX];

    if (realpath(path, whole) == NULL)
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    (void)snprintf(reference, sizeof(reference), "file:%s", whole);
    return secret_load(NULL, reference, &key, err);
}

static bool take_certificate(struct client *client, const struct client_settings *settings, struct err *err)
{
    if (settings->cert_file == NULL)
        return settings->key_file == NULL ||
               err_set(err, ERR_INVALID, "VERDICT_KEY: is of no use without its certificate, VERDICT_CERT");
    client->cert_file = memory_copy_text(settings->cert_file);
    client->key_file =
        memory_copy_text(settings->key_file != NULL ? settings->key_file : settings->cert_file);
    return check_key(client->key_file, err) ||
           err_wrap(err, settings->key_file != NULL
                             ? "VERDICT_KEY"
                             : "there is no VERDICT_KEY, so VERDICT_CERT must hold the key, too");
}

/* What is none stops nobody. */
static void take_trace(struct client *client, const struct trace_given *given)
{
    struct traceparent trace;
    bool is_one = traceparent_read(given->traceparent, &trace) &&
                  text_copy(client->traceparent, sizeof(client->traceparent), given->traceparent);

    trace_lists_take(given, is_one, &client->lists);
}

bool client_new(const struct client_settings *settings, struct client **ret_client, struct err *err)
{
    static const struct http_client_limits limits = {.in_flight_max = 1, .queue_max = 1};
    struct client *client = memory_take(sizeof(*client));

    client->loop = loop_new();
    client->ca_file = memory_copy_text(settings->ca_file);
    if (settings->token != NULL)
        secret_from_bytes(&client->token, settings->token, strlen(settings->token));
    take_trace(client, &settings->trace);
    if (!read_url(client, settings->url, err) || !take_certificate(client, settings, err) ||
        !http_client_new(client->loop, &limits, &client->http, err)) {
        client_free(client);
        return false;
    }
    client->signals[0] = loop_signal_start(client->loop, SIGINT, interrupted, client);
    client->signals[1] = loop_signal_start(client->loop, SIGTERM, interrupted, client);
    *ret_client = client;
    return true;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    http_client_free(client->http);
    loop_signal_stop(client->signals[0]);
    loop_signal_stop(client->signals[1]);
    loop_free(client->loop);
    secret_drop(&client->token);
    free(client->ca_file);
    free(client->cert_file);
    free(client->key_file);
    trace_lists_done(&client->lists);
    free(client);
}

static void answered(void *data, const struct http_answer *answer)
{
    struct client *client = data;
    struct client_answer *to = client->answer;

    client->is_over = true;
    to->status = answer->status;
    to->body = memory_copy_bytes(answer->body, answer->length);
    to->length = answer->length;
    to->err = answer->err;
    if (!http_answer_header(answer, "ETag", to->etag, sizeof(to->etag)))
        to->etag[0] = '\0';
}

static size_t fill_headers(const struct client *client, const struct client_request *request,
                           struct http_header headers[HEADERS_MAX])
{
    size_t count = 0;

    if (request->body != NULL)
        headers[count++] =
            (struct http_header){"Content-Type", request->type == NULL ? "application/json" : request->type};
    if (request->key != NULL)
        headers[count++] = (struct http_header){"Idempotency-Key", request->key};
    if (request->etag != NULL)
        headers[count++] = (struct http_header){"If-None-Match", request->etag};
    const struct trace_given trace = {client->traceparent, client->lists.tracestate, client->lists.baggage};
    return count + trace_lists_headers(&trace, headers + count);
}

void client_ask(struct client *client, const struct client_request *request, struct client_answer *ret_answer)
{
    struct http_header headers[HEADERS_MAX];
    char url[URL_SIZE + 1024];

    *ret_answer = (struct client_answer){0};
    (void)snprintf(url, sizeof(url), "%s%s", client->base, request->path);
    struct http_request wanted = {.method = request->method,
                                  .url = url,
                                  .unix_path = client->unix_path[0] == '\0' ? NULL : client->unix_path,
                                  .headers = headers,
                                  .header_count = fill_headers(client, request, headers),
                                  .body = request->body,
                                  .body_length = request->body == NULL ? 0 : strlen(request->body),
                                  .bearer = client->token.bytes == NULL ? NULL : &client->token,
                                  .ca_file = client->ca_file,
                                  .client_cert_file = client->cert_file,
                                  .client_key_file = client->key_file,
                                  .timeout_ms =
                                      request->timeout_ms == 0 ? CLIENT_TIMEOUT_MS : request->timeout_ms,
                                  .connect_timeout_ms = CONNECT_MS,
                                  .answer_max = CLIENT_ANSWER_MAX};
    client->answer = ret_answer;
    client->is_over = client->is_interrupted;
    struct http_call *call = http_request_start(client->http, &wanted, answered, client);
    if (loop_run_until(client->loop, &client->is_over, wanted.timeout_ms + CONNECT_MS) &&
        ret_answer->body != NULL)
        return;
    http_request_cancel(call);
    ret_answer->status = 0;
    ret_answer->is_interrupted = client->is_interrupted;
    ret_answer->body = memory_copy_text("");
    err_set(&ret_answer->err, ERR_TIMEOUT, client->is_interrupted ? "interrupted" : "no answer in time");
}

void client_answer_done(struct client_answer *answer)
{
    free(answer->body);
    answer->body = NULL;
}

bool client_pause(struct client *client, int64_t pause_ms)
{
    client->is_over = client->is_interrupted;
    (void)!loop_run_until(client->loop, &client->is_over, pause_ms);
    return !client->is_interrupted;
}

bool client_is_interrupted(const struct client *client)
{
    return client->is_interrupted;
}

void client_go_on(struct client *client)
{
    client->is_interrupted = false;
}
