/* test_runner_look.c - what commands printed and which keys there are, read from the real verdict-runner.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"
#include "io/runner_client.h"
#include "support/runner_bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

struct fixture {
    struct bench *bench;
    struct loop *loop;
    struct runner_client *client;
};

struct answer {
    bool is_there;
    int count;
    enum runner_outcome_kind kind;
    enum err_code code;
    char output[256], values[64];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->bench = bench_new();
    fixture->loop = loop_new();
    runner_bench_start(fixture->bench);
    assert_true(runner_client_new(fixture->loop, fixture->bench->socket, &fixture->client, NULL));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    runner_client_free(fixture->client);
    loop_free(fixture->loop);
    bench_free(fixture->bench);
    free(fixture);
    return 0;
}

static void take(void *data, const struct runner_outcome *outcome)
{
    struct answer *answer = data;
    answer->is_there = true;
    answer->count++;
    answer->kind = outcome->kind;
    answer->code = outcome->code;
    snprintf(answer->output, sizeof(answer->output), "%s", outcome->output);
    snprintf(answer->values, sizeof(answer->values), "%s", outcome->values);
}

static void await(struct fixture *fixture, const struct answer *answer)
{
    assert_true(loop_run_until(fixture->loop, &answer->is_there, BENCH_WAIT_MS));
    assert_int_equal(answer->count, 1);
}

static void start(struct fixture *fixture, const char *key, const char *word, struct answer *answer)
{
    const char *const argv[] = {fixture->bench->act, word, NULL};
    const char *const environment[] = {fixture->bench->folder_pair, NULL};
    const struct runner_command command = {
        .key = key, .argv = argv, .environment = environment, .deadline_ms = LONG_MS};
    assert_true(runner_run(fixture->client, &command, take, answer, NULL));
}

/* Lets the loop turn until the command has written a line. */
static void await_line(struct fixture *fixture, const char *name)
{
    const bool never = false;
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    while (bench_count_lines(fixture->bench, name) == 0) {
        bench_pause(until_ms, name);
        assert_false(loop_run_until(fixture->loop, &never, 10));
    }
}

static void look(struct fixture *fixture, const char *key, struct answer *answer)
{
    *answer = (struct answer){0};
    assert_true(runner_look(fixture->client, key, LONG_MS, take, answer, NULL));
    await(fixture, answer);
}

/* Of a command that runs, of one that ended, and of one whose supervisor was killed. */
static void looks_at_what_was_printed(void **state)
{
    struct fixture *fixture = *state;
    struct answer end = {0}, lost = {0}, looked;
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    look(fixture, "a", &looked);
    assert_int_equal(looked.kind, RUNNER_NEVER_RAN);
    start(fixture, "a", "slow", &end);
    await_line(fixture, "runs");
    for (look(fixture, "a", &looked); looked.output[0] == '\0'; look(fixture, "a", &looked))
        bench_pause(until_ms, "its first line");
    assert_int_equal(looked.kind, RUNNER_STILL_RUNS);
    assert_int_equal(looked.code, ERR_NONE);
    assert_string_equal(looked.output, "first\n");
    assert_int_equal(end.count, 0);
    bench_write(fixture->bench, "gate", "", 0600);
    await(fixture, &end);
    look(fixture, "a", &looked);
    assert_int_equal(looked.kind, RUNNER_ENDED);
    assert_string_equal(looked.output, "first\nlast\n");
    assert_string_equal(looked.values, "");
    start(fixture, "b", "sleep", &lost);
    await_line(fixture, "pids");
    char *record = bench_read(fixture->bench, "data/b.pid");
    assert_int_equal(kill((pid_t)strtol(record + 4, NULL, 10), SIGKILL), 0);
    free(record);
    await(fixture, &lost);
    look(fixture, "b", &looked);
    assert_int_equal(looked.kind, RUNNER_UNKNOWN);
    assert_int_equal(looked.code, ERR_NONE);
}

struct search {
    bool is_over;
    enum err_code code;
    size_t count;
    char keys[RUNNER_LIST_MAX][RUNNER_KEY_MAX + 1];
};

static void take_keys(void *data, const char *const *keys, size_t count, const struct err *failure)
{
    struct search *search = data;
    search->is_over = true;
    search->code = failure != NULL ? failure->code : ERR_NONE;
    search->count = count;
    for (size_t i = 0; i < count; i++)
        snprintf(search->keys[i], sizeof(search->keys[i]), "%s", keys[i]);
}

static void search_for(struct fixture *fixture, const char *prefix, const char *after, struct search *search)
{
    *search = (struct search){0};
    assert_true(runner_find(fixture->client, prefix, after, LONG_MS, take_keys, search, NULL));
    assert_true(loop_run_until(fixture->loop, &search->is_over, BENCH_WAIT_MS));
    assert_int_equal(search->code, ERR_NONE);
}

static void finds_keys_in_their_order(void **state)
{
    struct fixture *fixture = *state;
    static const char *const keys[] = {"d1-10.1", "d1-2.1", "d12-1.1", "d1-2.2-h10", "d1-2.2-h9"};
    static const char *const order[] = {"d1-2.1", "d1-2.2-h9", "d1-2.2-h10", "d1-10.1"};
    struct search search;
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        struct answer answer = {0};
        start(fixture, keys[i], "ok", &answer);
        await(fixture, &answer);
    }
    search_for(fixture, "d1-", NULL, &search);
    assert_int_equal(search.count, ARRAY_LENGTH(order));
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++)
        assert_string_equal(search.keys[i], order[i]);
    search_for(fixture, "d1-", "d1-2.2-h9", &search);
    assert_int_equal(search.count, 2);
    assert_string_equal(search.keys[0], "d1-2.2-h10");
    search_for(fixture, "d2-", NULL, &search);
    assert_int_equal(search.count, 0);
}

/* More than an answer takes: the first ones, and from there on the next ones. */
static void finds_them_in_pages(void **state)
{
    struct fixture *fixture = *state;
    struct search search;
    for (unsigned i = 0; i < RUNNER_LIST_MAX + 3; i++) {
        char name[64];
        snprintf(name, sizeof(name), "data/d1-1.1-h%u.pid", RUNNER_LIST_MAX + 2 - i);
        bench_write(fixture->bench, name, "", 0600);
    }
    search_for(fixture, "d1-", NULL, &search);
    assert_int_equal(search.count, RUNNER_LIST_MAX);
    assert_string_equal(search.keys[0], "d1-1.1-h0");
    assert_string_equal(search.keys[RUNNER_LIST_MAX - 1], "d1-1.1-h127");
    search_for(fixture, "d1-", "d1-1.1-h127", &search);
    assert_int_equal(search.count, 3);
    assert_string_equal(search.keys[2], "d1-1.1-h130");
}

static void gives_up_without_a_runner(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    struct search search = {0};
    bench_stop(fixture->bench, SIGTERM);
    assert_true(runner_look(fixture->client, "a", 200, take, &answer, NULL));
    assert_true(runner_find(fixture->client, "d1-", NULL, 200, take_keys, &search, NULL));
    await(fixture, &answer);
    assert_int_equal(answer.kind, RUNNER_UNKNOWN);
    assert_int_equal(answer.code, ERR_UNAVAILABLE);
    assert_true(loop_run_until(fixture->loop, &search.is_over, BENCH_WAIT_MS));
    assert_int_equal(search.code, ERR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(looks_at_what_was_printed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_keys_in_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_them_in_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gives_up_without_a_runner, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
