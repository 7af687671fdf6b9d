/* runner_link.c - talks the protocol of verdict-runner. SPDX-License-Identifier: MIT */
#include "support/runner_link.h"

#include "base/text.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct link *link_open(const struct bench *bench)
{
    struct link *link = calloc(1, sizeof(*link));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_non_null(link);
    assert_true(text_copy(address.sun_path, sizeof(address.sun_path), bench->socket));
    link->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(link->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return link;
}

void link_close(struct link *link)
{
    close(link->fd);
    free(link);
}

bool link_receive(struct link *link)
{
    struct pollfd polled = {.fd = link->fd, .events = POLLIN};
    struct err err;
    if (poll(&polled, 1, BENCH_WAIT_MS) != 1)
        fail_msg("no packet came");
    ssize_t length = recv(link->fd, link->packet, sizeof(link->packet), 0);
    if (length <= 0)
        return false;
    if (!runner_message_parse(link->packet, (size_t)length, &link->message, &err))
        fail_msg("%s", err.text);
    return true;
}

const struct runner_message *link_ask(struct link *link, struct runner_message message)
{
    struct err err;
    size_t length;
    message.request = ++link->request;
    if (!runner_message_format(&message, link->packet, sizeof(link->packet), &length, &err))
        fail_msg("%s", err.text);
    assert_int_equal(send(link->fd, link->packet, length, MSG_NOSIGNAL), length);
    do {
        assert_true(link_receive(link));
    } while (link->message.request != link->request);
    return &link->message;
}

const struct runner_message *link_run(struct link *link, const struct bench *bench, const char *key,
                                      const char *arguments, int64_t deadline_ms)
{
    char words[256];
    char *rest = words;
    struct runner_message message = {.operation = RUNNER_RUN,
                                     .key = key,
                                     .arguments = {bench->act},
                                     .arguments_count = 1,
                                     .environment = {bench->folder_pair, "VERDICT_SERVICE=shop"},
                                     .environment_count = 2,
                                     .deadline_ms = deadline_ms};
    snprintf(words, sizeof(words), "%s", arguments);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " "))
        message.arguments[message.arguments_count++] = word;
    return link_ask(link, message);
}

enum runner_state link_status(struct link *link, const char *key)
{
    const struct runner_message *answer =
        link_ask(link, (struct runner_message){.operation = RUNNER_STATUS, .key = key});
    assert_int_equal(answer->operation, RUNNER_STATE);
    return answer->state;
}

struct runner_result link_wait(struct link *link, const char *key)
{
    enum runner_state state = link_status(link, key);
    while (state == RUNNER_STATE_RUNNING) {
        assert_true(link_receive(link));
        if (link->message.operation == RUNNER_FINISHED && strcmp(link->message.key, key) == 0)
            state = link->message.state;
    }
    assert_int_equal(state, RUNNER_STATE_ENDED);
    return link->message.result;
}

struct runner_result link_complete(struct link *link, const struct bench *bench, const char *key,
                                   const char *arguments, int64_t deadline_ms)
{
    const struct runner_message *answer = link_run(link, bench, key, arguments, deadline_ms);
    if (answer->operation == RUNNER_REFUSED)
        fail_msg("%s", answer->reason);
    return link_wait(link, key);
}

char *link_output(struct link *link, const char *key, enum runner_stream stream)
{
    char *text = calloc(1, RUNNER_OUTPUT_MAX + 1);
    size_t length = 0;
    int64_t total = 1;
    assert_non_null(text);
    while ((int64_t)length < total) {
        const struct runner_message *answer = link_ask(
            link, (struct runner_message){
                      .operation = RUNNER_OUTPUT, .key = key, .stream = stream, .offset = (int64_t)length});
        assert_int_equal(answer->operation, RUNNER_CHUNK);
        assert_in_range(answer->total, 0, RUNNER_OUTPUT_MAX);
        assert_true(answer->total == (int64_t)length || answer->content.length > 0);
        memcpy(text + length, answer->content.data, answer->content.length);
        length += answer->content.length;
        total = answer->total;
    }
    return text;
}
