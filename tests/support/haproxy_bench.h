/* haproxy_bench.h - two real HAProxy processes over one map file, a real verdict-runner that may write it,
 * and a lever on them.
 * SPDX-License-Identifier: MIT
 *
 * Both have: the backends shop_blue and shop_green (one server each, up) behind the map's key "shop";
 * sick_blue (up) and sick_green (down); `pair` (b1, g1), `many` (b1 b2 b3, g1 g2; round robin), `least`
 * (leastconn), `keyed` (source), `half` (b1 up, g1 down); long_blue and long_green, whose g1 is
 * FOLDER/hang.sock. The frontends `tester` and `long` lead to shop_green and long_green, `sticky` splits shop
 * by the cookie SID, `guests` by its shares of users and of testers. Blue servers answer "blue", green ones
 * "green". Process 0 has a master and can be reloaded; process 1 is one process, so that it can be stopped
 * and continued. */
#ifndef SUPPORT_HAPROXY_BENCH_H
#define SUPPORT_HAPROXY_BENCH_H

#include "drivers/traffic.h"
#include "io/log.h"
#include "support/process.h"
#include "support/runner_bench.h"

struct loop;
struct runner_client;

enum {
    HAPROXY_BENCH_OPTIONS = 5,
    HAPROXY_BENCH_WAIT_MS = 20000,
    HAPROXY_BENCH_PROXIES = 2,
    HAPROXY_BENCH_ANSWER_MAX = 16384
};

struct haproxy_bench {
    struct bench *runner;
    struct loop *loop;
    struct runner_client *client;
    struct process proxies[HAPROXY_BENCH_PROXIES];
    char sockets[HAPROXY_BENCH_PROXIES][BENCH_PATH_MAX];  /* level admin */
    char map[BENCH_PATH_MAX], state_file[BENCH_PATH_MAX]; /* the files that the runner may write */
    struct log log;                                       /* the lever's, into the runner's folder */
    const struct traffic_type *type;
    struct traffic *traffic;
};

/* What `done` said. */
struct haproxy_told {
    bool is_there;
    int count;
    bool is_done, is_final;
    uint16_t share;
    char why[TRAFFIC_WHY_MAX];
};

/* Fixture of cmocka: a runner and process 0, the map "# shares", "shop 0", "other 2500". */
int haproxy_bench_set_up(void **state);
int haproxy_bench_tear_down(void **state);

void haproxy_bench_start(struct haproxy_bench *bench, size_t proxy); /* and waits until it answers */
void haproxy_bench_stop(struct haproxy_bench *bench, size_t proxy);
void haproxy_bench_reload(struct haproxy_bench *bench); /* process 0, and waits for the new worker */

/* One command on a connection of its own; the whole answer, valid until the next call. */
const char *haproxy_bench_say(const struct haproxy_bench *bench, size_t proxy, const char *command);
void haproxy_bench_expect(const struct haproxy_bench *bench, size_t proxy, const char *command,
                          const char *part);
void haproxy_bench_wait_for(const struct haproxy_bench *bench, size_t proxy, const char *command,
                            const char *part);

/* One question on a Unix socket until the other side closes; false: nobody answers. */
bool haproxy_bench_ask(const char *path, const char *question, char *answer, size_t size);

/* How many of `count` requests through the frontend of `backend` green servers answer (process 0). */
size_t haproxy_bench_count_green(const struct haproxy_bench *bench, const char *backend, size_t count);

/* Opens the lever; a list of sockets ends with NULL, `state_file` may be NULL. */
void haproxy_bench_open(struct haproxy_bench *bench, const struct traffic_type *type,
                        const char *const *sockets, const char *split, const char *state_file);
/* Split "map:FILE" over the sockets of the first `count` processes. */
void haproxy_bench_open_map(struct haproxy_bench *bench, const struct traffic_type *type, size_t count);

/* A split of `backend` between blue (slot 0, `blues` servers b1...) and green (slot 1, g1...); good until the
 * next call. */
struct traffic_split haproxy_bench_split(const char *backend, uint8_t candidate, size_t blues, size_t greens);

/* Start, without waiting. */
void haproxy_bench_set(struct haproxy_bench *bench, const struct traffic_split *split, uint64_t number,
                       uint16_t share, struct haproxy_told *told);
void haproxy_bench_await(struct haproxy_bench *bench, const struct haproxy_told *told);
traffic_done haproxy_bench_note; /* data: a struct haproxy_told */

/* Start and wait for the end. */
struct haproxy_told haproxy_bench_set_now(struct haproxy_bench *bench, const struct traffic_split *split,
                                          uint64_t number, uint16_t share);
struct haproxy_told haproxy_bench_read(struct haproxy_bench *bench, const struct traffic_split *split);
struct haproxy_told haproxy_bench_rehearse(struct haproxy_bench *bench, const struct traffic_split *split);

void haproxy_bench_expect_done(const struct haproxy_told *told, uint16_t share);
void haproxy_bench_expect_failed(const struct haproxy_told *told, bool is_final, const char *part);

/* Lets the loop turn so many times without waiting; until the log has the words; until the share is safe in
 * the file. */
void haproxy_bench_turn(struct haproxy_bench *bench, int turns);
void haproxy_bench_await_log(struct haproxy_bench *bench, const char *part);
void haproxy_bench_await_persisted(struct haproxy_bench *bench, const struct traffic_split *split);

#endif
