/* otlp_streams.h - what each stream of counts said last, and what a point adds to it.
 * SPDX-License-Identifier: MIT
 *
 * A stream is a metric with one set of attributes. A cumulative point says what happened since its start, a
 * delta what happened since the point before it; both say when they began, and that is what counts: a start
 * that moved is a reset, and what began after we began to listen counts from 0. What comes twice, or after a
 * younger point (exporters repeat what was not answered), adds nothing. */
#ifndef COLLECTORS_OTLP_STREAMS_H
#define COLLECTORS_OTLP_STREAMS_H

#include "collectors/otlp_request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OTLP_STREAMS_MAX = 4096 /* of one series; with more, the longest silent is forgotten */ };

struct otlp_streams;

/* `since_ns`: when listening began, since 1970. `cell_max`: 1, or SERIES_BUCKETS_MAX for histograms. */
struct otlp_streams *otlp_streams_new(int64_t since_ns, size_t cell_max);
void otlp_streams_free(struct otlp_streams *streams); /* NULL is fine */

/* A request begins. */
void otlp_streams_begin(struct otlp_streams *streams);

/* Was it here in an earlier request, no longer than five minutes before? */
bool otlp_streams_knows(const struct otlp_streams *streams, uint64_t stream, int64_t time_ns);

/* A reading of a stream. */
struct otlp_reading {
    uint64_t stream;
    uint64_t shape; /* of the bounds; another one begins anew */
    const struct otlp_point *point;
    bool is_birth_counted; /* it is new, and who tells it was heard before: it was born since */
    const double *cells;   /* a count, or those of buckets */
    size_t cell_count;
};

/* Adds to rises[] what happened since its last one. A first reading that began before we listened, and one
 * after a gap of more than five minutes, is only remembered. */
void otlp_streams_take(struct otlp_streams *streams, const struct otlp_reading *reading, double *rises);

#endif
