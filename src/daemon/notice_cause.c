/* notice_cause.c - tokens of a batch as persons; and whose word what goes on for a while goes back to.
 * SPDX-License-Identifier: MIT */
#include "daemon/notice_cause.h"

#include "daemon/request.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const struct notice_cause ours = {.actor = "verdictd", .reason = ""};

struct said_word *notice_cause_keep(struct said_word *former, const char *actor, const char *reason)
{
    if (actor == NULL || actor[0] == '\0') {
        free(former);
        return NULL;
    }
    struct said_word *word = former == NULL ? memory_take(sizeof(*word)) : former;
    (void)snprintf(word->actor, sizeof(word->actor), "%s", actor);
    (void)snprintf(word->reason, sizeof(word->reason), "%s", reason);
    return word;
}

struct notice_cause notice_cause_kept(const struct said_word *word)
{
    return word == NULL ? ours : (struct notice_cause){.actor = word->actor, .reason = word->reason};
}

static struct notice_cause cause_of(const struct request *request)
{
    return request == NULL ? ours : (struct notice_cause){.actor = request->actor, .reason = request->reason};
}

static const struct request *request_of(struct daemon *daemon, const struct batch_row *row)
{
    return row->token == 0 ? NULL : request_find(daemon, row->token);
}

struct notice_cause notice_cause_of(struct live *live, const struct batch_row *row)
{
    const struct request *request = request_of(live->daemon, row);
    bool is_phase = row->trace.kind == TRACE_PHASE;

    if (is_phase && row->trace.a == PHASE_ADMITTING)
        return (struct notice_cause){.actor = live->actor, .reason = live->reason};
    if (is_phase && row->trace.a == PHASE_ROLLING_BACK)
        live->back = notice_cause_keep(live->back, request == NULL ? NULL : request->actor,
                                       request == NULL ? NULL : request->reason);
    if (request == NULL && is_phase && row->trace.a == PHASE_ROLLED_BACK)
        return notice_cause_kept(live->back);
    return cause_of(request);
}

/* A word about this very task counts for more than one about the run. */
struct notice_cause notice_cause_of_run(const struct run_live *live, const struct batch *batch, uint8_t task)
{
    const struct request *found = NULL;

    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        bool is_its = row->kind == ROW_RUN_TRACE && row->run->id == live->id;
        const struct request *request = is_its ? request_of(live->daemon, row) : NULL;
        if (request == NULL)
            continue;
        bool is_of_task = row->run_trace.kind == RUN_TRACE_TASK && row->run_trace.a == task;
        if (found == NULL || is_of_task)
            found = request;
        if (is_of_task)
            break;
    }
    return cause_of(found);
}
