/* commit.c - a batch on its way to the journal, with the words that belong to it.
 * SPDX-License-Identifier: MIT */
#include "daemon/mishaps.h"
#include "daemon/notices.h"
#include "daemon/once.h"
#include "daemon/request.h"
#include "daemon/run_live.h"
#include "daemon/starting.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct commit {
    struct daemon *daemon;
    size_t request_count;
    struct journal_request requests[DAEMON_REQUESTS_MAX];
    size_t why_count;
    struct journal_why whys[BATCH_ROWS_MAX];
    char why_texts[BATCH_ROWS_MAX][DAEMON_WHY_MAX]; /* levers talk on while the journal writes */
    bool is_in_flight;
    struct notices notices;
    struct run_texts run_texts;
    size_t once_count;
    struct journal_once onces[BATCH_ROWS_MAX];
};

struct commit *commit_new(struct daemon *daemon)
{
    struct commit *commit = memory_take_array(1, sizeof(*commit));

    commit->daemon = daemon;
    return commit;
}

void commit_free(struct commit *commit)
{
    if (commit != NULL)
        notices_clear(&commit->notices);
    free(commit);
}

/* A verb that happens gives its reason, and so does whoever calls an emergency what was started before; a
 * refused one has no row. */
static void take_reason(struct daemon *daemon, const struct batch_row *row, const struct request *request)
{
    bool is_called = row->kind == ROW_TRACE && row->trace.kind == TRACE_EMERGENCY;
    struct live *live = request->is_start && !is_called ? NULL : live_find(daemon, row->deployment);

    if (live != NULL && request->reason[0] != '\0')
        (void)snprintf(live->reason, sizeof(live->reason), "%s", request->reason);
}

/* A new deployment's or run's live learns its id before anybody asks for it. */
static void take_id(const struct batch_row *row, const struct request *request)
{
    if (row->kind == ROW_DEPLOYMENT && row->is_new && request->live != NULL)
        live_set_id(request->live, row->deployment);
    if (row->kind == ROW_RUN && request->run != NULL)
        request->run->id = row->run->id;
}

/* One entry per token of the batch. */
static void collect_requests(struct commit *commit, const struct batch *batch)
{
    commit->request_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        struct request *request = row->token == 0 ? NULL : request_find(commit->daemon, row->token);
        bool is_known = false;
        if (request == NULL)
            continue;
        take_id(row, request);
        take_reason(commit->daemon, row, request);
        for (size_t k = 0; k < commit->request_count; k++)
            is_known = is_known || commit->requests[k].token == row->token;
        if (!is_known)
            commit->requests[commit->request_count++] = request->row;
    }
}

static const struct target_state *target_after(const struct daemon *daemon, const struct batch *batch,
                                               uint32_t target)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->rows[i].kind == ROW_TARGET && batch->rows[i].target->id == target)
            return batch->rows[i].target;
    return engine_target(daemon->engine, target);
}

/* Whose turn it is replaces what is stable now, not what was when it was asked for. */
static void take_turns(const struct commit *commit, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        bool is_turn =
            row->kind == ROW_TRACE && row->trace.kind == TRACE_PHASE && row->trace.a == PHASE_ADMITTING;
        struct live *live = is_turn ? live_find(commit->daemon, row->deployment) : NULL;
        if (live == NULL || live->definition->plan->kind == PLAN_ROLLBACK)
            continue;
        starting_set_previous(live, target_after(commit->daemon, batch, live->target));
        for (struct request *request = commit->daemon->requests; request != NULL; request = request->next)
            if (request->live == live)
                request->start.previous_key = live->previous_key;
    }
}

/* What people will want to know after the deployment has left our memory. */
static void collect_whys(struct commit *commit, const struct batch *batch)
{
    commit->why_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        const struct live *live =
            row->kind == ROW_DEPLOYMENT ? live_find(commit->daemon, row->deployment) : NULL;
        if (live == NULL)
            continue;
        char *text = commit->why_texts[commit->why_count];
        (void)snprintf(text, DAEMON_WHY_MAX, "%s", live_why(live));
        commit->whys[commit->why_count++] = (struct journal_why){
            .deployment = row->deployment, .text = text, .previous_key = live->previous_key};
    }
}

static void collect_onces(struct commit *commit, const struct batch *batch)
{
    commit->once_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        const struct live *live = row->kind == ROW_ACTION ? live_find(commit->daemon, row->deployment) : NULL;
        struct journal_once *once = &commit->onces[commit->once_count];
        if (live == NULL || !once_is_about(live, &row->action, once))
            continue;
        once->deployment = row->deployment;
        once->sequence = row->action.sequence;
        commit->once_count++;
    }
}

void commit_sweep(struct commit *commit)
{
    if (!commit->is_in_flight)
        request_sweep(commit->daemon);
}

static void committed(void *data, const struct journal_result *result)
{
    struct commit *commit = data;
    struct daemon *daemon = commit->daemon;

    commit->is_in_flight = false;
    if (result->fault != JOURNAL_FINE)
        log_say(&daemon->log, LOG_LEVEL_ERROR, "the journal: %s", result->text);
    run_texts_settle(daemon, result->fault == JOURNAL_FINE);
    engine_committed(daemon->engine, result->fault == JOURNAL_FINE);
    if (result->fault == JOURNAL_BROKEN) {
        mishaps_journal_broke(daemon);
        return;
    }
    commit_sweep(commit);
    api_journaled(daemon->api);
    if (commit->notices.count > 0)
        outbox_look(daemon->outbox);
    notices_clear(&commit->notices);
    daemon_wants_turn(daemon);
}

void commit_batch(void *data, const struct batch *batch)
{
    struct daemon *daemon = data;
    struct commit *commit = daemon->commit;

    commit->is_in_flight = true;
    collect_requests(commit, batch);
    take_turns(commit, batch);
    collect_whys(commit, batch);
    notices_collect(&commit->notices, daemon, batch);
    run_texts_collect(daemon, &commit->run_texts);
    collect_onces(commit, batch);
    struct journal_texts *texts = &commit->notices.texts;
    texts->task_count = commit->run_texts.task_count;
    texts->tasks = commit->run_texts.tasks;
    texts->output_count = commit->run_texts.output_count;
    texts->outputs = commit->run_texts.outputs;
    texts->once_count = commit->once_count;
    texts->onces = commit->onces;
    texts->request_count = commit->request_count;
    texts->requests = commit->requests;
    texts->why_count = commit->why_count;
    texts->whys = commit->whys;
    texts->notice_count = commit->notices.count;
    texts->notices = commit->notices.rows;
    journal_commit(daemon->journal, batch, texts, committed, commit);
}
