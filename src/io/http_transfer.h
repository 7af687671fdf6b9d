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
    char target[HTTP_TARGET_SIZE]; /* scheme://host:port, for errors */
    char error[CURL_ERROR_SIZE];
};

/* Fills all of it, also on failure (then only http_transfer_done is allowed). ERR_INVALID. */
MUST_CHECK bool http_transfer_init(struct http_transfer *transfer, const struct http_request *request,
                                   struct err *err);

/* What to tell the caller after curl ended with `result`. Body and headers stay the transfer's. */
struct http_answer http_transfer_answer(const struct http_transfer *transfer, CURLcode result);

/* Wipes the request's headers. */
void http_transfer_done(struct http_transfer *transfer);

#endif
