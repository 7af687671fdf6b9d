/* lever_trace.c - three texts kept as the pairs of an environment.
 * SPDX-License-Identifier: MIT */
#include "drivers/lever_trace.h"

#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[TRACE_HEADERS_MAX] = {
    "VERDICT_TRACEPARENT=", "VERDICT_TRACESTATE=", "VERDICT_BAGGAGE="};

void lever_trace_keep(struct lever_order *order, const struct trace_given *trace)
{
    const char *const given[TRACE_HEADERS_MAX] = {trace->traceparent, trace->tracestate, trace->baggage};
    char pair[RUNNER_ARGUMENT_MAX];

    for (size_t i = 0; i < TRACE_HEADERS_MAX; i++)
        if (trace_list_fit(names[i], given[i], pair, sizeof(pair))[0] != '\0')
            order->trace[i] = memory_copy_text(pair);
}

void lever_trace_done(struct lever_order *order)
{
    for (size_t i = 0; i < TRACE_HEADERS_MAX; i++)
        free(order->trace[i]);
}

size_t lever_trace_pairs(const struct lever_order *order, const char **to)
{
    size_t count = 0;

    for (size_t i = 0; i < TRACE_HEADERS_MAX; i++)
        if (order->trace[i] != NULL)
            to[count++] = order->trace[i];
    return count;
}

static const char *value_of(const struct lever_order *order, size_t index)
{
    return order->trace[index] == NULL ? NULL : order->trace[index] + strlen(names[index]);
}

size_t lever_trace_headers(const struct lever_order *order, struct http_header *to)
{
    const struct trace_given trace = {value_of(order, 0), value_of(order, 1), value_of(order, 2)};

    return trace_lists_headers(&trace, to);
}
