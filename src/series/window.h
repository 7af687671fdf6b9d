/* window.h - what one series is made of; shared by the files of this folder alone.
 * SPDX-License-Identifier: MIT */
#ifndef SERIES_WINDOW_H
#define SERIES_WINDOW_H

#include "io/rrd_writer.h"
#include "judge/losses.h"
#include "series/series.h"

enum {
    SERIES_GRACE_MS = 1000 /* after its end a step waits so long for its last value, then it is closed */
};

struct series_reader {
    uint64_t deployment;
    uint8_t rule;
};

struct series {
    struct series_book *book;
    struct series_view view;
    struct losses losses;
    struct series_step *ring;
    float *buckets;
    double *bounds;     /* [view.bucket_count] */
    int64_t first_open; /* steps before it are closed */
    int64_t untold;     /* newest of those that were not told, since their row is open; SERIES_NEVER */
    int64_t lag_ms;     /* how old the newest value was when it came */
    int64_t holds_ms;
    int64_t held_until_ms; /* SERIES_NEVER: nothing is held */
    double held;
    enum series_trouble told; /* by its source; the view's is LOADING while steps are recalled */
    bool is_recalling;
    struct series_reader *readers;
    size_t reader_count;
    size_t references;
    size_t index; /* in the book's list */
    uint64_t hash;
    struct series *next_in_chain;
    struct rrd_writer_place place; /* the archive's */
    struct series_name name;       /* its texts are one allocation, at name.service */
};

/* All series: a list to walk and chains to find one by its name. */
struct series_book {
    struct series_events events;
    struct series_counts counts;
    struct series **list;
    size_t list_size;
    struct series **chains;
    size_t chain_count; /* a power of two */
};

/* Forgets all steps; closes none. */
void window_clear(struct series *series);
/* Makes room for `capacity` steps, keeping what is there. */
void window_grow(struct series *series, uint32_t capacity);
void window_close_all(struct series *series);
void window_pass_time(struct series *series, int64_t now_ms);
void window_tell_readers(const struct series *series);
/* Other bounds begin a new window: counts of different buckets do not add up. */
void window_set_bounds(struct series *series, const double *bounds, size_t bucket_count);
bool window_has_bounds(const struct series *series, const double *bounds, size_t bucket_count);

#endif
