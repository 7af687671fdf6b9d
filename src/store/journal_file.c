/* journal_file.c - the file itself: locked, created with its schema, checked, put aside where damaged.
 * SPDX-License-Identifier: MIT */
#include "store/journal_parts.h"

#include "io/memory.h"
#include "store/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 64 * 1024 };

static char *beside(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *name = memory_take(size);

    (void)snprintf(name, size, "%s%s", path, suffix);
    return name;
}

/* One daemon per journal. */
static bool take_lock(struct journal *journal, struct err *err)
{
    CLEANUP(memory_free_at) char *name = beside(journal->path, ".lock");

    journal->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (journal->lock_fd < 0)
        return err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return err_set(err, ERR_CONFLICT, "%s is in use by another process", journal->path);
    return err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
}

/* A new file is there after a power cut only when its folder is on the disk too. */
static bool sync_folder(const char *path)
{
    CLEANUP(memory_free_at) char *folder = memory_copy_text(path);
    char *slash = strrchr(folder, '/');

    if (slash != NULL)
        slash[slash == folder] = '\0';
    int fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_synced = fsync(fd) == 0;
    (void)close(fd);
    return is_synced;
}

/* Created by us, so that nobody else can read it; SQLite's own files take over its mode. */
static bool create_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    int code = fchmod(fd, S_IRUSR | S_IWUSR);
    (void)close(fd);
    if (code != 0 || !sync_folder(path))
        return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    return true;
}

static bool copy_bytes(int from, int to)
{
    CLEANUP(memory_free_at) char *buffer = memory_take(COPY_BYTES);
    ssize_t got = 0;

    while ((got = read(from, buffer, COPY_BYTES)) > 0)
        if (write(to, buffer, (size_t)got) != got)
            return false;
    return got == 0 && fsync(to) == 0;
}

/* The first copy stays: a restart in a loop must not fill the disk. */
static bool copy_aside(const char *path, const char *copy)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    bool is_there = (to < 0 && errno == EEXIST) || (from >= 0 && to >= 0 && copy_bytes(from, to));

    if (from >= 0)
        (void)close(from);
    if (to >= 0)
        (void)close(to);
    if (to >= 0 && !is_there)
        (void)unlink(copy);
    return is_there;
}

static bool report_damage(struct journal *journal, const char *what, struct err *err)
{
    CLEANUP(memory_free_at) char *copy = beside(journal->path, ".corrupt");
    CLEANUP(memory_free_at) char *log = beside(journal->path, "-wal");
    CLEANUP(memory_free_at) char *log_copy = beside(copy, "-wal");

    sql_tidy_at_close(&journal->writer.sql, false);
    bool is_kept = copy_aside(journal->path, copy);
    (void)copy_aside(log, log_copy);
    return err_set(err, ERR_INTERNAL,
                   "%s is damaged (%s); %s%s; restore a backup, or move it away to begin anew", journal->path,
                   what, is_kept ? "a copy is kept as " : "it could not be copied to ", copy);
}

static bool report_sql(struct journal *journal, struct err *err)
{
    const struct sql *sql = &journal->writer.sql;

    if (sql_is_damaged(sql))
        return report_damage(journal, sql->error, err);
    return err_set(err, ERR_IO, "%s: %s", journal->path, sql->error);
}

static bool create_schema(struct journal *journal, struct err *err)
{
    struct sql *sql = &journal->writer.sql;
    char text[160];

    (void)snprintf(text, sizeof(text), "PRAGMA application_id = %d", SCHEMA_APPLICATION_ID);
    (void)sql_execute(sql, "PRAGMA journal_mode = WAL");
    (void)sql_execute(sql, "BEGIN IMMEDIATE");
    (void)sql_execute(sql, text);
    for (const char *const *at = schema_creation(); *at != NULL; at++)
        (void)sql_execute(sql, *at);
    (void)snprintf(text, sizeof(text), "INSERT INTO meta VALUES (1, %d, %d, '', 0, 0, 0, zeroblob(%d))",
                   JOURNAL_SCHEMA, JOURNAL_MIN_READER, JOURNAL_HASH_SIZE);
    (void)sql_execute(sql, text);
    if (sql_execute(sql, "COMMIT"))
        return true;
    sql_roll_back(sql);
    return report_sql(journal, err);
}

/* An older journal gets what it lacks, and nothing of it is lost: from here on it is of our schema. */
static bool raise_schema(struct journal *journal, int64_t schema, struct err *err)
{
    struct sql *sql = &journal->writer.sql;
    char text[128];

    if (schema >= JOURNAL_SCHEMA)
        return true;
    (void)sql_execute(sql, "BEGIN IMMEDIATE");
    for (const char *const *at = schema_additions(schema); *at != NULL; at++)
        (void)sql_execute(sql, *at);
    (void)snprintf(text, sizeof(text), "UPDATE meta SET schema = %d, min_reader = %d", JOURNAL_SCHEMA,
                   JOURNAL_MIN_READER);
    (void)sql_execute(sql, text);
    if (sql_execute(sql, "COMMIT"))
        return true;
    sql_roll_back(sql);
    return report_sql(journal, err);
}

static bool check_schema(struct journal *journal, int64_t *ret_schema, struct err *err)
{
    struct sql *sql = &journal->writer.sql;
    int64_t schema = sql_number(sql, "SELECT schema FROM meta", 0);
    int64_t reader = sql_number(sql, "SELECT min_reader FROM meta", 0);

    if (!sql_is_good(sql))
        return report_sql(journal, err);
    if (reader > JOURNAL_SCHEMA)
        return err_set(
            err, ERR_INVALID,
            "%s was written by a newer verdictd (schema %lld, readable from %lld on; this one knows "
            "%d): start that one, or restore an older backup",
            journal->path, (long long)schema, (long long)reader, JOURNAL_SCHEMA);
    *ret_schema = schema;
    return true;
}

/* Finds damaged pages and indexes before a decision rests on them. */
static bool check_pages(struct journal *journal, struct err *err)
{
    struct sql *sql = &journal->writer.sql;
    char found[128] = "";
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(sql->handle, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        (void)snprintf(found, sizeof(found), "%s", (const char *)sqlite3_column_text(statement, 0));
    else
        (void)snprintf(found, sizeof(found), "%s", sqlite3_errmsg(sql->handle));
    (void)sqlite3_finalize(statement);
    if (strcmp(found, "ok") == 0)
        return true;
    return report_damage(journal, found, err);
}

/* What is read here has to be what a power cut leaves, before anything rests on it. */
static bool save_log(struct journal *journal, struct err *err)
{
    return sql_save_log(&journal->writer.sql) || report_sql(journal, err);
}

/* A file with tables of somebody else is not touched. */
static bool prepare_schema(struct journal *journal, struct err *err)
{
    struct sql *sql = &journal->writer.sql;
    int64_t tables = sql_number(sql, "SELECT count(*) FROM sqlite_schema", 0);
    int64_t application = sql_number(sql, "PRAGMA application_id", 0);

    if (!sql_is_good(sql))
        return report_sql(journal, err);
    if (tables == 0) {
        mark_write(journal->lock_fd, 0);
        return create_schema(journal, err) && save_log(journal, err);
    }
    if (application != SCHEMA_APPLICATION_ID)
        return err_set(err, ERR_INVALID, "%s is a database of another program", journal->path);
    int64_t schema = JOURNAL_SCHEMA;
    return check_schema(journal, &schema, err) && check_pages(journal, err) && save_log(journal, err) &&
           raise_schema(journal, schema, err);
}

static bool limit_pages(struct journal *journal, uint32_t pages_max, struct err *err)
{
    char text[64];

    if (pages_max == 0)
        return true;
    (void)snprintf(text, sizeof(text), "PRAGMA max_page_count = %u", pages_max);
    if (sql_execute(&journal->writer.sql, text))
        return true;
    return report_sql(journal, err);
}

bool journal_file_open(struct journal *journal, const struct journal_settings *settings, struct err *err)
{
    if (!take_lock(journal, err) || !create_file(journal->path, err))
        return false;
    if (!sql_open(&journal->writer.sql, journal->path, SQL_WRITES, err)) {
        if (sql_is_damaged(&journal->writer.sql))
            return report_damage(journal, "no database", err);
        return false;
    }
    return prepare_schema(journal, err) && limit_pages(journal, settings->pages_max, err);
}
