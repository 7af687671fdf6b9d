/* journal_view.c - pages of rows for API and reports.
 * SPDX-License-Identifier: MIT */
#include "store/journal_view.h"

#include "io/memory.h"
#include "store/deployment_row.h"
#include "store/verdict_column.h"
#include "store/view_parts.h"

#include <assert.h>
#include <stdlib.h>

bool journal_view_open(const char *path, struct journal_view **ret_view, struct err *err)
{
    struct journal_view *view = memory_take(sizeof(*view));

    (void)pthread_mutex_init(&view->lock, NULL);
    if (!sql_open(&view->sql, path, SQL_READS, err)) {
        journal_view_close(view);
        return err_wrap(err, "reading the journal");
    }
    *ret_view = view;
    return true;
}

void journal_view_close(struct journal_view *view)
{
    if (view == NULL)
        return;
    sql_close(&view->sql);
    (void)pthread_mutex_destroy(&view->lock);
    free(view);
}

void view_begin(struct journal_view *view)
{
    (void)pthread_mutex_lock(&view->lock);
    sql_forget_error(&view->sql);
}

bool view_end(struct journal_view *view, struct row *row, bool is_good, struct err *err)
{
    row_end(row);
    if (!sql_is_good(&view->sql))
        is_good = err_set(err, ERR_IO, "reading the journal: %s", view->sql.error);
    (void)pthread_mutex_unlock(&view->lock);
    return is_good;
}

bool view_report_full(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the rows are larger than the memory for them");
}

bool journal_view_list(struct journal_view *view, const struct journal_filter *filter, struct arena *arena,
                       const struct journal_deployment **ret_rows, size_t *ret_count, struct err *err)
{
    struct journal_deployment *rows = arena_take_array(arena, filter->limit, sizeof(*rows));
    size_t count = 0;
    bool is_good = true;

    assert(filter->limit >= 1 && filter->limit <= VIEW_ROWS_MAX);
    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_DEPLOYMENTS_LIST);
    row_integer(&row, filter->before == 0 ? INT64_MAX : (int64_t)filter->before);
    row_text(&row, filter->service);
    row_text(&row, filter->environment);
    row_integer(&row, filter->phases);
    row_integer(&row, filter->limit);
    while (is_good && count < filter->limit && row_next(&row))
        is_good = deployment_row_read(&row, arena, &rows[count++], err);
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

/* Reads the one row of a statement whose values are there, and ends the read. */
static bool read_one(struct journal_view *view, struct row *row, struct arena *arena,
                     const struct journal_deployment **ret_row, struct err *err)
{
    struct journal_deployment *found = arena_take(arena, sizeof(*found));
    bool is_good = false;

    if (found == NULL)
        (void)view_report_full(err);
    else if (row_next(row))
        is_good = deployment_row_read(row, arena, found, err);
    else
        (void)err_set(err, ERR_NOT_FOUND, "there is no such deployment");
    if (!view_end(view, row, is_good, err))
        return false;
    *ret_row = found;
    return true;
}

bool journal_view_deployment(struct journal_view *view, uint64_t id, struct arena *arena,
                             const struct journal_deployment **ret_row, struct err *err)
{
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_DEPLOYMENT);
    row_key(&row, id);
    return read_one(view, &row, arena, ret_row, err);
}

bool journal_view_last(struct journal_view *view, const char *service, const char *environment,
                       struct arena *arena, const struct journal_deployment **ret_row, struct err *err)
{
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_DEPLOYMENT_LAST);
    row_text(&row, service);
    row_text(&row, environment);
    return read_one(view, &row, arena, ret_row, err);
}

bool journal_view_sealed(struct journal_view *view, uint64_t deployment, struct arena *arena,
                         const char **ret_text, struct err *err)
{
    const char *text = NULL;
    bool is_good = false;

    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_SEALED);
    row_key(&row, deployment);
    if (!row_next(&row))
        (void)err_set(err, ERR_NOT_FOUND, "there is no such deployment");
    else if ((text = arena_copy_text(arena, row_get_text(&row))) == NULL)
        (void)view_report_full(err);
    else
        is_good = true;
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_text = text;
    return true;
}

static void read_verdict(struct row *row, struct journal_verdict *to)
{
    struct judgement *judgement = &to->judgement;

    to->id = row_get_key(row);
    to->rule = (uint8_t)row_get_integer(row);
    to->step = (uint8_t)row_get_integer(row);
    to->attempt = (uint32_t)row_get_integer(row);
    to->engine_ms = row_get_integer(row);
    to->wall_ms = row_get_integer(row);
    judgement->verdict = (enum verdict)row_get_integer(row);
    judgement->reason = (enum reason)row_get_integer(row);
    judgement->value = row_get_number(row);
    judgement->bound = row_get_number(row);
    judgement->estimate = row_get_number(row);
    judgement->lower = row_get_number(row);
    judgement->upper = row_get_number(row);
    judgement->statistic = row_get_number(row);
    judgement->limit = row_get_number(row);
    judgement->count = row_get_number(row);
    judgement->stable_count = row_get_number(row);
    judgement->from_ms = row_get_integer(row);
    judgement->to_ms = row_get_integer(row);
    verdict_column_read(row_get_key(row), judgement);
}

bool journal_view_verdicts(struct journal_view *view, uint64_t deployment, uint64_t after, uint32_t limit,
                           struct arena *arena, const struct journal_verdict **ret_rows, size_t *ret_count,
                           struct err *err)
{
    struct journal_verdict *rows = arena_take_array(arena, limit, sizeof(*rows));
    size_t count = 0;

    assert(limit >= 1 && limit <= VIEW_ROWS_MAX);
    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_VERDICTS);
    row_key(&row, deployment);
    row_key(&row, after);
    row_integer(&row, limit);
    while (count < limit && row_next(&row))
        read_verdict(&row, &rows[count++]);
    if (!view_end(view, &row, true, err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

static void read_action(struct row *row, struct journal_action *to)
{
    to->sequence = (uint32_t)row_get_integer(row);
    to->kind = (enum action_kind)row_get_integer(row);
    to->reference = (uint16_t)row_get_integer(row);
    to->share = (uint16_t)row_get_integer(row);
    to->tries = (uint16_t)row_get_integer(row);
    to->step = (uint8_t)row_get_integer(row);
    to->attempt = (uint32_t)row_get_integer(row);
    to->is_rollback = row_get_integer(row) != 0;
    to->has_result = row_get_integer(row) != 0;
    to->result = (enum result)row_get_integer(row);
    to->intent_ms = row_get_integer(row);
    to->result_ms = row_get_integer(row);
    to->wall_ms = row_get_integer(row);
}

bool journal_view_actions(struct journal_view *view, uint64_t deployment, uint32_t after, uint32_t limit,
                          struct arena *arena, const struct journal_action **ret_rows, size_t *ret_count,
                          struct err *err)
{
    struct journal_action *rows = arena_take_array(arena, limit, sizeof(*rows));
    size_t count = 0;

    assert(limit >= 1 && limit <= VIEW_ROWS_MAX);
    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_ACTIONS);
    row_key(&row, deployment);
    row_integer(&row, after);
    row_integer(&row, limit);
    while (count < limit && row_next(&row))
        read_action(&row, &rows[count++]);
    if (!view_end(view, &row, true, err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

/* False: the arena is full. */
static bool read_audit(struct row *row, struct arena *arena, struct journal_audit *to)
{
    to->event = row_get_key(row);
    to->wall_ms = row_get_integer(row);
    to->engine_ms = row_get_integer(row);
    to->deployment = row_get_key(row);
    to->target = (uint32_t)row_get_integer(row);
    to->what = arena_copy_text(arena, row_get_text(row));
    to->a = (uint32_t)row_get_integer(row);
    to->b = (uint32_t)row_get_integer(row);
    to->step = (uint8_t)row_get_integer(row);
    to->attempt = (uint32_t)row_get_integer(row);
    to->actor = arena_copy_text(arena, row_get_text(row));
    to->reason = arena_copy_text(arena, row_get_text(row));
    /* Zeros stand for what is no hash: it will not fit. */
    (void)row_get_exactly(row, sizeof(to->prev), to->prev);
    (void)row_get_exactly(row, sizeof(to->hash), to->hash);
    return to->what != NULL && to->actor != NULL && to->reason != NULL;
}

/* What the page is and where it begins; a deployment of 0 has no third value. */
struct audit_page {
    enum statement statement;
    uint64_t from;
    uint32_t limit;
    uint64_t deployment;
};

static bool read_audit_page(struct journal_view *view, const struct audit_page *page, struct arena *arena,
                            const struct journal_audit **ret_rows, size_t *ret_count, struct err *err)
{
    uint32_t limit = page->limit;
    struct journal_audit *rows = arena_take_array(arena, limit, sizeof(*rows));
    size_t count = 0;
    bool is_good = true;

    assert(limit >= 1 && limit <= VIEW_ROWS_MAX);
    if (rows == NULL)
        return view_report_full(err);
    view_begin(view);
    struct row row = sql_row(&view->sql, page->statement);
    row_key(&row, page->from);
    row_integer(&row, limit);
    if (page->deployment != 0)
        row_key(&row, page->deployment);
    while (is_good && count < limit && row_next(&row))
        is_good = read_audit(&row, arena, &rows[count++]) || view_report_full(err);
    if (!view_end(view, &row, is_good, err))
        return false;
    *ret_rows = rows;
    *ret_count = count;
    return true;
}

bool journal_view_audit(struct journal_view *view, uint64_t deployment, uint64_t after, uint32_t limit,
                        struct arena *arena, const struct journal_audit **ret_rows, size_t *ret_count,
                        struct err *err)
{
    const struct audit_page page = {.statement = deployment == 0 ? STATEMENT_AUDIT : STATEMENT_AUDIT_OF,
                                    .from = after,
                                    .limit = limit,
                                    .deployment = deployment};

    return read_audit_page(view, &page, arena, ret_rows, ret_count, err);
}

bool journal_view_audit_newest(struct journal_view *view, uint64_t before, uint32_t limit,
                               struct arena *arena, const struct journal_audit **ret_rows, size_t *ret_count,
                               struct err *err)
{
    const struct audit_page page = {
        .statement = STATEMENT_AUDIT_BEFORE, .from = before == 0 ? INT64_MAX : before, .limit = limit};

    return read_audit_page(view, &page, arena, ret_rows, ret_count, err);
}

bool journal_view_rules(struct journal_view *view, uint64_t deployment, struct rule_state *ret_rules,
                        uint32_t *ret_bits, struct err *err)
{
    struct row none = {.sql = &view->sql};

    view_begin(view);
    return view_end(view, &none, deployment_row_rules(&view->sql, deployment, ret_rules, ret_bits, err), err);
}
