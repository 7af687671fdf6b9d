/* sql.h - one SQLite connection: its settings, its statements kept ready, values in and out one by one.
 * SPDX-License-Identifier: MIT
 *
 * A connection belongs to one thread at a time. The first error of a transaction is kept in it until
 * sql_forget_error(); what follows fails quietly, so that many small writes need one look at the end. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "base/err.h"
#include "store/schema.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SQL_ERROR_MAX = 160 };

enum sql_access { SQL_READS, SQL_WRITES };

struct sql {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    int wal_pages;    /* in the write-ahead log after the newest commit */
    int code;         /* extended result code of the first error, SQLITE_OK */
    int system_error; /* errno behind it, 0 */
    char error[SQL_ERROR_MAX];
};

/* ERR_IO, ERR_INTERNAL (damaged), ERR_INVALID (no database). The file exists. */
MUST_CHECK bool sql_open(struct sql *sql, const char *path, enum sql_access access, struct err *err);
void sql_close(struct sql *sql); /* also of one that did not open */

/* Plain SQL without values. False: see the error. */
bool sql_execute(struct sql *sql, const char *text);
/* One number out of plain SQL; `fallback` where it yields nothing or fails. */
int64_t sql_number(struct sql *sql, const char *text, int64_t fallback);

/* Ends a transaction that is still open; keeps the error. */
void sql_roll_back(struct sql *sql);

/* An error of ours, kept like one of SQLite's (as a broken constraint). Returns false. */
bool sql_refuse(struct sql *sql, const char *format, ...) PRINTF_LIKE(2, 3);
void sql_forget_error(struct sql *sql);
bool sql_is_good(const struct sql *sql);

/* Is the disk full (or a quota, or the test's bound)? Did a guard refuse? Is the file damaged? */
bool sql_is_full(const struct sql *sql);
bool sql_is_refused(const struct sql *sql);
bool sql_is_damaged(const struct sql *sql);

/* Rows changed by the newest statement. */
bool sql_changed(const struct sql *sql);

/* Whether closing moves the log into the file. Not at first: see sql_save_log(). */
void sql_tidy_at_close(struct sql *sql, bool is_wanted);

/* Writes the log as it is read once more, and syncs it. After a sync that failed the kernel takes its pages
 * for clean and a restarted process reads them, though they are on no disk: what is appended behind them
 * would be lost with them in a power cut, and what is moved from it into the file would be half of a
 * transaction. To be called after the first read, before the first commit; until it was done, closing leaves
 * the log as it is. */
bool sql_save_log(struct sql *sql);

/* Pages of the log go into the file; never waits for readers. False: see the error. */
bool sql_checkpoint(struct sql *sql);

/* A statement with its values: `row_*` give the next value, row_run() runs it; or row_next() until false,
 * where `row_get_*` take the next column. row_end() after the last look; row_run() does it itself. */
struct row {
    struct sql *sql;
    sqlite3_stmt *statement; /* NULL after an error: everything is a no-op */
    int at;
};

struct row sql_row(struct sql *sql, enum statement which);
void row_integer(struct row *row, int64_t value);
void row_key(struct row *row, uint64_t value);         /* 64 bits, as SQLite's signed integer */
void row_key_or_null(struct row *row, uint64_t value); /* 0: NULL */
void row_number(struct row *row, double value);        /* NAN: NULL */
void row_text(struct row *row, const char *text);      /* NULL: ""; must live until the statement ran */
void row_bytes(struct row *row, const void *bytes, size_t length); /* so must these */
bool row_run(struct row *row);
bool row_next(struct row *row);
void row_end(struct row *row);

int64_t row_get_integer(struct row *row);
uint64_t row_get_key(struct row *row); /* NULL: 0 */
double row_get_number(struct row *row);
/* Both live until the next row_next(); never NULL. */
const char *row_get_text(struct row *row);
const unsigned char *row_get_bytes(struct row *row, size_t *ret_length);
/* Copies bytes; false where there are others than `length`, and then zeros stand for them. */
bool row_get_exactly(struct row *row, size_t length, unsigned char *to);

#endif
