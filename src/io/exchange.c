/* exchange.c - a question over a Unix socket, driven by polling and one deadline.
 * SPDX-License-Identifier: MIT */
#include "io/exchange.h"

#include "base/text.h"
#include "io/buffer.h"
#include "io/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { RETRY_MS = 5, CHUNK_SIZE = 16384 };

struct exchange {
    struct loop *loop;
    struct sockaddr_un address;
    int fd; /* -1: none */
    struct loop_poll *poll;
    struct loop_timer *deadline;
    struct loop_timer *retry;
    char *question;
    size_t length;
    size_t written;
    struct buffer answer;
    struct err err; /* what the deferred end will report */
    void (*done)(void *data, const struct exchange_answer *answer);
    void *data;
};

static void connect_again(void *data);
static void end_deferred(void *data);

static void drop(struct exchange *exchange)
{
    loop_defer_cancel(exchange->loop, end_deferred, exchange);
    loop_poll_stop(exchange->poll);
    loop_timer_stop(exchange->deadline);
    loop_timer_stop(exchange->retry);
    if (exchange->fd >= 0)
        (void)close(exchange->fd);
    buffer_done(&exchange->answer);
    free(exchange->question);
    free(exchange);
}

/* The handle is taken apart after `done`, but nothing in it can call back any more. */
static void finish(struct exchange *exchange, bool is_complete)
{
    struct exchange_answer answer = {.is_complete = is_complete,
                                     .bytes = buffer_text(&exchange->answer),
                                     .length = exchange->answer.length,
                                     .err = exchange->err};

    exchange->done(exchange->data, &answer);
    drop(exchange);
}

static bool note(struct exchange *exchange, enum err_code code, const char *what, const char *why)
{
    return err_set(&exchange->err, code, "%s: %s: %s", exchange->address.sun_path, what, why);
}

static void fail(struct exchange *exchange, enum err_code code, const char *what, const char *why)
{
    (void)note(exchange, code, what, why);
    finish(exchange, false);
}

static void deadline_passed(void *data)
{
    struct exchange *exchange = data;

    fail(exchange, ERR_TIMEOUT, exchange->written < exchange->length ? "writing" : "waiting for the answer",
         "the deadline has passed");
}

static void write_question(struct exchange *exchange)
{
    ssize_t sent = send(exchange->fd, exchange->question + exchange->written,
                        exchange->length - exchange->written, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (sent < 0) {
        fail(exchange, ERR_UNAVAILABLE, "writing", strerror(errno));
        return;
    }
    exchange->written += (size_t)sent;
    if (exchange->written == exchange->length)
        loop_poll_change(exchange->poll, LOOP_READABLE);
}

static void read_answer(struct exchange *exchange)
{
    char chunk[CHUNK_SIZE];
    ssize_t got = recv(exchange->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0)
        fail(exchange, ERR_UNAVAILABLE, "reading", strerror(errno));
    else if (got == 0 && exchange->written < exchange->length)
        fail(exchange, ERR_UNAVAILABLE, "writing", "the peer closed before it had read the question");
    else if (got == 0)
        finish(exchange, true);
    else if (!buffer_add(&exchange->answer, chunk, (size_t)got))
        fail(exchange, ERR_LIMIT, "reading", "the answer is longer than allowed");
}

/* One of the two for a turn: either may have ended the exchange. */
static void ready(void *data, unsigned events)
{
    struct exchange *exchange = data;

    if (exchange->written < exchange->length && (events & LOOP_READABLE) == 0 && (events & LOOP_FAILED) == 0)
        write_question(exchange);
    else
        read_answer(exchange);
}

/* What fits into the socket is sent at once: a rollback does not wait for another turn of the loop. */
static bool start_talking(struct exchange *exchange)
{
    ssize_t sent = send(exchange->fd, exchange->question, exchange->length, MSG_NOSIGNAL | MSG_DONTWAIT);

    exchange->written = sent < 0 ? 0 : (size_t)sent;
    unsigned events = exchange->written < exchange->length ? LOOP_READABLE | LOOP_WRITABLE : LOOP_READABLE;
    return loop_poll_start(exchange->loop, exchange->fd, events, ready, exchange, &exchange->poll,
                           &exchange->err);
}

/* False: `err` says why. */
static bool connect_now(struct exchange *exchange)
{
    const struct sockaddr *address = (const struct sockaddr *)&exchange->address;

    if (exchange->fd < 0)
        exchange->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (exchange->fd < 0)
        return note(exchange, ERR_IO, "socket", strerror(errno));
    int result = 0;
    do
        result = connect(exchange->fd, address, sizeof(exchange->address));
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return start_talking(exchange);
    if (errno != EAGAIN)
        return note(exchange, ERR_UNAVAILABLE, "connecting", strerror(errno));
    loop_timer_move(exchange->retry, RETRY_MS); /* the backlog is full; no event tells when it is not */
    return true;
}

static void connect_again(void *data)
{
    if (!connect_now(data))
        finish(data, false);
}

static void end_deferred(void *data)
{
    finish(data, false);
}

struct exchange *exchange_start(struct loop *loop, const char *unix_path, const char *bytes, size_t length,
                                size_t answer_max, int64_t deadline_ms,
                                void (*done)(void *data, const struct exchange_answer *answer), void *data)
{
    struct exchange *exchange = memory_take(sizeof(*exchange));

    exchange->loop = loop;
    exchange->fd = -1;
    exchange->question = memory_copy_bytes(bytes, length);
    exchange->length = length;
    buffer_init(&exchange->answer, answer_max);
    exchange->done = done;
    exchange->data = data;
    exchange->address.sun_family = AF_UNIX;
    if (!text_copy(exchange->address.sun_path, sizeof(exchange->address.sun_path), unix_path)) {
        (void)err_set(&exchange->err, ERR_INVALID, "%s: a socket's path has at most %zu bytes", unix_path,
                      sizeof(exchange->address.sun_path) - 1);
        loop_defer(loop, end_deferred, exchange);
        return exchange;
    }
    exchange->deadline = loop_timer_start(loop, deadline_ms, 0, deadline_passed, exchange);
    exchange->retry = loop_timer_start(loop, deadline_ms, 0, connect_again, exchange);
    loop_timer_pause(exchange->retry);
    if (!connect_now(exchange))
        loop_defer(loop, end_deferred, exchange);
    return exchange;
}

void exchange_cancel(struct exchange *exchange)
{
    if (exchange != NULL)
        drop(exchange);
}
