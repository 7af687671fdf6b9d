/* signed_message.h - what signed messages look like where there are no headers: its parts, and the answer to
 * it. Pure.
 * SPDX-License-Identifier: MIT
 *
 * The parts are those of Standard Webhooks. MQTT 5 brings them as user properties of the names webhook-id,
 * webhook-timestamp and webhook-signature, and the payload is the body. Where there are none of these, the
 * payload is an envelope, {"id","timestamp","signature","body"}, whose body is a text: its bytes, not the
 * JSON around them, are signed. */
#ifndef API_SIGNED_MESSAGE_H
#define API_SIGNED_MESSAGE_H

#include "base/attributes.h"
#include "base/err.h"
#include "io/trace_lists.h"
#include "io/traceparent.h"

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

enum { SIGNED_ID_MAX = 255, SIGNED_STAMP_MAX = 23, SIGNED_SIGNATURES_MAX = 1023 };

struct signed_message {
    char id[SIGNED_ID_MAX + 1]; /* printable, not empty */
    char timestamp[SIGNED_STAMP_MAX + 1];
    char signatures[SIGNED_SIGNATURES_MAX + 1];
    char traceparent[TRACEPARENT_MAX + 1]; /* "" none, as of the next; no part of what is signed */
    char tracestate[TRACE_STATE_MAX + 1];
    char *baggage;    /* or NULL */
    const char *body; /* a text of `length` bytes: the payload's own, or of `envelope` */
    size_t length;
    struct cJSON *envelope; /* or NULL */
};

/* The part of a user property of this name. False: it is of none, or too long. Those of a trace are
 * traceparent, tracestate and baggage, beside an envelope too. */
bool signed_message_note(struct signed_message *message, const char *name, const char *value);

/* The rest of it, from the payload (`length` bytes and a NUL, which outlives it): an envelope where nothing
 * was noted. ERR_INVALID. For signed_message_done(), also after a failure. */
MUST_CHECK bool signed_message_read(struct signed_message *message, const char *payload, size_t length,
                                    struct err *err);
void signed_message_done(struct signed_message *message);

/* What is told of an HTTP answer to it, as JSON, malloc'ed: {"id","status"} and "deployment" or "events"; of
 * a refusal all that its problem document says. `retry_after`: that header, or NULL. */
char *signed_message_answer(const char *id, unsigned status, const char *retry_after, const char *body);

#endif
