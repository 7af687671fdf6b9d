/* journal_run.c - runs read: once at the start, and as pages.
 * SPDX-License-Identifier: MIT */
#include "store/journal_run.h"

#include "engine/snapshot.h"
#include "io/memory.h"
#include "store/journal_parts.h"
#include "store/trace_rows.h"
#include "store/view_parts.h"

#include <assert.h>

enum { SCRATCH_BYTES = JOURNAL_SEALED_MAX + 256 * 1024 };

/* "" where the arena is full; the caller looks at `is_full` once. */
static const char *keep_text(struct row *row, struct arena *arena, bool *is_full)
{
    const char *copy = arena_copy_text(arena, row_get_text(row));

    if (copy == NULL)
        *is_full = true;
    return copy == NULL ? "" : copy;
}

static bool read_run(struct row *row, struct arena *arena, struct journal_run *ret, struct err *err)
{
    bool is_full = false;
    size_t length = 0;

    *ret = (struct journal_run){0};
    ret->id = row_get_key(row);
    ret->pipeline = keep_text(row, arena, &is_full);
    ret->service = keep_text(row, arena, &is_full);
    ret->retry_of = row_get_key(row);
    ret->asked_key = row_get_key(row);
    ret->version = keep_text(row, arena, &is_full);
    ret->digest = keep_text(row, arena, &is_full);
    ret->actor = keep_text(row, arena, &is_full);
    ret->reason = keep_text(row, arena, &is_full);
    ret->run_url = keep_text(row, arena, &is_full);
    ret->commit = keep_text(row, arena, &is_full);
    ret->created_ms = row_get_integer(row);
    ret->changed_ms = row_get_integer(row);
    ret->ended_ms = row_get_integer(row);
    ret->traceparent = keep_text(row, arena, &is_full);
    const unsigned char *bytes = row_get_bytes(row, &length);
    if (is_full)
        return view_report_full(err);
    if (!snapshot_read_run(bytes, length, &ret->state))
        return err_set(err, ERR_INVALID, "run %llu: the snapshot is not one that this build can read",
                       (unsigned long long)ret->id);
    return true;
}

static bool read_outputs(struct row *row, struct arena *arena, struct journal_output *outputs,
                         size_t *ret_count, struct err *err)
{
    bool is_full = false;

    *ret_count = 0;
    while (*ret_count < JOURNAL_RUN_OUTPUTS_MAX && row_next(row)) {
        struct journal_output *output = &outputs[(*ret_count)++];
        output->name = keep_text(row, arena, &is_full);
        output->value = keep_text(row, arena, &is_full);
    }
    return !is_full || view_report_full(err);
}

static void recover_approvals(struct sql *sql, uint64_t run, const struct journal_run_recovery *recovery)
{
    struct row row = sql_row(sql, STATEMENT_APPROVALS);

    row_key(&row, run);
    while (recovery->approval != NULL && row_next(&row)) {
        uint8_t task = (uint8_t)row_get_integer(&row);
        recovery->approval(recovery->data, run, task, row_get_text(&row));
    }
    row_end(&row);
}

static bool recover_run(struct sql *sql, struct row *row, struct arena *arena,
                        const struct journal_run_recovery *recovery, struct err *err)
{
    struct journal_output outputs[JOURNAL_RUN_OUTPUTS_MAX];
    struct journal_run run;
    size_t count = 0;

    arena_reset(arena);
    if (!read_run(row, arena, &run, err) ||
        !trace_rows_read(sql, TRACE_OF_RUN, run.id, arena, &run.tracestate, &run.baggage, err))
        return false;
    struct row text = sql_row(sql, STATEMENT_RUN_SEALED);
    row_key(&text, run.id);
    const char *sealed = row_next(&text) ? arena_copy_text(arena, row_get_text(&text)) : NULL;
    row_end(&text);
    if (sealed == NULL)
        return err_set(err, ERR_INVALID, "run %llu: its sealed text is missing, or too long",
                       (unsigned long long)run.id);
    struct row found = sql_row(sql, STATEMENT_OUTPUTS);
    row_key(&found, run.id);
    bool is_good = read_outputs(&found, arena, outputs, &count, err);
    row_end(&found);
    if (!is_good || !recovery->run(recovery->data, &run, sealed, outputs, count, err))
        return false;
    recover_approvals(sql, run.id, recovery);
    return true;
}

static bool recover(struct sql *sql, const struct journal_run_recovery *recovery, uint64_t *ret_next_run,
                    struct err *err)
{
    CLEANUP(memory_free_at) void *memory = memory_take(SCRATCH_BYTES);
    struct arena arena;
    struct row row = sql_row(sql, STATEMENT_RUNS_OPEN);
    bool is_good = true;

    arena_init(&arena, memory, SCRATCH_BYTES);
    while (is_good && row_next(&row))
        is_good = recover_run(sql, &row, &arena, recovery, err);
    row_end(&row);
    if (!is_good)
        return false;
    *ret_next_run = (uint64_t)sql_number(sql, "SELECT max(id) FROM runs", 0) + 1;
    return sql_is_good(sql) || err_set(err, ERR_IO, "%s", sql->error);
}

bool journal_recover_runs(struct journal *journal, const struct journal_run_recovery *recovery,
                          uint64_t *ret_next_run, struct err *err)
{
    struct sql sql;
    bool is_good =
        sql_open(&sql, journal->path, SQL_READS, err) && recover(&sql, recovery, ret_next_run, err);

    sql_close(&sql);
    return is_good || err_wrap(err, "recovery of runs from %s", journal->path);
}

bool journal_view_runs(struct journal_view *view, const char *pipeline, uint64_t before, uint32_t limit,
                       struct arena *arena, const struct journal_run **ret_rows, size_t *ret_count,
                       struct err *err)
{
    struct journal_run *rows = arena_take_array(arena, limit, sizeof(*rows));
    size_t count = 0;
    bool is_good = true;

    assert(limit >= 1 && limit <= VIEW_ROWS_MAX);
    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_RUNS_LIST);
    row_integer(&row, before == 0 ? INT64_MAX : (int64_t)before);
    row_text(&row, pipeline);
    row_integer(&row, limit);
    while (is_good && count < limit && row_next(&row))
        is_good = read_run(&row, arena, &rows[count++], err);
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

bool journal_view_run(struct journal_view *view, uint64_t id, struct arena *arena,
                      const struct journal_run **ret_row, struct err *err)
{
    struct journal_run *found = arena_take(arena, sizeof(*found));
    bool is_good = false;

    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_RUN);
    row_key(&row, id);
    if (found == NULL)
        (void)view_report_full(err);
    else if (row_next(&row))
        is_good = read_run(&row, arena, found, err);
    else
        (void)err_set(err, ERR_NOT_FOUND, "there is no such run");
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_row = found;
    return true;
}

bool journal_view_run_sealed(struct journal_view *view, uint64_t id, struct arena *arena,
                             const char **ret_text, struct err *err)
{
    const char *text = NULL;
    bool is_there = false;

    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_RUN_SEALED);
    row_key(&row, id);
    is_there = row_next(&row);
    if (is_there)
        text = arena_copy_text(arena, row_get_text(&row));
    if (!is_there)
        (void)err_set(err, ERR_NOT_FOUND, "there is no such run");
    else if (text == NULL)
        (void)view_report_full(err);
    if (!view_end(view, &row, text != NULL, err))
        return false;
    *ret_text = text;
    return true;
}

static void read_task(struct row *row, struct arena *arena, struct journal_task *ret, bool *is_full)
{
    ret->task = (uint8_t)row_get_integer(row);
    ret->tries = (uint16_t)row_get_integer(row);
    ret->phase = (enum run_task_phase)row_get_integer(row);
    ret->deployment = row_get_key(row);
    ret->began_ms = row_get_integer(row);
    ret->changed_ms = row_get_integer(row);
    ret->why = keep_text(row, arena, is_full);
    ret->output = keep_text(row, arena, is_full);
}

bool journal_view_tasks(struct journal_view *view, uint64_t run, bool with_output, struct arena *arena,
                        const struct journal_task **ret_rows, size_t *ret_count, struct err *err)
{
    struct journal_task *rows = arena_take_array(arena, JOURNAL_TASK_ROWS_MAX, sizeof(*rows));
    size_t count = 0;
    bool is_full = false;

    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_TASKS);
    row_key(&row, run);
    row_integer(&row, with_output);
    while (count < JOURNAL_TASK_ROWS_MAX && row_next(&row))
        read_task(&row, arena, &rows[count++], &is_full);
    if (!view_end(view, &row, !is_full || view_report_full(err), err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

bool journal_view_outputs(struct journal_view *view, uint64_t run, struct arena *arena,
                          const struct journal_output **ret_rows, size_t *ret_count, struct err *err)
{
    struct journal_output *rows = arena_take_array(arena, JOURNAL_RUN_OUTPUTS_MAX, sizeof(*rows));
    bool is_good = false;

    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_OUTPUTS);
    row_key(&row, run);
    is_good = read_outputs(&row, arena, rows, ret_count, err);
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_rows = rows;
    return true;
}

bool journal_view_approvals(struct journal_view *view, uint64_t run, struct arena *arena,
                            const struct journal_approval **ret_rows, size_t *ret_count, struct err *err)
{
    struct journal_approval *rows = arena_take_array(arena, JOURNAL_APPROVALS_MAX, sizeof(*rows));
    size_t count = 0;
    bool is_full = false;

    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_APPROVALS);
    row_key(&row, run);
    while (count < JOURNAL_APPROVALS_MAX && row_next(&row)) {
        rows[count].task = (uint8_t)row_get_integer(&row);
        rows[count++].person = keep_text(&row, arena, &is_full);
    }
    if (!view_end(view, &row, !is_full || view_report_full(err), err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}
