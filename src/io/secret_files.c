/* secret_files.c - a list of what was read, and a worker that reads it again.
 * SPDX-License-Identifier: MIT */
#include "io/secret_files.h"

#include "io/loop.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* What came of reading one. */
struct reading {
    char *reference;
    struct secret secret;
    struct err err; /* code ERR_NONE: it is there */
};

struct kept {
    LIST_ENTRY(kept) link;
    struct reading reading;
    uint64_t round;
};

/* Of a worker. */
struct turn {
    struct secret_files *files; /* NULL: nobody waits for it any more */
    size_t count;
    struct reading readings[];
};

struct secret_files {
    struct loop *loop;
    struct loop_timer *timer;
    struct secret_files_ear ear;
    LIST_HEAD(kept_list, kept) all;
    size_t count;
    uint64_t round;
    struct turn *turn;
};

static void drop(struct reading *reading)
{
    secret_drop(&reading->secret);
    free(reading->reference);
}

static void read_one(struct reading *reading)
{
    reading->err.code = ERR_NONE;
    (void)!secret_load(NULL, reading->reference, &reading->secret, &reading->err);
}

static struct kept *find(const struct secret_files *files, const char *reference)
{
    struct kept *kept = NULL;

    LIST_FOREACH(kept, &files->all, link)
    if (strcmp(kept->reading.reference, reference) == 0)
        return kept;
    return NULL;
}

static bool is_same(const struct reading *a, const struct reading *b)
{
    return a->err.code == ERR_NONE && b->err.code == ERR_NONE && a->secret.length == b->secret.length &&
           memcmp(a->secret.bytes, b->secret.bytes, a->secret.length) == 0;
}

/* Takes the value over. */
static void put(const struct secret_files *files, struct reading *to, struct reading *from)
{
    if (from->err.code == ERR_NONE && !is_same(to, from))
        files->ear.learned(files->ear.data, from->secret.bytes, from->secret.length);
    secret_drop(&to->secret);
    to->secret = from->secret;
    to->err = from->err;
    from->secret = (struct secret){0};
}

/* ---- the worker ---- */

static void read_all(void *data)
{
    struct turn *turn = data;

    for (size_t i = 0; i < turn->count; i++)
        read_one(&turn->readings[i]);
}

static void all_read(void *data)
{
    struct turn *turn = data;
    struct secret_files *files = turn->files;

    for (size_t i = 0; i < turn->count; i++) {
        struct kept *kept = files == NULL ? NULL : find(files, turn->readings[i].reference);
        if (kept != NULL)
            put(files, &kept->reading, &turn->readings[i]);
        drop(&turn->readings[i]);
    }
    if (files != NULL)
        files->turn = NULL;
    free(turn);
}

/* While a disk stands still, what was read before counts. */
static void begin_turn(void *data)
{
    struct secret_files *files = data;
    struct err err = {0};
    struct kept *kept = NULL;

    if (files->turn != NULL || files->count == 0)
        return;
    struct turn *turn = memory_take(sizeof(*turn) + files->count * sizeof(turn->readings[0]));
    turn->files = files;
    LIST_FOREACH(kept, &files->all, link)
    turn->readings[turn->count++].reference = memory_copy_text(kept->reading.reference);
    files->turn = turn;
    if (!loop_work(files->loop, read_all, all_read, turn, &err)) {
        turn->files = NULL;
        files->turn = NULL;
        all_read(turn);
    }
}

/* ---- its life ---- */

struct secret_files *secret_files_new(struct loop *loop, const struct secret_files_ear *ear)
{
    struct secret_files *files = memory_take(sizeof(*files));

    files->loop = loop;
    files->ear = *ear;
    LIST_INIT(&files->all);
    files->timer = loop_timer_start(loop, SECRET_FILES_READ_MS, SECRET_FILES_READ_MS, begin_turn, files);
    return files;
}

static void forget(struct secret_files *files, struct kept *kept)
{
    LIST_REMOVE(kept, link);
    files->count--;
    drop(&kept->reading);
    free(kept);
}

void secret_files_free(struct secret_files *files)
{
    if (files == NULL)
        return;
    loop_timer_stop(files->timer);
    if (files->turn != NULL)
        files->turn->files = NULL;
    for (struct kept *kept = LIST_FIRST(&files->all), *next = NULL; kept != NULL; kept = next) {
        next = LIST_NEXT(kept, link);
        drop(&kept->reading);
        free(kept);
    }
    free(files);
}

/* NULL: there is no room for it. */
static struct kept *keep(struct secret_files *files, const char *reference)
{
    if (files->count == SECRET_FILES_MAX)
        return NULL;
    struct kept *kept = memory_take(sizeof(*kept));
    kept->reading.reference = memory_copy_text(reference);
    kept->reading.err.code = ERR_NOT_FOUND;
    LIST_INSERT_HEAD(&files->all, kept, link);
    files->count++;
    return kept;
}

void secret_files_read(struct secret_files *files, const char *reference)
{
    struct kept *kept = find(files, reference);
    struct reading now = {.reference = memory_copy_text(reference)};

    if (kept == NULL)
        kept = keep(files, reference);
    if (kept != NULL) {
        kept->round = files->round;
        read_one(&now);
        put(files, &kept->reading, &now);
    }
    drop(&now);
}

bool secret_files_find(struct secret_files *files, const char *reference, struct secret *ret_secret,
                       struct err *err)
{
    struct kept *kept = find(files, reference);

    if (kept == NULL) {
        secret_files_read(files, reference);
        kept = find(files, reference);
    }
    if (kept == NULL)
        return secret_load(NULL, reference, ret_secret, err);
    if (kept->reading.err.code != ERR_NONE)
        return err_set(err, kept->reading.err.code, "%s", kept->reading.err.text);
    secret_from_bytes(ret_secret, kept->reading.secret.bytes, kept->reading.secret.length);
    return true;
}

void secret_files_round_begin(struct secret_files *files)
{
    files->round++;
}

void secret_files_round_end(struct secret_files *files)
{
    struct kept *next = NULL;

    for (struct kept *kept = LIST_FIRST(&files->all); kept != NULL; kept = next) {
        next = LIST_NEXT(kept, link);
        if (kept->round != files->round)
            forget(files, kept);
    }
}
