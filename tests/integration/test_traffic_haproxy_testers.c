/* test_traffic_haproxy_testers.c - testers with a real HAProxy: at the candidate before anybody else is, and
 * away from it with everybody else.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "support/haproxy_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { REQUESTS = 40, OPTION_TESTERS = 4 };

static const struct traffic_type *haproxy(void)
{
    for (size_t i = 0; traffic_types[i] != NULL; i++)
        if (strcmp(traffic_types[i]->name, "haproxy") == 0)
            return traffic_types[i];
    fail_msg("there is no such type");
    return NULL;
}

static struct traffic_split split_of(const char *backend, uint8_t candidate)
{
    static struct option_value options[HAPROXY_BENCH_OPTIONS];
    struct traffic_split split = haproxy_bench_split(backend, candidate, 1, 1);

    options[0] = split.options[0];
    options[OPTION_TESTERS] = (struct option_value){.is_set = true, .flag = true};
    split.options = options;
    return split;
}

/* Forward orders let testers in, the way back does not. */
static void expect_set(struct haproxy_bench *bench, struct traffic_split *split, uint64_t number,
                       uint16_t share, bool lets_testers)
{
    split->lets_testers = lets_testers;
    struct haproxy_told told = haproxy_bench_set_now(bench, split, number, share);
    haproxy_bench_expect_done(&told, share);
}

static void expect_map(const struct haproxy_bench *bench, const char *part)
{
    char command[BENCH_PATH_MAX + 16];

    (void)snprintf(command, sizeof(command), "show map %s", bench->map);
    haproxy_bench_expect(bench, 0, command, part);
}

/* 'g' or 'b', whoever answered. */
static char request(const struct haproxy_bench *bench, const char *header)
{
    char path[BENCH_PATH_MAX];
    char question[128];
    char answer[512];

    (void)snprintf(question, sizeof(question), "GET / HTTP/1.0\r\n%s\r\n", header);
    assert_true(
        haproxy_bench_ask(bench_path(bench->runner, "guests0.sock", path), question, answer, sizeof(answer)));
    if (strstr(answer, " 200 ") == NULL)
        fail_msg("a user got \"%s\"", answer);
    return strstr(answer, "green") != NULL ? 'g' : 'b';
}

static void expect_testers(const struct haproxy_bench *bench, char side)
{
    for (int i = 0; i < REQUESTS; i++) {
        assert_int_equal(request(bench, "X-Tester: 1\r\n"), side);
        assert_int_equal(request(bench, "Cookie: a=1; tester=ann\r\n"), side);
    }
}

static void expect_users(const struct haproxy_bench *bench, char side)
{
    for (int i = 0; i < REQUESTS; i++)
        assert_int_equal(request(bench, ""), side);
}

static void they_come_first_and_leave_with_all(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_of("shop", 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_done(&told, 0);
    expect_testers(bench, 'b');
    expect_set(bench, &split, 1, 0, true); /* the map has no such key yet */
    expect_map(bench, " shop.testers 10000\n");
    expect_testers(bench, 'g');
    expect_users(bench, 'b');
    told = haproxy_bench_read(bench, &split);
    haproxy_bench_expect_done(&told, 0);
    haproxy_bench_await_persisted(bench, &split);
    char *file = bench_read(bench->runner, "map");
    assert_non_null(strstr(file, "shop.testers 10000\n")); /* a reload of HAProxy loses none of them */
    free(file);
    expect_set(bench, &split, 2, 3000, true);
    expect_testers(bench, 'g');
    expect_set(bench, &split, 3, 0, false);
    expect_testers(bench, 'b');
    expect_users(bench, 'b');
    haproxy_bench_await_persisted(bench, &split);
    haproxy_bench_reload(bench);
    expect_testers(bench, 'b');
}

/* Who goes on asking is at stable, so the candidate's requests stand still. */
static void the_way_back_is_confirmed_while_they_ask(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_of("shop", 1);
    struct haproxy_told told;

    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 0, true);
    expect_testers(bench, 'g');
    split.lets_testers = false;
    haproxy_bench_set(bench, &split, 2, 0, &told);
    while (!told.is_there) {
        haproxy_bench_turn(bench, 1);
        (void)request(bench, "X-Tester: 1\r\n");
    }
    haproxy_bench_expect_done(&told, 0);
    expect_testers(bench, 'b');
}

/* The other way round: green serves, blue is tried. */
static void either_slot_may_be_the_candidate(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_of("shop", 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 10000, true);
    split = split_of("shop", 0);
    expect_testers(bench, 'g');
    expect_set(bench, &split, 2, 0, true);
    expect_testers(bench, 'b');
    expect_users(bench, 'g');
    expect_set(bench, &split, 3, 0, false);
    expect_testers(bench, 'g');
    expect_users(bench, 'g');
}

/* Let in nowhere: as before any route, the candidate has to be up. */
static void nobody_is_sent_to_what_is_down(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_of("sick", 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    split.lets_testers = true;
    struct haproxy_told told = haproxy_bench_set_now(bench, &split, 1, 0);
    haproxy_bench_expect_failed(&told, false, "no server of sick_green is up");
    expect_set(bench, &split, 2, 0, false); /* the way back asks nothing */
}

static void a_hand_that_moves_them_is_no_way_back(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_of("shop", 1);
    char command[BENCH_PATH_MAX + 32];

    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 2500, true);
    (void)snprintf(command, sizeof(command), "del map %s shop.testers", bench->map);
    (void)haproxy_bench_say(bench, 0, command);
    expect_set(bench, &split, 2, 0, false);
    expect_map(bench, " shop.testers 0\n");
    expect_testers(bench, 'b');
}

static void weights_know_nobody(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = split_of("pair", 1);
    const char *const sockets[] = {bench->sockets[0], NULL};

    haproxy_bench_open(bench, haproxy(), sockets, "weights", NULL);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "testers: weights know nobody, a map can");
    expect_set(bench, &split, 1, 0, false); /* nothing keeps from going back */
}

#define WITH_HAPROXY(test)                                                                                   \
    cmocka_unit_test_setup_teardown(test, haproxy_bench_set_up, haproxy_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HAPROXY(they_come_first_and_leave_with_all),
        WITH_HAPROXY(the_way_back_is_confirmed_while_they_ask),
        WITH_HAPROXY(either_slot_may_be_the_candidate),
        WITH_HAPROXY(nobody_is_sent_to_what_is_down),
        WITH_HAPROXY(a_hand_that_moves_them_is_no_way_back),
        WITH_HAPROXY(weights_know_nobody),
    };

    return cmocka_run_group_tests_name("traffic_haproxy_testers", tests, NULL, NULL);
}
