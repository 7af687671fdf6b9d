/* rrd_batch.h - values waiting to be written, grouped by series; part of rrd_writer.
 * SPDX-License-Identifier: MIT */
#ifndef IO_RRD_BATCH_H
#define IO_RRD_BATCH_H

#include "base/attributes.h"
#include "io/rrd_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rrd_series {
    char *path;
    uint64_t hash; /* of path, kind and step */
    struct rrd_file_shape shape;
    struct rrd_file_point *points; /* in order of time */
    size_t count;
    size_t capacity;
    bool was_set_aside; /* set by whoever writes */
};

struct rrd_batch {
    struct rrd_series *series;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* hash table: index in series + 1, or 0 */
    size_t slot_count;
    size_t points; /* of all series */
};

enum rrd_batch_answer {
    RRD_BATCH_TAKEN,
    RRD_BATCH_TAKEN_FOR_OLDEST, /* taken, and the oldest point of the series dropped */
    RRD_BATCH_LATE,             /* not after the newest point of the series */
    RRD_BATCH_FULL              /* not taken */
};

struct rrd_batch_limits {
    size_t series_max;
    size_t points_per_series_max;
    size_t points_left; /* how many more may wait in all */
};

/* An empty batch; zeroed memory is one too. */
void rrd_batch_init(struct rrd_batch *batch);
void rrd_batch_done(struct rrd_batch *batch);

enum rrd_batch_answer rrd_batch_add(struct rrd_batch *batch, const char *path,
                                    const struct rrd_file_shape *shape, const struct rrd_file_point *point,
                                    const struct rrd_batch_limits *limits);

#endif
