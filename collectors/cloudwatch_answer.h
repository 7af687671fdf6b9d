/* cloudwatch_answer.h - a page of what GetMetricData answered.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_CLOUDWATCH_ANSWER_H
#define COLLECTORS_CLOUDWATCH_ANSWER_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CLOUDWATCH_ANSWER_MAX = 8 * 1024 * 1024, /* bytes */
    CLOUDWATCH_QUERIES_MAX = 500,            /* of one call: Amazon's limit */
    CLOUDWATCH_RESULTS_MAX = 1000,           /* of one page */
    CLOUDWATCH_TOKEN_MAX = 16 * 1024
};

enum cloudwatch_state {
    CLOUDWATCH_COMPLETE,
    CLOUDWATCH_PARTIAL, /* more on another page, or CloudWatch had not everything */
    CLOUDWATCH_FAILED   /* InternalError, Forbidden, or what we do not know */
};

struct cloudwatch_point {
    int64_t at_s; /* since 1970: where its period begins */
    double value;
};

struct cloudwatch_result {
    uint32_t number; /* of the query: Id "m17" */
    enum cloudwatch_state state;
    size_t count;
    const struct cloudwatch_point *points;
};

/* Ends with cloudwatch_page_done. */
struct cloudwatch_page {
    size_t count;
    struct cloudwatch_result *results;
    struct cloudwatch_point *points; /* of all of them */
    char *next_token;                /* NULL: the last page */
};

/* ERR_PROTOCOL, ERR_LIMIT; ERR_UNAVAILABLE where it says that something is missing (Messages). */
MUST_CHECK bool cloudwatch_read(const char *bytes, size_t length, struct cloudwatch_page *ret_page,
                                struct err *err);
void cloudwatch_page_done(struct cloudwatch_page *page);

#endif
