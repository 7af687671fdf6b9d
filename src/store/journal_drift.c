/* journal_drift.c - rows of drift written with their batch, and read once.
 * SPDX-License-Identifier: MIT */
#include "store/journal_drift.h"

#include "orchestrator/run_state.h"
#include "store/journal_parts.h"
#include "store/run_rows.h"
#include "store/stack_rows.h"

#include <assert.h>

static_assert(RUN_RELEASED == 4 && RUN_FAILED == 5, "the statement says these as numbers");

void drift_rows_save(const struct scene *scene)
{
    for (size_t i = 0; i < scene->texts->drift_count && sql_is_good(scene->sql); i++) {
        const struct journal_drift *drift = &scene->texts->drifts[i];
        struct row row = sql_row(scene->sql, STATEMENT_DRIFT_SAVE);
        row_text(&row, drift->stack);
        row_text(&row, drift->environment);
        row_integer(&row, drift->state.finding);
        row_integer(&row, drift->state.is_failing);
        row_integer(&row, drift->state.count);
        row_key(&row, drift->run);
        row_integer(&row, drift->state.looked_ms);
        row_integer(&row, scene->writer->wall_ms);
        (void)row_run(&row);
    }
}

void drift_rows_read(struct row *row, struct journal_drift_row *ret)
{
    int64_t finding = row_get_integer(row);

    drift_init(&ret->state);
    ret->state.finding =
        finding > 0 && finding < DRIFT_FINDING_COUNT ? (enum drift_finding)finding : DRIFT_UNKNOWN;
    ret->state.is_failing = row_get_integer(row) != 0;
    ret->state.count = (uint32_t)row_get_integer(row);
    ret->run = row_get_key(row);
    ret->state.looked_ms = row_get_integer(row);
    ret->wall_ms = row_get_integer(row);
    ret->since_ms = row_get_integer(row);
}

bool journal_recover_drifts(struct journal *journal,
                            void (*each)(void *data, const struct journal_drift_row *row), void *data,
                            struct err *err)
{
    struct sql sql;
    bool is_good = sql_open(&sql, journal->path, SQL_READS, err);

    if (is_good) {
        struct row row = sql_row(&sql, STATEMENT_DRIFTS);
        while (row_next(&row)) {
            struct journal_drift_row drift = {.stack = row_get_text(&row)};
            drift.environment = row_get_text(&row);
            drift_rows_read(&row, &drift);
            each(data, &drift);
        }
        row_end(&row);
        is_good = sql_is_good(&sql) || err_set(err, ERR_IO, "%s", sql.error);
    }
    sql_close(&sql);
    return is_good || err_wrap(err, "recovery of drift from %s", journal->path);
}

bool journal_recover_failed_runs(struct journal *journal,
                                 void (*each)(void *data, const char *pipeline, const char *version),
                                 void *data, struct err *err)
{
    struct sql sql;
    bool is_good = sql_open(&sql, journal->path, SQL_READS, err);

    if (is_good) {
        struct row row = sql_row(&sql, STATEMENT_RUNS_FAILED);
        while (row_next(&row)) {
            const char *pipeline = row_get_text(&row);
            each(data, pipeline, row_get_text(&row));
        }
        row_end(&row);
        is_good = sql_is_good(&sql) || err_set(err, ERR_IO, "%s", sql.error);
    }
    sql_close(&sql);
    return is_good || err_wrap(err, "recovery of failed runs from %s", journal->path);
}
