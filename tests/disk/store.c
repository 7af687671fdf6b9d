/* store.c - the hook: the shipped journal on the disk that fails, driven by the simulation's world.
 * SPDX-License-Identifier: MIT */
#include "tests/simulation/store_hook.h"

#include "io/loop.h"
#include "io/memory.h"
#include "store/journal_audit.h"
#include "tests/disk/disk.h"
#include "tests/disk/mirror.h"
#include "tests/simulation/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 60000,
    OPERATIONS_MAX = 60, /* of a commit, about */
    OPEN_OPERATIONS_MAX = 24,
    OPEN_TRIES_MAX = 4,
    TEXT_MAX = 160
};

struct store {
    char folder[48];
    char path[64];
    struct loop *loop;
    struct journal *journal;
    struct dice dice;
    uint64_t events; /* audit rows that are acknowledged, or were found */
    bool is_hit;     /* the disk was in trouble since the start: also in a checkpoint, after the answer */
    bool is_low;     /* a full disk was met: the next start of a deployment needs a new process */
    bool is_done;
    struct journal_result result;
    struct mirror mirror;
};

static struct store *store;

static uint64_t commits, deaths, found, recoveries;

/* Opening and closing */

static bool try_open(struct err *err)
{
    struct journal_settings settings = {
        .path = store->path, .loop = store->loop, .boot_id = "simulated", .ballast_bytes = -1};

    store->is_low = store->is_hit = false;
    return journal_open(&settings, &store->journal, err);
}

/* The process is gone: what its connection still wants to do comes to nothing. */
static void drop(void)
{
    disk_stop();
    journal_close(store->journal);
    store->journal = NULL;
}

/* A recovery may meet the same trouble as any other work; the last try has none. */
static bool open_again(struct world *world, bool is_power_cut)
{
    struct err err = {0};

    for (int try = 0; try < OPEN_TRIES_MAX; try++) {
        bool is_last = try == OPEN_TRIES_MAX - 1;
        disk_arm(DISK_FINE, 0);
        disk_restart(is_power_cut || dice_chance(&store->dice, 5000));
        if (!is_last && dice_chance(&store->dice, 3000))
            disk_arm(dice_chance(&store->dice, 5000) ? DISK_STOPS : DISK_ERRS,
                     1 + dice_below(&store->dice, OPEN_OPERATIONS_MAX));
        bool is_open = try_open(&err);
        bool is_hit = disk_is_hit();
        recoveries++;
        if (is_open && !is_hit) {
            disk_calm();
            return true;
        }
        if (is_open)
            drop();
        else if (!is_hit || is_last)
            break;
        disk_stop();
    }
    oracle_violate(world, "S16", 0, "the journal does not open again: %s", err.text);
    return false;
}

static void on_done(void *data, const struct journal_result *result)
{
    (void)data;
    store->result = *result;
    store->is_done = true;
}

static enum journal_fault commit(const struct batch *batch, const struct journal_texts *texts)
{
    store->is_done = false;
    journal_commit(store->journal, batch, texts, on_done, NULL);
    if (!loop_run_until(store->loop, &store->is_done, PATIENCE_MS))
        abort();
    commits++;
    return store->result.fault;
}

/* So that numbers of targets are the simulation's. */
static void name_targets(struct world *world)
{
    struct batch *batch = &store->mirror.batch;
    const struct journal_texts texts = {0};
    char name[16];

    memset(store->mirror.targets, 0, SITES_TARGETS * sizeof(store->mirror.targets[0]));
    batch->now_ms = 1;
    batch->count = SITES_TARGETS;
    for (uint32_t i = 0; i < SITES_TARGETS; i++) {
        (void)snprintf(name, sizeof(name), "site-%u", i + 1);
        store->mirror.targets[i].id = journal_target(store->journal, name, "prod");
        batch->rows[i] = (struct batch_row){.kind = ROW_TARGET, .target = &store->mirror.targets[i]};
    }
    if (commit(batch, &texts) != JOURNAL_FINE)
        oracle_violate(world, "S1", 0, "a new journal refuses: %s", store->result.text);
    store->events = SITES_TARGETS;
}

static void finish(void)
{
    if (store == NULL || store->journal == NULL)
        return;
    drop();
    disk_end();
}

static void make_store(void)
{
    store = memory_take(sizeof(*store));
    (void)snprintf(store->folder, sizeof(store->folder), "/tmp/verdict-disk-XXXXXX");
    if (mkdtemp(store->folder) == NULL)
        abort();
    (void)snprintf(store->path, sizeof(store->path), "%s/journal.db", store->folder);
    store->loop = loop_new();
    disk_register();
}

static void begin(struct world *world)
{
    struct err err = {0};

    if (store == NULL)
        make_store();
    finish();
    store->dice = (struct dice){.state = world->seed ^ UINT64_C(0x5eed0fd15c)};
    disk_begin(store->path, world->seed);
    if (!try_open(&err))
        abort();
    name_targets(world);
}

static void end(void)
{
    static const char *const names[] = {"", ".lock", ".corrupt", ".corrupt-wal"};
    char path[96];

    if (store == NULL)
        return;
    finish();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", store->path, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(store->folder);
    loop_free(store->loop);
    free(store);
    store = NULL;
}

/* Writing */

static enum store_answer answer_of(struct world *world, enum journal_fault fault, bool is_hit)
{
    store->is_hit = store->is_hit || is_hit;
    switch (fault) {
    case JOURNAL_FINE:
        return STORE_WRITTEN;
    case JOURNAL_FULL:
        store->is_low = true;
        if (!is_hit)
            oracle_violate(world, "S1", 0, "the journal says that it is full, and is not: %s",
                           store->result.text);
        return STORE_REFUSED;
    case JOURNAL_BROKEN:
        if (!store->is_hit)
            oracle_violate(world, "S1", 0, "the journal broke without a cause: %s", store->result.text);
        return STORE_BROKEN;
    case JOURNAL_CONSTRAINT:
        oracle_violate(world, "S2", 0, "a guard of the journal: %s", store->result.text);
        return STORE_BROKEN;
    }
    return STORE_BROKEN;
}

static void reopen_where_low(struct world *world)
{
    if (!store->is_low)
        return;
    drop();
    (void)open_again(world, false);
}

static enum store_answer write_batch(struct world *world, const struct batch *batch,
                                     enum store_trouble trouble)
{
    if (trouble != STORE_FULL)
        reopen_where_low(world);
    if (world->oracle.is_violated)
        return STORE_BROKEN;
    mirror_make(&store->mirror, world, store->journal, batch);
    disk_arm(DISK_FINE, 0);
    if (trouble == STORE_BREAKS && dice_chance(&store->dice, 5000))
        disk_arm(DISK_LOSES, 1);
    else if (trouble == STORE_BREAKS)
        disk_arm(DISK_ERRS, 1 + dice_below(&store->dice, OPERATIONS_MAX));
    if (trouble == STORE_FULL)
        disk_arm(DISK_FULL, 1 + dice_below(&store->dice, OPERATIONS_MAX));
    bool was_low = store->is_low;
    enum journal_fault fault = commit(&store->mirror.batch, &store->mirror.texts);
    disk_calm();
    enum store_answer answer = answer_of(world, fault, disk_is_hit() || was_low);
    if (answer == STORE_WRITTEN)
        store->events += mirror_events(batch);
    return answer;
}

/* Dying */

static void look(struct world *world)
{
    char text[TEXT_MAX];
    uint64_t last = journal_health(store->journal).last_event;

    mirror_compare(world, store->journal, text, sizeof(text));
    if (text[0] != '\0')
        oracle_violate(world, "S16", 0, "after a restart: %s", text);
    if (last != store->events)
        oracle_violate(world, "S1", 0, "after a restart: %llu audit rows, not %llu", (unsigned long long)last,
                       (unsigned long long)store->events);
}

static void check_chain(struct world *world)
{
    struct err err = {0};
    uint64_t count = 0;

    if (!journal_audit_verify(store->path, &count, &err))
        oracle_violate(world, "S13", 0, "%s", err.text);
    else if (count != store->events)
        oracle_violate(world, "S13", 0, "the chain has %llu rows, not %llu", (unsigned long long)count,
                       (unsigned long long)store->events);
}

/* The commit that is cut off; true: it was answered before. */
static bool cut_commit(struct world *world, const struct batch *batch)
{
    reopen_where_low(world);
    if (world->oracle.is_violated)
        return false;
    mirror_make(&store->mirror, world, store->journal, batch);
    disk_arm(DISK_STOPS, 1 + dice_below(&store->dice, OPERATIONS_MAX));
    return commit(&store->mirror.batch, &store->mirror.texts) == JOURNAL_FINE;
}

/* Is the batch in the file? One without audit rows is looked for in what it changes. */
static bool is_found(struct world *world, const struct batch *batch)
{
    uint32_t events = mirror_events(batch);
    uint64_t last = journal_health(store->journal).last_event;
    char text[TEXT_MAX];

    if (events > 0)
        return last == store->events + events;
    mirror_compare(world, store->journal, text, sizeof(text));
    return text[0] != '\0';
}

static bool died(struct world *world, const struct batch *batch, bool is_given, bool is_power_cut)
{
    bool is_answered = false;
    bool is_there = false;

    if (world->oracle.is_violated)
        return false;
    deaths++;
    if (batch != NULL && !is_given)
        is_answered = cut_commit(world, batch);
    drop();
    if (world->oracle.is_violated || !open_again(world, is_power_cut))
        return false;
    if (batch != NULL)
        is_there = is_found(world, batch);
    found += is_there;
    if (is_answered && !is_there && mirror_events(batch) > 0)
        oracle_violate(world, "S1", 0, "a batch was acknowledged, and is not there after the restart");
    if (is_there) {
        store->events += mirror_events(batch);
        ledger_apply(world, batch, batch->count);
    }
    look(world);
    if (dice_chance(&store->dice, 2000))
        check_chain(world);
    return is_there;
}

static void print(FILE *to)
{
    const struct disk_tally *tally = disk_tally();

    (void)fprintf(
        to,
        "journal: %llu commits, %llu deaths (%llu batches found that nobody was told of), %llu recoveries\n"
        "disk: %llu writes, %llu syncs; %llu EIO, %llu full, %llu stops, %llu power cuts, of unsynced sectors"
        " %llu kept, %llu lost\n",
        (unsigned long long)commits, (unsigned long long)deaths, (unsigned long long)found,
        (unsigned long long)recoveries, (unsigned long long)tally->writes, (unsigned long long)tally->syncs,
        (unsigned long long)tally->errors, (unsigned long long)tally->full, (unsigned long long)tally->stops,
        (unsigned long long)tally->power_cuts, (unsigned long long)tally->kept_sectors,
        (unsigned long long)tally->lost_sectors);
}

const struct store_hook *store_hook(void)
{
    static const struct store_hook hook = {
        .begin = begin, .end = end, .write = write_batch, .died = died, .print = print};

    return &hook;
}
