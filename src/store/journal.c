/* journal.c - opening, closing, the clock, and the way of a batch to the writer and back.
 * SPDX-License-Identifier: MIT */
#include "store/journal.h"

#include "base/text.h"
#include "engine/snapshot.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/memory.h"
#include "store/journal_outbox.h"
#include "store/journal_parts.h"
#include "store/mark.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BOOT_ID_SIZE = 64 };

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* "" where the kernel does not tell: then every start counts as a reboot. */
static void read_boot_id(char to[BOOT_ID_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, to, BOOT_ID_SIZE - 1);

    if (fd >= 0)
        (void)close(fd);
    to[got > 0 ? got : 0] = '\0';
    to[strcspn(to, "\n")] = '\0';
}

struct clock_row {
    char boot_id[BOOT_ID_SIZE];
    int64_t offset_ms;
    int64_t engine_ms;
};

static bool load_meta(struct journal *journal, struct clock_row *ret_clock)
{
    struct chain *chain = &journal->writer.chain;
    struct row row = sql_row(&journal->writer.sql, STATEMENT_META);

    if (!row_next(&row))
        return false;
    (void)snprintf(ret_clock->boot_id, sizeof(ret_clock->boot_id), "%s", row_get_text(&row));
    ret_clock->offset_ms = row_get_integer(&row);
    ret_clock->engine_ms = row_get_integer(&row);
    chain->event = row_get_key(&row);
    bool is_whole = row_get_exactly(&row, sizeof(chain->hash), chain->hash);
    row_end(&row);
    return is_whole;
}

/* The clock goes on where it stood; in the same boot also for the time without us. */
static int64_t choose_offset(const struct clock_row *kept, const char *boot_id)
{
    int64_t now_ms = loop_now_ms();
    bool is_same_boot = boot_id[0] != '\0' && strcmp(kept->boot_id, boot_id) == 0;

    if (kept->engine_ms == 0)
        return clock_wall_ms() - now_ms;
    if (is_same_boot && now_ms + kept->offset_ms >= kept->engine_ms)
        return kept->offset_ms;
    return kept->engine_ms - now_ms;
}

/* What an older file believes to be under way has long gone on: nothing of it is driven by itself. */
static bool check_mark(struct journal *journal, struct err *err)
{
    uint64_t event = journal->writer.chain.event;
    uint64_t mark = mark_read(journal->lock_fd);

    journal->writer.mark_fd = journal->lock_fd;
    return mark <= event ||
           err_set(
               err, ERR_INVALID,
               "%s ends with event %llu, and it was written up to %llu: an older one was put in its place; "
               "what it "
               "has under way would be driven again. To go on with it, see what serves and remove %s.lock",
               journal->path, (unsigned long long)event, (unsigned long long)mark, journal->path);
}

static bool start_clock(struct journal *journal, const char *boot_id, struct err *err)
{
    struct sql *sql = &journal->writer.sql;
    struct clock_row kept = {0};
    char own[BOOT_ID_SIZE];

    if (boot_id == NULL) {
        read_boot_id(own);
        boot_id = own;
    }
    if (!load_meta(journal, &kept))
        return err_set(err, ERR_INVALID, "%s: the meta row is missing or broken", journal->path);
    if (!check_mark(journal, err))
        return false;
    journal->offset_ms = choose_offset(&kept, boot_id);
    struct row row = sql_row(sql, STATEMENT_META_CLOCK);
    row_text(&row, boot_id);
    row_integer(&row, journal->offset_ms);
    row_integer(&row, journal_clock_ms(journal));
    if (row_run(&row))
        return true;
    return err_set(err, ERR_IO, "%s: %s", journal->path, sql->error);
}

/* SQLite keeps one number for its user in the head of the file, so that no schema has to change. */
static bool count_start(struct journal *journal, struct err *err)
{
    struct sql *sql = &journal->writer.sql;
    char text[64];
    int64_t before = sql_number(sql, "PRAGMA user_version", 0);

    journal->starts = before < 0 || before >= INT32_MAX ? 1 : (uint32_t)before + 1;
    (void)snprintf(text, sizeof(text), "PRAGMA user_version = %" PRIu32, journal->starts);
    return sql_execute(sql, text) || err_set(err, ERR_IO, "%s: %s", journal->path, sql->error);
}

uint32_t journal_starts(const struct journal *journal)
{
    return journal->starts;
}

static void load_names(struct journal *journal)
{
    struct sql *sql = &journal->writer.sql;
    struct row row = sql_row(sql, STATEMENT_TARGETS);

    while (row_next(&row)) {
        uint32_t id = (uint32_t)row_get_integer(&row);
        const char *service = row_get_text(&row);
        names_add_target(&journal->names, id, service, row_get_text(&row));
    }
    row_end(&row);
    row = sql_row(sql, STATEMENT_VERSIONS);
    row_integer(&row, JOURNAL_VERSIONS_MAX);
    while (row_next(&row)) {
        uint64_t key = row_get_key(&row);
        const char *version = row_get_text(&row);
        (void)names_add_version(&journal->names, key, version, row_get_text(&row));
    }
    row_end(&row);
}

static bool load(struct journal *journal, struct err *err)
{
    struct sql *sql = &journal->writer.sql;

    load_names(journal);
    keys_load(&journal->keys, sql);
    tokens_load(&journal->tokens, sql);
    struct row row = sql_row(sql, STATEMENT_OUTBOX_PRUNE);
    row_integer(&row, clock_wall_ms() - OUTBOX_KEEP_DAYS * DAY_MS);
    if (row_run(&row))
        return true;
    return err_set(err, ERR_IO, "%s: %s", journal->path, sql->error);
}

static void start_ballast(struct journal *journal, int64_t bytes)
{
    struct ballast *ballast = &journal->writer.ballast;

    ballast_init(ballast, journal->path, bytes == 0 ? JOURNAL_BALLAST_BYTES : bytes);
    atomic_store(&journal->writer.is_low, ballast->bytes > 0 && !ballast->is_there);
}

static void collect(void *data)
{
    struct journal *journal = data;

    writer_collect(&journal->writer);
}

bool journal_open(const struct journal_settings *settings, struct journal **ret_journal, struct err *err)
{
    struct journal *journal = memory_take(sizeof(*journal));

    journal->path = memory_copy_text(settings->path);
    journal->loop = settings->loop;
    journal->lock_fd = -1;
    names_init(&journal->names);
    journal->wake = loop_wake_start(settings->loop, collect, journal);
    writer_init(&journal->writer, &journal->names, journal->wake);
    if (!journal_file_open(journal, settings, err) || !start_clock(journal, settings->boot_id, err) ||
        !count_start(journal, err) || !load(journal, err)) {
        journal_close(journal);
        return err_wrap(err, "journal");
    }
    start_ballast(journal, settings->ballast_bytes);
    if (!writer_start(&journal->writer, err)) {
        journal_close(journal);
        return false;
    }
    *ret_journal = journal;
    return true;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    writer_stop(&journal->writer);
    loop_wake_stop(journal->wake);
    writer_done(&journal->writer);
    if (journal->lock_fd >= 0)
        (void)close(journal->lock_fd);
    keys_done(&journal->keys);
    tokens_done(&journal->tokens);
    names_done(&journal->names);
    free(journal->path);
    free(journal);
}

/* Keys of the deployments that this batch began are known from now on. */
static void settle_keys(struct journal *journal, const struct batch_task *commit)
{
    for (uint32_t i = 0; i < commit->batch->count; i++) {
        const struct batch_row *row = &commit->batch->rows[i];
        if (row->kind != ROW_DEPLOYMENT || !row->is_new)
            continue;
        const struct journal_request *request = texts_request(commit->texts, row->token);
        if (request != NULL && request->idempotency_key != NULL)
            keys_settle(&journal->keys, request->principal, request->idempotency_key, row->state->id);
    }
}

static void finish_commit(struct task *task)
{
    struct batch_task *commit = (struct batch_task *)task;
    struct journal *journal = commit->journal;

    if (task->result.fault == JOURNAL_FINE)
        settle_keys(journal, commit);
    /* `done` may commit the next one into the same place. */
    struct journal_result result = task->result;
    journal->is_committing = false;
    commit->done(commit->data, &result);
}

void journal_commit(struct journal *journal, const struct batch *batch, const struct journal_texts *texts,
                    void (*done)(void *data, const struct journal_result *result), void *data)
{
    assert(!journal->is_committing);
    journal->is_committing = true;
    journal->commit = (struct batch_task){
        .task = {.write = batch_write,
                 .finish = finish_commit,
                 .starts_deployment = batch_starts_deployment(batch, texts),
                 .engine_ms = batch->now_ms},
        .journal = journal,
        .batch = batch,
        .texts = texts,
        .done = done,
        .data = data,
    };
    writer_add(&journal->writer, &journal->commit.task);
}

int64_t journal_clock_ms(const struct journal *journal)
{
    return loop_now_ms() + journal->offset_ms;
}

struct journal_health journal_health(struct journal *journal)
{
    return (struct journal_health){
        .is_low = atomic_load(&journal->writer.is_low),
        .is_broken = atomic_load(&journal->writer.is_broken),
        .tasks = writer_waiting(&journal->writer),
        .last_event = atomic_load(&journal->writer.last_event),
    };
}

uint32_t journal_target(struct journal *journal, const char *service, const char *environment)
{
    return names_target(&journal->names, service, environment);
}

uint32_t journal_target_last(struct journal *journal)
{
    return names_target_last(&journal->names);
}

bool journal_target_names(struct journal *journal, uint32_t target, const char **ret_service,
                          const char **ret_environment)
{
    return names_of_target(&journal->names, target, ret_service, ret_environment);
}

uint64_t journal_version_key(struct journal *journal, const char *version, const char *digest)
{
    char bytes[VERSION_MAX_LENGTH + DIGEST_MAX_LENGTH + 2];
    size_t version_size = strlen(version) + 1;
    size_t digest_size = strlen(digest) + 1;

    assert(version_size + digest_size <= sizeof(bytes));
    memcpy(bytes, version, version_size);
    memcpy(bytes + version_size, digest, digest_size);
    uint64_t key = snapshot_hash(bytes, version_size + digest_size);
    return names_add_version(&journal->names, key, version, digest) ? key : 0;
}

bool journal_version(struct journal *journal, uint64_t key, const char **ret_version, const char **ret_digest)
{
    return names_of_version(&journal->names, key, ret_version, ret_digest);
}
