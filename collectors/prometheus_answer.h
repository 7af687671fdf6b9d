/* prometheus_answer.h - what /api/v1/query answered: samples, or why there are none.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PROMETHEUS_ANSWER_H
#define COLLECTORS_PROMETHEUS_ANSWER_H

#include "base/err.h"
#include "io/http_client.h"

#include <stddef.h>

enum {
    PROMETHEUS_ANSWER_MAX = 4 * 1024 * 1024, /* bytes, after decoding */
    PROMETHEUS_SAMPLES_MAX = 4096
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

#endif
