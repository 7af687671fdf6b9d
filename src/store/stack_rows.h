/* stack_rows.h - rows of stacks and their states; for the files of this folder only.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_STACK_ROWS_H
#define STORE_STACK_ROWS_H

#include "store/sql.h"
#include "store/stack.h"

/* What there is, read on this connection; *ret_is_known: the stack has a row. Errors stay in `sql`. */
void stack_rows_read(struct sql *sql, const char *name, const char *environment, struct stack_now *ret_now,
                     bool *ret_is_known);

/* The five columns that say which bytes it is, as STATE_COLUMNS has them. */
void stack_rows_read_state(struct row *row, struct stack_state *state);

/* Of drift, but the stack (journal_drift.c). */
struct journal_drift_row;
void drift_rows_read(struct row *row, struct journal_drift_row *ret);

#endif
