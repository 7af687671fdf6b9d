/* http_bench.h - the HTTP server on its sockets with a handler for tests, and clients for it in other
 * threads.
 * SPDX-License-Identifier: MIT
 *
 * The handler answers /echo with what it sees and /body with the body; /poll is a long poll, and that and all
 * other paths wait for http_bench_answer_waiters. */
#ifndef SUPPORT_HTTP_BENCH_H
#define SUPPORT_HTTP_BENCH_H

#include "io/http_server.h"
#include "io/loop.h"
#include "support/folder.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_BENCH_DEADLINE_MS = 20000,
    HTTP_BENCH_ANSWER_MAX = 128 * 1024,
    HTTP_BENCH_WAITERS_MAX = 256,
    HTTP_BENCH_PARALLEL = 100
};

/* What a client thread does, and what came of it; the main thread looks only after the client's end. */
struct http_bench_call {
    const char *path;
    const char *body;
    size_t body_length;
    const char *ca_file;
    const char *bytes; /* raw: what to send */
    int64_t pause_ms;  /* raw: between single bytes */
    bool uses_unix;
    CURLcode code;
    long status;
    long connects;
    size_t answered; /* parallel: connections that got 200 */
    char answer[HTTP_BENCH_ANSWER_MAX];
    size_t length;
};

struct http_bench {
    struct folder folder;
    char socket_path[FOLDER_PATH_MAX];
    struct loop *loop;
    struct http_server *server;
    struct loop_wake *wake;
    uint16_t port;
    bool is_client_done;
    bool is_stopped;
    struct http_server_request *waiters[HTTP_BENCH_WAITERS_MAX];
    size_t waiter_count;
    size_t handled;
    bool has_gone;
    bool is_first_waiting;
    bool has_log;
    struct http_bench_call call;
    void (*client)(struct http_bench *bench, struct http_bench_call *call);
};

typedef void http_bench_client(struct http_bench *bench, struct http_bench_call *call);

/* Fixture of cmocka: a folder and a loop; stops the server at the end. */
int http_bench_set_up(void **state);
int http_bench_tear_down(void **state);

/* Listens on the Unix socket and on a free port; the settings' listeners are set here. */
void http_bench_start(struct http_bench *bench, struct http_server_settings settings);
void http_bench_stop(struct http_bench *bench, int64_t deadline_ms);
extern const struct http_server_callbacks http_bench_callbacks;

/* "later" for all that wait. */
void http_bench_answer_waiters(void *data);

/* Runs the loop until no connection is open. */
void http_bench_wait_until_closed(struct http_bench *bench);

/* Clients. Two requests through one handle; raw bytes; HTTP_BENCH_PARALLEL connections open at once. */
http_bench_client http_bench_curl;
http_bench_client http_bench_curl_twice;
http_bench_client http_bench_raw;
http_bench_client http_bench_parallel;

/* A connected socket, or -1. */
int http_bench_connect(const struct http_bench *bench, bool uses_unix);

/* Runs a client in a thread, and the loop until it has ended. */
pthread_t http_bench_start_client(struct http_bench *bench, http_bench_client *client,
                                  const struct http_bench_call *call);
void http_bench_end_client(struct http_bench *bench, pthread_t thread);

/* Both; the call as it is afterwards. */
struct http_bench_call *http_bench_ask(struct http_bench *bench, http_bench_client *client,
                                       const struct http_bench_call *call);

#endif
