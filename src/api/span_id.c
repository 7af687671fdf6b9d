/* span_id.c - names of spans, which their ids are hashes of.
 * SPDX-License-Identifier: MIT */
#include "api/span_id.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { NAME_SIZE = 512 };

static void make(char to[TRACEPARENT_SPAN_SIZE], const char *format, ...) PRINTF_LIKE(2, 3);

static void make(char to[TRACEPARENT_SPAN_SIZE], const char *format, ...)
{
    char name[NAME_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(name, sizeof(name), format, arguments);
    va_end(arguments);
    traceparent_span(name, to);
}

void span_id_deployment(const char *instance, uint64_t deployment, char to[TRACEPARENT_SPAN_SIZE])
{
    make(to, "dep_%" PRIu64 " of %s", deployment, instance);
}

void span_id_part(const char *instance, uint64_t deployment, const char *part, char to[TRACEPARENT_SPAN_SIZE])
{
    make(to, "dep_%" PRIu64 " %s of %s", deployment, part, instance);
}

void span_id_step(const char *instance, uint64_t deployment, uint32_t attempt, char to[TRACEPARENT_SPAN_SIZE])
{
    make(to, "dep_%" PRIu64 " step %" PRIu32 " of %s", deployment, attempt, instance);
}

void span_id_action(const char *instance, uint64_t deployment, uint32_t sequence,
                    char to[TRACEPARENT_SPAN_SIZE])
{
    make(to, "dep_%" PRIu64 " action %" PRIu32 " of %s", deployment, sequence, instance);
}

void span_id_run(const char *instance, uint64_t run, char to[TRACEPARENT_SPAN_SIZE])
{
    make(to, "run_%" PRIu64 " of %s", run, instance);
}

void span_id_task(const char *instance, uint64_t run, uint8_t task, uint16_t tries,
                  char to[TRACEPARENT_SPAN_SIZE])
{
    make(to, "run_%" PRIu64 " task %u.%u of %s", run, (unsigned)task, (unsigned)tries, instance);
}
