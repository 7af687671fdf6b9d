/* test_traffic_haproxy_sockets.c - orders that overlap, processes that hang or are gone, and the end of a
 * lever at work.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "support/haproxy_bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TURNS = 30, TOO_SLOW_MS = 1000 };

static const struct traffic_type *haproxy(void)
{
    for (size_t i = 0; traffic_types[i] != NULL; i++)
        if (strcmp(traffic_types[i]->name, "haproxy") == 0)
            return traffic_types[i];
    fail_msg("there is no such type");
    return NULL;
}

static int set_up_two(void **state)
{
    (void)haproxy_bench_set_up(state);
    haproxy_bench_start(*state, 1);
    haproxy_bench_open_map(*state, haproxy(), 2);
    return 0;
}

static int set_up_one(void **state)
{
    (void)haproxy_bench_set_up(state);
    haproxy_bench_open_map(*state, haproxy(), 1);
    return 0;
}

static void expect_map(const struct haproxy_bench *bench, size_t proxy, const char *part)
{
    char command[BENCH_PATH_MAX + 16];

    (void)snprintf(command, sizeof(command), "show map %s", bench->map);
    haproxy_bench_expect(bench, proxy, command, part);
}

static void expect_set(struct haproxy_bench *bench, const struct traffic_split *split, uint64_t number,
                       uint16_t share)
{
    struct haproxy_told told = haproxy_bench_set_now(bench, split, number, share);

    haproxy_bench_expect_done(&told, share);
}

static void sets_all_processes(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);

    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_done(&told, 0);
    expect_set(bench, &split, 1, 2500);
    expect_map(bench, 0, " shop 2500\n");
    expect_map(bench, 1, " shop 2500\n");
    haproxy_bench_await_persisted(bench, &split);
    /* Reading tells the most that the candidate has anywhere. */
    char command[BENCH_PATH_MAX + 32];
    (void)snprintf(command, sizeof(command), "set map %s shop 4000", bench->map);
    (void)haproxy_bench_say(bench, 1, command);
    told = haproxy_bench_read(bench, &split);
    haproxy_bench_expect_done(&told, 4000);
}

/* Forward needs all; back goes to those that can be reached and is not done before all have it. */
static void one_process_is_gone(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);

    expect_set(bench, &split, 1, 2500);
    haproxy_bench_await_persisted(bench, &split);
    haproxy_bench_stop(bench, 1);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, false, "admin1.sock");
    told = haproxy_bench_read(bench, &split);
    haproxy_bench_expect_failed(&told, false, "admin1.sock");
    told = haproxy_bench_set_now(bench, &split, 2, 5000);
    haproxy_bench_expect_failed(&told, false, "admin1.sock");
    expect_map(bench, 0, " shop 2500\n"); /* nothing was changed anywhere */
    told = haproxy_bench_set_now(bench, &split, 3, 0);
    haproxy_bench_expect_failed(&told, false, "admin1.sock");
    expect_map(bench, 0, " shop 0\n");
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    /* The file is safe at once: when the other one starts, it starts with stable. */
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    for (bool is_safe = false; !is_safe;) {
        char *file = bench_read(bench->runner, "map");
        is_safe = strncmp(file, "shop 0\n", 7) == 0;
        free(file);
        haproxy_bench_turn(bench, 1);
        bench_pause(until_ms, "shop 0 in the file");
    }
    haproxy_bench_start(bench, 1);
    expect_map(bench, 1, " shop 0\n");
    expect_set(bench, &split, 3, 0); /* the same order again, as the caller does */
    haproxy_bench_await_persisted(bench, &split);
}

static void the_first_process_is_gone(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);

    expect_set(bench, &split, 1, 2500);
    haproxy_bench_stop(bench, 0);
    struct haproxy_told told = haproxy_bench_set_now(bench, &split, 2, 0);
    haproxy_bench_expect_failed(&told, false, "admin0.sock");
    expect_map(bench, 1, " shop 0\n");
}

/* L2: a process that hangs delays the way back of no other. */
static void one_process_hangs(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    struct haproxy_told forward;
    struct haproxy_told back;
    char command[BENCH_PATH_MAX + 16];

    expect_set(bench, &split, 1, 2500);
    process_signal(&bench->proxies[1], SIGSTOP);
    int64_t start_ms = bench_now_ms();
    haproxy_bench_set(bench, &split, 2, 5000, &forward);
    haproxy_bench_turn(bench, 3);
    assert_false(forward.is_there);
    haproxy_bench_set(bench, &split, 3, 0, &back);
    (void)snprintf(command, sizeof(command), "show map %s", bench->map);
    while (strstr(haproxy_bench_say(bench, 0, command), " shop 0\n") == NULL) {
        assert_true(bench_now_ms() < start_ms + BENCH_WAIT_MS);
        haproxy_bench_turn(bench, 1);
    }
    assert_in_range(bench_now_ms() - start_ms, 0, TOO_SLOW_MS);
    assert_true(forward.is_there);
    haproxy_bench_expect_failed(&forward, false, "overtaken");
    assert_false(back.is_there);
    haproxy_bench_await(bench, &back);
    haproxy_bench_expect_failed(&back, false, "deadline");
    process_signal(&bench->proxies[1], SIGCONT);
    expect_set(bench, &split, 3, 0);
    expect_map(bench, 1, " shop 0\n");
}

/* Connections that the second process has or is about to have. */
static size_t count_connections(const struct haproxy_bench *bench)
{
    char line[512];
    size_t count = 0;
    FILE *sockets = fopen("/proc/net/unix", "r");

    assert_non_null(sockets);
    while (fgets(line, sizeof(line), sockets) != NULL)
        count += strstr(line, bench->sockets[1]) != NULL;
    (void)fclose(sockets);
    return count;
}

/* What was written to a process that hangs is waited for: the newer order comes last there too. */
static void the_newer_order_comes_last(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    struct haproxy_told back;
    struct haproxy_told forward;
    struct haproxy_told again;

    expect_set(bench, &split, 1, 2500);
    haproxy_bench_await_persisted(bench, &split); /* else it may be asked for its map in the middle */
    process_signal(&bench->proxies[1], SIGSTOP);
    haproxy_bench_set(bench, &split, 2, 0, &back);
    haproxy_bench_turn(bench, TURNS);
    haproxy_bench_set(bench, &split, 3, 5000, &forward);
    haproxy_bench_turn(bench, TURNS);
    haproxy_bench_expect_failed(&back, false, "overtaken");
    size_t before = count_connections(bench);
    assert_in_range(before, 2, 4); /* where it listens, what was written, what was asked */
    haproxy_bench_set(bench, &split, 4, 0, &again);
    haproxy_bench_turn(bench, TURNS);
    assert_int_equal(count_connections(bench), before);
    haproxy_bench_expect_failed(&forward, false, "overtaken");
    process_signal(&bench->proxies[1], SIGCONT);
    haproxy_bench_await(bench, &again);
    haproxy_bench_expect_done(&again, 0);
    expect_map(bench, 0, " shop 0\n");
    expect_map(bench, 1, " shop 0\n");
    assert_int_equal(back.count, 1);
    assert_int_equal(forward.count, 1);
}

/* 50 % and at once 0: at whatever moment of the first order the second comes, 0 is what stays. */
static void a_newer_order_overtakes(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    struct haproxy_told forward;
    struct haproxy_told back;
    int overtaken = 0;

    for (int turns = 0; turns < TURNS; turns++) {
        haproxy_bench_set(bench, &split, 10 + 2 * (uint64_t)turns, 5000, &forward);
        haproxy_bench_turn(bench, turns);
        haproxy_bench_set(bench, &split, 11 + 2 * (uint64_t)turns, 0, &back);
        haproxy_bench_await(bench, &back);
        haproxy_bench_await(bench, &forward);
        haproxy_bench_expect_done(&back, 0);
        if (!forward.is_done)
            haproxy_bench_expect_failed(&forward, false, "overtaken");
        overtaken += !forward.is_done;
        expect_map(bench, 0, " shop 0\n");
        struct haproxy_told told = haproxy_bench_read(bench, &split);
        haproxy_bench_expect_done(&told, 0);
    }
    assert_in_range(overtaken, 1, TURNS);
}

static void an_older_order_is_never_applied(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    struct haproxy_told newer;

    expect_set(bench, &split, 20, 5000);
    struct haproxy_told told = haproxy_bench_set_now(bench, &split, 19, 0);
    haproxy_bench_expect_failed(&told, false, "overtaken");
    expect_map(bench, 0, " shop 5000\n");
    haproxy_bench_set(bench, &split, 22, 100, &newer);
    told = haproxy_bench_set_now(bench, &split, 21, 9000);
    haproxy_bench_expect_failed(&told, false, "overtaken");
    haproxy_bench_await(bench, &newer);
    haproxy_bench_expect_done(&newer, 100);
    expect_map(bench, 0, " shop 100\n");
    expect_set(bench, &split, 22, 100); /* a retry has the same number */
}

/* Whatever is under way when the lever is closed says nothing more, and leaves nothing behind. */
static void closes_at_work(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    struct haproxy_told told[5];

    for (int turns = 0; turns < TURNS; turns++) {
        haproxy_bench_set(bench, &split, 1, 5000, &told[0]);
        haproxy_bench_set(bench, &split, 2, 0, &told[1]);
        haproxy_bench_set(bench, &split, 1, 100, &told[2]);
        memset(&told[3], 0, 2 * sizeof(told[3]));
        bench->type->read(bench->traffic, &split, haproxy_bench_note, &told[3]);
        bench->type->rehearse(bench->traffic, &split, haproxy_bench_note, &told[4]);
        haproxy_bench_turn(bench, turns);
        int before = told[0].count + told[1].count + told[2].count + told[3].count + told[4].count;
        bench->type->close(bench->traffic);
        haproxy_bench_turn(bench, TURNS);
        assert_int_equal(told[0].count + told[1].count + told[2].count + told[3].count + told[4].count,
                         before);
        haproxy_bench_open_map(bench, haproxy(), 1);
    }
}

struct closer {
    struct haproxy_bench *bench;
    bool is_closed;
};

static void close_it(void *data, bool is_done, bool is_final, uint16_t share, const char *why)
{
    struct closer *closer = data;

    (void)is_done, (void)is_final, (void)share, (void)why;
    closer->bench->type->close(closer->bench->traffic);
    closer->bench->traffic = NULL;
    closer->is_closed = true;
}

static void closes_inside_an_answer(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    struct closer closer = {.bench = bench};
    struct haproxy_told told;

    haproxy_bench_set(bench, &split, 1, 5000, &told);
    bench->type->set(bench->traffic, &split, 2, 0, close_it, &closer);
    assert_true(loop_run_until(bench->loop, &closer.is_closed, HAPROXY_BENCH_WAIT_MS));
    haproxy_bench_turn(bench, TURNS);
}

#define WITH_ONE(test) cmocka_unit_test_setup_teardown(test, set_up_one, haproxy_bench_tear_down)
#define WITH_TWO(test) cmocka_unit_test_setup_teardown(test, set_up_two, haproxy_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TWO(sets_all_processes),
        WITH_TWO(one_process_is_gone),
        WITH_TWO(the_first_process_is_gone),
        WITH_TWO(one_process_hangs),
        WITH_TWO(the_newer_order_comes_last),
        WITH_ONE(a_newer_order_overtakes),
        WITH_ONE(an_older_order_is_never_applied),
        WITH_ONE(closes_at_work),
        WITH_ONE(closes_inside_an_answer),
    };
    return cmocka_run_group_tests_name("traffic_haproxy_sockets", tests, NULL, NULL);
}
