/* writer.c - one transaction after the other.
 * SPDX-License-Identifier: MIT */
#include "store/writer.h"

#include "io/clock.h"
#include "io/loop.h"
#include "io/utf8.h"
#include "store/mark.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKPOINT_PAGES = 1000 };

/* What a text was cut from need not end with a whole character. The hash is of what is stored, and whoever
 * follows it gets the row as JSON, which has no other texts. */
static char *mend(const char **text)
{
    if (*text == NULL || utf8_is_valid(*text, strlen(*text)))
        return NULL;
    char *mended = utf8_mended(*text);
    *text = mended;
    return mended;
}

void writer_audit(struct writer *writer, struct chain_row *row)
{
    char *actor = mend(&row->actor);
    char *reason = mend(&row->reason);

    row->wall_ms = writer->wall_ms;
    (void)chain_append(&writer->chain, &writer->sql, row);
    free(actor);
    free(reason);
}

static bool save_meta(struct writer *writer, int64_t engine_ms)
{
    struct row row = sql_row(&writer->sql, STATEMENT_META_COMMIT);

    row_integer(&row, engine_ms);
    row_key(&row, writer->chain.event);
    row_bytes(&row, writer->chain.hash, sizeof(writer->chain.hash));
    return row_run(&row);
}

/* One try of the whole transaction. */
static bool transact(struct writer *writer, struct task *task)
{
    struct chain before = writer->chain;
    struct sql *sql = &writer->sql;

    sql_forget_error(sql);
    writer->wall_ms = clock_wall_ms();
    if (sql_execute(sql, "BEGIN IMMEDIATE"))
        task->write(writer, task);
    bool is_event = writer->chain.event != before.event || task->engine_ms != 0;
    if (sql_is_good(sql) && is_event)
        (void)save_meta(writer, task->engine_ms);
    if (sql_execute(sql, "COMMIT"))
        return true;
    writer->chain = before;
    sql_roll_back(sql);
    return false;
}

static enum journal_fault fault_of(const struct sql *sql)
{
    if (sql_is_full(sql))
        return JOURNAL_FULL;
    return sql_is_refused(sql) ? JOURNAL_CONSTRAINT : JOURNAL_BROKEN;
}

static void refuse(struct task *task, enum journal_fault fault, const char *text)
{
    task->result.fault = fault;
    (void)snprintf(task->result.text, sizeof(task->result.text), "%s", text);
}

static void settle_failure(struct writer *writer, struct task *task)
{
    enum journal_fault fault = fault_of(&writer->sql);

    if (fault == JOURNAL_FULL)
        atomic_store(&writer->is_low, true);
    if (fault == JOURNAL_BROKEN)
        atomic_store(&writer->is_broken, true);
    refuse(task, fault, writer->sql.error);
}

static void settle_success(struct writer *writer, struct task *task)
{
    task->result.fault = JOURNAL_FINE;
    if (writer->mark_fd >= 0 && writer->chain.event != atomic_load(&writer->last_event))
        mark_write(writer->mark_fd, writer->chain.event);
    atomic_store(&writer->last_event, writer->chain.event);
    if (atomic_load(&writer->is_low) && ballast_restore(&writer->ballast))
        atomic_store(&writer->is_low, false);
}

/* The ballast is for going back, not for starting more. */
static bool write_after_release(struct writer *writer, struct task *task)
{
    if (!sql_is_full(&writer->sql) || !ballast_release(&writer->ballast))
        return false;
    atomic_store(&writer->is_low, true);
    return !task->starts_deployment && transact(writer, task);
}

static void run_task(struct writer *writer, struct task *task)
{
    task->result = (struct journal_result){.first_event = writer->chain.event + 1};
    if (atomic_load(&writer->is_broken))
        refuse(task, JOURNAL_BROKEN, "an earlier write failed");
    else if (task->starts_deployment && atomic_load(&writer->is_low))
        refuse(task, JOURNAL_FULL, "the disk is full: no new deployments");
    else if (transact(writer, task) || write_after_release(writer, task))
        settle_success(writer, task);
    else
        settle_failure(writer, task);
}

/* After the answer, so that nobody waits for it. */
static void checkpoint(struct writer *writer)
{
    if (writer->sql.wal_pages < CHECKPOINT_PAGES || atomic_load(&writer->is_broken))
        return;
    writer->sql.wal_pages = 0;
    sql_forget_error(&writer->sql);
    if (sql_checkpoint(&writer->sql))
        return;
    if (!sql_is_full(&writer->sql))
        atomic_store(&writer->is_broken, true);
    else if (ballast_release(&writer->ballast))
        atomic_store(&writer->is_low, true);
}

static struct task *take_task(struct writer *writer)
{
    struct task *task = writer->waiting;

    if (task == NULL)
        return NULL;
    writer->waiting = task->next;
    if (writer->waiting == NULL)
        writer->waiting_end = &writer->waiting;
    writer->waiting_count--;
    task->next = NULL;
    return task;
}

static struct task *next_task(struct writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    while (writer->waiting == NULL && !writer->is_stopping)
        (void)pthread_cond_wait(&writer->came, &writer->lock);
    struct task *task = take_task(writer);
    (void)pthread_mutex_unlock(&writer->lock);
    return task;
}

static void hand_back(struct writer *writer, struct task *task)
{
    (void)pthread_mutex_lock(&writer->lock);
    *writer->finished_end = task;
    writer->finished_end = &task->next;
    (void)pthread_mutex_unlock(&writer->lock);
    loop_wake_send(writer->wake);
}

static void *write_on(void *data)
{
    struct writer *writer = data;
    struct task *task = NULL;

    while ((task = next_task(writer)) != NULL) {
        run_task(writer, task);
        hand_back(writer, task);
        checkpoint(writer);
    }
    return NULL;
}

void writer_init(struct writer *writer, struct names *names, struct loop_wake *wake)
{
    *writer = (struct writer){.names = names, .wake = wake, .mark_fd = -1};
    writer->waiting_end = &writer->waiting;
    writer->finished_end = &writer->finished;
    (void)pthread_mutex_init(&writer->lock, NULL);
    (void)pthread_cond_init(&writer->came, NULL);
}

bool writer_start(struct writer *writer, struct err *err)
{
    sigset_t all;
    sigset_t before;

    atomic_store(&writer->last_event, writer->chain.event);
    /* Signals are the loop's. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&writer->thread, NULL, write_on, writer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0)
        return err_set(err, ERR_IO, "the journal's thread: %s", strerror(code));
    writer->is_started = true;
    return true;
}

void writer_add(struct writer *writer, struct task *task)
{
    task->next = NULL;
    (void)pthread_mutex_lock(&writer->lock);
    assert(!writer->is_stopping);
    *writer->waiting_end = task;
    writer->waiting_end = &task->next;
    writer->waiting_count++;
    (void)pthread_cond_signal(&writer->came);
    (void)pthread_mutex_unlock(&writer->lock);
}

uint32_t writer_waiting(struct writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    uint32_t count = writer->waiting_count;
    (void)pthread_mutex_unlock(&writer->lock);
    return count;
}

void writer_collect(struct writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    struct task *task = writer->finished;
    writer->finished = NULL;
    writer->finished_end = &writer->finished;
    (void)pthread_mutex_unlock(&writer->lock);
    while (task != NULL) {
        struct task *next = task->next;
        task->finish(task);
        task = next;
    }
}

void writer_stop(struct writer *writer)
{
    if (!writer->is_started)
        return;
    (void)pthread_mutex_lock(&writer->lock);
    writer->is_stopping = true;
    (void)pthread_cond_signal(&writer->came);
    (void)pthread_mutex_unlock(&writer->lock);
    (void)pthread_join(writer->thread, NULL);
    writer->is_started = false;
    writer_collect(writer);
}

void writer_done(struct writer *writer)
{
    if (atomic_load(&writer->is_broken)) /* the next start finds out what is there */
        sql_tidy_at_close(&writer->sql, false);
    sql_close(&writer->sql);
    ballast_done(&writer->ballast);
    (void)pthread_cond_destroy(&writer->came);
    (void)pthread_mutex_destroy(&writer->lock);
}
