/* http_stream.h - an answer of the HTTP server that has no end: bytes as they come up, for a client that
 * takes them at its own pace.
 * SPDX-License-Identifier: MIT
 *
 * The source is asked for bytes whenever the client has room, and is not asked again, after it had none,
 * before http_stream_wake(). A client that does not take what it was sent within the server's `answer_ms` is
 * cut off. A request that streams belongs to its source until `ended`, which comes exactly once. Loop thread
 * only. */
#ifndef IO_HTTP_STREAM_H
#define IO_HTTP_STREAM_H

#include "io/http_server.h"

enum http_stream_end {
    HTTP_STREAM_GONE, /* the client went away */
    HTTP_STREAM_DONE, /* http_stream_end(), or the server stops */
    HTTP_STREAM_SLOW  /* http_stream_cut(), or the client did not take what it was sent */
};

struct http_stream_source {
    /* At most `size` bytes; 0: nothing now. Neither wakes nor ends a stream, and answers nothing. */
    size_t (*read)(void *data, char *to, size_t size);
    /* The request is dead. Not inside any function of this header. */
    void (*ended)(void *data, enum http_stream_end why);
};

/* Answers a request of the handler's with 200 and what the source has. `source` is not copied. False: too
 * many streams, in all or of its address (half of the connections that one may have); the request is still to
 * be answered. */
MUST_CHECK bool http_stream_start(struct http_server_request *request,
                                  const struct http_server_header *headers, size_t count,
                                  const struct http_stream_source *source, void *data);

/* The source has something again. */
void http_stream_wake(struct http_server_request *request);

/* Nothing is read any more: the answer ends as one that is whole. */
void http_stream_end(struct http_server_request *request);

/* The same at once, with what is under way lost. */
void http_stream_cut(struct http_server_request *request);

#endif
