/* reach.c - look-up, connect, first line, under one deadline.
 * SPDX-License-Identifier: MIT */
#include "io/reach.h"

#include "base/text.h"
#include "io/buffer.h"
#include "io/memory.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT_MAX = 65535 };

/* On its way to a worker and back; outlives a reach that was cancelled. */
struct lookup {
    struct reach *reach; /* NULL: nobody waits any more */
    char host[REACH_HOST_MAX];
    char port[REACH_PORT_MAX];
    int result; /* of getaddrinfo */
    struct addrinfo *found;
};

struct reach {
    struct loop *loop;
    char place[REACH_HOST_MAX + REACH_PORT_MAX];
    bool wants_greeting;
    int64_t started_ms;
    struct lookup *lookup;     /* while it is under way */
    struct addrinfo *found;    /* all addresses */
    const struct addrinfo *at; /* the next one to try */
    int fd;                    /* -1: none */
    struct loop_poll *poll;
    struct loop_timer *deadline;
    struct buffer greeting;
    struct err err;
    bool is_connected;
    void (*done)(void *data, const struct reach_answer *answer);
    void *data;
};

static void connect_next(struct reach *reach);
static void end_deferred(void *data);

static void hang_up(struct reach *reach)
{
    loop_poll_stop(reach->poll);
    reach->poll = NULL;
    if (reach->fd >= 0)
        (void)close(reach->fd);
    reach->fd = -1;
}

static void drop(struct reach *reach)
{
    hang_up(reach);
    loop_defer_cancel(reach->loop, end_deferred, reach);
    loop_timer_stop(reach->deadline);
    if (reach->lookup != NULL)
        reach->lookup->reach = NULL;
    if (reach->found != NULL)
        freeaddrinfo(reach->found);
    buffer_done(&reach->greeting);
    free(reach);
}

/* The handle is taken apart after `done`, but nothing in it can call back any more. */
static void finish(struct reach *reach, bool is_reached)
{
    struct reach_answer answer = {.is_reached = is_reached,
                                  .greeting = buffer_text(&reach->greeting),
                                  .length = reach->greeting.length,
                                  .time_ms = (double)(loop_now_ms() - reach->started_ms),
                                  .err = reach->err};

    loop_timer_stop(reach->deadline);
    reach->deadline = NULL;
    hang_up(reach);
    reach->done(reach->data, &answer);
    drop(reach);
}

static void end_deferred(void *data)
{
    finish(data, false);
}

static void deadline_passed(void *data)
{
    struct reach *reach = data;

    if (reach->greeting.length > 0) {
        finish(reach, true);
        return;
    }
    (void)err_set(&reach->err, ERR_TIMEOUT, "%s: %s", reach->place,
                  reach->is_connected ? "connected, but nothing was said in time"
                                      : "no connection before the deadline");
    finish(reach, false);
}

static void read_greeting(struct reach *reach)
{
    char chunk[REACH_GREETING_MAX];
    ssize_t got = recv(reach->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0) {
        (void)err_set(&reach->err, ERR_UNAVAILABLE, "%s: reading: %s", reach->place, strerror(errno));
        finish(reach, false);
        return;
    }
    bool is_cut = buffer_fill(&reach->greeting, chunk, (size_t)got) < (size_t)got;
    if (got == 0 || is_cut || memchr(chunk, '\n', (size_t)got) != NULL)
        finish(reach, true);
}

static void note(struct reach *reach, const char *what, int code)
{
    (void)err_set(&reach->err, ERR_UNAVAILABLE, "%s: %s: %s", reach->place, what, strerror(code));
}

/* What came of the attempt to connect. */
static void settle(struct reach *reach)
{
    int code = 0;
    socklen_t size = sizeof(code);

    if (getsockopt(reach->fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
        code = errno;
    if (code != 0) {
        note(reach, "connecting", code);
        connect_next(reach);
        return;
    }
    reach->is_connected = true;
    if (reach->wants_greeting)
        loop_poll_change(reach->poll, LOOP_READABLE);
    else
        finish(reach, true);
}

static void ready(void *data, unsigned events)
{
    struct reach *reach = data;

    (void)events;
    if (reach->is_connected)
        read_greeting(reach);
    else
        settle(reach);
}

/* False: `err` says why. */
static bool connect_to(struct reach *reach, const struct addrinfo *address)
{
    reach->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (reach->fd < 0 ||
        (connect(reach->fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)) {
        note(reach, "connecting", errno);
        return false;
    }
    return loop_poll_start(reach->loop, reach->fd, LOOP_WRITABLE, ready, reach, &reach->poll, &reach->err);
}

static void connect_next(struct reach *reach)
{
    hang_up(reach);
    while (reach->at != NULL) {
        const struct addrinfo *address = reach->at;
        reach->at = address->ai_next;
        if (connect_to(reach, address))
            return;
        hang_up(reach);
    }
    loop_defer(reach->loop, end_deferred, reach);
}

static void look_up(void *data)
{
    struct lookup *lookup = data;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    lookup->result = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
}

static void take_found(struct reach *reach, int result, struct addrinfo *found)
{
    if (result != 0) {
        bool is_unknown = result == EAI_NONAME || result == EAI_NODATA;
        (void)err_set(&reach->err, is_unknown ? ERR_NOT_FOUND : ERR_UNAVAILABLE, "%s: %s", reach->place,
                      gai_strerror(result));
        loop_defer(reach->loop, end_deferred, reach);
        return;
    }
    reach->found = found;
    reach->at = found;
    connect_next(reach);
}

static void looked_up(void *data)
{
    struct lookup *lookup = data;
    struct reach *reach = lookup->reach;

    if (reach != NULL) {
        reach->lookup = NULL;
        take_found(reach, lookup->result, lookup->found);
    } else if (lookup->result == 0) {
        freeaddrinfo(lookup->found);
    }
    free(lookup);
}

/* A numeric address needs no worker. */
static void start_lookup(struct reach *reach, const char host[REACH_HOST_MAX],
                         const char port[REACH_PORT_MAX])
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (getaddrinfo(host, port, &hints, &found) == 0) {
        take_found(reach, 0, found);
        return;
    }
    struct lookup *lookup = memory_take(sizeof(*lookup));
    *lookup = (struct lookup){.reach = reach};
    memcpy(lookup->host, host, sizeof(lookup->host));
    memcpy(lookup->port, port, sizeof(lookup->port));
    reach->lookup = lookup;
    if (loop_work(reach->loop, look_up, looked_up, lookup, &reach->err))
        return;
    reach->lookup = NULL;
    free(lookup);
    loop_defer(reach->loop, end_deferred, reach);
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    unsigned number = 0;

    if (digits == 0 || digits >= REACH_PORT_MAX || text[digits] != '\0')
        return false;
    for (; *text != '\0'; text++)
        number = number * 10 + (unsigned)(*text - '0');
    return number > 0 && number <= PORT_MAX;
}

bool reach_place(const char *place, char host[REACH_HOST_MAX], char port[REACH_PORT_MAX])
{
    const char *colon = strrchr(place, ':');
    bool has_brackets = place[0] == '[';

    if (colon == NULL || !is_port(colon + 1))
        return false;
    const char *from = has_brackets ? place + 1 : place;
    const char *to = has_brackets ? colon - 1 : colon;
    if (to <= from || to - from >= REACH_HOST_MAX || (has_brackets && *to != ']') ||
        (!has_brackets && memchr(from, ':', (size_t)(to - from)) != NULL))
        return false;
    memcpy(host, from, (size_t)(to - from));
    host[to - from] = '\0';
    return text_copy(port, REACH_PORT_MAX, colon + 1);
}

struct reach *reach_start(struct loop *loop, const char *place, bool wants_greeting, int64_t deadline_ms,
                          void (*done)(void *data, const struct reach_answer *answer), void *data)
{
    struct reach *reach = memory_take(sizeof(*reach));
    char host[REACH_HOST_MAX];
    char port[REACH_PORT_MAX];

    *reach = (struct reach){.loop = loop,
                            .wants_greeting = wants_greeting,
                            .started_ms = loop_now_ms(),
                            .fd = -1,
                            .done = done,
                            .data = data};
    buffer_init(&reach->greeting, REACH_GREETING_MAX);
    if (!reach_place(place, host, port) || !text_copy(reach->place, sizeof(reach->place), place)) {
        (void)err_set(&reach->err, ERR_INVALID, "'%.60s' is not like 10.0.0.1:5432", place);
        loop_defer(loop, end_deferred, reach);
        return reach;
    }
    reach->deadline = loop_timer_start(loop, deadline_ms, 0, deadline_passed, reach);
    start_lookup(reach, host, port);
    return reach;
}

void reach_cancel(struct reach *reach)
{
    if (reach != NULL)
        drop(reach);
}
