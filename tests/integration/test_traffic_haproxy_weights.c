/* test_traffic_haproxy_weights.c - HAProxy's lever by server weights, against a real HAProxy.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "support/haproxy_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { REQUESTS = 520 };

static const uint16_t shares[] = {500, 2500, 5000, 10000, 5000, 0, 10000, 0, 100, 3300, 0};

static const struct traffic_type *haproxy(void)
{
    for (size_t i = 0; traffic_types[i] != NULL; i++)
        if (strcmp(traffic_types[i]->name, "haproxy") == 0)
            return traffic_types[i];
    fail_msg("there is no such type");
    return NULL;
}

static void open_weights(struct haproxy_bench *bench, const char *state_file)
{
    const char *const sockets[] = {bench->sockets[0], NULL};

    haproxy_bench_open(bench, haproxy(), sockets, "weights", state_file);
}

static int set_up(void **state)
{
    (void)haproxy_bench_set_up(state);
    open_weights(*state, NULL);
    return 0;
}

static int set_up_with_state_file(void **state)
{
    (void)haproxy_bench_set_up(state);
    open_weights(*state, ((struct haproxy_bench *)*state)->state_file);
    return 0;
}

static void expect_set(struct haproxy_bench *bench, const struct traffic_split *split, uint64_t number,
                       uint16_t share)
{
    struct haproxy_told told = haproxy_bench_set_now(bench, split, number, share);

    haproxy_bench_expect_done(&told, share);
}

static void expect_read(struct haproxy_bench *bench, const struct traffic_split *split, uint16_t share)
{
    struct haproxy_told told = haproxy_bench_read(bench, split);

    haproxy_bench_expect_done(&told, share);
}

/* What is set is what is read, by this lever and by one that knows nothing of it, and what users see. */
static void walk(struct haproxy_bench *bench, const char *backend, size_t blues, size_t greens)
{
    struct traffic_split split = haproxy_bench_split(backend, 1, blues, greens);

    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_done(&told, 0);
    for (uint64_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        expect_set(bench, &split, i + 1, shares[i]);
        expect_read(bench, &split, shares[i]);
        size_t greens_seen = haproxy_bench_count_green(bench, backend, REQUESTS);
        size_t wanted = (size_t)shares[i] * REQUESTS / 10000;
        /* Round robin is exact over a whole cycle; REQUESTS may begin and end within one. */
        size_t slack = shares[i] % 10000 == 0 ? 0 : 20;
        assert_in_range(greens_seen, wanted < slack ? 0 : wanted - slack, wanted + slack);
        bench->type->close(bench->traffic);
        open_weights(bench, NULL);
        expect_read(bench, &split, shares[i]);
    }
}

static void splits_one_and_one(void **state)
{
    walk(*state, "pair", 1, 1);
}

static void splits_three_and_two(void **state)
{
    walk(*state, "many", 3, 2);
}

static void moves_the_first_slot(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("pair", 0, 1, 1);

    expect_read(bench, &split, 10000);
    expect_set(bench, &split, 1, 500);
    haproxy_bench_expect(bench, 0, "get weight pair/b1", "13 (initial 100)");
    haproxy_bench_expect(bench, 0, "get weight pair/g1", "247 (initial 0)");
    expect_set(bench, &split, 2, 0);
    assert_int_equal(haproxy_bench_count_green(bench, "pair", REQUESTS), REQUESTS);
}

/* A hand at the weights is seen as it is. */
static void sees_other_hands(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("many", 1, 3, 2);

    expect_set(bench, &split, 1, 500);
    (void)haproxy_bench_say(bench, 0, "set weight many/g2 228");
    struct haproxy_told told = haproxy_bench_read(bench, &split);
    haproxy_bench_expect_done(&told, (18 + 228) * 10000 / (18 + 4 * 228));
    expect_set(bench, &split, 1, 500);
    expect_read(bench, &split, 500);
}

static void refuses(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("least", 1, 1, 1);

    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "balances by \"leastconn\"");
    told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, true, "leastconn");
    haproxy_bench_expect(bench, 0, "get weight least/g1", "0 (initial 0)");
    split = haproxy_bench_split("keyed", 1, 1, 1);
    told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "balances by \"source\"");
    split = haproxy_bench_split("pair", 1, 1, 2);
    told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "no server pair/g2");
    told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, true, "no server pair/g2");
    told = haproxy_bench_read(bench, &split);
    haproxy_bench_expect_failed(&told, true, "no server pair/g2");
    split = haproxy_bench_split("nope", 1, 1, 1);
    told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, true, "no server nope/g1");
    told = haproxy_bench_read(bench, &split);
    haproxy_bench_expect_failed(&told, true, "Can't find backend");
    split = haproxy_bench_split("pair", 1, 1, 0);
    told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, true, "slot green needs");
    split = haproxy_bench_split("pair", 1, 1, 1);
    told = haproxy_bench_set_now(bench, &split, 1, 1);
    haproxy_bench_expect_failed(&told, true, "come near to 0.01 %");
}

/* The others are moved all the same: whom HAProxy does not know has no traffic either. */
static void goes_back_as_far_as_it_can(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("pair", 1, 1, 1);

    expect_set(bench, &split, 1, 5000);
    split = haproxy_bench_split("pair", 1, 1, 2);
    struct haproxy_told told = haproxy_bench_set_now(bench, &split, 2, 0);
    haproxy_bench_expect_failed(&told, true, "no server pair/g2");
    assert_int_equal(haproxy_bench_count_green(bench, "pair", REQUESTS), 0);
}

static void refuses_what_is_down(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("half", 1, 1, 1);

    struct haproxy_told told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, false, "half/g1");
    haproxy_bench_expect(bench, 0, "get weight half/g1", "0 (initial 0)");
    expect_set(bench, &split, 2, 0);
    split = haproxy_bench_split("pair", 1, 1, 1);
    (void)haproxy_bench_say(bench, 0, "set server pair/g1 state drain");
    told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, false, "pair/g1");
    (void)haproxy_bench_say(bench, 0, "set server pair/g1 state ready");
    expect_set(bench, &split, 2, 500);
}

static void needs_level_admin(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("pair", 1, 1, 1);
    char path[BENCH_PATH_MAX];
    const char *const sockets[] = {bench_path(bench->runner, "operator0.sock", path), NULL};

    bench->type->close(bench->traffic);
    haproxy_bench_open(bench, haproxy(), sockets, "weights", NULL);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "needs level admin");
    told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, true, "HAProxy says: Permission denied");
    told = haproxy_bench_set_now(bench, &split, 2, 0);
    haproxy_bench_expect_failed(&told, true, "HAProxy says: Permission denied");
}

static void survives_a_reload(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("pair", 1, 1, 1);

    expect_set(bench, &split, 1, 2500);
    haproxy_bench_await_persisted(bench, &split);
    char *file = bench_read(bench->runner, "state");
    assert_non_null(strstr(file, " many ")); /* the file is for all backends */
    free(file);
    haproxy_bench_reload(bench);
    expect_read(bench, &split, 2500);
    assert_in_range(haproxy_bench_count_green(bench, "pair", REQUESTS), REQUESTS / 4 - 2, REQUESTS / 4 + 2);
    expect_set(bench, &split, 2, 0);
    haproxy_bench_await_persisted(bench, &split);
    haproxy_bench_reload(bench);
    expect_read(bench, &split, 0);
}

/* Without a state file HAProxy falls back to its own weights, and the lever does not claim otherwise. */
static void does_not_survive_without_a_file(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("many", 1, 3, 2);

    expect_set(bench, &split, 1, 2500);
    haproxy_bench_turn(bench, 50);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    haproxy_bench_reload(bench);
    expect_read(bench, &split, 0);
}

#define WITH_HAPROXY(test) cmocka_unit_test_setup_teardown(test, set_up, haproxy_bench_tear_down)
#define WITH_STATE_FILE(test)                                                                                \
    cmocka_unit_test_setup_teardown(test, set_up_with_state_file, haproxy_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HAPROXY(splits_one_and_one),
        WITH_HAPROXY(splits_three_and_two),
        WITH_HAPROXY(moves_the_first_slot),
        WITH_HAPROXY(sees_other_hands),
        WITH_HAPROXY(refuses),
        WITH_HAPROXY(goes_back_as_far_as_it_can),
        WITH_HAPROXY(refuses_what_is_down),
        WITH_HAPROXY(needs_level_admin),
        WITH_STATE_FILE(survives_a_reload),
        WITH_HAPROXY(does_not_survive_without_a_file),
    };
    return cmocka_run_group_tests_name("traffic_haproxy_weights", tests, NULL, NULL);
}
