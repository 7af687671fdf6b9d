/* probe.h - one run of a smoke test: HTTP requests, connections, handshakes and commands for every address of
 * a
 * slot, judged by their expectations. SPDX-License-Identifier: MIT */
#ifndef COLLECTORS_PROBE_HTTP_H
#define COLLECTORS_PROBE_HTTP_H

#include "base/err.h"
#include "judge/expression.h"
#include "judge/smoke.h"

#include <stddef.h>
#include <stdint.h>

struct loop;
struct http_client;
struct http_header;
struct runner_client;
struct probe_order;
struct probe;

enum { PROBE_CHECKS_MAX = 512, PROBE_HEADERS_MAX = 9, PROBE_ANSWER_MAX = 64 * 1024, PROBE_WHY_MAX = 256 };

enum probe_kind { PROBE_HTTP, PROBE_TCP, PROBE_TLS, PROBE_EXEC };

/* One question and what its answer must say; templates filled in. */
struct probe_check {
    const char *name; /* "health at 10.0.0.11:80", for messages */
    enum probe_kind kind;
    const char *method; /* HTTP, as the following up to `body` */
    const char *url;
    const struct http_header *headers;
    size_t header_count;             /* at most PROBE_HEADERS_MAX */
    const char *body;                /* NULL: none */
    const char *place;               /* TCP, TLS: "10.0.0.11:5432" */
    const char *server_name;         /* TLS: what the certificate must be for; NULL: the place's host */
    const char *trust;               /* TLS: file of authorities in place of the system's; NULL */
    const struct probe_order *order; /* EXEC: the command (probe_command.h) */
    const struct expression *expectation;
    uint8_t extract_count;
    const struct smoke_extract *extracts;
};

struct probe_plan {
    int64_t settle_ms;  /* wait before the first */
    int64_t timeout_ms; /* of one request */
    int64_t every_ms;   /* between attempts */
    uint16_t attempts;  /* of each check: one success is enough */
    size_t check_count;
    const struct probe_check *checks;
    struct runner_client *runner; /* of EXEC */
};

/* PASS: every check passed in one of its attempts; FAIL: one answered, and not as expected, to its last
 * attempt: no answer at all is a FAIL as well (the candidate must answer); INCONCLUSIVE: a command ended its
 * last attempt with 75, or nobody can tell how it ended. `why` names the first check that did not pass, what
 * was expected and what came. Everything is copied; `done` fires exactly once, from the loop. */
struct probe *probe_start(struct loop *loop, struct http_client *http, const struct probe_plan *plan,
                          void (*done)(void *data, enum verdict verdict, const char *why), void *data);
void probe_cancel(struct probe *probe); /* `done` is not called */

#endif
