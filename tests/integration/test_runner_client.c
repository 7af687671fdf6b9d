/* test_runner_client.c - runner_client on the loop against the real verdict-runner.
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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000, MANY = 40 };

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
    struct runner_result result;
    char output[256], values[64];
    char report[256 * 1024];
    size_t report_length;
    bool has_report;
    struct runner_client *free_client; /* to be freed by the answer */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->bench = bench_new();
    fixture->loop = loop_new();
    assert_true(runner_client_new(fixture->loop, fixture->bench->socket, &fixture->client, NULL));
    *state = fixture;
    return 0;
}

static int set_up_started(void **state)
{
    set_up(state);
    runner_bench_start(((struct fixture *)*state)->bench);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->client != NULL && fixture->bench->runner == 0)
        runner_client_stop_runner(fixture->client); /* one that the client started */
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
    answer->result = outcome->result;
    snprintf(answer->output, sizeof(answer->output), "%s", outcome->output);
    snprintf(answer->values, sizeof(answer->values), "%s", outcome->values);
    answer->has_report = outcome->has_report;
    answer->report_length = outcome->report.length;
    if (outcome->report.length <= sizeof(answer->report))
        memcpy(answer->report, outcome->report.data, outcome->report.length);
    runner_client_free(answer->free_client);
}

static void take_written(void *data, const struct err *failure)
{
    struct answer *answer = data;
    answer->is_there = true;
    answer->count++;
    answer->code = failure != NULL ? failure->code : ERR_NONE;
}

static void await(struct fixture *fixture, const struct answer *answer)
{
    assert_true(loop_run_until(fixture->loop, &answer->is_there, BENCH_WAIT_MS));
    assert_int_equal(answer->count, 1);
}

static void start_reporting(struct fixture *fixture, const char *key, const char *word, struct answer *answer)
{
    const char *const argv[] = {fixture->bench->act, word, NULL};
    const char *const environment[] = {fixture->bench->folder_pair, NULL};
    const struct runner_command command = {
        .key = key, .argv = argv, .environment = environment, .deadline_ms = LONG_MS, .wants_report = true};
    if (!runner_run(fixture->client, &command, take, answer, NULL))
        fail_msg("%s was not asked for", key);
}

static void start_as(struct fixture *fixture, const char *key, const char *word, int64_t start_within_ms,
                     struct answer *answer)
{
    const char *const argv[] = {fixture->bench->act, word, NULL};
    const char *const environment[] = {fixture->bench->folder_pair, NULL};
    const struct runner_command command = {.key = key,
                                           .argv = argv,
                                           .environment = environment,
                                           .deadline_ms = LONG_MS,
                                           .start_within_ms = start_within_ms};
    struct err err;
    if (!runner_run(fixture->client, &command, take, answer, &err))
        fail_msg("%s", err.text);
    assert_int_equal(answer->count, 0); /* never inside the call */
}

static void start(struct fixture *fixture, const char *key, const char *word, struct answer *answer)
{
    start_as(fixture, key, word, 0, answer);
}

static void expect_kind(struct fixture *fixture, const char *key, enum runner_outcome_kind kind)
{
    struct answer answer = {0};
    assert_true(runner_query(fixture->client, key, take, &answer, NULL));
    await(fixture, &answer);
    assert_int_equal(answer.kind, kind);
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

static void open_gate(const struct fixture *fixture)
{
    bench_write(fixture->bench, "gate", "", 0600);
}

/* Its bytes are those of the file, in as many pieces as it takes. */
static void carries_reports(void **state)
{
    struct fixture *fixture = *state;
    struct answer whole = {0}, none = {0}, unwanted = {0}, too_long = {0};
    start_reporting(fixture, "a", "report", &whole);
    await(fixture, &whole);
    assert_true(whole.has_report);
    assert_int_equal(whole.report_length, 200000);
    assert_memory_equal(whole.report, "\033[1m", 4);
    assert_memory_equal(whole.report + 200000 - 4, "END\n", 4);
    start(fixture, "a", "report", &unwanted);
    await(fixture, &unwanted);
    assert_false(unwanted.has_report);
    assert_int_equal(unwanted.report_length, 0);
    start_reporting(fixture, "b", "ok", &none);
    await(fixture, &none);
    assert_true(none.has_report);
    assert_int_equal(none.report_length, 0);
    start_reporting(fixture, "c", "novel", &too_long);
    await(fixture, &too_long);
    assert_false(too_long.has_report);
}

static void runs_commands(void **state)
{
    struct fixture *fixture = *state;
    struct answer well = {0}, badly = {0};
    start(fixture, "a", "values", &well);
    start(fixture, "b", "crash", &badly);
    await(fixture, &well);
    await(fixture, &badly);
    assert_int_equal(well.kind, RUNNER_ENDED);
    assert_int_equal(well.code, ERR_NONE);
    assert_int_equal(well.result.exit_status, 0);
    assert_string_equal(well.output, "said\n");
    assert_string_equal(well.values, "digest=abc\n");
    assert_int_equal(badly.kind, RUNNER_ENDED);
    assert_int_equal(badly.result.signal, SIGSEGV);
    struct answer again = {0};
    start(fixture, "a", "values", &again);
    await(fixture, &again);
    assert_string_equal(again.output, "said\n");
}

static void tells_refusals(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    struct err err;
    start(fixture, "a", "--option", &answer);
    await(fixture, &answer);
    assert_int_equal(answer.kind, RUNNER_NOT_RUN);
    assert_int_equal(answer.code, ERR_FORBIDDEN);
    const char *const argv[] = {fixture->bench->act, NULL};
    const char *const environment[] = {"PATH=/tmp", NULL};
    struct runner_command command = {
        .key = "b", .argv = argv, .deadline_ms = LONG_MS, .environment = environment};
    assert_false(runner_run(fixture->client, &command, take, &answer, &err));
    assert_int_equal(err.code, ERR_INVALID);
    command.environment = NULL;
    command.key = "../b";
    assert_false(runner_run(fixture->client, &command, take, &answer, &err));
    assert_int_equal(err.code, ERR_INVALID);
    struct runner_client *other;
    assert_false(runner_client_new(fixture->loop, "relative", &other, &err));
    expect_kind(fixture, "a", RUNNER_NEVER_RAN);
    assert_int_equal(answer.count, 1);
}

static void check(struct fixture *fixture, const char *word, int64_t within_ms, enum err_code code)
{
    const char *const argv[] = {fixture->bench->act, word, NULL};
    struct answer answer = {0};
    assert_true(runner_check(fixture->client, argv, NULL, NULL, within_ms, take_written, &answer, NULL));
    assert_int_equal(answer.count, 0);
    await(fixture, &answer);
    assert_int_equal(answer.code, code);
}

/* Also over a runner that comes back only then. */
static void checks(void **state)
{
    struct fixture *fixture = *state;
    check(fixture, "ok", 300, ERR_UNAVAILABLE);
    runner_bench_start(fixture->bench);
    check(fixture, "ok", BENCH_WAIT_MS, ERR_NONE);
    check(fixture, "--option", BENCH_WAIT_MS, ERR_FORBIDDEN);
    bench_stop(fixture->bench, SIGKILL);
    check(fixture, "ok", 300, ERR_UNAVAILABLE);
    runner_bench_start(fixture->bench);
    check(fixture, "ok", BENCH_WAIT_MS, ERR_NONE);
}

static void gives_up_without_a_runner(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0}, cancelled = {0};
    start_as(fixture, "a", "ok", 300, &answer);
    start(fixture, "b", "ok", &cancelled);
    assert_true(runner_cancel(fixture->client, "b", NULL, NULL, NULL));
    await(fixture, &answer);
    assert_int_equal(answer.kind, RUNNER_NOT_RUN);
    assert_int_equal(answer.code, ERR_UNAVAILABLE);
    await(fixture, &cancelled);
    assert_int_equal(cancelled.kind, RUNNER_NOT_RUN);
    assert_int_equal(cancelled.code, ERR_CONFLICT);
}

static void finds_results_again(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0}, waiting = {0}, late = {0};
    start(fixture, "a", "gate", &answer);
    assert_true(runner_wait(fixture->client, "a", LONG_MS, take, &waiting, NULL));
    await_line(fixture, "runs");
    bench_stop(fixture->bench, SIGKILL);
    start(fixture, "b", "ok", &late); /* while there is no runner */
    runner_bench_start(fixture->bench);
    expect_kind(fixture, "a", RUNNER_STILL_RUNS);
    open_gate(fixture);
    await(fixture, &answer);
    await(fixture, &waiting);
    await(fixture, &late);
    assert_int_equal(answer.kind, RUNNER_ENDED);
    assert_string_equal(answer.output, "through\n");
    assert_int_equal(waiting.kind, RUNNER_ENDED);
    assert_int_equal(late.kind, RUNNER_ENDED);
    assert_int_equal(bench_count_lines(fixture->bench, "runs"), 1);
}

/* As after a restart of the daemon. */
static void another_client_finds_them(void **state)
{
    struct fixture *fixture = *state;
    struct answer lost = {0}, found = {0};
    start(fixture, "a", "gate", &lost);
    await_line(fixture, "runs");
    runner_client_free(fixture->client);
    assert_true(runner_client_new(fixture->loop, fixture->bench->socket, &fixture->client, NULL));
    start(fixture, "a", "gate", &found);
    expect_kind(fixture, "a", RUNNER_STILL_RUNS);
    open_gate(fixture);
    await(fixture, &found);
    assert_string_equal(found.output, "through\n");
    assert_int_equal(lost.count, 0);
    assert_int_equal(bench_count_lines(fixture->bench, "runs"), 1);
}

static void tells_lost_ones(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    start(fixture, "a", "sleep", &answer);
    await_line(fixture, "pids");
    char *record = bench_read(fixture->bench, "data/a.pid");
    assert_memory_equal(record, "pid=", 4);
    assert_int_equal(kill((pid_t)strtol(record + 4, NULL, 10), SIGKILL), 0);
    free(record);
    await(fixture, &answer);
    assert_int_equal(answer.kind, RUNNER_UNKNOWN);
}

static void cancels(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0}, order = {0}, nobody = {0};
    start(fixture, "a", "sleep", &answer);
    await_line(fixture, "runs");
    assert_true(runner_cancel(fixture->client, "a", take, &order, NULL));
    assert_true(runner_cancel(fixture->client, "x", take, &nobody, NULL));
    await(fixture, &order);
    await(fixture, &answer);
    await(fixture, &nobody);
    assert_int_equal(answer.kind, RUNNER_ENDED);
    assert_true(answer.result.cancelled);
    assert_int_equal(nobody.kind, RUNNER_NEVER_RAN);
}

static void waits_only_so_long(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0}, brief = {0};
    start(fixture, "a", "gate", &answer);
    await_line(fixture, "runs");
    assert_true(runner_wait(fixture->client, "a", 200, take, &brief, NULL));
    await(fixture, &brief);
    assert_int_equal(brief.kind, RUNNER_STILL_RUNS);
    runner_forget(fixture->client, &answer);
    open_gate(fixture);
    struct answer end = {0};
    assert_true(runner_wait(fixture->client, "a", LONG_MS, take, &end, NULL));
    await(fixture, &end);
    assert_int_equal(answer.count, 0);
}

static void waits_for_a_place(void **state)
{
    struct fixture *fixture = *state;
    struct answer *answers = calloc(MANY, sizeof(*answers));
    assert_non_null(answers);
    bench_configure(fixture->bench, "commands_max = 4;\n");
    runner_bench_start(fixture->bench);
    for (size_t i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof(key), "key-%zu", i);
        start(fixture, key, "count", &answers[i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        await(fixture, &answers[i]);
        assert_int_equal(answers[i].kind, RUNNER_ENDED);
        assert_string_equal(answers[i].output, "counted\n");
    }
    assert_int_equal(bench_count_lines(fixture->bench, "runs"), MANY);
    free(answers);
}

static void writes_files_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct answer *answers = calloc(MANY, sizeof(*answers));
    struct answer refused = {0};
    char path[BENCH_PATH_MAX], content[16];
    assert_non_null(answers);
    bench_path(fixture->bench, "map", path);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(content, sizeof(content), "%zu\n", i);
        assert_true(runner_write_file(fixture->client, path, 0644, content, strlen(content), take_written,
                                      &answers[i], NULL));
    }
    assert_true(runner_write_file(fixture->client, "/etc/passwd", 0644, "", 0, take_written, &refused, NULL));
    for (size_t i = 0; i < MANY; i++) {
        await(fixture, &answers[i]);
        assert_int_equal(answers[i].code, ERR_NONE);
    }
    await(fixture, &refused);
    assert_int_equal(refused.code, ERR_FORBIDDEN);
    char *text = bench_read(fixture->bench, "map");
    assert_string_equal(text, "39\n");
    free(text);
    free(answers);
}

static void may_be_freed_by_an_answer(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {.free_client = fixture->client}, never = {0};
    start(fixture, "a", "ok", &answer);
    start(fixture, "b", "gate", &never);
    fixture->client = NULL;
    await(fixture, &answer);
    assert_int_equal(answer.kind, RUNNER_ENDED);
    assert_int_equal(never.count, 0);
}

static pid_t runner_of(const struct bench *bench)
{
    char *lock = bench_read(bench, "data/lock");
    pid_t pid = (pid_t)strtol(lock, NULL, 10);
    free(lock);
    return pid;
}

static void starts_a_runner(void **state)
{
    struct fixture *fixture = *state;
    struct bench *bench = fixture->bench;
    char program[BENCH_PATH_MAX];
    struct answer answer = {0}, second = {0};
    const char *build = getenv("BUILD_DIR");
    struct err err;
    char *folder = realpath(build != NULL ? build : "build", NULL);
    assert_non_null(folder);
    snprintf(program, sizeof(program), "%s/verdict-runner", folder);
    free(folder);
    assert_false(runner_client_spawn(fixture->client, "verdict-runner", NULL, bench->data, &err));
    assert_true(runner_client_spawn(fixture->client, program, bench->config, bench->data, &err));
    start(fixture, "a", "gate", &answer);
    await_line(fixture, "runs");
    pid_t first = runner_of(bench);
    assert_true(first > 1);
    assert_int_equal(getsid(first), first); /* a session of its own */
    assert_int_equal(kill(first, SIGKILL), 0);
    open_gate(fixture);
    await(fixture, &answer); /* through the next runner */
    assert_int_equal(answer.kind, RUNNER_ENDED);
    pid_t next = runner_of(bench);
    assert_int_not_equal(next, first);
    runner_client_free(fixture->client);
    assert_true(bench_is_alive(next));
    assert_true(runner_client_new(fixture->loop, bench->socket, &fixture->client, NULL));
    start(fixture, "b", "ok", &second);
    await(fixture, &second);
    assert_true(runner_client_is_connected(fixture->client));
    runner_client_stop_runner(fixture->client);
    bench_wait_for_death(next);
    assert_int_equal(bench_count_lines(bench, "runs"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(carries_reports, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(runs_commands, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(tells_refusals, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(checks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gives_up_without_a_runner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_results_again, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(another_client_finds_them, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(tells_lost_ones, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(cancels, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(waits_only_so_long, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_a_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_files_in_order, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(may_be_freed_by_an_answer, set_up_started, tear_down),
        cmocka_unit_test_setup_teardown(starts_a_runner, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
