/* live_log.c - who a line of the log is about.
 * SPDX-License-Identifier: MIT */
#include "daemon/live_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { ID_SIZE = 32 };

/* NULL, and so left out: it has none yet. */
static const char *name_of(const char *prefix, uint64_t id, char to[ID_SIZE])
{
    (void)snprintf(to, ID_SIZE, "%s_%" PRIu64, prefix, id);
    return id == 0 ? NULL : to;
}

static const char *trace_of(const char *traceparent, struct traceparent *trace)
{
    return traceparent_read(traceparent, trace) ? trace->trace : NULL;
}

PRINTF_LIKE(4, 0)
static void say(const struct live *live, uint64_t deployment, enum log_level level, const char *format,
                const struct log *log, va_list arguments)
{
    struct traceparent trace;
    char id[ID_SIZE];
    const struct log_field fields[] = {
        {"deployment", name_of("dep", deployment, id)},
        {"service", live == NULL ? NULL : live->definition->service},
        {"environment", live == NULL ? NULL : live->definition->environment},
        {"version", live == NULL || live->version[0] == '\0' ? NULL : live->version},
        {"trace_id", live == NULL ? NULL : trace_of(live->traceparent, &trace)}};

    log_write_list(log, level, fields, ARRAY_LENGTH(fields), format, arguments);
}

PRINTF_LIKE(4, 0)
static void say_of_run(const struct run_live *live, uint64_t run, enum log_level level, const char *format,
                       const struct log *log, va_list arguments)
{
    struct traceparent trace;
    char id[ID_SIZE];
    const struct log_field fields[] = {
        {"run", name_of("run", run, id)},
        {"pipeline", live == NULL ? NULL : live->definition->pipeline},
        {"trace_id", live == NULL ? NULL : trace_of(live->traceparent, &trace)}};

    log_write_list(log, level, fields, ARRAY_LENGTH(fields), format, arguments);
}

void live_log(const struct live *live, enum log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(live, live->id, level, format, &live->daemon->log, arguments);
    va_end(arguments);
}

void live_log_of(struct daemon *daemon, uint64_t deployment, enum log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(live_find(daemon, deployment), deployment, level, format, &daemon->log, arguments);
    va_end(arguments);
}

void run_live_log(const struct run_live *live, enum log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_of_run(live, live->id, level, format, &live->daemon->log, arguments);
    va_end(arguments);
}

void run_live_log_of(struct daemon *daemon, uint64_t run, enum log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_of_run(run_live_find(daemon, run), run, level, format, &daemon->log, arguments);
    va_end(arguments);
}
