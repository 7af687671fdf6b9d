/* otlp_streams.c - a table of last readings with their times.
 * SPDX-License-Identifier: MIT */
#include "collectors/otlp_streams.h"

#include "collectors/increase.h"
#include "io/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GAP_MAX_NS (INT64_C(1000000) * INCREASE_GAP_MAX_MS)

enum { CHAINS = 256, STREAMS_FIRST = 8 };

struct stream {
    uint64_t name, shape;
    uint32_t next;  /* in its chain: index + 1, or 0 */
    uint64_t heard; /* when it spoke last, in takes */
    uint64_t first; /* request that it was in first */
    int64_t start_ns, time_ns;
};

struct otlp_streams {
    int64_t since_ns;
    size_t cell_max;
    uint64_t takes, requests;
    size_t count, size;
    struct stream *streams;
    double *cells;           /* cell_max of each */
    uint32_t chains[CHAINS]; /* index + 1, or 0 */
};

struct otlp_streams *otlp_streams_new(int64_t since_ns, size_t cell_max)
{
    struct otlp_streams *streams = memory_take(sizeof(*streams));

    streams->since_ns = since_ns;
    streams->cell_max = cell_max;
    return streams;
}

void otlp_streams_free(struct otlp_streams *streams)
{
    if (streams == NULL)
        return;
    free(streams->streams);
    free(streams->cells);
    free(streams);
}

static double *cells_of(const struct otlp_streams *streams, const struct stream *stream)
{
    return &streams->cells[(size_t)(stream - streams->streams) * streams->cell_max];
}

static struct stream *find(const struct otlp_streams *streams, uint64_t name)
{
    uint32_t place = streams->chains[name % CHAINS];

    while (place != 0 && streams->streams[place - 1].name != name)
        place = streams->streams[place - 1].next;
    return place == 0 ? NULL : &streams->streams[place - 1];
}

static struct stream *append(struct otlp_streams *streams)
{
    if (streams->count == streams->size) {
        streams->size = streams->size == 0 ? STREAMS_FIRST : 2 * streams->size;
        streams->streams = memory_resize(streams->streams, streams->size * sizeof(*streams->streams));
        streams->cells =
            memory_resize(streams->cells, streams->size * streams->cell_max * sizeof(*streams->cells));
    }
    return &streams->streams[streams->count++];
}

static struct stream *take_longest_silent(struct otlp_streams *streams)
{
    struct stream *oldest = &streams->streams[0];

    for (size_t i = 1; i < streams->count; i++)
        if (streams->streams[i].heard < oldest->heard)
            oldest = &streams->streams[i];
    uint32_t *place = &streams->chains[oldest->name % CHAINS];
    while (&streams->streams[*place - 1] != oldest)
        place = &streams->streams[*place - 1].next;
    *place = oldest->next;
    return oldest;
}

static struct stream *add(struct otlp_streams *streams, uint64_t name)
{
    struct stream *stream =
        streams->count < OTLP_STREAMS_MAX ? append(streams) : take_longest_silent(streams);
    uint32_t *head = &streams->chains[name % CHAINS];

    *stream = (struct stream){.name = name, .next = *head, .first = streams->requests};
    *head = (uint32_t)(stream - streams->streams) + 1;
    return stream;
}

/* Does all that the point counts belong to the time since we listen? Where start and time are the same, its
 * sender does not know when it began. */
static bool is_born(const struct otlp_streams *streams, const struct otlp_point *point)
{
    return point->start_ns >= streams->since_ns && point->start_ns < point->time_ns;
}

/* Counters that fall without saying so began at 0 again. */
static bool is_reset(const struct stream *stream, const double *last, const struct otlp_reading *reading)
{
    if (reading->point->start_ns > stream->start_ns)
        return true;
    for (size_t i = 0; i < reading->cell_count; i++)
        if (reading->cells[i] < last[i])
            return true;
    return false;
}

static void add_rises(const double *last, const struct otlp_reading *reading, double *rises)
{
    for (size_t i = 0; i < reading->cell_count; i++)
        rises[i] += reading->cells[i] - (last == NULL ? 0 : last[i]);
}

static void add_known(const struct stream *stream, const double *last, const struct otlp_reading *reading,
                      double *rises)
{
    const struct otlp_point *point = reading->point;

    if (stream->shape != reading->shape || point->time_ns - stream->time_ns > GAP_MAX_NS)
        return;
    bool is_whole = point->temporality == OTLP_DELTA || is_reset(stream, last, reading);
    add_rises(is_whole ? NULL : last, reading, rises);
}

void otlp_streams_begin(struct otlp_streams *streams)
{
    streams->requests++;
}

bool otlp_streams_knows(const struct otlp_streams *streams, uint64_t name, int64_t time_ns)
{
    const struct stream *stream = find(streams, name);

    return stream != NULL && stream->first < streams->requests && time_ns - stream->time_ns <= GAP_MAX_NS;
}

void otlp_streams_take(struct otlp_streams *streams, const struct otlp_reading *reading, double *rises)
{
    const struct otlp_point *point = reading->point;
    struct stream *stream = find(streams, reading->stream);

    assert(reading->cell_count <= streams->cell_max);
    streams->takes++;
    if (stream != NULL && point->time_ns <= stream->time_ns)
        return;
    if (stream != NULL)
        add_known(stream, cells_of(streams, stream), reading, rises);
    else if (reading->is_birth_counted || is_born(streams, point))
        add_rises(NULL, reading, rises);
    if (stream == NULL)
        stream = add(streams, reading->stream);
    stream->shape = reading->shape;
    stream->heard = streams->takes;
    stream->start_ns = point->start_ns;
    stream->time_ns = point->time_ns;
    memcpy(cells_of(streams, stream), reading->cells, reading->cell_count * sizeof(*reading->cells));
}
