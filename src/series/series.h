/* series.h - windows in memory: every series that somebody watches, its latest steps, and who reads it.
 * SPDX-License-Identifier: MIT
 *
 * A series belongs to a service in an environment and to a key: "slot.blue", "version.2.4.1" or "service".
 * Its values are put by collectors at times of the engine's clock, aligned to steps of the resolution: gauges
 * keep the last value of a step, counts and histograms the sum. The judge reads const views. Closed steps go
 * to the archive (RRD files). A step closes when a newer one has a value, or a second after its end on the
 * clock of its source (a source that is asked for the past is late by that much). A value of a closed step,
 * or more than SERIES_FUTURE_MS ahead, is refused and counted; one less ahead is of now. A gauge that is not
 * finite is kept as NAN (known to be unknown); counts and histograms that are not are refused. What came and
 * what of it was lost is counted for each series beside its window (judge/losses.h): the judge looks at it.
 */
#ifndef SERIES_SERIES_H
#define SERIES_SERIES_H

#include "base/err.h"
#include "judge/series_view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SERIES_COUNT_MAX = 50000,   /* series in memory; a further one is refused and counted */
    SERIES_CAPACITY_MAX = 7200, /* steps of one window */
    SERIES_READERS_MAX = 64,    /* (deployment, rule) pairs of one series */
    SERIES_FUTURE_MS = 5000
};

struct rrd_writer_place;
struct series_book; /* all series of the daemon */
struct series;      /* one of them; counted references */

struct series_counts {
    uint64_t put, late, future, not_finite, refused_series;
    size_t series;
};

/* What the book tells: a value (or trouble) came that (deployment, rule) reads. */
struct series_events {
    void *data;
    void (*marked)(void *data, uint64_t deployment, uint8_t rule);
    /* The steps of a row closed, `step` is the newest that is held: for the archive. `buckets` of histograms
     * as in the view. */
    void (*closed)(void *data, struct series *series, int64_t step);
};

/* What the archive keeps as one: a step, or, since files count in seconds, those that begin in as many whole
 * seconds as a step that is none reaches into. */
static inline int64_t series_row_ms(const struct series_view *view)
{
    return ((int64_t)view->step_ms + 999) / 1000 * 1000;
}

struct series_name {
    const char *service, *environment, *key, *metric;
};

struct series_shape {
    enum series_kind kind;
    uint32_t step_ms;
    uint32_t capacity; /* steps; grows to the longest that anybody asks for, keeping what is there */
    int64_t holds_ms;  /* gauges: a value stays true so long: later steps repeat it; 0: not */
};

/* A closed step of an earlier life, as it was archived; value and total by kind, of a histogram `counts`. */
struct series_recalled {
    int64_t step;
    double value, total;
    const double *bounds, *counts; /* the last bound INFINITY */
    size_t bucket_count;
};

struct series_book *series_book_new(const struct series_events *events);
void series_book_free(struct series_book *book);

/* Finds or makes; each call is one reference. ERR_LIMIT past SERIES_COUNT_MAX; ERR_CONFLICT where it exists
 * with another kind or step. */
MUST_CHECK bool series_open(struct series_book *book, const struct series_name *name,
                            const struct series_shape *shape, struct series **ret_series, struct err *err);
void series_close(struct series *series); /* gives the reference back; the last one frees it */

MUST_CHECK bool series_read_by(struct series *series, uint64_t deployment, uint8_t rule, struct err *err);
void series_forget(struct series *series, uint64_t deployment); /* all its readings */

/* Values, at `at_ms` of the engine's clock; `now_ms` is its present. What is taken clears the trouble. */
enum series_answer series_put_gauge(struct series *series, int64_t at_ms, int64_t now_ms, double value);
/* A gauge that was said before anybody listened: as of then, but its source is not one that
 * answers late. Where something younger is known it is not taken, and not counted as lost. */
enum series_answer series_put_kept(struct series *series, int64_t at_ms, int64_t now_ms, double value);
enum series_answer series_put_count(struct series *series, int64_t at_ms, int64_t now_ms, double events,
                                    double total);
enum series_answer series_put_histogram(struct series *series, int64_t at_ms, int64_t now_ms,
                                        const double *bounds, const double *counts, size_t bucket_count);
void series_set_trouble(struct series *series, enum series_trouble trouble);

/* Between begin and end its trouble is LOADING, whatever its source says meanwhile, so that nothing is judged
 * on half a window; values are taken as ever. A recalled step is closed and not told again as such; one that
 * was measured in this life stays, and so does a window of other buckets. End marks the readers. False: it is
 * being recalled already. */
MUST_CHECK bool series_recall_begin(struct series *series);
void series_recall(struct series *series, const struct series_recalled *recalled);
void series_recall_end(struct series *series);

/* Closes what time has closed, of all series: calls `closed` per step with a value. About once a second. */
void series_book_close_steps(struct series_book *book, int64_t now_ms);

const struct series_view *series_view_of(const struct series *series);
/* Where its values wait for their file: the archive's own note. */
struct rrd_writer_place *series_place(struct series *series);
const struct series_name *series_name_of(const struct series *series);
struct series_counts series_book_counts(const struct series_book *book);

#endif
