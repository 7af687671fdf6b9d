/* aws_bench.h - tests/support/aws/peer.py, which plays Amazon, from its start to its end.
 * SPDX-License-Identifier: MIT
 *
 * Every failure fails the running test. */
#ifndef SUPPORT_AWS_BENCH_H
#define SUPPORT_AWS_BENCH_H

#include "support/peer.h"

#include <stdbool.h>

struct aws_bench {
    struct peer peer;
    char url[64];       /* of the services, and of the instance's metadata */
    char sts[64];       /* URL */
    char container[64]; /* URL */
};

/* Also empties the environment of what Amazon's variables say. */
bool aws_bench_start(struct aws_bench *bench);
void aws_bench_stop(struct aws_bench *bench);
void aws_bench_clear_environment(void);

/* How it behaves from now on, as JSON with ' for ". */
void aws_bench_tell(const struct aws_bench *bench, const char *how);

/* What it has seen, by a path of io/json.h; a text's comes into `text` (may be NULL). */
double aws_bench_seen(const struct aws_bench *bench, const char *path);
void aws_bench_seen_text(const struct aws_bench *bench, const char *path, char *to, size_t size);

#endif
