/* stack_view.c - stacks and their states, read for the API.
 * SPDX-License-Identifier: MIT */
#include "store/journal_stack.h"
#include "store/stack_rows.h"
#include "store/view_parts.h"

#include <assert.h>

/* False: the arena is full. */
static bool read_state(struct row *row, struct arena *arena, struct journal_state *to)
{
    to->version = row_get_key(row);
    stack_rows_read_state(row, &to->state);
    to->actor = arena_copy_text(arena, row_get_text(row));
    to->lock_id = arena_copy_text(arena, row_get_text(row));
    to->run = row_get_key(row);
    to->deployment = row_get_key(row);
    to->wall_ms = row_get_integer(row);
    to->deleted_ms = row_get_integer(row);
    return to->actor != NULL && to->lock_id != NULL;
}

static bool read_stack(struct row *row, struct arena *arena, struct journal_stack *to)
{
    to->name = arena_copy_text(arena, row_get_text(row));
    to->environment = arena_copy_text(arena, row_get_text(row));
    to->lock_id = arena_copy_text(arena, row_get_text(row));
    to->who = arena_copy_text(arena, row_get_text(row));
    to->operation = arena_copy_text(arena, row_get_text(row));
    to->actor = arena_copy_text(arena, row_get_text(row));
    to->run = row_get_key(row);
    to->deployment = row_get_key(row);
    to->locked_ms = row_get_integer(row);
    to->version_count = row_get_key(row);
    if (to->name == NULL || to->environment == NULL || to->lock_id == NULL || to->who == NULL ||
        to->operation == NULL || to->actor == NULL || !read_state(row, arena, &to->newest))
        return false;
    drift_rows_read(row, &to->drift);
    to->drift.stack = to->name;
    to->drift.environment = to->environment;
    to->verified.version = row_get_key(row);
    to->verified.serial = row_get_integer(row);
    to->verified.run = row_get_key(row);
    to->verified.wall_ms = row_get_integer(row);
    return true;
}

bool journal_view_stacks(struct journal_view *view, const char *name, const char *environment,
                         struct arena *arena, const struct journal_stack **ret_rows, size_t *ret_count,
                         struct err *err)
{
    size_t limit = name == NULL ? STACKS_MAX : 1;
    struct journal_stack *rows = arena_take_array(arena, limit, sizeof(*rows));
    size_t count = 0;
    bool is_good = true;

    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_STACKS);
    row_text(&row, name);
    row_text(&row, environment);
    row_integer(&row, (int64_t)limit);
    while (is_good && count < limit && row_next(&row))
        is_good = read_stack(&row, arena, &rows[count++]) || view_report_full(err);
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

bool journal_view_states(struct journal_view *view, const struct journal_state_filter *filter,
                         struct arena *arena, const struct journal_state **ret_rows, size_t *ret_count,
                         struct err *err)
{
    struct journal_state *rows = arena_take_array(arena, filter->limit, sizeof(*rows));
    size_t count = 0;
    bool is_good = true;

    assert(filter->limit >= 1 && filter->limit <= VIEW_ROWS_MAX);
    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_STATES);
    row_text(&row, filter->name);
    row_text(&row, filter->environment);
    row_integer(&row, filter->before == 0 ? INT64_MAX : (int64_t)filter->before);
    row_integer(&row, filter->serial);
    row_integer(&row, filter->is_living);
    row_integer(&row, filter->limit);
    row_text(&row, filter->lineage);
    while (is_good && count < filter->limit && row_next(&row))
        is_good = read_state(&row, arena, &rows[count++]) || view_report_full(err);
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

bool journal_view_stack_now(struct journal_view *view, const char *name, const char *environment,
                            struct stack_now *ret_now, struct err *err)
{
    bool is_known = false;
    struct row none = {.sql = &view->sql};

    view_begin(view);
    stack_rows_read(&view->sql, name, environment, ret_now, &is_known);
    return view_end(view, &none, true, err);
}
