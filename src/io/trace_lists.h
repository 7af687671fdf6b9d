/* trace_lists.h - what comes beside a traceparent and goes on with it: tracestate, of those who take part in
 * the trace, and baggage, of whoever wants something known further on. Lists of members with commas between
 * them, which nobody here looks into.
 * SPDX-License-Identifier: MIT
 *
 * https://www.w3.org/TR/trace-context/#tracestate-header and https://www.w3.org/TR/baggage/: what is within
 * their limits is kept whole; of more, the members that come first. */
#ifndef IO_TRACE_LISTS_H
#define IO_TRACE_LISTS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    TRACE_STATE_MAX = 512, /* bytes */
    TRACE_STATE_MEMBERS_MAX = 32,
    TRACE_BAGGAGE_MAX = 8192, /* bytes */
    TRACE_BAGGAGE_MEMBERS_MAX = 64,
    TRACE_HEADERS_MAX = 3
};

struct http_header;

/* As they came with a request; NULL: none. */
struct trace_given {
    const char *traceparent, *tracestate, *baggage;
};

/* As they are kept, malloc'ed; NULL: none. */
struct trace_lists {
    char *tracestate, *baggage;
};

/* For trace_lists_done(). `is_in_trace`: the traceparent was one; a tracestate is worth nothing without. */
void trace_lists_take(const struct trace_given *given, bool is_in_trace, struct trace_lists *ret_lists);
void trace_lists_done(struct trace_lists *lists);

/* The headers of a request that is made in this trace, at most TRACE_HEADERS_MAX, and how many: none where a
 * text is NULL or "". */
size_t trace_lists_headers(const struct trace_given *trace, struct http_header *to);

/* `name` and as many whole members as fit into `size`, or "" where none does. Returns `to`. */
const char *trace_list_fit(const char *name, const char *kept, char *to, size_t size);

#endif
