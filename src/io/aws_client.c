/* aws_client.c - keys first, then the request.
 * SPDX-License-Identifier: MIT */
#include "io/aws_client.h"

#include "base/text.h"
#include "io/aws_credentials.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_SIZE = 512, SIGNER_SIZE = 128, HEADERS_MAX = 3 };

struct aws_client {
    struct http_client *http;
    struct aws_credentials *credentials;
    char url[URL_SIZE];
    char signer[SIGNER_SIZE]; /* "aws:amz:REGION:SERVICE" */
    char *ca_file;
    int64_t timeout_ms;
};

struct aws_call {
    struct aws_client *client;
    struct aws_wish *wish;
    struct http_call *http;
    char *body; /* NULL: a check */
    char *target;
    size_t answer_max;
    void (*done)(void *data, const struct aws_answer *answer);
    void *data;
};

static bool is_word(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return length > 0 && length <= NAME_MAX_LENGTH && text[length] == '\0';
}

static bool check_url(const char *name, const char *url, struct err *err)
{
    bool is_good =
        url == NULL || (text_is_web_url(url) && strlen(url) < URL_SIZE - 1 && strchr(url, '?') == NULL);

    return is_good ||
           err_set(err, ERR_INVALID, "%s: begins with http:// or https://, and has no query", name);
}

static bool check(const struct option_value *options, struct err *err)
{
    const char *file = options[AWS_SHARED_FILE].text;

    if (!is_word(options[AWS_REGION].text))
        return err_set(err, ERR_INVALID, "region: '%.60s' is not like \"eu-west-1\"",
                       options[AWS_REGION].text);
    if (file != NULL && (!secret_is_reference(file) || reference_kind(file) == REFERENCE_VAULT))
        return err_set(err, ERR_INVALID, "shared_file: is a reference, \"file:/PATH\" or \"cred:NAME\"");
    return check_url("endpoint", options[AWS_ENDPOINT].text, err) &&
           check_url("sts_endpoint", options[AWS_STS].text, err) &&
           check_url("container_endpoint", options[AWS_CONTAINER].text, err) &&
           check_url("metadata_endpoint", options[AWS_METADATA].text, err);
}

bool aws_client_new(struct loop *loop, struct http_client *http, const char *service,
                    const struct option_value *options, struct aws_client **ret_client, struct err *err)
{
    const char *region = options[AWS_REGION].text;
    const char *endpoint = options[AWS_ENDPOINT].text;
    const struct aws_chain_settings settings = {.region = region,
                                                .profile = options[AWS_PROFILE].text,
                                                .shared_file = options[AWS_SHARED_FILE].text,
                                                .sts_url = options[AWS_STS].text,
                                                .container_url = options[AWS_CONTAINER].text,
                                                .metadata_url = options[AWS_METADATA].text,
                                                .ca_file = options[AWS_CA].text};

    if (!check(options, err))
        return false;
    struct aws_client *client = memory_take(sizeof(*client));
    client->http = http;
    client->credentials = aws_credentials_new(loop, http, &settings);
    client->ca_file = memory_copy_text(options[AWS_CA].text);
    client->timeout_ms = options[AWS_TIMEOUT].duration_ms;
    if (endpoint != NULL) /* what is signed is the path "/" */
        (void)snprintf(client->url, sizeof(client->url), "%s%s", endpoint,
                       strchr(strstr(endpoint, "//") + 2, '/') == NULL ? "/" : "");
    else
        (void)snprintf(client->url, sizeof(client->url), "https://%.60s.%.63s.amazonaws.com/", service,
                       region);
    (void)snprintf(client->signer, sizeof(client->signer), "aws:amz:%.63s:%.40s", region, service);
    *ret_client = client;
    return true;
}

void aws_client_free(struct aws_client *client)
{
    if (client == NULL)
        return;
    aws_credentials_free(client->credentials);
    free(client->ca_file);
    free(client);
}

static void free_call(struct aws_call *call)
{
    free(call->body);
    free(call->target);
    free(call);
}

/* Last of all: what is told may end the client. */
static void tell(struct aws_call *call, const struct aws_answer *answer)
{
    void (*done)(void *data, const struct aws_answer *answer) = call->done;
    void *data = call->data;

    free_call(call);
    done(data, answer);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static enum err_code code_of(const struct aws_error *error)
{
    if (error->is_throttled || error->is_refused)
        return ERR_UNAVAILABLE;
    if (error->is_denied)
        return ERR_FORBIDDEN;
    if (ends_with(error->code, "NotFound") || ends_with(error->code, "NotFoundException"))
        return ERR_NOT_FOUND;
    return error->code[0] == '\0' ? ERR_UNAVAILABLE : ERR_INVALID;
}

static void answered(void *data, const struct http_answer *http)
{
    struct aws_call *call = data;
    struct aws_answer answer = {.http = http};

    call->http = NULL;
    if (http->status == 0)
        answer.err = http->err;
    else if (http->status != 200) {
        aws_error_read(http, &answer.error);
        (void)err_set(&answer.err, code_of(&answer.error), "%s", answer.error.text);
        (void)!http_answer_retry_after(http, &answer.retry_after_ms);
    }
    if (answer.error.is_refused)
        aws_credentials_forget(call->client->credentials);
    tell(call, &answer);
}

static void send(struct aws_call *call, const struct aws_keys *keys)
{
    const struct aws_client *client = call->client;
    struct http_header headers[HEADERS_MAX] = {
        {"Content-Type", call->target != NULL ? "application/x-amz-json-1.0"
                                              : "application/x-www-form-urlencoded; charset=utf-8"}};
    struct http_request request = {.method = "POST",
                                   .url = client->url,
                                   .headers = headers,
                                   .header_count = 1,
                                   .body = call->body,
                                   .body_length = strlen(call->body),
                                   .user = keys->id,
                                   .password = &keys->secret,
                                   .aws_sigv4 = client->signer,
                                   .ca_file = client->ca_file,
                                   .timeout_ms = client->timeout_ms,
                                   .answer_max = call->answer_max};

    if (call->target != NULL)
        headers[request.header_count++] = (struct http_header){"X-Amz-Target", call->target};
    if (keys->token.bytes != NULL)
        headers[request.header_count++] = (struct http_header){"X-Amz-Security-Token", keys->token.bytes};
    call->http = http_request_start(client->http, &request, answered, call);
}

static void got_keys(void *data, const struct aws_keys *keys, const struct err *err)
{
    struct aws_call *call = data;
    struct aws_answer answer = {0};

    call->wish = NULL;
    if (keys != NULL && call->body != NULL) {
        send(call, keys);
        return;
    }
    if (keys == NULL)
        answer.err = *err;
    tell(call, &answer);
}

static struct aws_call *start(struct aws_client *client, const char *target, const char *body,
                              size_t answer_max, void (*done)(void *data, const struct aws_answer *answer),
                              void *data)
{
    struct aws_call *call = memory_take(sizeof(*call));

    *call = (struct aws_call){.client = client,
                              .body = memory_copy_text(body),
                              .target = memory_copy_text(target),
                              .answer_max = answer_max,
                              .done = done,
                              .data = data};
    call->wish = aws_credentials_want(client->credentials, got_keys, call);
    return call;
}

struct aws_call *aws_call_start(struct aws_client *client, const char *target, const char *body,
                                size_t answer_max, void (*done)(void *data, const struct aws_answer *answer),
                                void *data)
{
    return start(client, target, body, answer_max, done, data);
}

struct aws_call *aws_call_start_check(struct aws_client *client,
                                      void (*done)(void *data, const struct aws_answer *answer), void *data)
{
    return start(client, NULL, NULL, 0, done, data);
}

void aws_call_cancel(struct aws_call *call)
{
    if (call == NULL)
        return;
    aws_wish_cancel(call->wish);
    http_request_cancel(call->http);
    free_call(call);
}
