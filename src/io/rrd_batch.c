/* rrd_batch.c - a hash table of series, each with its waiting points.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_batch.h"

#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

enum { SERIES_FIRST = 64, POINTS_FIRST = 16 };

void rrd_batch_init(struct rrd_batch *batch)
{
    *batch = (struct rrd_batch){0};
}

void rrd_batch_done(struct rrd_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->series[i].path);
        free(batch->series[i].points);
    }
    free(batch->series);
    free(batch->slots);
    rrd_batch_init(batch);
}

/* FNV-1a, 64 bit. */
static uint64_t hash_series(const char *path, const struct rrd_file_shape *shape)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (const char *c = path; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    hash = (hash ^ (uint64_t)shape->kind) * UINT64_C(1099511628211);
    return (hash ^ (uint64_t)shape->step_s) * UINT64_C(1099511628211);
}

/* The slot that names the series, or the free one where it belongs. */
static uint32_t *find_slot(const struct rrd_batch *batch, uint64_t hash, const char *path)
{
    size_t at = (size_t)hash & (batch->slot_count - 1);

    while (batch->slots[at] != 0) {
        const struct rrd_series *series = &batch->series[batch->slots[at] - 1];
        if (series->hash == hash && strcmp(series->path, path) == 0)
            break;
        at = (at + 1) & (batch->slot_count - 1);
    }
    return &batch->slots[at];
}

static void grow_series(struct rrd_batch *batch)
{
    batch->capacity = batch->capacity == 0 ? SERIES_FIRST : batch->capacity * 2;
    batch->series = memory_resize(batch->series, batch->capacity * sizeof(*batch->series));
    free(batch->slots);
    batch->slot_count = batch->capacity * 2;
    batch->slots = memory_take_array(batch->slot_count, sizeof(*batch->slots));
    for (size_t i = 0; i < batch->count; i++)
        *find_slot(batch, batch->series[i].hash, batch->series[i].path) = (uint32_t)(i + 1);
}

/* The series, made where it is new; NULL where that would pass the limit. */
static struct rrd_series *find_or_make(struct rrd_batch *batch, const char *path,
                                       const struct rrd_file_shape *shape, size_t series_max)
{
    uint64_t hash = hash_series(path, shape);

    if (batch->count == batch->capacity)
        grow_series(batch);
    uint32_t *slot = find_slot(batch, hash, path);
    if (*slot != 0)
        return &batch->series[*slot - 1];
    if (batch->count >= series_max)
        return NULL;
    struct rrd_series *series = &batch->series[batch->count];
    *series = (struct rrd_series){.path = memory_copy_text(path), .hash = hash, .shape = *shape};
    batch->count++;
    *slot = (uint32_t)batch->count;
    return series;
}

static void drop_oldest(struct rrd_series *series)
{
    series->count--;
    memmove(series->points, series->points + 1, series->count * sizeof(*series->points));
}

static void append(struct rrd_series *series, const struct rrd_file_point *point)
{
    if (series->count == series->capacity) {
        series->capacity = series->capacity == 0 ? POINTS_FIRST : series->capacity * 2;
        series->points = memory_resize(series->points, series->capacity * sizeof(*series->points));
    }
    series->points[series->count++] = *point;
}

enum rrd_batch_answer rrd_batch_add(struct rrd_batch *batch, const char *path,
                                    const struct rrd_file_shape *shape, const struct rrd_file_point *point,
                                    const struct rrd_batch_limits *limits)
{
    struct rrd_series *series = find_or_make(batch, path, shape, limits->series_max);

    if (series == NULL)
        return RRD_BATCH_FULL;
    if (series->count > 0 && point->time_s < series->points[series->count - 1].time_s + shape->step_s)
        return RRD_BATCH_LATE;
    bool is_full = series->count >= limits->points_per_series_max || limits->points_left == 0;
    if (is_full && series->count == 0)
        return RRD_BATCH_FULL;
    if (is_full)
        drop_oldest(series);
    else
        batch->points++;
    append(series, point);
    return is_full ? RRD_BATCH_TAKEN_FOR_OLDEST : RRD_BATCH_TAKEN;
}
