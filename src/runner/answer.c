/* answer.c - one function per operation. SPDX-License-Identifier: MIT */
#include "runner/answer.h"

#include "runner/guard.h"
#include "runner/identity.h"
#include "runner/ledger.h"
#include "runner/report.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct question {
    struct server *server;
    struct client *client;
    const struct runner_message *message;
};

static void refuse(const struct question *question, enum runner_refusal refusal, const char *reason)
{
    const struct runner_message answer = {.operation = RUNNER_REFUSED,
                                          .request = question->message->request,
                                          .refusal = refusal,
                                          .reason = reason};
    server_send(question->server, question->client, &answer);
}

static enum runner_refusal refusal_of(enum err_code code)
{
    static const enum runner_refusal refusals[ERR_CODE_COUNT] = {
        [ERR_LIMIT] = RUNNER_REFUSAL_BUSY,          [ERR_CONFLICT] = RUNNER_REFUSAL_BUSY,
        [ERR_EXISTS] = RUNNER_REFUSAL_BUSY,         [ERR_FORBIDDEN] = RUNNER_REFUSAL_FORBIDDEN,
        [ERR_NOT_FOUND] = RUNNER_REFUSAL_FORBIDDEN, [ERR_INVALID] = RUNNER_REFUSAL_INVALID,
        [ERR_PROTOCOL] = RUNNER_REFUSAL_INVALID,    [ERR_IO] = RUNNER_REFUSAL_FAILED,
    };
    return refusals[code];
}

static void refuse_err(const struct question *question, const struct err *err)
{
    report("warn", "refused: %s", err->text);
    refuse(question, refusal_of(err->code), err->text);
}

static struct runner_message state_message(struct server *server, const char *key)
{
    struct runner_message message = {.operation = RUNNER_STATE, .key = key};
    message.state = ledger_state(server->jobs.folder, key, &message.result);
    if (message.state == RUNNER_STATE_RUNNING)
        jobs_adopt(&server->jobs, key);
    return message;
}

static void send_state(const struct question *question)
{
    struct runner_message answer = state_message(question->server, question->message->key);
    answer.request = question->message->request;
    server_send(question->server, question->client, &answer);
}

/* By name: the value is nobody's business here. */
static bool check_secrets(const struct permissions *permissions, const struct runner_message *message,
                          struct err *err)
{
    for (size_t i = 0; i < message->secrets_count; i++) {
        char name[RUNNER_ARGUMENT_MAX];
        size_t length = strcspn(message->secrets[i], "=");
        memcpy(name, message->secrets[i], length);
        name[length] = '\0';
        if (!permissions_has(&permissions->secrets, name))
            return err_set(err, ERR_FORBIDDEN,
                           "the variable %.64s is not among the runner's secrets: add it there", name);
    }
    return true;
}

static bool check_run(const struct server *server, const struct runner_message *message, struct err *err)
{
    const struct permissions *permissions = &server->permissions;
    const char *program = message->arguments[0];
    if (!allow_matches(&permissions->allow, message->arguments, message->arguments_count))
        return err_set(err, ERR_FORBIDDEN,
                       "%s with these arguments is not on the runner's allow list: add it there", program);
    if (message->directory != NULL && strcmp(message->directory, "/") != 0 &&
        !allow_directory(permissions->directories.items, permissions->directories.count, message->directory))
        return err_set(err, ERR_FORBIDDEN, "commands may not work in %s", message->directory);
    return check_secrets(permissions, message, err) && guard_check_program(program, err);
}

static bool check_deadline(const struct runner_message *message, struct err *err)
{
    if (runner_key_is_passing(message->key) && message->deadline_ms > RUNNER_PASSING_DEADLINE_MAX_MS)
        return err_set(err, ERR_INVALID, "%s: keys with %s are of commands of an hour at most", message->key,
                       RUNNER_PASSING_PREFIX);
    return true;
}

static bool has_room(struct server *server, struct err *err)
{
    if (server->keys_count >= LEDGER_KEYS_MAX)
        return err_set(err, ERR_LIMIT, "%zu results are kept already", server->keys_count);
    return true;
}

static void run(const struct question *question)
{
    struct server *server = question->server;
    const struct runner_message *message = question->message;
    struct err err;
    struct runner_result result;
    if (ledger_state(server->jobs.folder, message->key, &result) == RUNNER_STATE_ABSENT) {
        if (!check_run(server, message, &err) || !check_deadline(message, &err) || !has_room(server, &err) ||
            !jobs_start(&server->jobs, &server->permissions, message, &err)) {
            refuse_err(question, &err);
            return;
        }
        server->keys_count++;
        report("info", "started %s: %s", message->key, message->arguments[0]);
    }
    send_state(question);
}

static void status(const struct question *question)
{
    send_state(question);
}

static void cancel(const struct question *question)
{
    struct jobs *jobs = &question->server->jobs;
    const char *key = question->message->key;
    struct runner_result result;
    if (ledger_state(jobs->folder, key, &result) == RUNNER_STATE_RUNNING) {
        jobs_adopt(jobs, key);
        const struct job *job = jobs_find(jobs, key);
        if (job == NULL || !jobs_cancel(job)) {
            refuse(question, RUNNER_REFUSAL_BUSY, "its supervisor is not yet known");
            return;
        }
        report("info", "cancelling %s", key);
    }
    send_state(question);
}

/* From `offset` on, as much as an answer takes; returns the length and the size of the whole. A command's own
 * file may be longer than what is kept of it: its reader has to know. */
static size_t read_stream(struct server *server, const char *key, const char *suffix, int64_t offset,
                          int64_t *ret_total)
{
    struct stat file;
    ssize_t length = 0;
    *ret_total = 0;
    int fd = ledger_open(server->jobs.folder, key, suffix, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return 0;
    if (fstat(fd, &file) == 0) {
        *ret_total = file.st_size < INT32_MAX ? file.st_size : INT32_MAX;
        length = pread(fd, server->chunk, sizeof(server->chunk), (off_t)offset);
    }
    close(fd);
    return length > 0 ? (size_t)length : 0;
}

static size_t read_output(struct server *server, const char *key, int64_t offset, int64_t *ret_total)
{
    size_t length = read_stream(server, key, LEDGER_OUTPUT, offset, ret_total);

    if (*ret_total > RUNNER_OUTPUT_MAX)
        *ret_total = RUNNER_OUTPUT_MAX;
    return length;
}

static size_t read_values(struct server *server, const char *key, int64_t offset, int64_t *ret_total)
{
    char raw[RUNNER_VALUES_MAX + 1];
    struct output *cleaning = &server->cleaning;
    long length = ledger_read(server->jobs.folder, key, LEDGER_VALUES, raw, sizeof(raw));
    output_init(cleaning);
    if (length > 0)
        output_add(cleaning, (const unsigned char *)raw, (size_t)length);
    output_finish(cleaning);
    *ret_total = (int64_t)cleaning->head_length;
    if (offset >= *ret_total)
        return 0;
    size_t rest = cleaning->head_length - (size_t)offset;
    memcpy(server->chunk, cleaning->head + offset, rest);
    return rest;
}

static void output(const struct question *question)
{
    struct server *server = question->server;
    const struct runner_message *message = question->message;
    struct runner_message answer = {
        .operation = RUNNER_CHUNK, .request = message->request, .key = message->key};
    answer.content.data = server->chunk;
    switch (message->stream) {
    case RUNNER_STREAM_OUTPUT:
        answer.content.length = read_output(server, message->key, message->offset, &answer.total);
        break;
    case RUNNER_STREAM_VALUES:
        answer.content.length = read_values(server, message->key, message->offset, &answer.total);
        break;
    case RUNNER_STREAM_REPORT:
        answer.content.length =
            read_stream(server, message->key, LEDGER_REPORT, message->offset, &answer.total);
        break;
    case RUNNER_STREAM_COUNT:
        break;
    }
    server_send(server, question->client, &answer);
}

static void write_file(const struct question *question)
{
    struct server *server = question->server;
    struct err err;
    bool is_allowed = permissions_has(&server->permissions.write, question->message->path) ||
                      err_set(&err, ERR_FORBIDDEN, "%s is not among the files that the runner may write",
                              question->message->path);
    if (!is_allowed || !writing_start(&server->writing, question->message, &err)) {
        refuse_err(question, &err);
        return;
    }
    server->writing.client = question->client->serial;
}

/* The list and the file are looked at again when it is to run. */
static void check(const struct question *question)
{
    const struct runner_message answer = {.operation = RUNNER_CHECKED, .request = question->message->request};
    struct err err;
    if (!check_run(question->server, question->message, &err)) {
        refuse_err(question, &err);
        return;
    }
    server_send(question->server, question->client, &answer);
}

static void list(const struct question *question)
{
    struct runner_message answer = {.operation = RUNNER_KEYS, .request = question->message->request};
    const struct jobs *jobs = &question->server->jobs;
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (jobs->items[i].key[0] != '\0')
            answer.keys[answer.keys_count++] = jobs->items[i].key;
    server_send(question->server, question->client, &answer);
}

static void find(const struct question *question)
{
    struct server *server = question->server;
    struct runner_message answer = {.operation = RUNNER_KEYS, .request = question->message->request};
    answer.keys_count = ledger_find(server->jobs.folder, question->message->prefix, question->message->after,
                                    server->found, RUNNER_LIST_MAX);
    for (size_t i = 0; i < answer.keys_count; i++)
        answer.keys[i] = server->found[i];
    server_send(server, question->client, &answer);
}

static const struct {
    enum runner_operation operation;
    void (*answer)(const struct question *question);
} ANSWERS[] = {
    {RUNNER_RUN, run},          {RUNNER_STATUS, status}, {RUNNER_OUTPUT, output}, {RUNNER_CANCEL, cancel},
    {RUNNER_WRITE, write_file}, {RUNNER_LIST, list},     {RUNNER_CHECK, check},   {RUNNER_FIND, find},
};

void answer_packet(struct server *server, struct client *client, size_t length)
{
    struct runner_message message = {0};
    struct question question = {server, client, &message};
    struct err err;
    if (!runner_message_parse(server->packet_in, length, &message, &err)) {
        refuse_err(&question, &err);
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(ANSWERS); i++) {
        if (ANSWERS[i].operation == message.operation) {
            ANSWERS[i].answer(&question);
            explicit_bzero(server->packet_in, length); /* it may have held secrets */
            return;
        }
    }
    refuse(&question, RUNNER_REFUSAL_INVALID, "an answer is no question");
}

void answer_written(struct server *server)
{
    struct writing *writing = &server->writing;
    int error = writing_end(writing);
    struct err err;
    err_set(&err, ERR_IO, "writing %s: %s", writing->path, strerror(error));
    if (error != 0)
        report("error", "%s", err.text);
    else
        report("info", "wrote %s", writing->path);
    const struct runner_message answer = {.operation = error == 0 ? RUNNER_WRITTEN : RUNNER_REFUSED,
                                          .request = writing->request,
                                          .path = writing->path,
                                          .refusal = RUNNER_REFUSAL_FAILED,
                                          .reason = err.text};
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        if (server->clients[i].fd >= 0 && server->clients[i].serial == writing->client)
            server_send(server, &server->clients[i], &answer);
}

void answer_finished(struct server *server, const char *key)
{
    struct runner_message message = state_message(server, key);
    message.operation = RUNNER_FINISHED;
    report("info", "finished %s: exit_status=%d signal=%d timed_out=%d%s", key, message.result.exit_status,
           message.result.signal, message.result.timed_out,
           message.state == RUNNER_STATE_LOST ? " (lost: no result)" : "");
    for (size_t i = 0; i < SERVER_CLIENTS_MAX; i++)
        if (server->clients[i].fd >= 0)
            server_send(server, &server->clients[i], &message);
}
