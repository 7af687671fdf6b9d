/* rrd_files.c - one file after the other, and what is known of each.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_files.h"

#include "io/memory.h"
#include "io/rrd_growth.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KNOWN_SETS = 8192, KNOWN_WAYS = 8, GROWTHS_PER_BATCH_MAX = 256, GROWTH_AGAIN_STEPS = 60 };

/* A file that this process has examined; KNOWN_WAYS per hash, of which the newest ones stay. */
struct known_file {
    uint64_t hash;         /* of its path */
    uint64_t buckets_hash; /* what it was when it was examined */
    int64_t last_s;        /* the end of its newest step */
    int64_t look_s;        /* from when on it may have to grow */
};

struct rrd_files {
    int root_fd;
    const char *root;
    struct known_file known[KNOWN_SETS][KNOWN_WAYS]; /* of each set the file written last comes first */
};

struct rrd_files *rrd_files_new(int root_fd, const char *root)
{
    struct rrd_files *files = memory_take(sizeof(*files));

    files->root_fd = root_fd;
    files->root = root;
    return files;
}

void rrd_files_free(struct rrd_files *files)
{
    free(files);
}

static void note_failure(struct rrd_written *written, const struct rrd_series *series, const struct err *err)
{
    if (written->failed_files++ == 0) {
        written->failed_path = series->path;
        written->err = *err;
    }
}

/* Many files that were begun together fill together: a batch lets some of them grow, each with a sync. What
 * cannot grow loses its oldest rows, no newer ones. */
static void tend_growth(struct rrd_files *files, struct rrd_written *written, const struct rrd_series *series,
                        struct known_file *known, int64_t until_s)
{
    const struct rrd_growth_turn turn = {.may_grow = written->counts.grown < GROWTHS_PER_BATCH_MAX,
                                         .until_s = until_s};
    bool has_grown = false;
    struct err err = {0};

    if (!rrd_growth_tend(files->root_fd, series->path, &series->shape, &turn, &has_grown, &known->look_s,
                         &err)) {
        known->look_s = until_s + GROWTH_AGAIN_STEPS * series->shape.step_s;
        note_failure(written, series, &err);
    }
    written->counts.grown += has_grown ? 1 : 0;
}

/* What is there makes room before a value comes that is far ahead: behind a night without a deployment. */
static void make_room(struct rrd_files *files, struct rrd_written *written, const struct rrd_series *series,
                      struct known_file *known)
{
    int64_t until_s = series->last_s + series->shape.step_s;
    struct stat status;

    if (until_s >= known->look_s &&
        fstatat(files->root_fd, series->path, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > 0)
        tend_growth(files, written, series, known, until_s);
}

/* Moves the place of a file to the front of its set; what had not been written for longest makes room. */
static struct known_file *take_place(struct rrd_files *files, const struct rrd_series *series)
{
    struct known_file *set = files->known[series->hash % KNOWN_SETS];
    struct known_file place = {.hash = series->hash, .buckets_hash = series->buckets_hash};
    size_t way = 0;

    while (way < KNOWN_WAYS - 1 && set[way].hash != series->hash)
        way++;
    if (set[way].hash == place.hash && set[way].buckets_hash == place.buckets_hash)
        place = set[way];
    memmove(&set[1], &set[0], way * sizeof(*set));
    set[0] = place;
    return &set[0];
}

static void write_series(struct rrd_files *files, struct rrd_written *written, struct rrd_series *series)
{
    struct rrd_file_point *points = rrd_series_points(series);
    struct known_file *known = take_place(files, series);
    int64_t last_s = known->last_s;
    struct rrd_file_result result;
    struct err err = {0};

    make_room(files, written, series, known);
    if (!rrd_file_write(files->root_fd, files->root, series->path, &series->shape, points, series->count,
                        last_s, &result, &last_s, &err)) {
        note_failure(written, series, &err);
        written->counts.failed += series->count - result.written - result.late;
    }
    known->last_s = last_s;
    if (result.was_created)
        known->look_s = 0;
    if (last_s != 0 && last_s >= known->look_s)
        tend_growth(files, written, series, known, last_s);
    series->was_set_aside = result.was_set_aside;
    series->had_other_buckets = result.had_other_buckets;
    written->counts.written += result.written;
    written->counts.late += result.late;
    written->counts.created += result.was_created ? 1 : 0;
    written->counts.set_aside += result.was_set_aside ? 1 : 0;
    free(points);
}

void rrd_files_write(struct rrd_files *files, struct rrd_batch *batch, struct rrd_written *ret_written)
{
    *ret_written = (struct rrd_written){0};
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->series[i].count > 0)
            write_series(files, ret_written, &batch->series[i]);
    }
}
