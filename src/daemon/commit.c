/* commit.c - a batch on its way to the journal, with the words that belong to it.
 * SPDX-License-Identifier: MIT */
#include "daemon/notices.h"
#include "daemon/request.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

struct commit {
    struct daemon *daemon;
    size_t request_count;
    struct journal_request requests[DAEMON_REQUESTS_MAX];
    size_t why_count;
    struct journal_why whys[DAEMON_DEPLOYMENTS_MAX];
    struct notices notices;
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

/* One entry per token of the batch. A new deployment's live learns its id here, before anybody asks for it.
 */
static void collect_requests(struct commit *commit, const struct batch *batch)
{
    commit->request_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        struct request *request = row->token == 0 ? NULL : request_find(commit->daemon, row->token);
        bool is_known = false;
        if (request == NULL)
            continue;
        if (row->kind == ROW_DEPLOYMENT && row->is_new && request->live != NULL)
            request->live->id = row->deployment;
        for (size_t k = 0; k < commit->request_count; k++)
            is_known = is_known || commit->requests[k].token == row->token;
        if (!is_known)
            commit->requests[commit->request_count++] = request->row;
    }
}

/* What people will want to know after the deployment has left our memory. */
static void collect_whys(struct commit *commit, const struct batch *batch)
{
    commit->why_count = 0;
    for (uint32_t i = 0; i < batch->count && commit->why_count < DAEMON_DEPLOYMENTS_MAX; i++) {
        const struct batch_row *row = &batch->rows[i];
        const struct live *live =
            row->kind == ROW_DEPLOYMENT ? live_find(commit->daemon, row->deployment) : NULL;
        if (live != NULL)
            commit->whys[commit->why_count++] =
                (struct journal_why){.deployment = row->deployment, .text = live_why(live)};
    }
}

static void committed(void *data, const struct journal_result *result)
{
    struct commit *commit = data;
    struct daemon *daemon = commit->daemon;

    if (result->fault != JOURNAL_FINE)
        log_say(&daemon->log, LOG_LEVEL_ERROR, "the journal: %s", result->text);
    engine_committed(daemon->engine, result->fault == JOURNAL_FINE);
    if (result->fault == JOURNAL_BROKEN) {
        log_say(&daemon->log, LOG_LEVEL_ERROR,
                "the journal is broken: stopping, to recover from what is on disk");
        loop_stop(daemon->loop);
        return;
    }
    request_sweep(daemon);
    if (commit->notices.count > 0)
        outbox_look(daemon->outbox);
    notices_clear(&commit->notices);
    daemon_wants_turn(daemon);
}

void commit_batch(void *data, const struct batch *batch)
{
    struct daemon *daemon = data;
    struct commit *commit = daemon->commit;

    collect_requests(commit, batch);
    collect_whys(commit, batch);
    notices_collect(&commit->notices, daemon, batch);
    struct journal_texts *texts = &commit->notices.texts;
    texts->request_count = commit->request_count;
    texts->requests = commit->requests;
    texts->why_count = commit->why_count;
    texts->whys = commit->whys;
    texts->notice_count = commit->notices.count;
    texts->notices = commit->notices.rows;
    journal_commit(daemon->journal, batch, texts, committed, commit);
}
