/* test_command.c - metrics whose values a command prints, started by the real verdict-runner.
 * SPDX-License-Identifier: MIT */
#include "collectors/command.h"
#include "io/runner_client.h"
#include "support/collector_bench.h"
#include "support/runner_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVERY_MS = 200, MOMENT_MS = 20, EXEC_MAX = BENCH_PATH_MAX + 64 };

struct world {
    struct bench *bench;
    struct loop *loop;
    struct runner_client *runner;
    struct collector_bench collecting;
    char exec[EXEC_MAX];
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->bench = bench_new();
    runner_bench_start(world->bench);
    world->loop = loop_new();
    assert_true(runner_client_new(world->loop, world->bench->socket, &world->runner, NULL));
    collector_bench_start(&world->collecting, world->loop);
    world->collecting.env.runner = world->runner;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    collector_bench_stop(&world->collecting);
    runner_client_free(world->runner);
    loop_free(world->loop);
    bench_free(world->bench);
    free(world);
    return 0;
}

/* The command `act` with this argument, and more options. */
static struct collector_tally *watch(struct world *world, enum series_kind kind, const char *arguments,
                                     const char *const *more)
{
    const char *options[2 * COLLECTOR_BENCH_OPTIONS_MAX] = {"exec", world->exec};

    (void)snprintf(world->exec, sizeof(world->exec), "%s %s", world->bench->act, arguments);
    for (size_t i = 0; more[i] != NULL; i++)
        options[2 + i] = more[i];
    return collector_bench_watch(&world->collecting, kind, EVERY_MS, options);
}

static void open_commands(struct world *world)
{
    collector_bench_open(&world->collecting, &command_collector, (const char *[]){NULL});
}

static void test_numbers_places_and_expositions(void **state)
{
    static const struct {
        const char *text;
        const char *const options[5];
    } outputs[] = {
        {" 7\n", {NULL}},
        {"{\"queue\":{\"depth\":7}}", {"value", ".queue.depth", NULL}},
        {"# TYPE depth gauge\ndepth{q=\"a\"} 7\ndepth{q=\"b\"} 9\n",
         {"decoder", "openmetrics", "value", "depth{q='a'}", NULL}},
        {"queue,q=a depth=7i\n", {"decoder", "influx", "value", "queue.depth", NULL}},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
        open_commands(world);
        bench_write(world->bench, "said", outputs[i].text, 0600);
        struct collector_tally *tally = watch(world, SERIES_GAUGE, "tell said", outputs[i].options);
        COLLECTOR_BENCH_WAIT(&world->collecting, tally->puts + tally->troubles > 0);
        if (tally->troubles > 0 || tally->value != 7)
            fail_msg("%zu: %g %s", i, tally->value, tally->why);
        assert_null(command_collector.trouble(world->collecting.collector));
        collector_bench_close(&world->collecting);
    }
}

static void test_counters_are_read_raw(void **state)
{
    struct world *world = *state;
    char next[BENCH_PATH_MAX], said[BENCH_PATH_MAX];
    static const char *const places[] = {"events", ".bad", "total", ".all", NULL};

    open_commands(world);
    bench_write(world->bench, "said", "{\"bad\":1,\"all\":100}", 0600);
    struct collector_tally *tally = watch(world, SERIES_COUNT, "tell said", places);
    while (bench_count_lines(world->bench, "runs") < 2) /* the first is only remembered */
        collector_bench_turn(&world->collecting, loop_now_ms() + BENCH_WAIT_MS, "a second reading");
    bench_write(world->bench, "next", "{\"bad\":3,\"all\":110}", 0600);
    assert_int_equal(rename(bench_path(world->bench, "next", next), bench_path(world->bench, "said", said)),
                     0);
    COLLECTOR_BENCH_WAIT(&world->collecting, tally->total >= 10);
    assert_true(tally->total == 10 && tally->events == 2);
    /* Its interval is shorter here than any that a rule file may have. */
    assert_true(tally->troubles == 0 || strstr(tally->why, "its turn") != NULL);
    collector_bench_close(&world->collecting);
}

static void test_ends_that_prove_nothing(void **state)
{
    static const struct {
        const char *arguments, *timeout, *why;
    } ends[] = {
        {"exit 3", "5s", "failed with exit status 3"}, {"exit 75", "5s", "cannot say now"},
        {"crash", "5s", "ended by signal 11"},         {"sleep", "300ms", "ran past the timeout"},
        {"ok", "5s", "'fine' is no number"},           {"exit 0", "5s", "is no number"},
        {"flood", "20s", "more than 64 KiB"},          {"junk", "5s", "more than 64 KiB"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        open_commands(world);
        struct collector_tally *tally =
            watch(world, SERIES_GAUGE, ends[i].arguments, (const char *[]){"timeout", ends[i].timeout, NULL});
        COLLECTOR_BENCH_WAIT(&world->collecting, tally->troubles > 0);
        if (tally->trouble != SERIES_ERROR || strstr(tally->why, ends[i].why) == NULL)
            fail_msg("%s: %s", ends[i].arguments, tally->why);
        assert_int_equal(tally->puts, 0);
        collector_bench_close(&world->collecting);
    }
}

static void test_what_may_not_run_and_nobody_to_run_it(void **state)
{
    struct world *world = *state;
    struct collector_bench *collecting = &world->collecting;

    open_commands(world);
    struct collector_tally *tally = collector_bench_watch(collecting, SERIES_GAUGE, EVERY_MS,
                                                          (const char *[]){"exec", "/usr/bin/env", NULL});
    COLLECTOR_BENCH_WAIT(collecting, tally->troubles > 0);
    assert_non_null(strstr(tally->why, "allow"));
    assert_non_null(command_collector.trouble(collecting->collector));
    assert_int_equal(bench_stop(world->bench, 15), 0);
    unsigned before = tally->troubles;
    COLLECTOR_BENCH_WAIT(collecting, tally->troubles > before);
    assert_true(tally->trouble == SERIES_ERROR && tally->puts == 0);
    collector_bench_close(collecting);
    collecting->env.runner = NULL;
    open_commands(world);
    assert_non_null(strstr(
        collector_bench_watch_refused(collecting, SERIES_GAUGE, (const char *[]){"exec", "/bin/x", NULL}),
        "no verdict-runner"));
    collector_bench_close(collecting);
}

/* A command that hangs is alone with it: no second one of its metric starts, and others have their turn. */
static void test_never_two_at_once(void **state)
{
    struct world *world = *state;
    struct collector_bench *collecting = &world->collecting;

    open_commands(world);
    bench_write(world->bench, "said", "1", 0600);
    struct collector_tally *slow =
        watch(world, SERIES_GAUGE, "gate", (const char *[]){"timeout", "60s", NULL});
    struct collector_tally *quick = watch(world, SERIES_GAUGE, "tell said", (const char *[]){NULL});
    COLLECTOR_BENCH_WAIT(collecting, quick->puts >= 2);
    assert_int_equal(slow->puts + slow->troubles, 0);
    bench_write(world->bench, "gate", "", 0600);
    COLLECTOR_BENCH_WAIT(collecting, slow->troubles > 0); /* "through" is no number */
    assert_int_equal(bench_count_lines(world->bench, "runs"), 1 + quick->puts);
    collector_bench_close(collecting);
}

/* Three metrics at an interval that is too short for one start in two seconds. */
static void test_turns_are_few(void **state)
{
    struct world *world = *state;
    struct collector_bench *collecting = &world->collecting;
    struct collector_tally *tallies[3];
    int64_t begin_ms = loop_now_ms();

    open_commands(world);
    bench_write(world->bench, "said", "1", 0600);
    for (size_t i = 0; i < 3; i++)
        tallies[i] = watch(world, SERIES_GAUGE, "tell said", (const char *[]){NULL});
    COLLECTOR_BENCH_WAIT(collecting, tallies[0]->puts + tallies[1]->puts + tallies[2]->puts >= 3);
    assert_true(loop_now_ms() - begin_ms >= 2 * COMMAND_PACE_MS);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tallies[i]->puts, 1); /* in turn */
        assert_true(i == 0 || tallies[i]->troubles > 0);
    }
    collector_bench_close(collecting);
}

static void test_nothing_is_told_after_unwatch(void **state)
{
    struct world *world = *state;
    struct collector_tally *tally = NULL;

    open_commands(world);
    tally = watch(world, SERIES_GAUGE, "sleep", (const char *[]){"timeout", "60s", NULL});
    while (bench_count_lines(world->bench, "pids") == 0)
        collector_bench_turn(&world->collecting, loop_now_ms() + BENCH_WAIT_MS, "it runs");
    char *pid = bench_read(world->bench, "pids");
    collector_bench_close(&world->collecting);
    int64_t until_ms = loop_now_ms() + BENCH_WAIT_MS;
    while (bench_is_alive((pid_t)strtol(pid, NULL, 10))) { /* it is stopped with the watch */
        bool is_over = false;
        assert_false(loop_run_until(world->loop, &is_over, MOMENT_MS));
        assert_true(loop_now_ms() < until_ms);
    }
    assert_int_equal(tally->puts + tally->troubles, 0);
    free(pid);
}

static const struct {
    enum series_kind kind;
    const char *const options[9];
    const char *why;
} refusals[] = {
    {SERIES_GAUGE, {"exec", "depth", NULL}, "no whole path"},
    {SERIES_GAUGE, {"exec", "/d", "decoder", "number", "value", ".x", NULL}, "no places"},
    {SERIES_GAUGE, {"exec", "/d", "decoder", "openmetrics", NULL}, "value is missing"},
    {SERIES_GAUGE, {"exec", "/d", "value", "x[", NULL}, "value"},
    {SERIES_COUNT, {"exec", "/d", "events", ".x", NULL}, "total is missing"},
    {SERIES_COUNT, {"exec", "/d", NULL}, "no places"},
    {SERIES_HISTOGRAM, {"exec", "/d", "buckets", "x", NULL}, "openmetrics"},
    {SERIES_COUNT, {"exec", "/d", "events", ".x", "total", ".y", "combine", "max", NULL}, "gauges"},
};

static void test_metrics_that_cannot_be(void **state)
{
    struct world *world = *state;
    const char *option = "";
    struct err err = {0};

    open_commands(world);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        const char *why =
            collector_bench_watch_refused(&world->collecting, refusals[i].kind, refusals[i].options);
        if (strstr(why, refusals[i].why) == NULL)
            fail_msg("%zu: %s", i, why);
    }
    assert_false(command_collector.check_metric(SERIES_GAUGE, 1000, NULL, &option, &err));
    assert_string_equal(option, "every");
    collector_bench_close(&world->collecting);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_numbers_places_and_expositions),
        WITH_WORLD(test_counters_are_read_raw),
        WITH_WORLD(test_ends_that_prove_nothing),
        WITH_WORLD(test_what_may_not_run_and_nobody_to_run_it),
        WITH_WORLD(test_never_two_at_once),
        WITH_WORLD(test_turns_are_few),
        WITH_WORLD(test_nothing_is_told_after_unwatch),
        WITH_WORLD(test_metrics_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
