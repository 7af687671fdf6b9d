/* test_traffic_haproxy.c - HAProxy's lever by a map, against a real HAProxy and a real runner.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "support/haproxy_bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

enum { MEASURED = 400, REQUESTS = 200 };

static const struct traffic_type *haproxy(void)
{
    for (size_t i = 0; traffic_types[i] != NULL; i++)
        if (strcmp(traffic_types[i]->name, "haproxy") == 0)
            return traffic_types[i];
    fail_msg("there is no such type");
    return NULL;
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

static void expect_map(const struct haproxy_bench *bench, const char *part)
{
    char command[BENCH_PATH_MAX + 16];

    (void)snprintf(command, sizeof(command), "show map %s", bench->map);
    haproxy_bench_expect(bench, 0, command, part);
}

static void sets_and_reads_back(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_done(&told, 0);
    expect_read(bench, &split, 0);
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), 0);
    expect_set(bench, &split, 1, 500);
    expect_map(bench, " shop 500\n");
    expect_read(bench, &split, 500);
    expect_set(bench, &split, 2, 5000);
    assert_in_range(haproxy_bench_count_green(bench, "shop", REQUESTS), REQUESTS / 4, REQUESTS * 3 / 4);
    expect_set(bench, &split, 3, 10000);
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), REQUESTS);
    expect_set(bench, &split, 4, 0);
    expect_set(bench, &split, 4, 0); /* again is the same as once */
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), 0);
    expect_map(bench, " other 2500\n");
}

static void moves_either_slot(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 0, 1, 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_read(bench, &split, 10000); /* blue has everything */
    expect_set(bench, &split, 1, 0);
    expect_map(bench, " shop 10000\n");
    assert_int_equal(haproxy_bench_count_green(bench, "shop", REQUESTS), REQUESTS);
    expect_set(bench, &split, 2, 500);
    expect_map(bench, " shop 9500\n");
    expect_read(bench, &split, 500);
    expect_set(bench, &split, 3, 10000);
    expect_map(bench, " shop 0\n");
}

static void survives_a_reload(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    expect_set(bench, &split, 1, 2500);
    haproxy_bench_await_persisted(bench, &split);
    char *file = bench_read(bench->runner, "map");
    assert_string_equal(file, "shop 2500\nother 2500\n");
    free(file);
    haproxy_bench_reload(bench);
    expect_read(bench, &split, 2500);
    struct haproxy_told told;
    haproxy_bench_set(bench, &split, 2, 0, &told);
    assert_false(bench->type->has_persisted(bench->traffic, &split)); /* not what is wanted now */
    haproxy_bench_await(bench, &told);
    haproxy_bench_expect_done(&told, 0);
    haproxy_bench_await_persisted(bench, &split);
    haproxy_bench_reload(bench);
    expect_read(bench, &split, 0);
}

/* Many splits share the file; each write holds them all. */
static void writes_for_all_splits(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split shop = haproxy_bench_split("shop", 1, 1, 1);
    struct traffic_split sick = shop;
    struct option_value options[HAPROXY_BENCH_OPTIONS] = {{.is_set = true, .text = "sick"}};
    struct haproxy_told told[2];

    sick.options = options;
    sick.candidate = 0; /* its blue backend is the one that is up */
    sick.stable = 1;
    haproxy_bench_open_map(bench, haproxy(), 1);
    for (uint16_t share = 100; share <= 2000; share += 100) {
        haproxy_bench_set(bench, &shop, share, share, &told[0]);
        haproxy_bench_set(bench, &sick, share, share, &told[1]);
        haproxy_bench_await(bench, &told[0]);
        haproxy_bench_await(bench, &told[1]);
        haproxy_bench_expect_done(&told[0], share);
        haproxy_bench_expect_done(&told[1], share);
    }
    haproxy_bench_await_persisted(bench, &shop);
    haproxy_bench_await_persisted(bench, &sick);
    char *file = bench_read(bench->runner, "map");
    assert_string_equal(file, "shop 2000\nother 2500\nsick 8000\n");
    free(file);
}

static void writes_once_the_runner_is_back(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    assert_int_equal(bench_stop(bench->runner, SIGTERM), 0);
    expect_set(bench, &split, 1, 100);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    runner_bench_start(bench->runner);
    haproxy_bench_await_persisted(bench, &split);
    char *file = bench_read(bench->runner, "map");
    assert_string_equal(file, "shop 100\nother 2500\n");
    free(file);
}

/* A file that the runner may not write: the share is set all the same, and the file tried again. */
static void does_without_the_file(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    char config[BENCH_PATH_MAX + 32];

    bench_write(bench->runner, "runner.conf", "write = [ \"/nowhere/else\" ];\n", 0600);
    assert_int_equal(bench_stop(bench->runner, SIGTERM), 0);
    runner_bench_start(bench->runner);
    haproxy_bench_open_map(bench, haproxy(), 1);
    expect_set(bench, &split, 1, 100);
    haproxy_bench_await_log(bench, "is not written, a reload of HAProxy would change the traffic");
    expect_set(bench, &split, 2, 200);
    assert_false(bench->type->has_persisted(bench->traffic, &split));
    expect_read(bench, &split, 200);
    (void)snprintf(config, sizeof(config), "write = [ \"%s\" ];\n", bench->map);
    bench_write(bench->runner, "runner.conf", config, 0600);
    assert_int_equal(bench_stop(bench->runner, SIGTERM), 0);
    runner_bench_start(bench->runner);
    haproxy_bench_await_persisted(bench, &split);
}

static void adds_a_missing_key(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    char command[BENCH_PATH_MAX + 32];

    haproxy_bench_open_map(bench, haproxy(), 1);
    (void)snprintf(command, sizeof(command), "clear map %s", bench->map);
    (void)haproxy_bench_say(bench, 0, command);
    expect_read(bench, &split, 0);
    expect_set(bench, &split, 1, 0);
    expect_map(bench, " shop 0\n");
    (void)haproxy_bench_say(bench, 0, command);
    expect_set(bench, &split, 2, 700);
    expect_map(bench, " shop 700\n");
    expect_set(bench, &split, 3, 800);
    (void)snprintf(command, sizeof(command), "show map %s", bench->map);
    const char *first = strstr(haproxy_bench_say(bench, 0, command), " shop 800");
    assert_non_null(first);
    assert_null(strstr(first + 1, " shop ")); /* once */
}

static void refuses_what_is_down(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("sick", 1, 1, 1);

    haproxy_bench_open_map(bench, haproxy(), 1);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_done(&told, 0); /* its deploy command may start it */
    told = haproxy_bench_set_now(bench, &split, 1, 500);
    haproxy_bench_expect_failed(&told, false, "no server of sick_green is up");
    expect_read(bench, &split, 0);
    expect_set(bench, &split, 2, 0); /* going back asks nothing */
    split = haproxy_bench_split("sick", 0, 1, 1);
    told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, false, "no server of sick_green is up"); /* the way back */
    expect_set(bench, &split, 3, 0); /* also to a stable side that is down */
    split = haproxy_bench_split("nope", 1, 1, 1);
    told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, true, "no backend nope_blue");
    told = haproxy_bench_set_now(bench, &split, 4, 100);
    haproxy_bench_expect_failed(&told, true, "no backend nope_green");
}

static void expect_rehearsal_failed(struct haproxy_bench *bench, const char *socket, const char *split_text,
                                    bool is_final, const char *part)
{
    const char *const sockets[] = {socket, NULL};
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);

    haproxy_bench_open(bench, haproxy(), sockets, split_text, NULL);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_failed(&told, is_final, part);
    bench->type->close(bench->traffic);
    bench->traffic = NULL;
}

static void rehearsal_tells_what_is_wrong(void **state)
{
    struct haproxy_bench *bench = *state;
    char path[BENCH_PATH_MAX];
    char map[BENCH_PATH_MAX + 4];

    (void)snprintf(map, sizeof(map), "map:%s", bench->map);
    expect_rehearsal_failed(bench, bench_path(bench->runner, "no.sock", path), map, false,
                            "No such file or directory");
    expect_rehearsal_failed(bench, bench_path(bench->runner, "operator0.sock", path), map, true,
                            "has level operator and needs level admin");
    expect_rehearsal_failed(bench, bench->sockets[0], "map:/no/such/map", true, "knows no map /no/such/map");
    /* Also where the test runs as root, who may open everything. */
    assert_int_equal(chmod(bench->sockets[0], 0), 0);
    int before = setfsuid(65534);
    expect_rehearsal_failed(bench, bench->sockets[0], map, false, "Permission denied");
    (void)setfsuid((uid_t)before);
}

static void refuses_options(void **state)
{
    struct haproxy_bench *bench = *state;
    const char *const sockets[] = {bench->sockets[0], NULL};
    struct traffic_env env = {.loop = bench->loop};
    struct option_value values[3] = {{.is_set = true, .list = sockets, .list_length = 1}, {.is_set = true}};
    struct traffic *traffic = NULL;
    struct err err;

    values[1].text = "half";
    assert_false(haproxy()->open(&env, "edge", values, &traffic, &err));
    values[1].text = "map:/a b";
    assert_false(haproxy()->open(&env, "edge", values, &traffic, &err));
    values[1].text = "map:";
    assert_false(haproxy()->open(&env, "edge", values, &traffic, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_null(traffic);
}

static void a_single_slot_is_always_right(void **state)
{
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 0, 1, 1);

    split.slot_count = 1;
    split.stable = 0;
    haproxy_bench_open_map(bench, haproxy(), 1);
    haproxy_bench_stop(bench, 0);
    expect_set(bench, &split, 1, 2500);
    expect_set(bench, &split, 2, 0);
    struct haproxy_told told = haproxy_bench_rehearse(bench, &split);
    haproxy_bench_expect_done(&told, 0);
    assert_true(bench->type->has_persisted(bench->traffic, &split));
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return difference < 0 ? -1 : difference > 0;
}

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Prints what a change costs; a bound would measure the machine. */
static void is_quick(void **state)
{
    static double times_us[MEASURED];
    struct haproxy_bench *bench = *state;
    struct traffic_split split = haproxy_bench_split("shop", 1, 1, 1);
    const uint16_t shares[] = {0, 5000};

    haproxy_bench_open_map(bench, haproxy(), 1);
    for (size_t kind = 0; kind < 2; kind++) {
        for (uint64_t i = 0; i < MEASURED; i++) {
            expect_set(bench, &split, 10000 * kind + 2 * i + 1, (uint16_t)(1000 + i));
            double start_us = now_us();
            expect_set(bench, &split, 10000 * kind + 2 * i + 2, shares[kind]);
            times_us[i] = now_us() - start_us;
        }
        qsort(times_us, MEASURED, sizeof(times_us[0]), compare);
        print_message("             set to %2.0f %% and read back: median %.0f us, p99 %.0f us\n",
                      shares[kind] / 100.0, times_us[MEASURED / 2], times_us[MEASURED * 99 / 100]);
    }
}

#define WITH_HAPROXY(test)                                                                                   \
    cmocka_unit_test_setup_teardown(test, haproxy_bench_set_up, haproxy_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HAPROXY(sets_and_reads_back),
        WITH_HAPROXY(moves_either_slot),
        WITH_HAPROXY(survives_a_reload),
        WITH_HAPROXY(writes_for_all_splits),
        WITH_HAPROXY(writes_once_the_runner_is_back),
        WITH_HAPROXY(does_without_the_file),
        WITH_HAPROXY(adds_a_missing_key),
        WITH_HAPROXY(refuses_what_is_down),
        WITH_HAPROXY(rehearsal_tells_what_is_wrong),
        WITH_HAPROXY(refuses_options),
        WITH_HAPROXY(a_single_slot_is_always_right),
        WITH_HAPROXY(is_quick),
    };
    return cmocka_run_group_tests_name("traffic_haproxy", tests, NULL, NULL);
}
