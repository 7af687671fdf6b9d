/* journal_once.c - reads and writes what is known of commands that run once.
 * SPDX-License-Identifier: MIT */
#include "store/journal_once.h"

#include "orchestrator/event.h"
#include "store/run_rows.h"

#include <assert.h>

/* What each end of each part says. */
static enum once_fate fate_of(enum once_part part, enum result result, bool has_probe)
{
    static const enum once_fate fates[][RESULT_UNKNOWN + 1] = {
        [ONCE_COMMAND] = {ONCE_DONE, ONCE_NOT_DONE, ONCE_NOT_DONE, ONCE_UNKNOWN},
        [ONCE_UNDO] = {ONCE_NOT_DONE, ONCE_UNKNOWN, ONCE_UNKNOWN, ONCE_UNKNOWN},
        [ONCE_PROBE] = {ONCE_DONE, ONCE_UNKNOWN, ONCE_NOT_DONE, ONCE_UNKNOWN},
    };
    static_assert(RESULT_DONE == 0 && RESULT_AGAIN == 1 && RESULT_FAILED == 2 && RESULT_UNKNOWN == 3, "");

    if (part == ONCE_COMMAND && has_probe && result != RESULT_AGAIN)
        return ONCE_UNKNOWN;
    return fates[part][result];
}

bool journal_once_ask(const char *journal_path, const struct once_question *question,
                      enum once_fate *ret_fate, uint64_t *ret_deployment, struct err *err)
{
    struct sql sql;

    if (!sql_open(&sql, journal_path, SQL_READS, err)) {
        sql_close(&sql);
        return err_wrap(err, "reading the journal");
    }
    struct row row = sql_row(&sql, STATEMENT_ONCE);
    row_key(&row, question->deployment);
    row_integer(&row, question->sequence);
    row_text(&row, question->command);
    *ret_fate = ONCE_NOT_DONE;
    *ret_deployment = 0;
    if (row_next(&row)) {
        *ret_deployment = row_get_key(&row);
        enum once_part part = (enum once_part)row_get_integer(&row);
        *ret_fate = fate_of(part, (enum result)row_get_integer(&row), question->has_probe);
    }
    row_end(&row);
    bool is_good = sql_is_good(&sql) || err_set(err, ERR_IO, "reading the journal: %s", sql.error);
    sql_close(&sql);
    return is_good;
}

void once_rows_save(const struct scene *scene)
{
    for (size_t i = 0; i < scene->texts->once_count && sql_is_good(scene->sql); i++) {
        const struct journal_once *once = &scene->texts->onces[i];
        struct row row = sql_row(scene->sql, STATEMENT_ONCE_SAVE);
        row_key(&row, once->deployment);
        row_integer(&row, once->sequence);
        row_text(&row, once->command);
        row_integer(&row, once->part);
        (void)row_run(&row);
    }
}
