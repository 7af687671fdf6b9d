/* probe_extract.h - what a smoke test's expectation needs, out of one answer.
 * SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PROBE_EXTRACT_H
#define COLLECTORS_PROBE_EXTRACT_H

#include "base/text.h"
#include "io/http_client.h"
#include "judge/smoke.h"

struct pattern;

/* An extract with its own copies of the texts. */
struct probe_extract {
    enum smoke_extract_kind kind;
    char *path;
    char *text;
    struct pattern *pattern; /* *_MATCHES */
    bool is_known;           /* *_MATCHES: `path` is a pattern */
};

/* What came. Of TCP the body is what the peer said first, of TLS there is none, of a command what it printed.
 */
struct probe_answer {
    int status; /* 0: not HTTP; of a command how it ended */
    double time_ms;
    double days_left; /* of the certificate; NAN: unknown */
    const char *body;
    size_t length;
    const struct http_answer *http; /* its headers; NULL */
};

void probe_extract_init(struct probe_extract *extract, const struct smoke_extract *from);
void probe_extract_done(struct probe_extract *extract);

/* The extracts as numbers (NAN: not in the answer), and in words what came: "status 500, time 12 ms". */
void probe_extract_take(const struct probe_extract *extracts, size_t count, const struct probe_answer *answer,
                        double *ret_numbers, struct text *words);

#endif
