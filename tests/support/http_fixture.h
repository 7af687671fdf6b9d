/* http_fixture.h - a client on a loop, and two servers (TCP and Unix socket) that misbehave as they are asked
 * to.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_HTTP_FIXTURE_H
#define SUPPORT_HTTP_FIXTURE_H

#include "io/http_client.h"
#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, ANSWER_MAX = 65536, IN_FLIGHT = 4, CALLS = 40 };

struct group {
    struct peer peer;
    struct peer local; /* the same over a Unix socket */
    char folder[64];
    char path[96];
};

struct fixture {
    struct group *group;
    struct loop *loop;
    struct http_client *client;
    size_t done_count;
    size_t wanted_count;
    bool is_done;
    int status;
    char body[1024];
    size_t length;
    bool is_cut;
    struct err err;
    char headers[1024];
};

static inline int start_peers(void **state)
{
    static struct group group;
    char *tcp[] = {"/usr/bin/python3", "tests/support/http_peer.py", NULL};
    char *local[] = {"/usr/bin/python3", "tests/support/http_peer.py", group.path, NULL};

    (void)snprintf(group.folder, sizeof(group.folder), "/tmp/test_http_client.XXXXXX");
    assert_non_null(mkdtemp(group.folder));
    (void)snprintf(group.path, sizeof(group.path), "%s/peer.sock", group.folder);
    *state = &group;
    return peer_start(&group.peer, tcp) && peer_start(&group.local, local) ? 0 : -1;
}

static inline int stop_peers(void **state)
{
    struct group *group = *state;

    peer_stop(&group->peer);
    peer_stop(&group->local);
    (void)unlink(group->path);
    return rmdir(group->folder);
}

static inline int set_up(void **state)
{
    static const struct http_client_limits limits = {
        .in_flight_max = IN_FLIGHT, .queue_max = CALLS, .per_host_max = 3};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct err err = {0};

    assert_non_null(fixture);
    fixture->group = *state;
    fixture->loop = loop_new();
    fixture->wanted_count = 1;
    assert_true(http_client_new(fixture->loop, &limits, &fixture->client, &err));
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;

    http_client_free(fixture->client);
    loop_free(fixture->loop);
    *state = fixture->group;
    free(fixture);
    return 0;
}

static inline void answered(void *data, const struct http_answer *answer)
{
    struct fixture *fixture = data;

    fixture->is_done = ++fixture->done_count >= fixture->wanted_count;
    fixture->status = answer->status;
    (void)snprintf(fixture->body, sizeof(fixture->body), "%s", answer->body);
    fixture->length = answer->length;
    fixture->is_cut = answer->is_cut;
    fixture->err = answer->err;
    (void)snprintf(fixture->headers, sizeof(fixture->headers), "%s", answer->headers);
}

static inline const char *url_of(const struct fixture *fixture, const char *page)
{
    static char url[256];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s%s", fixture->group->peer.line, page);
    return url;
}

static inline struct http_request request_for(const struct fixture *fixture, const char *page)
{
    return (struct http_request){
        .url = url_of(fixture, page), .timeout_ms = PATIENCE_MS, .answer_max = ANSWER_MAX};
}

static inline void ask(struct fixture *fixture, const struct http_request *request)
{
    fixture->is_done = false;
    fixture->done_count = 0;
    assert_non_null(http_request_start(fixture->client, request, answered, fixture));
    assert_int_equal(fixture->done_count, 0);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(fixture->done_count, 1);
}

static inline void ask_for(struct fixture *fixture, const char *page)
{
    struct http_request request = request_for(fixture, page);

    ask(fixture, &request);
}

static inline void assert_failed(const struct fixture *fixture, enum err_code code)
{
    assert_int_equal(fixture->status, 0);
    if (fixture->err.code != code)
        fail_msg("%s: %s", err_code_name(fixture->err.code), fixture->err.text);
    assert_int_equal(fixture->length, 0);
    assert_string_equal(fixture->body, "");
}

#define WITH_CLIENT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
