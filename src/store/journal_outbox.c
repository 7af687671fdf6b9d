/* journal_outbox.c - notices between the decision and the receiver.
 * SPDX-License-Identifier: MIT */
#include "store/journal_outbox.h"

#include "base/text.h"
#include "io/memory.h"
#include "store/journal_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum outbox_state { OUTBOX_WAITS, OUTBOX_DELIVERED, OUTBOX_GIVEN_UP };

void outbox_write(struct writer *writer, const struct journal_notice *notice)
{
    struct sql *sql = &writer->sql;
    struct row row = sql_row(sql, STATEMENT_OUTBOX_INSERT);

    assert(notice->id[0] != '\0' && strlen(notice->body) <= JOURNAL_NOTICE_BODY_MAX);
    row_text(&row, notice->id);
    row_text(&row, notice->receiver);
    row_text(&row, notice->kind);
    row_text(&row, notice->body);
    row_key(&row, notice->deployment);
    row_integer(&row, notice->due_ms);
    row_integer(&row, writer->wall_ms);
    (void)row_run(&row);
    row = sql_row(sql, STATEMENT_OUTBOX_LIMIT);
    row_text(&row, notice->receiver);
    row_integer(&row, OUTBOX_RECEIVER_MAX);
    if (row_run(&row) && sql_changed(sql))
        writer->given_up++;
}

struct due_task {
    struct task task;
    int64_t now_ms;
    size_t limit;
    void (*done)(void *data, const struct journal_outbox_page *page);
    void *data;
    int64_t next_ms;
    uint64_t given_up, depth;
    size_t count;
    struct journal_outbox_row rows[OUTBOX_PAGE_MAX];
};

static void drop_rows(struct due_task *due)
{
    for (size_t i = 0; i < due->count; i++) {
        free((void *)(uintptr_t)due->rows[i].receiver);
        free((void *)(uintptr_t)due->rows[i].kind);
        free((void *)(uintptr_t)due->rows[i].body);
    }
    due->count = 0;
}

static void read_row(struct row *row, struct journal_outbox_row *to)
{
    *to = (struct journal_outbox_row){0};
    if (!text_copy(to->id, sizeof(to->id), row_get_text(row)))
        (void)sql_refuse(row->sql, "a notice's id is too long");
    to->receiver = memory_copy_text(row_get_text(row));
    to->kind = memory_copy_text(row_get_text(row));
    to->body = memory_copy_text(row_get_text(row));
    to->deployment = row_get_key(row);
    to->attempts = (uint32_t)row_get_integer(row);
    to->due_ms = row_get_integer(row);
    to->created_ms = row_get_integer(row);
}

static void read_due(struct writer *writer, struct task *task)
{
    struct due_task *due = (struct due_task *)task;
    struct row row = sql_row(&writer->sql, STATEMENT_OUTBOX_DUE);

    drop_rows(due);
    row_integer(&row, due->now_ms);
    row_integer(&row, (int64_t)due->limit);
    while (due->count < due->limit && row_next(&row))
        read_row(&row, &due->rows[due->count++]);
    row_end(&row);
    row = sql_row(&writer->sql, STATEMENT_OUTBOX_NEXT);
    row_integer(&row, due->now_ms);
    due->next_ms = row_next(&row) ? row_get_integer(&row) : INT64_MAX;
    row_end(&row);
    row = sql_row(&writer->sql, STATEMENT_OUTBOX_DEPTH);
    due->depth = row_next(&row) ? (uint64_t)row_get_integer(&row) : 0;
    row_end(&row);
    due->given_up = writer->given_up;
}

static void finish_due(struct task *task)
{
    struct due_task *due = (struct due_task *)task;
    struct journal_outbox_page page = {
        .is_good = task->result.fault == JOURNAL_FINE,
        .count = due->count,
        .rows = due->rows,
        .next_ms = due->next_ms,
        .given_up = due->given_up,
        .depth = due->depth,
    };

    due->done(due->data, &page);
    drop_rows(due);
    free(due);
}

static bool has_room(struct journal *journal, struct err *err)
{
    if (writer_waiting(&journal->writer) < JOURNAL_TASKS_MAX)
        return true;
    return err_set(err, ERR_LIMIT, "the journal has %d writes waiting", JOURNAL_TASKS_MAX);
}

bool journal_outbox_due(struct journal *journal, int64_t now_ms, size_t limit,
                        void (*done)(void *data, const struct journal_outbox_page *page), void *data,
                        struct err *err)
{
    assert(limit >= 1 && limit <= OUTBOX_PAGE_MAX);
    if (!has_room(journal, err))
        return false;
    struct due_task *due = memory_take(sizeof(*due));
    *due = (struct due_task){
        .task = {.write = read_due, .finish = finish_due},
        .now_ms = now_ms,
        .limit = limit,
        .done = done,
        .data = data,
        .next_ms = INT64_MAX,
    };
    writer_add(&journal->writer, &due->task);
    return true;
}

enum { CHANGE_NAME_SIZE = 128 }; /* of a notice, or of a receiver */

struct change_task {
    struct task task;
    enum statement statement;
    int64_t value; /* new state, or new time */
    char id[CHANGE_NAME_SIZE];
};

static void write_change(struct writer *writer, struct task *task)
{
    const struct change_task *change = (const struct change_task *)task;
    struct row row = sql_row(&writer->sql, change->statement);

    row_integer(&row, change->value);
    row_text(&row, change->id);
    (void)row_run(&row);
}

/* A change that was lost is a notice that comes twice. */
static void finish_change(struct task *task)
{
    free(task);
}

static bool change(struct journal *journal, enum statement statement, const char *id, int64_t value,
                   struct err *err)
{
    if (!has_room(journal, err))
        return false;
    struct change_task *change = memory_take(sizeof(*change));
    *change = (struct change_task){
        .task = {.write = write_change, .finish = finish_change},
        .statement = statement,
        .value = value,
    };
    if (!text_copy(change->id, sizeof(change->id), id)) {
        free(change);
        return err_set(err, ERR_NOT_FOUND, "no notice has an id as long as that");
    }
    writer_add(&journal->writer, &change->task);
    return true;
}

bool journal_outbox_done(struct journal *journal, const char *id, bool is_delivered, struct err *err)
{
    return change(journal, STATEMENT_OUTBOX_END, id, is_delivered ? OUTBOX_DELIVERED : OUTBOX_GIVEN_UP, err);
}

bool journal_outbox_retry(struct journal *journal, const char *id, int64_t due_ms, struct err *err)
{
    return change(journal, STATEMENT_OUTBOX_RETRY, id, due_ms, err);
}

bool journal_outbox_wake(struct journal *journal, const char *receiver, int64_t now_ms, struct err *err)
{
    return change(journal, STATEMENT_OUTBOX_WAKE, receiver, now_ms, err);
}

bool journal_outbox_delivered(const struct journal *journal, const char *receiver,
                              void (*each)(void *data, const char *id, const char *body), void *data,
                              struct err *err)
{
    struct sql sql;
    bool is_good = sql_open(&sql, journal->path, SQL_READS, err);

    if (is_good) {
        struct row row = sql_row(&sql, STATEMENT_OUTBOX_DELIVERED);
        row_text(&row, receiver);
        while (row_next(&row)) {
            char id[JOURNAL_NOTICE_ID_SIZE];
            if (text_copy(id, sizeof(id), row_get_text(&row)))
                each(data, id, row_get_text(&row));
        }
        row_end(&row);
        is_good = sql_is_good(&sql) || err_set(err, ERR_IO, "%s", sql.error);
    }
    sql_close(&sql);
    return is_good || err_wrap(err, "notices in %s", journal->path);
}
