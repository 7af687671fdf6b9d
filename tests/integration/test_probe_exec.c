/* test_probe_exec.c - smoke tests that are commands: what they say, what they do not say, and how long they
 * may take.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe.h"
#include "collectors/probe_command.h"
#include "io/loop.h"
#include "io/runner_client.h"
#include "support/runner_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    DEADLINE_MS = 60000,
    TIMEOUT_MS = 20000,
    SHORT_MS = 300,
    START_MS = 10000,
    NOWHERE_MS = 500,
    MANY = 30
};

struct world {
    struct bench *bench;
    struct loop *loop;
    struct runner_client *runner;
    unsigned number;
    bool is_done;
    enum verdict verdict;
    char why[PROBE_WHY_MAX];
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->bench = bench_new();
    runner_bench_start(world->bench);
    world->loop = loop_new();
    assert_true(runner_client_new(world->loop, world->bench->socket, &world->runner, NULL));
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    runner_client_free(world->runner);
    loop_free(world->loop);
    bench_free(world->bench);
    free(world);
    return 0;
}

static void note_done(void *data, enum verdict verdict, const char *why)
{
    struct world *world = data;

    assert_false(world->is_done);
    world->is_done = true;
    world->verdict = verdict;
    (void)snprintf(world->why, sizeof(world->why), "%s", why);
}

static void expect(const struct world *world, enum verdict verdict, const char *why)
{
    if (world->verdict != verdict || strstr(world->why, why) == NULL)
        fail_msg("%s, '%s' instead of %s, '%s'", verdict_name(world->verdict), world->why,
                 verdict_name(verdict), why);
}

static struct expression equals(double number)
{
    return (struct expression){.count = 3,
                               .nodes = {{.op = EXPRESSION_EXTRACT},
                                         {.op = EXPRESSION_NUMBER, .number = number},
                                         {.op = EXPRESSION_EQUAL}}};
}

struct asked {
    const char *program; /* NULL: the bench's */
    const char *words[2];
    struct smoke_extract extract;
    double wanted;
    enum verdict verdict;
    const char *why;
};

static struct probe *begin(struct world *world, const struct asked *asked, uint16_t attempts,
                           int64_t timeout_ms, int64_t start_ms)
{
    const char *const argv[] = {asked->program == NULL ? world->bench->act : asked->program, asked->words[0],
                                asked->words[1], NULL};
    const char *const environment[] = {world->bench->folder_pair, NULL};
    const struct expression expectation = equals(asked->wanted);
    char key[32];
    const struct probe_order order = {
        .key = key, .argv = argv, .environment = environment, .start_within_ms = start_ms};
    const struct probe_check check = {.name = "disk at here",
                                      .kind = PROBE_EXEC,
                                      .order = &order,
                                      .expectation = &expectation,
                                      .extract_count = 1,
                                      .extracts = &asked->extract};
    const struct probe_plan plan = {.settle_ms = 1,
                                    .timeout_ms = timeout_ms,
                                    .every_ms = 10,
                                    .attempts = attempts,
                                    .check_count = 1,
                                    .checks = &check,
                                    .runner = world->runner};

    (void)snprintf(key, sizeof(key), "t-%u", ++world->number);
    world->is_done = false;
    return probe_start(world->loop, NULL, &plan, note_done, world);
}

static void run(struct world *world, const struct asked *asked, uint16_t attempts, int64_t timeout_ms)
{
    (void)begin(world, asked, attempts, timeout_ms, START_MS);
    assert_true(loop_run_until(world->loop, &world->is_done, DEADLINE_MS));
    expect(world, asked->verdict, asked->why);
}

static void test_what_it_says(void **state)
{
    static const struct asked all[] = {
        {NULL, {"ok"}, {EXTRACT_EXIT, NULL, NULL}, 0, VERDICT_PASS, ""},
        {NULL, {"exit", "3"}, {EXTRACT_EXIT, NULL, NULL}, 0, VERDICT_FAIL, "exit 3"},
        {NULL, {"exit", "3"}, {EXTRACT_EXIT, NULL, NULL}, 3, VERDICT_PASS, ""},
        {NULL, {"ok"}, {EXTRACT_OUTPUT_MATCHES, "^fine$", NULL}, 1, VERDICT_PASS, ""},
        {NULL,
         {"ok"},
         {EXTRACT_OUTPUT_MATCHES, "bad", NULL},
         1,
         VERDICT_FAIL,
         "output 'fine' does not match"},
        {NULL, {"ok"}, {EXTRACT_JSON_NUMBER, ".free", NULL}, 20, VERDICT_FAIL, ".free no number"},
        {NULL, {"flood"}, {EXTRACT_OUTPUT_MATCHES, "END", NULL}, 1, VERDICT_PASS, ""},
        {NULL, {"exit", "75"}, {EXTRACT_EXIT, NULL, NULL}, 75, VERDICT_INCONCLUSIVE, "cannot say now"},
        {NULL, {"crash"}, {EXTRACT_EXIT, NULL, NULL}, -1, VERDICT_FAIL, "ended by signal"},
        {"/bin/ls", {"/"}, {EXTRACT_EXIT, NULL, NULL}, 0, VERDICT_INCONCLUSIVE, "/bin/ls"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        run(*state, &all[i], 1, TIMEOUT_MS);
}

static void test_json_of_what_it_prints(void **state)
{
    const struct asked free_space = {NULL, {"json"},     {EXTRACT_JSON_NUMBER, ".disk.free", NULL},
                                     20,   VERDICT_PASS, ""};
    struct world *world = *state;

    bench_write(world->bench, "json", "#!/bin/sh\necho '{\"disk\": {\"free\": 20}}'\n", 0700);
    struct asked asked = free_space;
    char path[BENCH_PATH_MAX];
    char allow[2 * BENCH_PATH_MAX];
    (void)snprintf(allow, sizeof(allow), "%s", bench_path(world->bench, "json", path));
    asked.program = allow;
    asked.words[0] = NULL;
    asked.verdict = VERDICT_INCONCLUSIVE; /* not on the allow list */
    asked.why = "json";
    run(world, &asked, 1, TIMEOUT_MS);
    asked.program = NULL;
    asked.words[0] = "tell";
    asked.verdict = VERDICT_PASS;
    asked.why = "";
    bench_write(world->bench, "act", "#!/bin/sh\necho '{\"disk\": {\"free\": 20}}'\n", 0700);
    run(world, &asked, 1, TIMEOUT_MS);
}

/* One attempt that passes is enough, and each of them runs. */
static void test_attempts(void **state)
{
    const struct asked counts = {NULL, {"count"},    {EXTRACT_OUTPUT_MATCHES, "never", NULL},
                                 1,    VERDICT_FAIL, "attempt 3 of 3"};
    struct world *world = *state;

    run(world, &counts, 3, TIMEOUT_MS);
    assert_int_equal(bench_count_lines(world->bench, "runs"), 3);
}

static void test_what_hangs_is_stopped(void **state)
{
    const struct asked sleeps = {NULL, {"sleep"},    {EXTRACT_EXIT, NULL, NULL},
                                 0,    VERDICT_FAIL, "ran past the timeout"};
    struct world *world = *state;

    run(world, &sleeps, 1, SHORT_MS);
    char *pids = bench_read(world->bench, "pids");
    bench_wait_for_death((pid_t)strtol(pids, NULL, 10));
    free(pids);
}

/* Nothing is told after a probe was dropped, and its command goes on until its deadline. */
static void test_a_probe_that_is_dropped(void **state)
{
    const struct asked sleeps = {NULL, {"sleep"}, {EXTRACT_EXIT, NULL, NULL}, 0, VERDICT_FAIL, ""};
    struct world *world = *state;
    struct probe *probe = begin(world, &sleeps, 1, TIMEOUT_MS, START_MS);
    int64_t until_ms = bench_now_ms() + DEADLINE_MS;

    while (bench_count_lines(world->bench, "runs") == 0) {
        assert_false(loop_run_until(world->loop, &world->is_done, 10));
        assert_true(bench_now_ms() < until_ms);
    }
    probe_cancel(probe);
    assert_false(loop_run_until(world->loop, &world->is_done, 50));
}

static void test_a_runner_that_is_away(void **state)
{
    const struct asked ok = {NULL, {"ok"}, {EXTRACT_EXIT, NULL, NULL}, 0, VERDICT_INCONCLUSIVE, "runner"};
    struct world *world = *state;

    (void)bench_stop(world->bench, 15);
    (void)begin(world, &ok, 1, TIMEOUT_MS, NOWHERE_MS);
    assert_true(loop_run_until(world->loop, &world->is_done, DEADLINE_MS));
    expect(world, ok.verdict, ok.why);
}

/* More than the runner has places for. */
static void test_many(void **state)
{
    struct world *world = *state;
    const char *const argv[] = {world->bench->act, "count", NULL};
    const char *const environment[] = {world->bench->folder_pair, NULL};
    const struct expression expectation = equals(0);
    const struct smoke_extract status = {.kind = EXTRACT_EXIT};
    struct probe_order orders[MANY];
    struct probe_check checks[MANY];
    char keys[MANY][32];
    const struct probe_plan plan = {.settle_ms = 1,
                                    .timeout_ms = TIMEOUT_MS,
                                    .every_ms = 10,
                                    .attempts = 1,
                                    .check_count = MANY,
                                    .checks = checks,
                                    .runner = world->runner};

    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "m-%zu", i);
        orders[i] = (struct probe_order){keys[i], argv, environment, START_MS};
        checks[i] = (struct probe_check){.name = keys[i],
                                         .kind = PROBE_EXEC,
                                         .order = &orders[i],
                                         .expectation = &expectation,
                                         .extract_count = 1,
                                         .extracts = &status};
    }
    world->is_done = false;
    (void)probe_start(world->loop, NULL, &plan, note_done, world);
    assert_true(loop_run_until(world->loop, &world->is_done, DEADLINE_MS));
    expect(world, VERDICT_PASS, "30 checks as expected");
    assert_int_equal(bench_count_lines(world->bench, "runs"), MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_it_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_json_of_what_it_prints, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_attempts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_hangs_is_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_probe_that_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_runner_that_is_away, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
