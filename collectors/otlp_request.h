/* otlp_request.h - reads what an OTLP/HTTP exporter posts as JSON: the points of an
 * ExportMetricsServiceRequest. SPDX-License-Identifier: MIT
 *
 * Pure but for the tree, which the strict reader of JSON makes. Names are those of the JSON mapping (camel
 * case), whole numbers may be texts, kinds are whole numbers, what is not known here is skipped. A value of a
 * wrong type makes the whole request wrong; a point that says something impossible is given with the reason.
 */
#ifndef COLLECTORS_OTLP_REQUEST_H
#define COLLECTORS_OTLP_REQUEST_H

#include "base/err.h"
#include "collectors/labelled.h"
#include "judge/series_view.h"

enum {
    OTLP_BODY_MAX = 1024 * 1024, /* bytes; read in some ten milliseconds */
    OTLP_POINTS_MAX = 10000,
    OTLP_DEPTH_MAX = 32
};

enum otlp_kind {
    OTLP_GAUGE,
    OTLP_SUM,
    OTLP_HISTOGRAM,
    OTLP_OTHER /* an exponential histogram or a summary: not read */
};

enum otlp_temporality { OTLP_UNSPECIFIED, OTLP_DELTA, OTLP_CUMULATIVE }; /* numbers of the protocol */

struct otlp_point {
    /* Its metric's name; the point's attributes, then those of its resource that the point does not have
     * itself, and otel.scope.name. A list or map is its JSON. has_time is false: see time_ns. */
    struct labelled labelled;
    uint64_t resource; /* of whom it comes: a hash of its attributes */
    enum otlp_kind kind;
    enum otlp_temporality temporality; /* of sums and histograms */
    bool is_monotonic;                 /* of sums */
    bool is_silent;                    /* it says that there is no value any more */
    int64_t start_ns, time_ns;         /* since 1970; start 0: not known */
    size_t bucket_count;               /* of histograms; 0: it has only a count, labelled.value */
    double bounds[SERIES_BUCKETS_MAX]; /* upper ones, the last is INFINITY */
    double counts[SERIES_BUCKETS_MAX]; /* in each, not cumulative */
    const char *wrong;                 /* why it is no value; NULL: it is one */
};

struct otlp_request;

/* ERR_INVALID: "#/resourceMetrics/0/...: is no number"; ERR_LIMIT: too deep, too many points. */
MUST_CHECK bool otlp_request_parse(const char *bytes, size_t length, struct otlp_request **ret_request,
                                   struct err *err);
void otlp_request_free(struct otlp_request *request);

/* Every point in order; it and its texts live until `take` returns. */
typedef void otlp_take(void *data, const struct otlp_point *point);
void otlp_request_each(const struct otlp_request *request, otlp_take *take, void *data);

#endif
