/* runner_call.c - the steps of one question to verdict-runner. SPDX-License-Identifier: MIT */
#include "io/runner_call.h"

#include "base/text.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 250 };

struct runner_call *runner_call_new(enum runner_call_kind kind, const struct runner_message *message,
                                    struct err *err)
{
    unsigned char *packet = memory_take(RUNNER_MESSAGE_MAX);
    size_t length = 0;
    if (!runner_message_format(message, packet, RUNNER_MESSAGE_MAX, &length, err)) {
        free(packet);
        return NULL;
    }
    struct runner_call *call = memory_take(sizeof(*call));
    call->kind = kind;
    call->packet = (unsigned char *)memory_copy_bytes(packet, length);
    call->packet_length = length;
    explicit_bzero(packet, length); /* it may hold secrets */
    free(packet);
    call->deadline_ms = message->deadline_ms > 0 ? message->deadline_ms + message->grace_ms : 0;
    /* The format has checked that a key fits. */
    if (message->key != NULL && !text_copy(call->key, sizeof(call->key), message->key))
        call->key[0] = '\0';
    buffer_init(&call->streams[RUNNER_STREAM_OUTPUT], RUNNER_OUTPUT_MAX);
    buffer_init(&call->streams[RUNNER_STREAM_VALUES], RUNNER_VALUES_MAX);
    buffer_init(&call->streams[RUNNER_STREAM_REPORT], RUNNER_REPORT_MAX);
    buffer_init(&call->keys, sizeof(char[RUNNER_LIST_MAX][RUNNER_KEY_MAX + 1]));
    return call;
}

void runner_call_free(struct runner_call *call)
{
    for (size_t i = 0; i < RUNNER_STREAM_COUNT; i++)
        buffer_done(&call->streams[i]);
    buffer_done(&call->keys);
    explicit_bzero(call->packet, call->packet_length);
    free(call->packet);
    free(call);
}

static void set_request(unsigned char *packet, uint64_t request)
{
    for (unsigned i = 0; i < sizeof(request); i++)
        packet[4 + i] = (unsigned char)(request >> (8 * i));
}

static bool format_fetch(const struct runner_call *call, uint64_t request, unsigned char *to, size_t size,
                         size_t *ret_length)
{
    const struct runner_message message = {.operation = RUNNER_OUTPUT,
                                           .request = request,
                                           .key = call->key,
                                           .stream = call->stream,
                                           .offset = (int64_t)call->streams[call->stream].length};
    return runner_message_format(&message, to, size, ret_length, NULL);
}

bool runner_call_send(struct runner_call *call, uint64_t request, unsigned char *to, size_t size,
                      size_t *ret_length)
{
    call->request = request;
    if (call->step == RUNNER_CALL_FETCH) {
        call->step = RUNNER_CALL_FETCHING;
        return format_fetch(call, request, to, size, ret_length);
    }
    if (call->packet_length > size)
        return false;
    memcpy(to, call->packet, call->packet_length);
    set_request(to, request);
    *ret_length = call->packet_length;
    call->step = RUNNER_CALL_ASKED;
    return true;
}

void runner_call_unsend(struct runner_call *call)
{
    call->step = call->step == RUNNER_CALL_FETCHING ? RUNNER_CALL_FETCH : RUNNER_CALL_ASK;
}

static void end(struct runner_call *call, enum runner_outcome_kind outcome, enum err_code code,
                const char *reason)
{
    call->step = RUNNER_CALL_OVER;
    call->outcome = outcome;
    call->err.code = ERR_NONE; /* of a busy runner before */
    if (code != ERR_NONE)
        err_set(&call->err, code, "%s", reason);
}

/* From now on a lost connection is followed by a question only: nothing may start it again. */
static void ask_state_only(struct runner_call *call)
{
    if (call->kind != RUNNER_CALL_RUN && call->kind != RUNNER_CALL_CANCEL)
        return;
    const struct runner_message message = {.operation = RUNNER_STATUS, .key = call->key};
    size_t length;
    explicit_bzero(call->packet, call->packet_length);
    call->packet = memory_resize(call->packet, RUNNER_MESSAGE_MAX);
    if (runner_message_format(&message, call->packet, RUNNER_MESSAGE_MAX, &length, NULL))
        call->packet_length = length;
}

static void fetch(struct runner_call *call, enum runner_outcome_kind outcome, int64_t now_ms)
{
    call->outcome = outcome;
    call->stream = RUNNER_STREAM_OUTPUT;
    call->step = RUNNER_CALL_FETCH;
    if (call->kind != RUNNER_CALL_LOOK) /* which has one deadline for all of it */
        call->give_up_ms = now_ms + RUNNER_ANSWER_MS;
}

static void take_running(struct runner_call *call, int64_t now_ms)
{
    if (call->kind == RUNNER_CALL_LOOK) {
        fetch(call, RUNNER_STILL_RUNS, now_ms);
        return;
    }
    if (call->kind == RUNNER_CALL_QUERY || call->kind == RUNNER_CALL_CANCEL) {
        end(call, RUNNER_STILL_RUNS, ERR_NONE, "");
        return;
    }
    call->step = RUNNER_CALL_RUNS;
    if (call->kind == RUNNER_CALL_RUN && call->deadline_ms > 0) {
        call->give_up_ms = now_ms + call->deadline_ms + RUNNER_END_SLACK_MS;
        call->deadline_ms = 0; /* counted once, not again after every reconnect */
    }
    ask_state_only(call);
}

static void take_ended(struct runner_call *call, const struct runner_result *result, int64_t now_ms)
{
    ask_state_only(call);
    call->result = *result;
    fetch(call, RUNNER_ENDED, now_ms);
}

static void take_lost(struct runner_call *call, int64_t now_ms)
{
    if (call->kind == RUNNER_CALL_LOOK)
        fetch(call, RUNNER_UNKNOWN, now_ms);
    else
        end(call, RUNNER_UNKNOWN, ERR_NOT_FOUND, "its supervisor is gone and left no result");
}

static void take_state(struct runner_call *call, const struct runner_message *message, int64_t now_ms)
{
    call->is_sent = false;
    switch (message->state) {
    case RUNNER_STATE_RUNNING:
        take_running(call, now_ms);
        return;
    case RUNNER_STATE_ENDED:
        take_ended(call, &message->result, now_ms);
        return;
    case RUNNER_STATE_LOST:
        take_lost(call, now_ms);
        return;
    case RUNNER_STATE_ABSENT:
    case RUNNER_STATE_COUNT:
        break;
    }
    if (call->kind == RUNNER_CALL_RUN)
        end(call, RUNNER_UNKNOWN, ERR_NOT_FOUND, "the runner has forgotten a command that it had started");
    else
        end(call, RUNNER_NEVER_RAN, ERR_NOT_FOUND, "the runner does not know this key");
}

static enum runner_stream last_stream(const struct runner_call *call)
{
    if (call->kind == RUNNER_CALL_LOOK)
        return RUNNER_STREAM_OUTPUT;
    return call->wants_report ? RUNNER_STREAM_REPORT : RUNNER_STREAM_VALUES;
}

static void take_chunk(struct runner_call *call, const struct runner_message *message)
{
    struct buffer *stream = &call->streams[call->stream];
    size_t added = buffer_fill(stream, message->content.data, message->content.length);
    bool is_whole = added == 0 || (int64_t)stream->length >= message->total;
    call->step = RUNNER_CALL_FETCH;
    if (!is_whole)
        return;
    call->has_report = call->stream == RUNNER_STREAM_REPORT && (int64_t)stream->length == message->total;
    if (call->stream == last_stream(call))
        end(call, call->outcome, ERR_NONE, "");
    else
        call->stream++;
}

static void take_refusal(struct runner_call *call, const struct runner_message *message, int64_t now_ms)
{
    static const enum err_code codes[RUNNER_REFUSAL_COUNT] = {
        [RUNNER_REFUSAL_BUSY] = ERR_LIMIT,
        [RUNNER_REFUSAL_FORBIDDEN] = ERR_FORBIDDEN,
        [RUNNER_REFUSAL_INVALID] = ERR_INVALID,
        [RUNNER_REFUSAL_FAILED] = ERR_IO,
    };
    call->is_sent = false;
    if (message->refusal == RUNNER_REFUSAL_BUSY && !call->is_cancelled) {
        err_set(&call->err, ERR_LIMIT, "%s", message->reason);
        call->step = RUNNER_CALL_ASK;
        call->retry_at_ms = now_ms + RETRY_MS;
        return;
    }
    bool is_start = call->kind == RUNNER_CALL_RUN && call->deadline_ms > 0;
    end(call, is_start ? RUNNER_NOT_RUN : RUNNER_UNKNOWN, codes[message->refusal], message->reason);
}

static void take_keys(struct runner_call *call, const struct runner_message *message)
{
    bool fits = true;
    for (size_t i = 0; i < message->keys_count && fits; i++)
        fits = buffer_add(&call->keys, message->keys[i], strlen(message->keys[i]) + 1);
    end(call, RUNNER_ENDED, ERR_NONE, "");
}

static bool has_key(const struct runner_call *call)
{
    return call->key[0] != '\0';
}

static bool is_granted(const struct runner_call *call, enum runner_operation operation)
{
    return (operation == RUNNER_WRITTEN && call->kind == RUNNER_CALL_WRITE) ||
           (operation == RUNNER_CHECKED && call->kind == RUNNER_CALL_CHECK);
}

void runner_call_answer(struct runner_call *call, const struct runner_message *answer, int64_t now_ms)
{
    bool is_fetch = call->step == RUNNER_CALL_FETCHING;
    if (answer->operation == RUNNER_REFUSED && !is_fetch)
        take_refusal(call, answer, now_ms);
    else if (answer->operation == RUNNER_STATE && !is_fetch && has_key(call))
        take_state(call, answer, now_ms);
    else if (is_granted(call, answer->operation))
        end(call, RUNNER_ENDED, ERR_NONE, "");
    else if (answer->operation == RUNNER_CHUNK && is_fetch)
        take_chunk(call, answer);
    else if (answer->operation == RUNNER_KEYS && call->kind == RUNNER_CALL_FIND)
        take_keys(call, answer);
    else if (is_fetch) /* the result is known: better without output than not at all */
        end(call, call->outcome, ERR_NONE, "");
    else
        end(call, RUNNER_UNKNOWN, ERR_PROTOCOL, "the runner answered something else");
}

void runner_call_ended(struct runner_call *call, const struct runner_message *event, int64_t now_ms)
{
    if (call->step == RUNNER_CALL_RUNS && strcmp(call->key, event->key) == 0)
        take_state(call, event, now_ms);
}

void runner_call_disconnected(struct runner_call *call)
{
    if (call->step == RUNNER_CALL_FETCHING)
        call->step = RUNNER_CALL_FETCH;
    if (call->step == RUNNER_CALL_ASKED || call->step == RUNNER_CALL_RUNS) {
        call->is_sent = call->step == RUNNER_CALL_ASKED;
        call->step = RUNNER_CALL_ASK;
        call->retry_at_ms = 0;
    }
}

void runner_call_cancelled(struct runner_call *call)
{
    if (call->kind != RUNNER_CALL_RUN)
        return;
    call->is_cancelled = true;
    if (call->step == RUNNER_CALL_ASK && !call->is_sent && call->deadline_ms > 0)
        end(call, RUNNER_NOT_RUN, ERR_CONFLICT, "cancelled before it started");
}

static void expire_start(struct runner_call *call)
{
    if (call->is_sent || call->step == RUNNER_CALL_ASKED)
        end(call, RUNNER_UNKNOWN, ERR_TIMEOUT, "the runner did not answer whether it started");
    else if (call->err.code == ERR_LIMIT)
        end(call, RUNNER_NOT_RUN, ERR_LIMIT, "the runner was busy all the time");
    else
        end(call, RUNNER_NOT_RUN, ERR_UNAVAILABLE, "the runner cannot be reached");
}

void runner_call_expire(struct runner_call *call, int64_t now_ms)
{
    if (now_ms < call->give_up_ms || call->step == RUNNER_CALL_OVER)
        return;
    bool was_asked = call->is_sent || call->step == RUNNER_CALL_ASKED;
    if (call->step == RUNNER_CALL_FETCH || call->step == RUNNER_CALL_FETCHING)
        end(call, call->outcome, ERR_NONE, "");
    else if (call->kind == RUNNER_CALL_RUN && call->deadline_ms > 0)
        expire_start(call);
    else if (call->kind == RUNNER_CALL_WAIT && call->step == RUNNER_CALL_RUNS)
        end(call, RUNNER_STILL_RUNS, ERR_TIMEOUT, "it still runs");
    else if (call->kind == RUNNER_CALL_RUN)
        end(call, RUNNER_UNKNOWN, ERR_TIMEOUT, "its end was not told in time");
    else
        end(call, RUNNER_UNKNOWN, was_asked ? ERR_TIMEOUT : ERR_UNAVAILABLE, "the runner does not answer");
}

static void fire_found(const struct runner_call *call)
{
    const char *keys[RUNNER_LIST_MAX];
    const char *at = buffer_text(&call->keys);
    size_t count = 0;
    for (const char *last = at + call->keys.length; at < last; at += strlen(at) + 1)
        keys[count++] = at;
    call->found(call->data, keys, count, call->err.code == ERR_NONE ? NULL : &call->err);
}

void runner_call_fire(const struct runner_call *call)
{
    bool has_failed = call->err.code != ERR_NONE;
    if (call->found != NULL)
        fire_found(call);
    if (call->written != NULL)
        call->written(call->data, has_failed ? &call->err : NULL);
    if (call->done == NULL)
        return;
    bool has_ended = call->outcome == RUNNER_ENDED;
    const struct runner_outcome outcome = {
        .kind = call->outcome,
        .code = has_failed && !has_ended ? call->err.code : ERR_NONE,
        .result = call->result,
        .output = buffer_text(&call->streams[RUNNER_STREAM_OUTPUT]),
        .values = buffer_text(&call->streams[RUNNER_STREAM_VALUES]),
        .report = {(const unsigned char *)buffer_text(&call->streams[RUNNER_STREAM_REPORT]),
                   call->streams[RUNNER_STREAM_REPORT].length},
        .has_report = call->has_report,
        .reason = has_failed && !has_ended ? call->err.text : "",
    };
    call->done(call->data, &outcome);
}
