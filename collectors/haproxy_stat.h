/* haproxy_stat.h - the answer to HAProxy's `show stat`: what each server was asked and how it answered.
 * SPDX-License-Identifier: MIT
 *
 * Measured with 2.6: a server's req_tot and hrsp_* hold only requests that it answered; connections that
 * failed (econ) and answers that did not come or were none (eresp) stand beside them, never in both. The row
 * BACKEND holds the answers that clients got, those that HAProxy gave itself among them. */
#ifndef COLLECTORS_HAPROXY_STAT_H
#define COLLECTORS_HAPROXY_STAT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { HAPROXY_STAT_MAX = 4 * 1024 * 1024, HAPROXY_ROWS_MAX = 16384 };

struct haproxy_row {
    const char *backend;
    const char *server; /* or "BACKEND" */
    bool is_up;         /* HAProxy would send requests there: its checks are well, or it makes none */
    double requests;    /* since HAProxy's start */
    double errors;      /* of these: 5xx, or no answer */
    double time_ms;     /* total time of a request, averaged over the last 1024 */
};

struct haproxy_stat {
    char *bytes; /* the texts of the rows */
    struct haproxy_row *rows;
    size_t count;
};

/* Keeps servers and backends; a row with a number that HAProxy would not count is none. ERR_PROTOCOL: not the
 * table, or a column that is needed is missing; ERR_LIMIT. Ends with haproxy_stat_done. */
MUST_CHECK bool haproxy_stat_read(const char *bytes, size_t length, struct haproxy_stat *ret_stat,
                                  struct err *err);
void haproxy_stat_done(struct haproxy_stat *stat);

#endif
