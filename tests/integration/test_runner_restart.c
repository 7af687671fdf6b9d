/* test_runner_restart.c - what remains when clients, the runner or a supervisor die in the middle of a
 * command.
 * SPDX-License-Identifier: MIT */
#include "support/runner_link.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

static int set_up(void **state)
{
    struct bench *bench = bench_new();
    runner_bench_start(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    bench_free(*state);
    return 0;
}

static void open_gate(const struct bench *bench)
{
    bench_write(bench, "gate", "", 0600);
}

static void start_gate(const struct bench *bench, const char *key)
{
    struct link *link = link_open(bench);
    link_run(link, bench, key, "gate", LONG_MS);
    assert_int_equal(link->message.state, RUNNER_STATE_RUNNING);
    bench_wait_for_line(bench, "runs");
    link_close(link);
}

static void outlives_its_client(void **state)
{
    struct bench *bench = *state;
    start_gate(bench, "a");
    struct link *link = link_open(bench);
    assert_int_equal(link_status(link, "a"), RUNNER_STATE_RUNNING);
    open_gate(bench);
    assert_int_equal(link_wait(link, "a").exit_status, 0);
    char *output = link_output(link, "a", RUNNER_STREAM_OUTPUT);
    assert_string_equal(output, "through\n");
    free(output);
    link_close(link);
}

static void expect_through(struct bench *bench, struct link *link)
{
    struct runner_result result = link_wait(link, "a");
    assert_int_equal(result.exit_status, 0);
    assert_int_equal(result.signal, 0);
    link_run(link, bench, "a", "gate", LONG_MS);
    assert_int_equal(link->message.state, RUNNER_STATE_ENDED);
    char *output = link_output(link, "a", RUNNER_STREAM_OUTPUT);
    assert_string_equal(output, "through\n");
    free(output);
    assert_int_equal(bench_count_lines(bench, "runs"), 1);
}

static void outlives_the_runner(void **state)
{
    struct bench *bench = *state;
    static const int signals[] = {SIGKILL, SIGTERM};
    start_gate(bench, "a");
    for (size_t i = 0; i < ARRAY_LENGTH(signals); i++) {
        bench_stop(bench, signals[i]);
        runner_bench_start(bench);
    }
    struct link *link = link_open(bench);
    assert_int_equal(link_run(link, bench, "a", "gate", LONG_MS)->state, RUNNER_STATE_RUNNING);
    open_gate(bench);
    expect_through(bench, link);
    link_close(link);
}

static void ends_while_no_runner_is_there(void **state)
{
    struct bench *bench = *state;
    start_gate(bench, "a");
    bench_stop(bench, SIGKILL);
    open_gate(bench);
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;
    while (bench_count_lines(bench, "data/a.exit") == 0)
        bench_pause(until_ms, "the result");
    runner_bench_start(bench);
    struct link *link = link_open(bench);
    expect_through(bench, link);
    link_close(link);
}

static void cancels_what_an_earlier_runner_started(void **state)
{
    struct bench *bench = *state;
    start_gate(bench, "a");
    bench_stop(bench, SIGKILL);
    runner_bench_start(bench);
    struct link *link = link_open(bench);
    link_ask(link, (struct runner_message){.operation = RUNNER_CANCEL, .key = "a"});
    struct runner_result result = link_wait(link, "a");
    assert_true(result.cancelled);
    assert_int_equal(result.signal, SIGTERM);
    link_close(link);
}

static pid_t read_pid(const struct bench *bench, const char *name, const char *format)
{
    int pid = 0;
    char *text = bench_read(bench, name);
    assert_int_equal(sscanf(text, format, &pid), 1);
    free(text);
    assert_true(pid > 1);
    return pid;
}

/* The supervisor dies: the command with it, the key is lost and does not start again. */
static void a_lost_command_is_not_repeated(void **state)
{
    struct bench *bench = *state;
    struct link *link = link_open(bench);
    link_run(link, bench, "a", "sleep", LONG_MS);
    bench_wait_for_line(bench, "pids");
    pid_t command = read_pid(bench, "pids", "%d");
    assert_true(bench_is_alive(command));
    assert_int_equal(kill(read_pid(bench, "data/a.pid", "pid=%d"), SIGKILL), 0);
    while (link->message.operation != RUNNER_FINISHED)
        assert_true(link_receive(link));
    assert_int_equal(link->message.state, RUNNER_STATE_LOST);
    bench_wait_for_death(command);
    assert_int_equal(link_run(link, bench, "a", "sleep", LONG_MS)->state, RUNNER_STATE_LOST);
    assert_int_equal(bench_count_lines(bench, "runs"), 1);
    link_close(link);
}

/* Killed between the intent and the fork: whether anything happened is not known, so nothing happens again.
 */
static void an_intent_alone_is_lost(void **state)
{
    struct bench *bench = *state;
    bench_stop(bench, SIGKILL);
    bench_write(bench, "data/a.pid", "", 0600);
    char record[64];
    snprintf(record, sizeof(record), "pid=%d start=1\n", (int)getpid()); /* a pid that was given to another */
    bench_write(bench, "data/b.pid", record, 0600);
    runner_bench_start(bench);
    struct link *link = link_open(bench);
    static const char *const keys[] = {"a", "b"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        assert_int_equal(link_status(link, keys[i]), RUNNER_STATE_LOST);
        link_run(link, bench, keys[i], "count", LONG_MS);
        assert_int_equal(link->message.state, RUNNER_STATE_LOST);
    }
    assert_int_equal(bench_count_lines(bench, "runs"), 0);
    link_close(link);
}

enum { ROUNDS = 20, KEYS = 4 };

static const char *mark_key(int round, int number, char *to, size_t size)
{
    snprintf(to, size, "r%d-k%d", round, number);
    return to;
}

/* Questions without waiting for answers, and a kill somewhere among what they cause. */
static void ask_and_kill(struct bench *bench, int round)
{
    struct link *link = link_open(bench);
    for (int number = 0; number < KEYS; number++) {
        unsigned char packet[4096];
        char key[32];
        size_t length;
        const struct runner_message message = {
            .operation = RUNNER_RUN,
            .key = mark_key(round, number, key, sizeof(key)),
            .arguments = {bench->act, "mark", key},
            .arguments_count = 3,
            .environment = {bench->folder_pair},
            .environment_count = 1,
            .deadline_ms = LONG_MS,
        };
        assert_true(runner_message_format(&message, packet, sizeof(packet), &length, NULL));
        assert_int_equal(send(link->fd, packet, length, MSG_NOSIGNAL), length);
    }
    struct timespec pause = {.tv_nsec = round * 150 * 1000};
    nanosleep(&pause, NULL);
    bench_stop(bench, SIGKILL);
    link_close(link);
}

/* Of a command whose key was asked for twice: true where it ended. */
static bool has_ended(struct bench *bench, struct link *link, const char *key)
{
    char arguments[64];
    snprintf(arguments, sizeof(arguments), "mark %s", key);
    link_run(link, bench, key, arguments, LONG_MS);
    assert_int_equal(link->message.operation, RUNNER_STATE);
    if (link->message.state == RUNNER_STATE_RUNNING)
        link_wait(link, key);
    return link->message.state == RUNNER_STATE_ENDED;
}

static size_t count_marks(const char *marks, const char *key)
{
    size_t count = 0;
    for (const char *at = marks; (at = strstr(at, key)) != NULL; at++)
        count += at[strlen(key)] == '\n';
    return count;
}

static void kills_at_any_moment_repeat_nothing(void **state)
{
    struct bench *bench = *state;
    size_t ended_count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        ask_and_kill(bench, round);
        runner_bench_start(bench);
        struct link *link = link_open(bench);
        for (int number = 0; number < KEYS; number++) {
            char key[32];
            bool is_ended = has_ended(bench, link, mark_key(round, number, key, sizeof(key)));
            char *marks = bench_read(bench, "marks");
            size_t count = count_marks(marks, key);
            free(marks);
            assert_true(is_ended ? count == 1 : count <= 1);
            ended_count += is_ended;
        }
        link_close(link);
    }
    assert_in_range(ended_count, ROUNDS, ROUNDS * KEYS);
}

static void two_runners_do_not_share(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run_runner(bench, NULL), 1);
    struct link *link = link_open(bench);
    assert_int_equal(link_status(link, "a"), RUNNER_STATE_ABSENT);
    link_close(link);
}

static void wants_a_safe_configuration(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run_runner(bench, "--check"), 1); /* its list names programs that are not there */
    assert_int_equal(bench_stop(bench, SIGTERM), 0);
    assert_int_not_equal(access(bench->socket, F_OK), 0);
    assert_int_equal(chmod(bench->config, 0666), 0);
    assert_int_equal(bench_run_runner(bench, NULL), 1);
    assert_int_equal(chmod(bench->config, 0600), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(bench->config, 4711, 0), 0);
        assert_int_equal(bench_run_runner(bench, NULL), 1);
    }
    bench_write(bench, "runner.conf", "allow = ( [ \"/bin/sh\" ] );", 0600);
    assert_int_equal(chown(bench->config, geteuid(), getegid()), 0);
    assert_int_equal(bench_run_runner(bench, "--check"), 0);
    assert_int_equal(bench_run_runner(bench, "--help"), 0);
    assert_int_equal(bench_run_runner(bench, "--nonsense"), 2);
    bench_write(bench, "runner.conf", "nonsense = 1;", 0600);
    assert_int_equal(bench_run_runner(bench, "--check"), 1);
    assert_int_equal(bench_run_runner(bench, NULL), 1);
}

static const char *const suffixes[] = {"pid", "out", "values", "exit"};

static const char *path_of(const struct bench *bench, const char *key, const char *suffix,
                           char path[BENCH_PATH_MAX])
{
    char name[64];

    (void)snprintf(name, sizeof(name), "data/%s.%s", key, suffix);
    return bench_path(bench, name, path);
}

static void age(const struct bench *bench, const char *key, time_t second)
{
    const struct timespec then[2] = {{.tv_sec = second}, {.tv_sec = second}};
    char path[BENCH_PATH_MAX];

    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++)
        assert_int_equal(utimensat(AT_FDCWD, path_of(bench, key, suffixes[i], path), then, 0), 0);
}

static void sweeps_old_results(void **state)
{
    struct bench *bench = *state;
    char path[BENCH_PATH_MAX];
    struct link *link = link_open(bench);
    link_complete(link, bench, "old", "ok", LONG_MS);
    link_complete(link, bench, "new", "ok", LONG_MS);
    link_complete(link, bench, "x-old", "ok", LONG_MS);
    link_complete(link, bench, "x-new", "ok", LONG_MS);
    link_complete(link, bench, "day", "ok", LONG_MS);
    link_close(link);
    bench_stop(bench, SIGTERM);
    age(bench, "old", 1000000);
    age(bench, "x-old", time(NULL) - 3 * 3600);
    age(bench, "day", time(NULL) - 24 * 3600);
    runner_bench_start(bench);
    link = link_open(bench);
    assert_int_equal(link_status(link, "old"), RUNNER_STATE_ABSENT);
    assert_int_equal(link_status(link, "new"), RUNNER_STATE_ENDED);
    assert_int_equal(link_status(link, "x-old"), RUNNER_STATE_ABSENT);
    assert_int_equal(link_status(link, "x-new"), RUNNER_STATE_ENDED);
    assert_int_equal(link_status(link, "day"), RUNNER_STATE_ENDED);
    link_close(link);
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        assert_int_not_equal(access(path_of(bench, "old", suffixes[i], path), F_OK), 0);
        assert_int_not_equal(access(path_of(bench, "x-old", suffixes[i], path), F_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(outlives_its_client, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outlives_the_runner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_while_no_runner_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancels_what_an_earlier_runner_started, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_command_is_not_repeated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_intent_alone_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kills_at_any_moment_repeat_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_runners_do_not_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wants_a_safe_configuration, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sweeps_old_results, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
