/* rrd_batch.h - values waiting to be written, grouped by series; part of rrd_writer.
 * SPDX-License-Identifier: MIT */
#ifndef IO_RRD_BATCH_H
#define IO_RRD_BATCH_H

#include "base/attributes.h"
#include "io/rrd_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a large fleet these are many: a point is packed into the seconds since the first (4 bytes) and its
 * values, of 4 bytes while a float holds all of the series exactly (as it does counts of a step), else 8. */
struct rrd_series {
    char *path;
    uint64_t hash;         /* of path, kind and step */
    uint64_t buckets_hash; /* of their bounds; 0: none */
    struct rrd_file_shape shape;
    struct rrd_file_buckets *buckets; /* of the shape, its own; or NULL */
    unsigned char *packed;            /* points in order of time */
    size_t count;
    size_t capacity;
    int64_t first_s; /* of the first that came */
    int64_t last_s;  /* of the newest; where count > 0 */
    bool is_wide;
    bool was_set_aside, had_other_buckets; /* set by whoever writes */
};

struct rrd_batch {
    struct rrd_series *series;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* hash table: index in series + 1, or 0 */
    size_t slot_count;
    size_t points; /* of all series */
    size_t room;   /* that they take: in points of one or two columns */
};

enum rrd_batch_answer {
    RRD_BATCH_TAKEN,
    RRD_BATCH_TAKEN_FOR_OLDEST, /* taken, and the oldest point of the series dropped */
    RRD_BATCH_LATE,             /* not after the newest point of the series */
    RRD_BATCH_FULL              /* not taken */
};

struct rrd_batch_limits {
    size_t points_per_series_max;
    size_t room_left; /* how much more may wait in all, as of struct rrd_batch */
};

/* An empty batch; zeroed memory is one too. */
void rrd_batch_init(struct rrd_batch *batch);
void rrd_batch_done(struct rrd_batch *batch);

/* The number of the series, which it keeps as long as the batch lasts; made where it is new. False: that
 * would be more than `series_max`. */
MUST_CHECK bool rrd_batch_find(struct rrd_batch *batch, const char *path, const struct rrd_file_shape *shape,
                               size_t series_max, size_t *ret_index);
enum rrd_batch_answer rrd_batch_put(struct rrd_batch *batch, size_t index, const struct rrd_file_point *point,
                                    const struct rrd_batch_limits *limits);

/* The points that wait, in order of time, rrd_file_point_size() apart; to be freed with free(). */
MUST_CHECK struct rrd_file_point *rrd_series_points(const struct rrd_series *series);

/* Moves what waits of the series below a folder ("" is all) into an empty batch. */
void rrd_batch_move(struct rrd_batch *batch, const char *folder, struct rrd_batch *to);

#endif
