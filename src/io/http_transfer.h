/* http_transfer.h - one request as a curl handle, and what it collects; for the http_* files alone.
 * SPDX-License-Identifier: MIT */
#ifndef IO_HTTP_TRANSFER_H
#define IO_HTTP_TRANSFER_H

#include "io/buffer.h"
#include "io/http_client.h"

#include <curl/curl.h>
#include <stdbool.h>

enum { HTTP_TARGET_SIZE = 300 };

struct http_transfer {
    CURL *easy;
    struct curl_slist *request_headers;
    struct curl_slist *places; /* of connect_to */
    struct buffer body;
    struct buffer headers;
    bool is_cut_allowed;
    bool is_cut;
    bool is_handshake;
    struct smtp_sending *letter;   /* of smtp_letter.c; NULL: it is HTTP */
    char target[HTTP_TARGET_SIZE]; /* scheme://host:port, or unix:PATH; for errors */
    char error[CURL_ERROR_SIZE];
};

/* Fills all of it, also on failure (then only http_transfer_done is allowed). ERR_INVALID. */
MUST_CHECK bool http_transfer_init(struct http_transfer *transfer, const struct http_request *request,
                                   struct err *err);

/* What to tell the caller after curl ended with `result`. Body and headers stay the transfer's. */
struct http_answer http_transfer_answer(const struct http_transfer *transfer, CURLcode result);

/* For smtp_letter.c. What every transfer has, whatever it speaks; and the URL's scheme, host and port as
 * `target`, where the scheme is one of the two. */
void http_transfer_prepare(struct http_transfer *transfer);
MUST_CHECK bool http_transfer_aim(struct http_transfer *transfer, const char *url, const char *scheme,
                                  const char *other, struct err *err);
/* Sentence and code of a transfer that went wrong. */
void http_transfer_explain(const struct http_transfer *transfer, CURLcode result, struct err *err);

/* Of smtp_letter.c. */
struct http_answer smtp_letter_answer(const struct http_transfer *transfer, CURLcode result);
void smtp_letter_done(struct http_transfer *transfer);

/* Of http_client.c: starts what `make` makes of `from`. */
struct http_call *http_client_start(struct http_client *client,
                                    bool (*make)(struct http_transfer *transfer, const void *from,
                                                 struct err *err),
                                    const void *from, int64_t timeout_ms,
                                    void (*done)(void *data, const struct http_answer *answer), void *data);

/* Wipes the request's headers. */
void http_transfer_done(struct http_transfer *transfer);

#endif
