/* writer.h - the thread that writes: takes tasks one by one, each in a transaction of its own, and hands them
 * back to the loop. SPDX-License-Identifier: MIT */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "store/ballast.h"
#include "store/chain.h"
#include "store/journal.h"
#include "store/names.h"
#include "store/sql.h"

#include <pthread.h>
#include <stdatomic.h>

struct writer;

struct task {
    struct task *next;
    /* On the writer's thread, inside a transaction; may run twice (a full disk gave up its ballast), so that
     * it must not use up what it was given. An error stands in writer->sql. */
    void (*write)(struct writer *writer, struct task *task);
    /* On the loop; the task is the receiver's again. */
    void (*finish)(struct task *task);
    bool starts_deployment; /* refused while space is low */
    int64_t engine_ms;      /* of a batch, else 0 */
    struct journal_result result;
};

struct writer {
    struct names *names;
    struct loop_wake *wake;
    pthread_t thread;
    bool is_started;

    pthread_mutex_t lock; /* of the next six */
    pthread_cond_t came;
    struct task *waiting, **waiting_end;
    struct task *finished, **finished_end;
    uint32_t waiting_count;
    bool is_stopping;

    atomic_bool is_low;
    atomic_bool is_broken;
    atomic_uint_fast64_t last_event;

    /* The thread's own. */
    struct sql sql;
    struct chain chain;
    struct ballast ballast;
    int mark_fd;       /* where mark.h puts its number; -1: nowhere */
    int64_t wall_ms;   /* at the start of the transaction */
    uint64_t given_up; /* notices that a full queue pushed out */
};

/* Before anything else; the connection is opened by the journal. */
void writer_init(struct writer *writer, struct names *names, struct loop_wake *wake);
MUST_CHECK bool writer_start(struct writer *writer, struct err *err);

/* In order. */
void writer_add(struct writer *writer, struct task *task);
uint32_t writer_waiting(struct writer *writer);

/* Finishes what the thread is done with; on the loop. */
void writer_collect(struct writer *writer);

/* Writes what waits, ends the thread, collects. */
void writer_stop(struct writer *writer);
void writer_done(struct writer *writer);

/* An audit row with the writer's wall clock. */
void writer_audit(struct writer *writer, struct chain_row *row);

#endif
