/* runner_call.h - one question of runner_client: what it asks next, what an answer means, when it gives up.
 * No socket and no clock: the client brings packets and times. SPDX-License-Identifier: MIT */
#ifndef IO_RUNNER_CALL_H
#define IO_RUNNER_CALL_H

#include "base/attributes.h"
#include "io/buffer.h"
#include "io/runner_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum runner_call_kind {
    RUNNER_CALL_RUN,
    RUNNER_CALL_QUERY,
    RUNNER_CALL_WAIT,
    RUNNER_CALL_CANCEL,
    RUNNER_CALL_WRITE,
    RUNNER_CALL_CHECK,
    RUNNER_CALL_LOOK, /* as QUERY, with what it has printed so far */
    RUNNER_CALL_FIND
};

enum runner_call_step {
    RUNNER_CALL_ASK,      /* `packet` is to be sent, not before retry_at_ms */
    RUNNER_CALL_ASKED,    /* ... was sent as `request` */
    RUNNER_CALL_RUNS,     /* confirmed running; its end will be told */
    RUNNER_CALL_FETCH,    /* ended: the next piece of a stream is to be asked for */
    RUNNER_CALL_FETCHING, /* ... was asked for as `request` */
    RUNNER_CALL_OVER      /* to be fired and freed */
};

struct runner_call {
    enum runner_call_kind kind;
    enum runner_call_step step;
    char key[RUNNER_KEY_MAX + 1]; /* "" of WRITE, CHECK and FIND */
    unsigned char *packet;
    size_t packet_length;
    uint64_t request;
    bool is_sent;      /* an unanswered packet may have reached the runner */
    bool is_cancelled; /* do not try again to start it */
    int64_t retry_at_ms;
    int64_t give_up_ms;  /* monotonic time */
    int64_t deadline_ms; /* of RUN: how long the command may run, its grace included */
    enum runner_stream stream;
    struct buffer streams[RUNNER_STREAM_COUNT];
    bool wants_report;
    bool has_report; /* all of it */
    enum runner_outcome_kind outcome;
    struct runner_result result;
    struct err err; /* code ERR_NONE: all is well */
    runner_done *done;
    runner_written *written; /* of WRITE and CHECK */
    runner_found *found;     /* of FIND */
    struct buffer keys;      /* that were found, each with its NUL */
    void *data;
};

/* NULL where the message breaks the protocol's rules (err). `give_up_ms` is set by the caller. */
struct runner_call *runner_call_new(enum runner_call_kind kind, const struct runner_message *message,
                                    struct err *err);
void runner_call_free(struct runner_call *call);

/* Next packet of a call in ASK or FETCH, `size` bytes of room; the step moves on. */
MUST_CHECK bool runner_call_send(struct runner_call *call, uint64_t request, unsigned char *to, size_t size,
                                 size_t *ret_length);

/* The packet could not be handed over: as if it had not been asked. */
void runner_call_unsend(struct runner_call *call);

/* The answer to its `request`. */
void runner_call_answer(struct runner_call *call, const struct runner_message *answer, int64_t now_ms);

/* A command has ended; without effect on calls that do not wait for this key. */
void runner_call_ended(struct runner_call *call, const struct runner_message *event, int64_t now_ms);

/* The connection is lost: what was asked is to be asked again. */
void runner_call_disconnected(struct runner_call *call);

/* A CANCEL of its key was ordered. */
void runner_call_cancelled(struct runner_call *call);

/* Ends what has waited too long. */
void runner_call_expire(struct runner_call *call, int64_t now_ms);

/* Calls `done`, `written` or `found`. */
void runner_call_fire(const struct runner_call *call);

#endif
