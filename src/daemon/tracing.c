/* tracing.c - which of our spans is the parent of what others do for us.
 * SPDX-License-Identifier: MIT */
#include "daemon/tracing.h"

#include "api/span_id.h"
#include "daemon/acting.h"

void tracing_take(const struct trace_given *given, char traceparent[TRACEPARENT_SIZE],
                  struct trace_lists *lists)
{
    trace_lists_done(lists);
    trace_lists_take(given, traceparent_take(given->traceparent, traceparent), lists);
}

void tracing_of_action(const struct live *live, const struct acting *acting, char to[TRACEPARENT_SIZE])
{
    const char *instance = live->daemon->settings->instance;
    char span[TRACEPARENT_SPAN_SIZE];

    if (acting == NULL || acting->action.kind == ACTION_NONE)
        span_id_deployment(instance, live->id, span);
    else
        span_id_action(instance, live->id, acting->action.sequence, span);
    traceparent_pass(live->traceparent, span, to);
}

void tracing_of_task(const struct run_live *live, uint64_t run, const struct run_action *action,
                     char to[TRACEPARENT_SIZE])
{
    char span[TRACEPARENT_SPAN_SIZE];

    span_id_task(live->daemon->settings->instance, run, action->task, action->tries, span);
    traceparent_pass(live->traceparent, span, to);
}

void tracing_of_run(const struct run_live *live, char to[TRACEPARENT_SIZE])
{
    char span[TRACEPARENT_SPAN_SIZE];

    span_id_run(live->daemon->settings->instance, live->id, span);
    traceparent_pass(live->traceparent, span, to);
}
