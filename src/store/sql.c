/* sql.c - SQLite behind a handful of calls.
 * SPDX-License-Identifier: MIT */
#include "store/sql.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BUSY_LIMIT_MS = 2000, CACHE_KIB = 8192, LOG_PART_BYTES = 32 * 1024 };

static void keep_error(struct sql *sql, int code)
{
    if (sql->code != SQLITE_OK || code == SQLITE_OK)
        return;
    sql->code = sqlite3_extended_errcode(sql->handle);
    if (sql->code == SQLITE_OK || sql->code == SQLITE_ROW || sql->code == SQLITE_DONE)
        sql->code = code;
    sql->system_error = sqlite3_system_errno(sql->handle);
    (void)snprintf(sql->error, sizeof(sql->error), "%s", sqlite3_errmsg(sql->handle));
}

bool sql_refuse(struct sql *sql, const char *format, ...)
{
    va_list arguments;

    if (sql->code != SQLITE_OK)
        return false;
    sql->code = SQLITE_CONSTRAINT;
    va_start(arguments, format);
    (void)vsnprintf(sql->error, sizeof(sql->error), format, arguments);
    va_end(arguments);
    return false;
}

void sql_forget_error(struct sql *sql)
{
    sql->code = SQLITE_OK;
    sql->system_error = 0;
    sql->error[0] = '\0';
}

bool sql_is_good(const struct sql *sql)
{
    return sql->code == SQLITE_OK;
}

bool sql_is_full(const struct sql *sql)
{
    int primary = sql->code & 0xff;

    return primary == SQLITE_FULL ||
           (primary == SQLITE_IOERR && (sql->system_error == ENOSPC || sql->system_error == EDQUOT));
}

bool sql_is_refused(const struct sql *sql)
{
    return (sql->code & 0xff) == SQLITE_CONSTRAINT;
}

bool sql_is_damaged(const struct sql *sql)
{
    int primary = sql->code & 0xff;

    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

bool sql_changed(const struct sql *sql)
{
    return sqlite3_changes(sql->handle) > 0;
}

bool sql_execute(struct sql *sql, const char *text)
{
    if (sql->code == SQLITE_OK)
        keep_error(sql, sqlite3_exec(sql->handle, text, NULL, NULL, NULL));
    return sql->code == SQLITE_OK;
}

void sql_roll_back(struct sql *sql)
{
    /* Some errors ended it already. */
    if (sqlite3_get_autocommit(sql->handle) == 0)
        (void)sqlite3_exec(sql->handle, "ROLLBACK", NULL, NULL, NULL);
}

void sql_tidy_at_close(struct sql *sql, bool is_wanted)
{
    (void)sqlite3_db_config(sql->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_wanted ? 0 : 1, NULL);
}

int64_t sql_number(struct sql *sql, const char *text, int64_t fallback)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = fallback;

    if (sql->code != SQLITE_OK)
        return fallback;
    int code = sqlite3_prepare_v2(sql->handle, text, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    else if (code != SQLITE_DONE)
        keep_error(sql, code);
    (void)sqlite3_finalize(statement);
    return number;
}

static int note_wal_pages(void *data, sqlite3 *handle, const char *name, int pages)
{
    struct sql *sql = data;

    (void)handle;
    (void)name;
    sql->wal_pages = pages;
    return SQLITE_OK;
}

static bool configure(struct sql *sql, enum sql_access access)
{
    char text[64];

    (void)sqlite3_extended_result_codes(sql->handle, 1);
    (void)sqlite3_busy_timeout(sql->handle, BUSY_LIMIT_MS);
    (void)sqlite3_db_config(sql->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(sql->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(sql->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    (void)snprintf(text, sizeof(text), "PRAGMA cache_size = -%d", CACHE_KIB);
    (void)sql_execute(sql, text);
    (void)sql_execute(sql, "PRAGMA temp_store = MEMORY");
    (void)sql_execute(sql, "PRAGMA cell_size_check = ON");
    sql_tidy_at_close(sql, false);
    if (access == SQL_READS)
        return sql_execute(sql, "PRAGMA query_only = ON");
    /* Not the automatic checkpoint: it would hide its I/O errors. */
    (void)sqlite3_wal_autocheckpoint(sql->handle, 0);
    (void)sqlite3_wal_hook(sql->handle, note_wal_pages, sql);
    return sql_execute(sql, "PRAGMA synchronous = FULL");
}

static bool report_open(const struct sql *sql, const char *path, struct err *err)
{
    if (sql_is_damaged(sql))
        return err_set(err, ERR_INTERNAL, "%s is damaged or no journal (%s)", path, sql->error);
    return err_set(err, ERR_IO, "%s: %s", path, sql->error);
}

bool sql_open(struct sql *sql, const char *path, enum sql_access access, struct err *err)
{
    int flags = access == SQL_WRITES ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;

    *sql = (struct sql){0};
    keep_error(sql, sqlite3_open_v2(path, &sql->handle, flags | SQLITE_OPEN_NOMUTEX, NULL));
    if (!sql_is_good(sql) || !configure(sql, access))
        return report_open(sql, path, err);
    return true;
}

void sql_close(struct sql *sql)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(sql->statements[i]);
    (void)sqlite3_close(sql->handle);
    *sql = (struct sql){0};
}

static int rewrite(sqlite3_file *log)
{
    unsigned char buffer[LOG_PART_BYTES];
    sqlite3_int64 size = 0;
    int code = log->pMethods->xFileSize(log, &size);

    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += LOG_PART_BYTES) {
        int length = size - at < LOG_PART_BYTES ? (int)(size - at) : LOG_PART_BYTES;
        code = log->pMethods->xRead(log, buffer, length, at);
        if (code == SQLITE_OK)
            code = log->pMethods->xWrite(log, buffer, length, at);
    }
    if (code == SQLITE_OK && size > 0)
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    return code;
}

bool sql_save_log(struct sql *sql)
{
    sqlite3_file *log = NULL;

    if (sql->code != SQLITE_OK)
        return false;
    (void)sqlite3_file_control(sql->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
    int code = log == NULL || log->pMethods == NULL ? SQLITE_OK : rewrite(log);
    sql_tidy_at_close(sql, code == SQLITE_OK);
    if (code == SQLITE_OK)
        return true;
    sql->code = code;
    (void)snprintf(sql->error, sizeof(sql->error), "its log: %s", sqlite3_errstr(code));
    return false;
}

bool sql_checkpoint(struct sql *sql)
{
    keep_error(sql, sqlite3_wal_checkpoint_v2(sql->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
    return sql->code == SQLITE_OK;
}

struct row sql_row(struct sql *sql, enum statement which)
{
    struct row row = {.sql = sql};
    sqlite3_stmt **statement = &sql->statements[which];

    if (sql->code == SQLITE_OK && *statement == NULL)
        keep_error(sql, sqlite3_prepare_v3(sql->handle, schema_statement(which), -1,
                                           SQLITE_PREPARE_PERSISTENT, statement, NULL));
    if (sql->code == SQLITE_OK)
        row.statement = *statement;
    return row;
}

/* A value was bound with this result. */
static void bound(struct row *row, int code)
{
    assert(code != SQLITE_RANGE);
    keep_error(row->sql, code);
}

void row_integer(struct row *row, int64_t value)
{
    if (row->statement != NULL)
        bound(row, sqlite3_bind_int64(row->statement, ++row->at, value));
}

void row_key(struct row *row, uint64_t value)
{
    row_integer(row, (int64_t)value);
}

static void row_null(struct row *row)
{
    if (row->statement != NULL)
        bound(row, sqlite3_bind_null(row->statement, ++row->at));
}

void row_key_or_null(struct row *row, uint64_t value)
{
    if (value == 0)
        row_null(row);
    else
        row_key(row, value);
}

void row_number(struct row *row, double value)
{
    if (isnan(value))
        row_null(row);
    else if (row->statement != NULL)
        bound(row, sqlite3_bind_double(row->statement, ++row->at, value));
}

void row_text(struct row *row, const char *text)
{
    if (row->statement != NULL)
        bound(row, sqlite3_bind_text(row->statement, ++row->at, text == NULL ? "" : text, -1, SQLITE_STATIC));
}

void row_bytes(struct row *row, const void *bytes, size_t length)
{
    if (row->statement != NULL)
        bound(row, sqlite3_bind_blob64(row->statement, ++row->at, bytes, length, SQLITE_STATIC));
}

void row_end(struct row *row)
{
    if (row->statement == NULL)
        return;
    (void)sqlite3_reset(row->statement);
    (void)sqlite3_clear_bindings(row->statement);
    row->statement = NULL;
}

bool row_next(struct row *row)
{
    if (row->statement == NULL || row->sql->code != SQLITE_OK)
        return false;
    int code = sqlite3_step(row->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        keep_error(row->sql, code);
    row->at = 0;
    return code == SQLITE_ROW;
}

bool row_run(struct row *row)
{
    (void)row_next(row);
    row_end(row);
    return row->sql->code == SQLITE_OK;
}

int64_t row_get_integer(struct row *row)
{
    return sqlite3_column_int64(row->statement, row->at++);
}

uint64_t row_get_key(struct row *row)
{
    return (uint64_t)row_get_integer(row);
}

double row_get_number(struct row *row)
{
    int at = row->at++;

    if (sqlite3_column_type(row->statement, at) == SQLITE_NULL)
        return NAN;
    return sqlite3_column_double(row->statement, at);
}

const char *row_get_text(struct row *row)
{
    const unsigned char *text = sqlite3_column_text(row->statement, row->at++);

    return text == NULL ? "" : (const char *)text;
}

const unsigned char *row_get_bytes(struct row *row, size_t *ret_length)
{
    int at = row->at++;
    const unsigned char *bytes = sqlite3_column_blob(row->statement, at);

    *ret_length = (size_t)sqlite3_column_bytes(row->statement, at);
    return bytes == NULL ? (const unsigned char *)"" : bytes;
}

bool row_get_exactly(struct row *row, size_t length, unsigned char *to)
{
    size_t there = 0;
    const unsigned char *bytes = row_get_bytes(row, &there);

    memset(to, 0, length);
    if (there != length)
        return false;
    memcpy(to, bytes, length);
    return true;
}
