/* trace_rows.h - what came beside a trace, of those deployments and runs that have any; for this folder only.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_TRACE_ROWS_H
#define STORE_TRACE_ROWS_H

#include "base/arena.h"
#include "store/sql.h"

enum trace_owner { TRACE_OF_DEPLOYMENT, TRACE_OF_RUN };

/* NULL and NULL: nothing is written. */
void trace_rows_save(struct sql *sql, enum trace_owner of, uint64_t id, const char *tracestate,
                     const char *baggage);

/* "" where there is none. ERR_LIMIT: the arena is full. */
MUST_CHECK bool trace_rows_read(struct sql *sql, enum trace_owner of, uint64_t id, struct arena *arena,
                                const char **ret_tracestate, const char **ret_baggage, struct err *err);

#endif
