/* lever_bench.h - a lever of any kind on a loop with a real verdict-runner, and what it tells.
 * SPDX-License-Identifier: MIT
 *
 * The runner's folder is the test's; the runner starts with lever_bench_start_runner(), after the test has
 * written its files. */
#ifndef SUPPORT_LEVER_BENCH_H
#define SUPPORT_LEVER_BENCH_H

#include "drivers/traffic.h"
#include "io/log.h"
#include "support/runner_bench.h"

#include <stdalign.h>
#include <stddef.h>

enum { LEVER_BENCH_WAIT_MS = 20000, LEVER_BENCH_MEMORY = 16384, LEVER_BENCH_OPTIONS_MAX = 16 };

/* What `done` said. */
struct lever_told {
    bool is_there;
    int count;
    bool is_done, is_final;
    uint16_t share;
    char why[TRAFFIC_WHY_MAX];
};

struct lever_bench {
    const struct traffic_type *const *types; /* the test's: traffic_types */
    struct bench *runner;
    struct loop *loop;
    struct runner_client *client;
    struct http_client *http;
    struct log log;
    const struct traffic_type *type;
    struct traffic *traffic;
    struct arena arena; /* of options */
    alignas(max_align_t) char memory[LEVER_BENCH_MEMORY];
    struct option_value use[LEVER_BENCH_OPTIONS_MAX];
};

struct lever_bench_option {
    const char *name;
    const char *text; /* of a list: words between spaces */
};

struct lever_bench *lever_bench_new(const struct traffic_type *const *types);
void lever_bench_free(struct lever_bench *bench);

/* runner.conf: what may run ("[ "/bin/true" ], ...") and what may be written ("FOLDER/NAME" of each name). */
void lever_bench_start_runner(struct lever_bench *bench, const char *allow, const char *const *names);

/* Options end with a NULL name. False: refused, `err` says why. */
bool lever_bench_try_open(struct lever_bench *bench, const char *kind,
                          const struct lever_bench_option *options, struct err *err);
void lever_bench_open(struct lever_bench *bench, const char *kind, const struct lever_bench_option *options);
void lever_bench_close(struct lever_bench *bench);

/* Between blue (slot 0, servers b1, b2) and green (slot 1, g1) of shop/prod, with these options. */
struct traffic_split lever_bench_split(struct lever_bench *bench, uint8_t candidate,
                                       const struct lever_bench_option *options);

void lever_bench_set(struct lever_bench *bench, const struct traffic_split *split, uint64_t number,
                     uint16_t share, struct lever_told *told);
void lever_bench_await(struct lever_bench *bench, const struct lever_told *told);
traffic_done lever_bench_note; /* data: a struct lever_told */

struct lever_told lever_bench_set_now(struct lever_bench *bench, const struct traffic_split *split,
                                      uint64_t number, uint16_t share);
struct lever_told lever_bench_mirror(struct lever_bench *bench, const struct traffic_split *split,
                                     uint64_t number, uint16_t share);
struct lever_told lever_bench_read(struct lever_bench *bench, const struct traffic_split *split);
struct lever_told lever_bench_rehearse(struct lever_bench *bench, const struct traffic_split *split);

void lever_bench_expect_done(const struct lever_told *told, uint16_t share);
void lever_bench_expect_failed(const struct lever_told *told, bool is_final, const char *part);

/* One turn of the loop, at most 5 ms; fails the test past `until_ms`. */
void lever_bench_turn(struct lever_bench *bench, int64_t until_ms);

#endif
