/* prometheus_answer.h - what /api/v1/query and /api/v1/query_range answered: samples, or why there are none.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PROMETHEUS_ANSWER_H
#define COLLECTORS_PROMETHEUS_ANSWER_H

#include "base/err.h"
#include "io/http_client.h"

#include <stddef.h>

enum {
    PROMETHEUS_ANSWER_MAX = 4 * 1024 * 1024, /* bytes, after decoding */
    PROMETHEUS_SAMPLES_MAX = 4096,           /* series of one answer */
    PROMETHEUS_RANGE_MAX = 32 * 1024 * 1024, /* bytes of a range, after decoding */
    PROMETHEUS_POINTS_MAX = 1000 * 1000      /* of all series of a range */
};

struct prometheus_sample {
    const char *labels; /* its label set as one text, without `le`; equal sets are equal texts */
    double bound;       /* `le` as a number; NAN where it has none */
    double value;       /* may be NAN or infinite */
};

/* Ends with prometheus_vector_done. */
struct prometheus_vector {
    size_t count;
    struct prometheus_sample *samples;
    char *labels; /* the texts */
};

/* False: anything but a complete answer to the whole question: no answer, another status than 200, a
 * redirect, no JSON, an error, warnings (partial data), native histograms, more than PROMETHEUS_SAMPLES_MAX.
 * A scalar is one sample without labels. */
MUST_CHECK bool prometheus_read(const struct http_answer *answer, struct prometheus_vector *ret_vector,
                                struct err *err);
void prometheus_vector_done(struct prometheus_vector *vector);

/* A series over a span. */
struct prometheus_row {
    struct prometheus_sample series; /* its value means nothing */
    size_t first, count;             /* of the matrix's points, in order of time */
};

struct prometheus_point {
    int64_t time_ms; /* since 1970 */
    double value;
};

/* Ends with prometheus_matrix_done. */
struct prometheus_matrix {
    size_t count;
    struct prometheus_row *rows;
    size_t point_count;
    struct prometheus_point *points;
    char *labels;
};

/* As prometheus_read, of a range. */
MUST_CHECK bool prometheus_read_range(const struct http_answer *answer, struct prometheus_matrix *ret_matrix,
                                      struct err *err);
void prometheus_matrix_done(struct prometheus_matrix *matrix);

/* The samples of one instant, as if it had been asked for; their labels are the matrix's. */
void prometheus_matrix_at(const struct prometheus_matrix *matrix, int64_t time_ms,
                          struct prometheus_vector *ret_vector);

#endif
