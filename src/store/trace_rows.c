/* trace_rows.c - what came beside a trace, written once and read at a recovery.
 * SPDX-License-Identifier: MIT */
#include "store/trace_rows.h"

void trace_rows_save(struct sql *sql, enum trace_owner of, uint64_t id, const char *tracestate,
                     const char *baggage)
{
    if (tracestate == NULL && baggage == NULL)
        return;
    struct row row = sql_row(sql, STATEMENT_TRACE_LISTS_SAVE);
    row_integer(&row, of);
    row_key(&row, id);
    row_text(&row, tracestate);
    row_text(&row, baggage);
    (void)row_run(&row);
}

bool trace_rows_read(struct sql *sql, enum trace_owner of, uint64_t id, struct arena *arena,
                     const char **ret_tracestate, const char **ret_baggage, struct err *err)
{
    struct row row = sql_row(sql, STATEMENT_TRACE_LISTS);

    *ret_tracestate = *ret_baggage = "";
    row_integer(&row, of);
    row_key(&row, id);
    if (row_next(&row)) {
        *ret_tracestate = arena_copy_text(arena, row_get_text(&row));
        *ret_baggage = arena_copy_text(arena, row_get_text(&row));
    }
    row_end(&row);
    return (*ret_tracestate != NULL && *ret_baggage != NULL) ||
           err_set(err, ERR_LIMIT, "what came beside its trace is larger than the memory for it");
}
