/* exporting.c - which ends are exported, and how their traces come out of the journal.
 * SPDX-License-Identifier: MIT */
#include "daemon/exporting.h"

#include "api/traces.h"
#include "daemon/run_live.h"
#include "io/clock.h"
#include "io/digest.h"
#include "io/memory.h"
#include "orchestrator/deployment.h"
#include "orchestrator/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SUBJECT_SIZE = 32, LINK_SIZE = 512, RECEIVER_SIZE = 128 };

struct export_reading {
    struct daemon *daemon;
    void (*done)(void *data, char *json, const struct err *err); /* NULL: nobody waits any more */
    void *data;
    char path[DAEMON_PATH_MAX];
    char instance[NAME_MAX_LENGTH + 1];
    char link[LINK_SIZE];
    char subject[SUBJECT_SIZE];
    const struct option_schemas *schemas;
    char *json;
    struct err err;
};

/* One string for both, as both live as long as the row. */
static void add(struct notices *notices, const struct daemon *daemon, const struct daemon_receiver *receiver,
                const char *subject, uint64_t deployment, int64_t now_ms)
{
    size_t size = SUBJECT_SIZE + RECEIVER_SIZE;
    char *body = memory_take(size);
    char *name = body + SUBJECT_SIZE;
    char text[512];
    char hash[DIGEST_SHA256_HEX_SIZE];
    struct journal_notice *notice = notices_add(notices);

    (void)snprintf(body, SUBJECT_SIZE, "%s", subject);
    (void)snprintf(name, RECEIVER_SIZE, "%s:%s", receiver->type->name, receiver->name);
    (void)snprintf(text, sizeof(text), "trace of %s of %s to %s", subject, daemon->settings->instance, name);
    digest_sha256_hex(text, strlen(text), hash);
    *notice = (struct journal_notice){
        .receiver = name, .kind = "trace", .body = body, .deployment = deployment, .due_ms = now_ms};
    (void)snprintf(notice->id, sizeof(notice->id), "msg_%.27s", hash);
}

static bool is_recorded(const char *traceparent)
{
    struct traceparent trace;

    return traceparent_read(traceparent, &trace) && trace.is_sampled;
}

/* What has ended with this row, as a body; "": nothing, or nothing that anybody records. */
static void subject_of(struct daemon *daemon, const struct batch_row *row, char to[SUBJECT_SIZE])
{
    const struct live *live = row->kind == ROW_TRACE ? live_find(daemon, row->deployment) : NULL;
    const struct run_live *run = row->kind == ROW_RUN_TRACE ? run_live_find(daemon, row->run->id) : NULL;

    to[0] = '\0';
    if (live != NULL && row->trace.kind == TRACE_PHASE &&
        phase_is_terminal((enum deployment_phase)row->trace.a) && is_recorded(live->traceparent))
        (void)snprintf(to, SUBJECT_SIZE, "dep_%" PRIu64, live->id);
    if (run != NULL && row->run_trace.kind == RUN_TRACE_PHASE &&
        run_phase_is_terminal((enum run_phase)row->run_trace.a) && is_recorded(run->traceparent))
        (void)snprintf(to, SUBJECT_SIZE, "run_%" PRIu64, run->id);
}

void exporting_collect(struct notices *notices, struct daemon *daemon, const struct batch *batch)
{
    char subject[SUBJECT_SIZE];

    for (size_t k = 0; k < daemon->receiver_count; k++) {
        const struct daemon_receiver *receiver = &daemon->receivers[k];
        for (uint32_t i = 0; receiver->type->takes_traces && i < batch->count; i++) {
            const struct batch_row *row = &batch->rows[i];
            subject_of(daemon, row, subject);
            if (subject[0] != '\0')
                add(notices, daemon, receiver, subject, row->deployment, batch->now_ms);
        }
    }
}

static void read(void *data)
{
    struct export_reading *reading = data;
    const struct spans_origin origin = {.instance = reading->instance, .link = reading->link};
    const struct traces_source source = {.path = reading->path, .schemas = reading->schemas};
    struct err err = {0};

    if (!traces_read(&source, &origin, reading->subject, &reading->json, &err))
        reading->err = err;
}

static void is_read(void *data)
{
    struct export_reading *reading = data;
    char *json = reading->json;

    if (reading->done != NULL)
        reading->done(reading->data, json, &reading->err);
    else
        free(json);
    free(reading);
}

struct export_reading *exporting_read(struct daemon *daemon, const char *body,
                                      void (*done)(void *data, char *json, const struct err *err), void *data)
{
    const struct settings *settings = daemon->settings;
    struct export_reading *reading = memory_take(sizeof(*reading));

    *reading =
        (struct export_reading){.daemon = daemon, .done = done, .data = data, .schemas = &daemon->schemas};
    (void)snprintf(reading->path, sizeof(reading->path), "%s", daemon->journal_path);
    (void)snprintf(reading->instance, sizeof(reading->instance), "%s", settings->instance);
    (void)snprintf(reading->subject, sizeof(reading->subject), "%s", body);
    if (settings->public_url[0] != '\0')
        (void)snprintf(reading->link, sizeof(reading->link), "%s/%s", settings->public_url,
                       settings->has_console ? "#/" : "v1/");
    if (!loop_work(daemon->loop, read, is_read, reading, &reading->err)) {
        reading->err.code = ERR_UNAVAILABLE; /* later */
        loop_defer(daemon->loop, is_read, reading);
    }
    return reading;
}

void exporting_forget(struct export_reading *reading)
{
    if (reading != NULL)
        reading->done = NULL;
}

char *exporting_test(const struct daemon *daemon, const char *person)
{
    const struct spans_origin origin = {.instance = daemon->settings->instance, .link = ""};
    int64_t now_ms = clock_wall_ms();
    char kept[TRACEPARENT_SIZE];
    char id[TRACEPARENT_SPAN_SIZE];
    struct traceparent trace;
    struct spans spans;

    traceparent_take(NULL, kept);
    if (!traceparent_read(kept, &trace))
        return memory_copy_text("");
    traceparent_span(kept, id);
    spans_begin(&spans, &origin, trace.trace);
    const struct span_about about = {.id = id,
                                     .parent = "",
                                     .name = "notify test",
                                     .kind = SPAN_INTERNAL,
                                     .begin_ms = now_ms,
                                     .end_ms = now_ms};
    span_text(spans_add(&spans, &about), "verdict.actor", person);
    return spans_end(&spans);
}
