/* journal.h - the one place that survives: what each turn decided, in one SQLite transaction per batch.
 * SPDX-License-Identifier: MIT
 *
 * WAL, synchronous=FULL. One thread writes; everything below belongs to the loop's thread and never waits for
 * a disk, but journal_open, journal_close and journal_recovery.h (start and end). `done` functions are called
 * exactly once, on the loop, never inside the call that they belong to; journal_close calls those that are
 * left, and they may not write again. Texts are copied where a header says so, else they are the caller's
 * until `done`.
 *
 * Beside the file stand -wal and -shm (SQLite's), .lock (one daemon per journal, and how far it was written:
 * an older file in its place is not opened), .ballast (given up when the disk is full, so that a way back can
 * be written down) and .corrupt (copy of a file that failed its check). All are 0600; the folder is the
 * caller's. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "base/err.h"
#include "engine/batch.h"
#include "store/journal_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* What we write. 2: with runs, and hosts; 3: with commands that run once; 4: a raise uses up only what it
     * may rest on; 5: with the baselines of verdicts; 6: in the outbox nothing overtakes what is tried again;
     * 7: with traces, and states of stacks; 8: what was found of stacks, approvals of runs by several, drift,
     * and what comes beside a trace. */
    JOURNAL_SCHEMA = 8,
    JOURNAL_MIN_READER = 2, /* the oldest schema whose programs may read what we write */
    JOURNAL_BALLAST_BYTES = 32 * 1024 * 1024,
    JOURNAL_TARGETS_MAX = 16384,
    JOURNAL_VERSIONS_MAX = 65536, /* known by name; what is older is forgotten at the start */
    JOURNAL_TASKS_MAX = 1024,     /* small writes waiting beside the batch */
    JOURNAL_FAULT_TEXT_MAX = 160
};

/* Service and environment of the target that stands for all of them. */
#define JOURNAL_FLEET "*"

struct journal;
struct loop;

struct journal_settings {
    const char *path;      /* of the file; its folder exists */
    struct loop *loop;     /* outlives the journal */
    const char *boot_id;   /* NULL: the kernel's */
    int64_t ballast_bytes; /* 0: JOURNAL_BALLAST_BYTES; negative: none */
    uint32_t pages_max;    /* 0: unbounded; for tests of a full disk */
};

/* Creates or opens, checks and locks. ERR_CONFLICT: another process has it; ERR_INVALID: not ours, older
 * than what was there, or of a newer schema; ERR_INTERNAL: damaged (a copy was put aside, nothing was
 * deleted); ERR_IO. */
MUST_CHECK bool journal_open(const struct journal_settings *settings, struct journal **ret_journal,
                             struct err *err);

/* Writes what waits, calls the `done` functions that are left, gives everything back. NULL is fine. */
void journal_close(struct journal *journal);

enum journal_fault {
    JOURNAL_FINE,       /* durable */
    JOURNAL_FULL,       /* no space: nothing of it was written (507) */
    JOURNAL_CONSTRAINT, /* a guard of the database refused it: nothing was written; a mistake of ours */
    JOURNAL_BROKEN      /* an I/O error, or a damaged file: restart and recover from the disk */
};

struct journal_result {
    enum journal_fault fault;
    uint64_t first_event;              /* number of the batch's first event row (journal_is_event); the
                                          following ones count up */
    char text[JOURNAL_FAULT_TEXT_MAX]; /* for the log; "" where all is fine */
};

/* One transaction. One batch at a time (asserted). The batch, the texts and all that they point to stay
 * unchanged until `done`. Rows of one deployment show one state; a new deployment's token is that of a
 * request with a start in `texts`. After a full disk gave up its ballast, batches that start a deployment of
 * kind deploy are refused (JOURNAL_FULL) until there is room again. */
void journal_commit(struct journal *journal, const struct batch *batch, const struct journal_texts *texts,
                    void (*done)(void *data, const struct journal_result *result), void *data);

/* Does this row become an event with a number of its own (an audit row)? New deployments, traces, targets. */
bool journal_is_event(const struct batch_row *row);

/* The engine's clock: CLOCK_MONOTONIC plus an offset that makes it go on over restarts and reboots; time
 * while the machine was off does not count. Starts near the wall clock of the journal's creation, and is
 * none. */
int64_t journal_clock_ms(const struct journal *journal);

/* How often it was opened, this time included: durable, and larger at each start. */
uint32_t journal_starts(const struct journal *journal);

struct journal_health {
    bool is_low;    /* the ballast is spent: take no new deployments (507) */
    bool is_broken; /* a write failed for good */
    uint32_t tasks; /* small writes waiting */
    uint64_t last_event;
};

struct journal_health journal_health(struct journal *journal);

/* Row of a service in an environment; a new one is durable with the first row that names it. 0: too many. */
uint32_t journal_target(struct journal *journal, const char *service, const char *environment);

/* The highest one so far; not all before it need have a name. */
uint32_t journal_target_last(struct journal *journal);

/* False: no such target. The texts live as long as the journal; so do those of versions. */
MUST_CHECK bool journal_target_names(struct journal *journal, uint32_t target, const char **ret_service,
                                     const char **ret_environment);

/* Key of a version and its digest ("" where unknown), and back. Never 0 but where there are too many. Keys in
 * batches come from here, or from the journal. */
uint64_t journal_version_key(struct journal *journal, const char *version, const char *digest);
MUST_CHECK bool journal_version(struct journal *journal, uint64_t key, const char **ret_version,
                                const char **ret_digest);

#endif
