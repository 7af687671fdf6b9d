/* publish.c - a batch is durable: logs, long polls, retained state, and series that start and end with it.
 * SPDX-License-Identifier: MIT */
#include "daemon/before.h"
#include "daemon/brakes.h"
#include "daemon/controller.h"
#include "daemon/drifting.h"
#include "daemon/gating.h"
#include "daemon/live_log.h"
#include "daemon/notices.h"
#include "daemon/recovering.h"
#include "daemon/request.h"
#include "daemon/run_incidents.h"
#include "daemon/run_stacks.h"
#include "daemon/standing.h"
#include "daemon/tallies.h"
#include "daemon/tombstone.h"

#include <stdio.h>
#include <string.h>

enum { FLUSHES_MAX = 16 }; /* of one batch: each looks through all that waits; others are written on time */

static void log_trace(const struct live *live, const struct batch_row *row)
{
    switch (row->trace.kind) {
    case TRACE_PHASE:
        live_log(live, LOG_LEVEL_INFO, "%s (%s) step %u", phase_name((enum deployment_phase)row->trace.a),
                 ending_name((enum ending)row->trace.b), row->state->step);
        return;
    case TRACE_ESCALATED:
    case TRACE_HELD:
    case TRACE_FAIL:
    case TRACE_WOULD_FAIL:
    case TRACE_DRIFT:
    case TRACE_OVERRIDE:
    case TRACE_FORGOTTEN:
    case TRACE_EMERGENCY:
    case TRACE_RETRIED:
    case TRACE_DISASTER:
    case TRACE_DISASTER_OVER:
    case TRACE_BRAKED:
        live_log(live, LOG_LEVEL_WARN, "%s %u %u %s", trace_kind_name(row->trace.kind), row->trace.a,
                 row->trace.b, live_why(live));
        return;
    case TRACE_STEP:
    case TRACE_ACTION:
    case TRACE_RESULT:
    case TRACE_CONFIRMED:
    case TRACE_MIRRORED:
    case TRACE_DOWNTIME:
    case TRACE_STEP_PASS:
    case TRACE_RESUMED:
    case TRACE_APPROVAL_WANTED:
    case TRACE_REMINDED:
    case TRACE_APPROVED:
    case TRACE_REJECTED:
    case TRACE_MUTED:
    case TRACE_QUARANTINE:
    case TRACE_ADOPTED:
    case TRACE_RETIRED:
    case TRACE_HOSTS_TAKEN:
    case TRACE_HOSTS_READY:
        live_log(live, LOG_LEVEL_DEBUG, "%s %u %u", trace_kind_name(row->trace.kind), row->trace.a,
                 row->trace.b);
        return;
    }
}

static void follow_phase(struct daemon *daemon, struct live *live, const struct batch_row *row)
{
    enum deployment_phase phase = (enum deployment_phase)row->trace.a;

    tallies_enter(live, phase, (enum ending)row->trace.b);
    if (phase_is_active(phase))
        live_watch(live, row->state);
    else if (phase_is_terminal(phase))
        live_unwatch(live);
    standing_update(daemon, live->target);
}

/* What a verdict rests on can be looked at in its files from now on. */
static bool is_verdict(const struct trace *trace)
{
    return trace->kind == TRACE_STEP_PASS || trace->kind == TRACE_FAIL || trace->kind == TRACE_WOULD_FAIL ||
           (trace->kind == TRACE_PHASE && phase_is_terminal((enum deployment_phase)trace->a));
}

static void publish_deployment(struct daemon *daemon, const struct batch_row *row)
{
    api_changed(daemon->api, row->deployment);
    gating_settle(daemon, row->state);
    if (row->state->together != 0)
        api_run_changed(daemon->api, row->state->together); /* whom its others wait for */
    /* What it was sent ahead for is journaled: no sign is needed any more. */
    if (row->state->ending != ENDING_NONE)
        tombstone_remove(daemon, row->deployment);
}

static void publish_trace(struct daemon *daemon, struct live *live, const struct batch_row *row)
{
    if (row->trace.kind == TRACE_PHASE)
        follow_phase(daemon, live, row);
    log_trace(live, row);
}

static void log_run(struct daemon *daemon, const struct batch_row *row)
{
    bool is_phase = row->run_trace.kind == RUN_TRACE_PHASE;

    run_live_log_of(daemon, row->run->id, is_phase ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "%s %s stage %u",
                    run_trace_kind_name(row->run_trace.kind),
                    is_phase ? run_phase_name((enum run_phase)row->run_trace.a) : "", row->run->stage);
}

static void note_approval(struct daemon *daemon, const struct batch_row *row)
{
    struct run_live *live = run_live_find(daemon, row->run->id);
    const struct request *request = request_find(daemon, row->token);

    if (live != NULL && request != NULL && row->run_trace.kind == RUN_TRACE_APPROVED)
        run_live_approve(live, (uint8_t)row->run_trace.a, request->actor);
}

/* What is of no deployment, or whosesoever it is. */
static void publish_other(struct daemon *daemon, const struct batch *batch, const struct batch_row *row)
{
    if (row->kind == ROW_TRACE || row->kind == ROW_RUN_TRACE || row->kind == ROW_TARGET)
        controller_changed(daemon->controller);
    if (row->kind == ROW_RUN) {
        api_run_changed(daemon->api, row->run->id);
        run_stacks_waive(daemon, row->run);
        drifting_look_around(daemon, row);
        recovering_run_changed(daemon, row->run);
    }
    if (row->kind == ROW_RUN_TRACE) {
        log_run(daemon, row);
        note_approval(daemon, row);
        run_incidents_settle(daemon, row);
        drifting_settle(daemon, row, batch->now_ms);
    }
    if (row->kind == ROW_TRACE && row->deployment == 0)
        brakes_log(daemon, &row->trace);
    if (row->kind == ROW_TARGET)
        standing_update(daemon, row->target->id);
}

void publish_batch(void *data, const struct batch *batch)
{
    struct daemon *daemon = data;
    uint64_t told = 0;
    size_t verdicts = 0;

    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        struct live *live = row->deployment == 0 ? NULL : live_find(daemon, row->deployment);
        publish_other(daemon, batch, row);
        if (live == NULL)
            continue;
        if (row->kind == ROW_DEPLOYMENT) {
            publish_deployment(daemon, row);
            before_take(live, row->state);
        }
        if (row->kind != ROW_TRACE)
            continue;
        if (told != row->deployment) /* rows of one deployment mostly stand together */
            status_tell(daemon->status, row->state);
        told = row->deployment;
        publish_trace(daemon, live, row);
        if (is_verdict(&row->trace) && ++verdicts <= FLUSHES_MAX && daemon->archive != NULL)
            archive_flush(daemon->archive, live->definition->service, live->definition->environment);
    }
}
