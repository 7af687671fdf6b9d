/* test_exchange.c - questions over a real Unix socket to a peer on another thread.
 * SPDX-License-Identifier: MIT */
#include "io/exchange.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, BIG = 1000000 };

/* What the peer does with its one connection. */
enum behaviour {
    PEER_ANSWERS,      /* reads a line, answers "you said: LINE", closes */
    PEER_SAYS_NOTHING, /* reads a line, closes */
    PEER_STALLS,       /* reads and keeps the connection open */
    PEER_FLOODS,       /* answers without end */
    PEER_COUNTS,       /* reads until BIG bytes came, answers how many */
    PEER_RESETS        /* closes with unread bytes */
};

struct fixture {
    struct loop *loop;
    char folder[64];
    char path[96];
    int listener;
    enum behaviour behaviour;
    pthread_t thread;
    bool has_thread;
    bool is_done;
    int done_count;
    bool is_complete;
    char answer[256];
    size_t length;
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(fixture);
    fixture->loop = loop_new();
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/test_exchange.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/peer.sock", fixture->folder);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture->path);
    fixture->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fixture->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fixture->listener, 0), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    loop_free(fixture->loop);
    (void)shutdown(fixture->listener, SHUT_RDWR);
    if (fixture->has_thread)
        (void)pthread_join(fixture->thread, NULL);
    (void)close(fixture->listener);
    (void)unlink(fixture->path);
    (void)rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static void count_bytes(int fd)
{
    char bytes[4096];
    size_t count = 0;

    while (count < BIG) {
        ssize_t got = read(fd, bytes, sizeof(bytes));
        if (got <= 0)
            return;
        count += (size_t)got;
    }
    (void)dprintf(fd, "%zu", count);
}

static void behave(enum behaviour behaviour, int fd)
{
    char line[128] = {0};
    ssize_t length =
        behaviour == PEER_COUNTS ? 0 : read(fd, line, behaviour == PEER_RESETS ? 1 : sizeof(line) - 1);

    (void)length;
    switch (behaviour) {
    case PEER_ANSWERS:
        (void)dprintf(fd, "you said: %s", line);
        break;
    case PEER_SAYS_NOTHING:
    case PEER_RESETS:
        break;
    case PEER_STALLS:
        while (read(fd, line, sizeof(line)) > 0)
            continue;
        break;
    case PEER_FLOODS:
        while (send(fd, line, sizeof(line), MSG_NOSIGNAL) > 0)
            continue;
        break;
    case PEER_COUNTS:
        count_bytes(fd);
        break;
    }
}

static void *run_peer(void *data)
{
    const struct fixture *fixture = data;
    int fd = accept(fixture->listener, NULL, NULL);

    if (fd < 0)
        return NULL;
    behave(fixture->behaviour, fd);
    (void)close(fd);
    return NULL;
}

static void start_peer(struct fixture *fixture, enum behaviour behaviour)
{
    fixture->behaviour = behaviour;
    assert_int_equal(pthread_create(&fixture->thread, NULL, run_peer, fixture), 0);
    fixture->has_thread = true;
}

static void answered(void *data, const struct exchange_answer *answer)
{
    struct fixture *fixture = data;

    fixture->is_done = true;
    fixture->done_count++;
    fixture->is_complete = answer->is_complete;
    fixture->length = answer->length;
    fixture->err = answer->err;
    (void)snprintf(fixture->answer, sizeof(fixture->answer), "%s", answer->bytes);
}

static void ask(struct fixture *fixture, const char *question, size_t length, int64_t deadline_ms)
{
    struct exchange *exchange =
        exchange_start(fixture->loop, fixture->path, question, length, 4096, deadline_ms, answered, fixture);

    assert_non_null(exchange);
    assert_false(fixture->is_done);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(fixture->done_count, 1);
}

static void test_asks_and_reads(void **state)
{
    struct fixture *fixture = *state;

    start_peer(fixture, PEER_ANSWERS);
    ask(fixture, "show info\n", 10, PATIENCE_MS);
    assert_true(fixture->is_complete);
    assert_string_equal(fixture->answer, "you said: show info\n");
}

static void test_an_empty_answer_is_an_answer(void **state)
{
    struct fixture *fixture = *state;

    start_peer(fixture, PEER_SAYS_NOTHING);
    ask(fixture, "x\n", 2, PATIENCE_MS);
    assert_true(fixture->is_complete);
    assert_int_equal(fixture->length, 0);
    assert_string_equal(fixture->answer, "");
}

static void test_writes_more_than_a_buffer(void **state)
{
    struct fixture *fixture = *state;
    char *question = calloc(1, BIG);

    assert_non_null(question);
    start_peer(fixture, PEER_COUNTS);
    ask(fixture, question, BIG, PATIENCE_MS);
    assert_true(fixture->is_complete);
    assert_string_equal(fixture->answer, "1000000");
    free(question);
}

static void test_gives_up_at_the_deadline(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ms = loop_now_ms();

    start_peer(fixture, PEER_STALLS);
    ask(fixture, "x\n", 2, 50);
    assert_false(fixture->is_complete);
    assert_int_equal(fixture->err.code, ERR_TIMEOUT);
    assert_true(loop_now_ms() - start_ms >= 50);
}

static void test_caps_the_answer(void **state)
{
    struct fixture *fixture = *state;

    start_peer(fixture, PEER_FLOODS);
    ask(fixture, "x\n", 2, PATIENCE_MS);
    assert_false(fixture->is_complete);
    assert_int_equal(fixture->err.code, ERR_LIMIT);
    assert_true(fixture->length <= 4096);
}

static void test_reports_a_reset(void **state)
{
    struct fixture *fixture = *state;
    char *question = calloc(1, BIG);

    assert_non_null(question);
    start_peer(fixture, PEER_RESETS);
    ask(fixture, question, BIG, PATIENCE_MS);
    assert_false(fixture->is_complete);
    assert_int_equal(fixture->err.code, ERR_UNAVAILABLE);
    free(question);
}

static void test_reports_nobody_there(void **state)
{
    struct fixture *fixture = *state;

    (void)unlink(fixture->path);
    ask(fixture, "x\n", 2, PATIENCE_MS);
    assert_false(fixture->is_complete);
    assert_int_equal(fixture->err.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(fixture->err.text, fixture->path));
}

static void test_refuses_a_long_path(void **state)
{
    struct fixture *fixture = *state;
    char path[300];

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_non_null(exchange_start(fixture->loop, path, "x", 1, 10, PATIENCE_MS, answered, fixture));
    assert_int_equal(fixture->done_count, 0);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(fixture->err.code, ERR_INVALID);
}

static void fill_backlog(const struct fixture *fixture, int *fds, size_t count)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture->path);
    for (size_t i = 0; i < count; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&address, sizeof(address));
    }
}

/* A full backlog answers EAGAIN: the exchange waits for a place, here until its deadline. */
static void test_waits_for_a_place_in_the_backlog(void **state)
{
    struct fixture *fixture = *state;
    int fds[4];

    fill_backlog(fixture, fds, 4);
    ask(fixture, "x\n", 2, 60);
    assert_int_equal(fixture->err.code, ERR_TIMEOUT);
    for (size_t i = 0; i < 4; i++)
        (void)close(fds[i]);
}

static void test_cancel_is_silent(void **state)
{
    struct fixture *fixture = *state;
    struct exchange *exchange =
        exchange_start(fixture->loop, fixture->path, "x\n", 2, 4096, 20, answered, fixture);

    exchange_cancel(exchange);
    exchange_cancel(NULL);
    start_peer(fixture, PEER_STALLS);
    exchange = exchange_start(fixture->loop, fixture->path, "x\n", 2, 4096, 5000, answered, fixture);
    assert_false(loop_run_until(fixture->loop, &fixture->is_done, 50));
    exchange_cancel(exchange);
    assert_false(loop_run_until(fixture->loop, &fixture->is_done, 20));
    assert_int_equal(fixture->done_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asks_and_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_empty_answer_is_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_writes_more_than_a_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gives_up_at_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_caps_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reports_a_reset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reports_nobody_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_a_long_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waits_for_a_place_in_the_backlog, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_is_silent, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
