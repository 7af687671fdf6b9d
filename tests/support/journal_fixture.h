/* journal_fixture.h - a journal in a temporary folder on a loop, and batches made row by row.
 * SPDX-License-Identifier: MIT */
#ifndef SUPPORT_JOURNAL_FIXTURE_H
#define SUPPORT_JOURNAL_FIXTURE_H

#include "io/loop.h"
#include "io/memory.h"
#include "store/journal.h"
#include "support/new_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, NO_BALLAST = -1 };

struct bench {
    char folder[64];
    char path[96];
    struct loop *loop;
    struct journal_settings settings;
    struct journal *journal;
    uint32_t target;
    struct batch *batch;
    struct journal_start start; /* what the next new deployment brings; its request has token 7 */
    struct journal_request request;
    struct journal_texts texts;
    bool is_done;
    struct journal_result result;
};

static inline void bench_open(struct bench *bench)
{
    struct err err = {0};

    if (!journal_open(&bench->settings, &bench->journal, &err))
        fail_msg("%s", err.text);
    bench->target = journal_target(bench->journal, "shop", "prod");
    bench->start = (struct journal_start){
        .target = bench->target,
        .version_key = journal_version_key(bench->journal, "2.4.1", "sha256:aa"),
        .previous_key = journal_version_key(bench->journal, "2.4.0", ""),
        .plan_hash = 99,
        .strategy = "canary",
        .run_url = "https://ci/1",
        .commit = "abc123",
        .sealed = "services: { };",
    };
    bench->request =
        (struct journal_request){.token = 7, .actor = "alice", .reason = "release", .start = &bench->start};
}

static inline void bench_begin(struct bench *bench)
{
    (void)snprintf(bench->folder, sizeof(bench->folder), "/tmp/verdict-journal-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->path, sizeof(bench->path), "%s/journal.db", bench->folder);
    bench->loop = loop_new();
    bench->batch = memory_take(sizeof(*bench->batch));
    bench->settings = (struct journal_settings){
        .path = bench->path, .loop = bench->loop, .boot_id = "one", .ballast_bytes = NO_BALLAST};
    bench->texts = (struct journal_texts){.request_count = 1, .requests = &bench->request};
    bench_open(bench);
}

static inline void bench_end(struct bench *bench)
{
    static const char *const names[] = {"", "-wal", "-shm", ".lock", ".ballast", ".corrupt", ".corrupt-wal"};
    char path[128];

    journal_close(bench->journal);
    loop_free(bench->loop);
    free(bench->batch);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", bench->path, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(bench->folder), 0);
}

static inline void bench_reopen(struct bench *bench)
{
    journal_close(bench->journal);
    bench_open(bench);
}

static inline void bench_done(void *data, const struct journal_result *result)
{
    struct bench *bench = data;

    bench->result = *result;
    bench->is_done = true;
}

static inline void bench_wait(struct bench *bench)
{
    if (!loop_run_until(bench->loop, &bench->is_done, PATIENCE_MS))
        fail_msg("nothing came back from the journal");
    bench->is_done = false;
}

/* Commits what was added, and empties the batch. */
static inline enum journal_fault bench_commit(struct bench *bench)
{
    bench->batch->now_ms = journal_clock_ms(bench->journal);
    journal_commit(bench->journal, bench->batch, &bench->texts, bench_done, bench);
    bench_wait(bench);
    bench->batch->count = 0;
    return bench->result.fault;
}

static inline struct batch_row *add_row(struct bench *bench, enum row_kind kind,
                                        const struct deployment_state *state)
{
    struct batch_row *row = &bench->batch->rows[bench->batch->count++];

    memset(row, 0, sizeof(*row));
    row->kind = kind;
    row->state = state;
    row->deployment = state == NULL ? 0 : state->id;
    return row;
}

static inline void add_new(struct bench *bench, const struct deployment_state *state)
{
    struct batch_row *row = add_row(bench, ROW_DEPLOYMENT, state);
    row->is_new = true;
    row->token = bench->request.token;
}

static inline void add_trace(struct bench *bench, const struct deployment_state *state, enum trace_kind kind,
                             uint32_t a, uint32_t b)
{
    add_row(bench, ROW_TRACE, state)->trace = (struct trace){.kind = kind, .a = a, .b = b};
}

static inline void add_route(struct bench *bench, const struct deployment_state *state, uint16_t share)
{
    add_row(bench, ROW_ACTION, state)->action = (struct action){
        .kind = ACTION_ROUTE, .sequence = state->last_sequence, .share = share, .is_new = true};
}

#endif
