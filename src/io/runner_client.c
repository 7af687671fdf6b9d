/* runner_client.c - the connection to verdict-runner and the calls that wait on it.
 * SPDX-License-Identifier: MIT */
#include "io/runner_client.h"

#include "base/text.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/runner_call.h"
#include "io/runner_start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    IN_FLIGHT_MAX = 32, /* unanswered packets: the runner drops a client that lets answers pile up */
    READ_MAX = 64,      /* packets in a row before others get their turn */
    SEND_AGAIN_MS = 20, /* the socket is full */
    BACKOFF_LEAST_MS = 100,
    BACKOFF_MOST_MS = 5000,
    IDLE_MS = 60 * 1000
};

struct runner_client {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_poll *poll; /* of fd */
    int fd;                 /* -1: not connected */
    struct sockaddr_un address;
    int64_t connect_at_ms;
    int64_t backoff_ms;
    int64_t send_at_ms;                          /* not before: the socket was full */
    uint64_t request;                            /* the last one used */
    struct runner_call *calls[RUNNER_CALLS_MAX]; /* in the order of asking */
    size_t calls_count;
    struct runner_start start;
    bool is_firing, is_freed;
    unsigned char packet[RUNNER_MESSAGE_MAX];
};

static void turn(void *data);

static void hurry(struct runner_client *client)
{
    loop_timer_move(client->timer, 0);
}

static void disconnect(struct runner_client *client)
{
    if (client->fd < 0)
        return;
    loop_poll_stop(client->poll);
    close(client->fd);
    client->poll = NULL;
    client->fd = -1;
    client->connect_at_ms = loop_now_ms() + client->backoff_ms;
    for (size_t i = 0; i < client->calls_count; i++)
        runner_call_disconnected(client->calls[i]);
    hurry(client);
}

static struct runner_call *find_call(struct runner_client *client, uint64_t request)
{
    for (size_t i = 0; i < client->calls_count; i++) {
        struct runner_call *call = client->calls[i];
        bool is_asked = call->step == RUNNER_CALL_ASKED || call->step == RUNNER_CALL_FETCHING;
        if (is_asked && call->request == request)
            return call;
    }
    return NULL;
}

static void take_message(struct runner_client *client, const struct runner_message *message)
{
    int64_t now_ms = loop_now_ms();
    client->backoff_ms = BACKOFF_LEAST_MS;
    if (message->operation == RUNNER_FINISHED) {
        for (size_t i = 0; i < client->calls_count; i++)
            runner_call_ended(client->calls[i], message, now_ms);
        return;
    }
    struct runner_call *call = find_call(client, message->request);
    if (call != NULL) /* else the call was forgotten or has expired */
        runner_call_answer(call, message, now_ms);
}

/* False: nothing more to read, or the connection is gone. */
static bool read_packet(struct runner_client *client)
{
    struct runner_message message;
    ssize_t length = recv(client->fd, client->packet, sizeof(client->packet), MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (length <= 0 || !runner_message_parse(client->packet, (size_t)length, &message, NULL)) {
        disconnect(client);
        return false;
    }
    take_message(client, &message);
    return true;
}

static void read_packets(void *data, unsigned events)
{
    struct runner_client *client = data;
    if ((events & LOOP_FAILED) != 0) {
        disconnect(client);
        return;
    }
    for (int i = 0; i < READ_MAX; i++)
        if (!read_packet(client))
            break;
    hurry(client);
}

static void retry_connect(struct runner_client *client)
{
    bool is_started = runner_start_again(&client->start, client->address.sun_path, loop_now_ms());
    client->backoff_ms = is_started ? BACKOFF_LEAST_MS : client->backoff_ms * 2;
    if (client->backoff_ms > BACKOFF_MOST_MS)
        client->backoff_ms = BACKOFF_MOST_MS;
    client->connect_at_ms = loop_now_ms() + client->backoff_ms;
}

static void try_connect(struct runner_client *client)
{
    if (client->fd >= 0 || loop_now_ms() < client->connect_at_ms)
        return;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_good =
        fd >= 0 && connect(fd, (const struct sockaddr *)&client->address, sizeof(client->address)) == 0 &&
        loop_poll_start(client->loop, fd, LOOP_READABLE, read_packets, client, &client->poll, NULL);
    if (is_good) {
        client->fd = fd;
        return;
    }
    if (fd >= 0)
        close(fd);
    retry_connect(client);
}

static size_t count_step(const struct runner_client *client, enum runner_call_step step)
{
    size_t count = 0;
    for (size_t i = 0; i < client->calls_count; i++)
        count += client->calls[i]->step == step;
    return count;
}

static bool is_first_write(const struct runner_client *client, const struct runner_call *call)
{
    for (size_t i = 0; client->calls[i] != call; i++)
        if (client->calls[i]->kind == RUNNER_CALL_WRITE && client->calls[i]->step != RUNNER_CALL_OVER)
            return false;
    return true;
}

static bool may_send(const struct runner_client *client, const struct runner_call *call, int64_t now_ms)
{
    if (call->step == RUNNER_CALL_FETCH) /* large answers one by one */
        return count_step(client, RUNNER_CALL_FETCHING) == 0;
    if (call->step != RUNNER_CALL_ASK || now_ms < call->retry_at_ms)
        return false;
    if (call->kind == RUNNER_CALL_WRITE && !is_first_write(client, call))
        return false;
    return count_step(client, RUNNER_CALL_ASKED) < IN_FLIGHT_MAX;
}

static bool send_call(struct runner_client *client, struct runner_call *call)
{
    size_t length;
    if (!runner_call_send(call, ++client->request, client->packet, sizeof(client->packet), &length))
        return true;
    bool is_sent = send(client->fd, client->packet, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    int error = errno;
    explicit_bzero(client->packet, length); /* it may hold secrets */
    if (is_sent)
        return true;
    errno = error;
    runner_call_unsend(call);
    if (errno == EAGAIN || errno == ENOBUFS)
        client->send_at_ms = loop_now_ms() + SEND_AGAIN_MS;
    else
        disconnect(client);
    return false;
}

static void send_calls(struct runner_client *client)
{
    int64_t now_ms = loop_now_ms();
    if (client->fd < 0 || now_ms < client->send_at_ms)
        return;
    for (size_t i = 0; i < client->calls_count; i++)
        if (may_send(client, client->calls[i], now_ms) && !send_call(client, client->calls[i]))
            return;
}

static void remove_call(struct runner_client *client, size_t index)
{
    client->calls_count--;
    memmove(&client->calls[index], &client->calls[index + 1],
            (client->calls_count - index) * sizeof(struct runner_call *));
}

/* The only place where anybody is called back; he may ask more, forget, or free the client. */
static void fire_calls(struct runner_client *client)
{
    client->is_firing = true;
    for (size_t i = 0; i < client->calls_count;) {
        struct runner_call *call = client->calls[i];
        if (call->step != RUNNER_CALL_OVER) {
            i++;
            continue;
        }
        remove_call(client, i);
        runner_call_fire(call);
        runner_call_free(call);
        i = 0;
    }
    client->is_firing = false;
}

static int64_t due_ms(const struct runner_client *client, int64_t now_ms)
{
    int64_t due = now_ms + IDLE_MS;
    if (client->fd < 0 && client->connect_at_ms < due)
        due = client->connect_at_ms;
    for (size_t i = 0; i < client->calls_count; i++) {
        const struct runner_call *call = client->calls[i];
        if (call->give_up_ms < due)
            due = call->give_up_ms;
        if (client->fd < 0 || call->step != RUNNER_CALL_ASK)
            continue;
        int64_t send_at = call->retry_at_ms > client->send_at_ms ? call->retry_at_ms : client->send_at_ms;
        /* What waits for its turn behind others is sent when their answers come. */
        if (send_at > now_ms && send_at < due)
            due = send_at;
    }
    return due;
}

static void turn(void *data)
{
    struct runner_client *client = data;
    int64_t now_ms = loop_now_ms();
    try_connect(client);
    for (size_t i = 0; i < client->calls_count; i++)
        runner_call_expire(client->calls[i], now_ms);
    send_calls(client);
    fire_calls(client);
    if (client->is_freed) {
        runner_client_free(client);
        return;
    }
    now_ms = loop_now_ms();
    bool has_more = false;
    for (size_t i = 0; i < client->calls_count && client->fd >= 0 && now_ms >= client->send_at_ms; i++)
        has_more = has_more || may_send(client, client->calls[i], now_ms);
    int64_t wait_ms = due_ms(client, now_ms) - now_ms;
    loop_timer_move(client->timer, has_more || wait_ms < 0 ? 0 : wait_ms);
}

bool runner_client_new(struct loop *loop, const char *socket, struct runner_client **ret_client,
                       struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (socket[0] != '/' || !text_copy(address.sun_path, sizeof(address.sun_path), socket))
        return err_set(err, ERR_INVALID, "%s is no absolute path of at most %zu bytes", socket,
                       sizeof(address.sun_path) - 1);
    struct runner_client *client = memory_take(sizeof(*client));
    client->loop = loop;
    client->address = address;
    client->fd = -1;
    client->backoff_ms = BACKOFF_LEAST_MS;
    client->timer = loop_timer_start(loop, 0, 0, turn, client);
    *ret_client = client;
    return true;
}

void runner_client_free(struct runner_client *client)
{
    if (client == NULL)
        return;
    for (size_t i = 0; i < client->calls_count; i++)
        runner_call_free(client->calls[i]);
    client->calls_count = 0;
    client->is_freed = true;
    if (client->is_firing)
        return;
    loop_timer_stop(client->timer);
    loop_poll_stop(client->poll);
    if (client->fd >= 0)
        close(client->fd);
    runner_start_done(&client->start);
    free(client);
}

bool runner_client_is_connected(const struct runner_client *client)
{
    return client->fd >= 0;
}

bool runner_client_spawn(struct runner_client *client, const char *binary, const char *config,
                         const char *data, struct err *err)
{
    if (!runner_start_init(&client->start, binary, config, data, err))
        return false;
    client->connect_at_ms = 0;
    hurry(client);
    return true;
}

void runner_client_stop_runner(struct runner_client *client)
{
    runner_start_stop(&client->start, client->fd);
}

static bool add_call(struct runner_client *client, struct runner_call *call, int64_t within_ms,
                     struct err *err)
{
    if (call == NULL)
        return false;
    if (client->calls_count == RUNNER_CALLS_MAX || client->is_freed) {
        runner_call_free(call);
        return err_set(err, ERR_LIMIT, "%d questions wait for the runner already", RUNNER_CALLS_MAX);
    }
    call->give_up_ms = loop_now_ms() + within_ms;
    client->calls[client->calls_count++] = call;
    hurry(client);
    return true;
}

/* False where there are more than `max`: the array of a message has room for so many. */
static bool add_texts(const char **to, size_t *ret_count, size_t max, const char *const *texts)
{
    size_t count = 0;
    for (; texts != NULL && texts[count] != NULL; count++) {
        if (count == max)
            return false;
        to[count] = texts[count];
    }
    *ret_count = count;
    return true;
}

bool runner_run(struct runner_client *client, const struct runner_command *command, runner_done *done,
                void *data, struct err *err)
{
    struct runner_message message = {.operation = RUNNER_RUN,
                                     .key = command->key,
                                     .directory = command->directory,
                                     .deadline_ms = command->deadline_ms,
                                     .grace_ms = command->grace_ms};
    if (!add_texts(message.arguments, &message.arguments_count, RUNNER_ARGUMENTS_MAX, command->argv) ||
        !add_texts(message.environment, &message.environment_count, RUNNER_ENVIRONMENT_MAX,
                   command->environment) ||
        !add_texts(message.secrets, &message.secrets_count, RUNNER_SECRETS_MAX, command->secrets))
        return err_set(err, ERR_LIMIT, "%s: too many arguments or variables", command->key);
    struct runner_call *call = runner_call_new(RUNNER_CALL_RUN, &message, err);
    if (call != NULL) {
        call->done = done;
        call->data = data;
        call->wants_report = command->wants_report;
    }
    int64_t within_ms = command->start_within_ms > 0 ? command->start_within_ms : RUNNER_START_MS;
    return add_call(client, call, within_ms, err);
}

static bool ask(struct runner_client *client, enum runner_call_kind kind, const char *key, int64_t within_ms,
                runner_done *done, void *data, struct err *err)
{
    const struct runner_message message = {
        .operation = kind == RUNNER_CALL_CANCEL ? RUNNER_CANCEL : RUNNER_STATUS, .key = key};
    struct runner_call *call = runner_call_new(kind, &message, err);
    if (call != NULL) {
        call->done = done;
        call->data = data;
    }
    return add_call(client, call, within_ms, err);
}

bool runner_query(struct runner_client *client, const char *key, runner_done *done, void *data,
                  struct err *err)
{
    return ask(client, RUNNER_CALL_QUERY, key, RUNNER_ANSWER_MS, done, data, err);
}

bool runner_look(struct runner_client *client, const char *key, int64_t within_ms, runner_done *done,
                 void *data, struct err *err)
{
    return ask(client, RUNNER_CALL_LOOK, key, within_ms, done, data, err);
}

bool runner_find(struct runner_client *client, const char *prefix, const char *after, int64_t within_ms,
                 runner_found *found, void *data, struct err *err)
{
    const struct runner_message message = {.operation = RUNNER_FIND, .prefix = prefix, .after = after};
    struct runner_call *call = runner_call_new(RUNNER_CALL_FIND, &message, err);
    if (call != NULL) {
        call->found = found;
        call->data = data;
    }
    return add_call(client, call, within_ms, err);
}

bool runner_wait(struct runner_client *client, const char *key, int64_t within_ms, runner_done *done,
                 void *data, struct err *err)
{
    return ask(client, RUNNER_CALL_WAIT, key, within_ms, done, data, err);
}

bool runner_cancel(struct runner_client *client, const char *key, runner_done *done, void *data,
                   struct err *err)
{
    if (!ask(client, RUNNER_CALL_CANCEL, key, RUNNER_ANSWER_MS, done, data, err))
        return false;
    for (size_t i = 0; i < client->calls_count; i++)
        if (strcmp(client->calls[i]->key, key) == 0)
            runner_call_cancelled(client->calls[i]);
    return true;
}

bool runner_write_file(struct runner_client *client, const char *path, unsigned mode, const char *content,
                       size_t length, runner_written *written, void *data, struct err *err)
{
    const struct runner_message message = {.operation = RUNNER_WRITE,
                                           .path = path,
                                           .mode = (int64_t)mode,
                                           .content = {(const unsigned char *)content, length}};
    struct runner_call *call = runner_call_new(RUNNER_CALL_WRITE, &message, err);
    if (call != NULL) {
        call->written = written;
        call->data = data;
    }
    return add_call(client, call, RUNNER_ANSWER_MS, err);
}

bool runner_check(struct runner_client *client, const char *const *argv, const char *const *secrets,
                  const char *directory, int64_t within_ms, runner_checked *checked, void *data,
                  struct err *err)
{
    struct runner_message message = {.operation = RUNNER_CHECK, .directory = directory};
    if (!add_texts(message.arguments, &message.arguments_count, RUNNER_ARGUMENTS_MAX, argv) ||
        !add_texts(message.secrets, &message.secrets_count, RUNNER_SECRETS_MAX, secrets))
        return err_set(err, ERR_LIMIT, "more than %d arguments or %d secrets", RUNNER_ARGUMENTS_MAX,
                       RUNNER_SECRETS_MAX);
    struct runner_call *call = runner_call_new(RUNNER_CALL_CHECK, &message, err);
    if (call != NULL) {
        call->written = checked;
        call->data = data;
    }
    if (!add_call(client, call, within_ms, err))
        return false;
    if (client->fd < 0) {
        client->backoff_ms = BACKOFF_LEAST_MS;
        client->connect_at_ms = 0;
    }
    return true;
}

void runner_forget(struct runner_client *client, const void *data)
{
    for (size_t i = client->calls_count; i > 0; i--) {
        struct runner_call *call = client->calls[i - 1];
        if (call->data != data)
            continue;
        remove_call(client, i - 1);
        runner_call_free(call);
    }
}
