/* kept.h - deployments that a daemon's data folder keeps: their course from the journal, their values from
 * the RRD files. Reads only; the daemon may run or not. SPDX-License-Identifier: MIT
 *
 * What cannot be had from there, and is told: why a source was silent (a gap is a gap), what fell into
 * buckets that a histogram had before its present ones, single steps that are older than the finest archive
 * (averages of minutes stand for them). */
#ifndef CLI_KEPT_H
#define CLI_KEPT_H

#include "cli/past.h"

struct kept_request {
    const char *data; /* folder */
    const struct config *config;
    const struct option_schemas *schemas;
    const char *service;     /* "" all */
    const char *environment; /* "" all */
    int64_t since_ms;        /* created at or after, since 1970 */
    void *arg;
    /* False ends the reading, with *err. The past is the callee's until it returns. */
    bool (*each)(void *arg, struct past *past, struct err *err);
};

struct kept_counts {
    size_t read;                           /* handed out */
    size_t not_routed;                     /* ended before the candidate had traffic, or go on */
    size_t not_ruled;                      /* these rules know no such service and environment */
    size_t unreadable;                     /* their sealed texts, or what they keep, are none of this build */
    char unruled[2 * NAME_MAX_LENGTH + 2]; /* the first of them */
    char why[ERR_TEXT_MAX];                /* the first thing that was said of one left out */
};

MUST_CHECK bool kept_read(const struct kept_request *request, struct kept_counts *ret_counts,
                          struct err *err);

#endif
