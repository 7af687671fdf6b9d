/* run_rows.c - runs, tries of their tasks, and what these reported, written.
 * SPDX-License-Identifier: MIT */
#include "store/run_rows.h"

#include "engine/snapshot.h"
#include "orchestrator/run.h"
#include "store/stack_look.h"
#include "store/trace_rows.h"

#include <stdio.h>
#include <string.h>

enum { REASON_SIZE = 384 };

/* The columns that insert and update have alike. */
static void add_state(struct row *row, const struct run_state *state)
{
    row_key(row, state->version_key);
    row_integer(row, state->phase);
    row_integer(row, state->stage);
    row_integer(row, !run_phase_is_terminal(state->phase));
}

static int64_t end_time(const struct scene *scene, const struct run_state *state)
{
    return run_phase_is_terminal(state->phase) ? scene->writer->wall_ms : 0;
}

static void insert_run(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct run_state *state = batch_row->run;
    const struct journal_request *request = texts_request(scene->texts, batch_row->token);
    unsigned char hash[JOURNAL_HASH_SIZE];
    unsigned char bytes[SNAPSHOT_RUN_MAX];

    if (request == NULL || request->run == NULL) {
        (void)sql_refuse(scene->sql, "run %llu came without its start", (unsigned long long)state->id);
        return;
    }
    const struct journal_run_start *start = request->run;
    scene_save_version(scene, start->version_key);
    scene_save_version(scene, state->version_key);
    scene_save_sealed(scene, start->sealed, hash);
    size_t length = snapshot_write_run(state, bytes);
    struct row row = sql_row(scene->sql, STATEMENT_RUN_INSERT);
    row_key(&row, state->id);
    row_text(&row, start->pipeline);
    row_text(&row, start->service);
    row_key_or_null(&row, start->retry_of);
    row_key(&row, start->version_key);
    row_bytes(&row, hash, sizeof(hash));
    scene_bind_origin(scene, &row, request, start->run_url, start->commit, end_time(scene, state));
    add_state(&row, state);
    row_bytes(&row, bytes, length);
    row_text(&row, start->traceparent);
    (void)row_run(&row);
    trace_rows_save(scene->sql, TRACE_OF_RUN, state->id, start->tracestate, start->baggage);
}

static void update_run(const struct scene *scene, const struct run_state *state)
{
    unsigned char bytes[SNAPSHOT_RUN_MAX];
    size_t length = snapshot_write_run(state, bytes);

    scene_save_version(scene, state->version_key);
    struct row row = sql_row(scene->sql, STATEMENT_RUN_UPDATE);
    row_integer(&row, scene->writer->wall_ms);
    row_integer(&row, end_time(scene, state));
    add_state(&row, state);
    row_bytes(&row, bytes, length);
    row_key(&row, state->id);
    if (row_run(&row) && !sql_changed(scene->sql))
        (void)sql_refuse(scene->sql, "run %llu is not in the journal", (unsigned long long)state->id);
}

void run_rows_save_run(const struct scene *scene, const struct batch_row *batch_row)
{
    if (batch_row->is_new)
        insert_run(scene, batch_row);
    else
        update_run(scene, batch_row->run);
}

void run_rows_save_task(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct run_task *task = &batch_row->run->tasks[batch_row->task];
    struct row row = sql_row(scene->sql, STATEMENT_TASK_SAVE);

    row_key(&row, batch_row->run->id);
    row_integer(&row, batch_row->task);
    row_integer(&row, task->tries);
    row_integer(&row, task->phase);
    row_key_or_null(&row, task->deployment);
    row_integer(&row, scene->writer->wall_ms);
    (void)row_run(&row);
}

static void save_approval(const struct scene *scene, const struct batch_row *batch_row, const char *person)
{
    struct row row = sql_row(scene->sql, STATEMENT_APPROVAL_SAVE);

    row_key(&row, batch_row->run->id);
    row_integer(&row, batch_row->run_trace.a);
    row_text(&row, person);
    row_integer(&row, scene->writer->wall_ms);
    (void)row_run(&row);
}

/* The chain of audit rows knows deployments and targets by number; a run stands in front of the reason. */
void run_rows_save_event(const struct scene *scene, const struct batch_row *batch_row)
{
    const struct journal_request *request = texts_request(scene->texts, batch_row->token);
    const char *said = request == NULL || request->reason == NULL ? "" : request->reason;
    char reason[REASON_SIZE];
    char actor[JOURNAL_ACTOR_SIZE];
    struct chain_row audit = {
        .engine_ms = scene->batch->now_ms,
        .what = run_trace_kind_name(batch_row->run_trace.kind),
        .a = batch_row->run_trace.a,
        .b = batch_row->run_trace.b,
        .step = batch_row->run->stage,
        .actor = texts_actor(request, actor),
        .reason = reason,
    };

    (void)snprintf(reason, sizeof(reason), "run_%llu%s%s", (unsigned long long)batch_row->run->id,
                   said[0] == '\0' ? "" : ": ", said);
    writer_audit(scene->writer, &audit);
    if (batch_row->run_trace.kind == RUN_TRACE_APPROVED)
        save_approval(scene, batch_row, audit.actor);
}

static void save_task_text(const struct scene *scene, const struct journal_task_text *text)
{
    struct row row = sql_row(scene->sql, STATEMENT_TASK_TEXT);

    row_text(&row, text->output);
    row_text(&row, text->why);
    row_key(&row, text->run);
    row_integer(&row, text->task);
    row_integer(&row, text->tries);
    (void)row_run(&row);
}

static bool is_kind(const struct journal_stack_look *look, enum stack_look_kind kind)
{
    return look->is_good && strcmp(look->kind, stack_look_kind_name(kind)) == 0;
}

/* What a verify that is done looked at; what was destroyed is nothing to go back to. */
static void save_verified(const struct scene *scene, const struct journal_task_text *text)
{
    const struct journal_stack_look *look = text->look;
    bool is_verified = is_kind(look, LOOK_VERIFY);

    if (!is_verified && !is_kind(look, LOOK_DESTROY))
        return;
    struct row row = sql_row(scene->sql, is_verified ? STATEMENT_VERIFIED_SAVE : STATEMENT_VERIFIED_FORGET);
    row_text(&row, look->stack);
    row_text(&row, look->environment);
    if (is_verified) {
        row_key(&row, text->run);
        row_integer(&row, text->task);
        row_integer(&row, text->tries);
        row_integer(&row, scene->writer->wall_ms);
    }
    (void)row_run(&row);
}

static void save_look(const struct scene *scene, uint64_t run, const struct journal_stack_look *look)
{
    struct row row = sql_row(scene->sql, STATEMENT_LOOK_SAVE);

    row_text(&row, look->stack);
    row_text(&row, look->environment);
    row_text(&row, look->kind);
    row_key(&row, run);
    row_integer(&row, scene->writer->wall_ms);
    row_integer(&row, look->is_good);
    row_text(&row, look->facts);
    (void)row_run(&row);
}

static void save_output(const struct scene *scene, const struct journal_output_text *text)
{
    struct row row = sql_row(scene->sql, STATEMENT_OUTPUT_SAVE);

    row_key(&row, text->run);
    row_text(&row, text->name);
    row_text(&row, text->value);
    (void)row_run(&row);
}

void run_rows_save_texts(const struct scene *scene)
{
    for (size_t i = 0; i < scene->texts->task_count && sql_is_good(scene->sql); i++) {
        const struct journal_task_text *text = &scene->texts->tasks[i];
        save_task_text(scene, text);
        if (text->look != NULL && sql_is_good(scene->sql))
            save_look(scene, text->run, text->look);
        if (text->look != NULL && sql_is_good(scene->sql))
            save_verified(scene, text);
    }
    for (size_t i = 0; i < scene->texts->output_count && sql_is_good(scene->sql); i++)
        save_output(scene, &scene->texts->outputs[i]);
}
