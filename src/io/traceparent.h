/* traceparent.h - which trace something belongs to, as W3C Trace Context writes it, and ids of our own spans.
 * SPDX-License-Identifier: MIT
 *
 * https://www.w3.org/TR/trace-context/: "00-<trace: 32 hex>-<parent: 16 hex>-<flags: 2 hex>". What we keep
 * has the same form; where the trace began here its parent is written as zeros, which are shown to nobody
 * else. */
#ifndef IO_TRACEPARENT_H
#define IO_TRACEPARENT_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TRACEPARENT_SIZE = 56, /* with the NUL, as the next two */
    TRACEPARENT_TRACE_SIZE = 33,
    TRACEPARENT_SPAN_SIZE = 17,
    TRACEPARENT_MAX = 255 /* bytes of one that is looked at: newer versions may be longer */
};

struct traceparent {
    char trace[TRACEPARENT_TRACE_SIZE];
    char parent[TRACEPARENT_SPAN_SIZE]; /* "" of a kept one: there is none, the trace began here */
    bool is_sampled;                    /* whoever began it wants it recorded */
};

/* What is kept of what came with a request. NULL, and what is none: a trace begins here, sampled (false). Of
 * a newer version what the first one has is taken. */
bool traceparent_take(const char *given, char to[TRACEPARENT_SIZE]);

/* Of what was kept. False: NULL, "", or no such text. */
MUST_CHECK bool traceparent_read(const char *kept, struct traceparent *ret_traceparent);

/* What others get: the trace that was kept, with our span as the parent. "" where none was kept (NULL or "").
 */
void traceparent_pass(const char *kept, const char *span, char to[TRACEPARENT_SIZE]);

/* The same name is the same span, also after a restart. */
void traceparent_span(const char *name, char to[TRACEPARENT_SPAN_SIZE]);

#endif
