/* rrd_batch.c - a hash table of series, each with its waiting points, packed.
 * SPDX-License-Identifier: MIT */
#include "io/rrd_batch.h"

#include "base/hash.h"
#include "io/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SERIES_FIRST = 64, POINTS_MORE = 16 };

void rrd_batch_init(struct rrd_batch *batch)
{
    *batch = (struct rrd_batch){0};
}

void rrd_batch_done(struct rrd_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->series[i].path);
        free(batch->series[i].buckets);
        free(batch->series[i].packed);
    }
    free(batch->series);
    free(batch->slots);
    rrd_batch_init(batch);
}

static uint64_t hash_series(const char *path, const struct rrd_file_shape *shape)
{
    uint64_t hash = hash_text(HASH_BEGIN, path);

    hash = hash_bytes(hash, &shape->kind, sizeof(shape->kind));
    return hash_bytes(hash, &shape->step_s, sizeof(shape->step_s));
}

static uint64_t hash_buckets(const struct rrd_file_buckets *buckets)
{
    return buckets == NULL ? 0 : hash_bytes(HASH_BEGIN, buckets->bounds, buckets->count * sizeof(double));
}

/* The slot that names the series, or the free one where it belongs. */
static uint32_t *find_slot(const struct rrd_batch *batch, uint64_t hash, uint64_t buckets_hash,
                           const char *path)
{
    size_t at = (size_t)hash & (batch->slot_count - 1);

    while (batch->slots[at] != 0) {
        const struct rrd_series *series = &batch->series[batch->slots[at] - 1];
        if (series->hash == hash && series->buckets_hash == buckets_hash && strcmp(series->path, path) == 0)
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
        *find_slot(batch, batch->series[i].hash, batch->series[i].buckets_hash, batch->series[i].path) =
            (uint32_t)(i + 1);
}

/* The series, made where it is new; NULL where that would pass the limit. */
static struct rrd_series *find_or_make(struct rrd_batch *batch, const char *path,
                                       const struct rrd_file_shape *shape, size_t series_max)
{
    uint64_t hash = hash_series(path, shape);
    uint64_t buckets_hash = hash_buckets(shape->buckets);

    if (batch->count == batch->capacity)
        grow_series(batch);
    uint32_t *slot = find_slot(batch, hash, buckets_hash, path);
    if (*slot != 0)
        return &batch->series[*slot - 1];
    if (batch->count >= series_max)
        return NULL;
    struct rrd_series *series = &batch->series[batch->count];
    *series = (struct rrd_series){
        .path = memory_copy_text(path), .hash = hash, .buckets_hash = buckets_hash, .shape = *shape};
    if (shape->buckets != NULL) {
        series->buckets = memory_take(sizeof(*series->buckets));
        *series->buckets = *shape->buckets;
        series->shape.buckets = series->buckets;
    }
    batch->count++;
    *slot = (uint32_t)batch->count;
    return series;
}

static size_t packed_size(const struct rrd_series *series)
{
    return sizeof(uint32_t) +
           rrd_file_columns(&series->shape) * (series->is_wide ? sizeof(double) : sizeof(float));
}

static bool is_narrow(double value)
{
    return isnan(value) || (double)(float)value == value;
}

static bool fits(const struct rrd_series *series, const struct rrd_file_point *point)
{
    const double *values = rrd_file_values(point);
    bool does_fit = true;

    for (size_t i = 0; i < rrd_file_columns(&series->shape) && !series->is_wide; i++)
        does_fit = does_fit && is_narrow(values[i]);
    return does_fit;
}

static void pack(const struct rrd_series *series, size_t index, const struct rrd_file_point *point)
{
    unsigned char *to = series->packed + index * packed_size(series);
    const double *values = rrd_file_values(point);
    uint32_t after_s = (uint32_t)(point->time_s - series->first_s);

    memcpy(to, &after_s, sizeof(after_s));
    to += sizeof(after_s);
    for (size_t i = 0; i < rrd_file_columns(&series->shape); i++) {
        float narrow = (float)values[i];
        size_t size = series->is_wide ? sizeof(double) : sizeof(float);
        memcpy(to, series->is_wide ? (const void *)&values[i] : (const void *)&narrow, size);
        to += size;
    }
}

static void unpack(const struct rrd_series *series, size_t index, struct rrd_file_point *ret_point)
{
    const unsigned char *from = series->packed + index * packed_size(series);
    double *values = (double *)(uintptr_t)rrd_file_values(ret_point);
    uint32_t after_s = 0;

    memcpy(&after_s, from, sizeof(after_s));
    from += sizeof(after_s);
    ret_point->time_s = series->first_s + after_s;
    for (size_t i = 0; i < rrd_file_columns(&series->shape); i++) {
        float narrow = 0;
        size_t size = series->is_wide ? sizeof(double) : sizeof(float);
        memcpy(series->is_wide ? (void *)&values[i] : (void *)&narrow, from, size);
        if (!series->is_wide)
            values[i] = (double)narrow;
        from += size;
    }
}

struct rrd_file_point *rrd_series_points(const struct rrd_series *series)
{
    size_t size = rrd_file_point_size(&series->shape);
    struct rrd_file_point *points = memory_take_array(series->count + 1, size);

    for (size_t i = 0; i < series->count; i++)
        unpack(series, i, (struct rrd_file_point *)(uintptr_t)rrd_file_point_at(points, i, size));
    return points;
}

static void widen(struct rrd_series *series)
{
    size_t size = rrd_file_point_size(&series->shape);
    struct rrd_file_point *points = rrd_series_points(series);

    series->is_wide = true;
    series->packed = memory_resize(series->packed, series->capacity * packed_size(series));
    for (size_t i = 0; i < series->count; i++)
        pack(series, i, rrd_file_point_at(points, i, size));
    free(points);
}

static void drop_oldest(struct rrd_series *series)
{
    size_t size = packed_size(series);

    series->count--;
    memmove(series->packed, series->packed + size, series->count * size);
}

static void append(struct rrd_series *series, const struct rrd_file_point *point)
{
    if (series->count == series->capacity) {
        series->capacity += POINTS_MORE;
        series->packed = memory_resize(series->packed, series->capacity * packed_size(series));
    }
    if (series->count == 0)
        series->first_s = point->time_s;
    assert(point->time_s - series->first_s <= (int64_t)UINT32_MAX);
    if (!fits(series, point))
        widen(series);
    pack(series, series->count++, point);
    series->last_s = point->time_s;
}

static size_t room_of_point(const struct rrd_series *series)
{
    size_t size = sizeof(struct rrd_file_point);

    return (rrd_file_point_size(&series->shape) + size - 1) / size;
}

bool rrd_batch_find(struct rrd_batch *batch, const char *path, const struct rrd_file_shape *shape,
                    size_t series_max, size_t *ret_index)
{
    const struct rrd_series *series = find_or_make(batch, path, shape, series_max);

    if (series != NULL)
        *ret_index = (size_t)(series - batch->series);
    return series != NULL;
}

enum rrd_batch_answer rrd_batch_put(struct rrd_batch *batch, size_t index, const struct rrd_file_point *point,
                                    const struct rrd_batch_limits *limits)
{
    struct rrd_series *series = &batch->series[index];

    assert(index < batch->count);
    if (series->count > 0 && point->time_s < series->last_s + series->shape.step_s)
        return RRD_BATCH_LATE;
    bool is_full =
        series->count >= limits->points_per_series_max || limits->room_left < room_of_point(series);
    if (is_full && series->count == 0)
        return RRD_BATCH_FULL;
    if (is_full)
        drop_oldest(series);
    else {
        batch->points++;
        batch->room += room_of_point(series);
    }
    append(series, point);
    return is_full ? RRD_BATCH_TAKEN_FOR_OLDEST : RRD_BATCH_TAKEN;
}

static bool is_below(const char *path, const char *folder)
{
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* The entry stays, empty, for what comes next. */
static void move_series(struct rrd_series *series, struct rrd_batch *to)
{
    struct rrd_series *moved = find_or_make(to, series->path, &series->shape, SIZE_MAX);
    struct rrd_series empty = *moved;

    *moved = *series;
    moved->path = empty.path;
    moved->buckets = empty.buckets;
    moved->shape = empty.shape;
    to->points += series->count;
    to->room += series->count * room_of_point(series);
    *series = (struct rrd_series){.path = series->path,
                                  .hash = series->hash,
                                  .buckets_hash = series->buckets_hash,
                                  .shape = series->shape,
                                  .buckets = series->buckets};
}

void rrd_batch_move(struct rrd_batch *batch, const char *folder, struct rrd_batch *to)
{
    assert(to->count == 0);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->series[i].count > 0 && is_below(batch->series[i].path, folder))
            move_series(&batch->series[i], to);
    }
    batch->points -= to->points;
    batch->room -= to->room;
}
