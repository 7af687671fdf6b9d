/* test_runner_hogs.c - commands that multiply, that do not listen, and that the kernel kills, with the real
 * verdict-runner.
 * SPDX-License-Identifier: MIT
 *
 * The limits of processes and memory are those of the unit (TasksMax=, MemoryMax= of verdict-runner.service),
 * which systemd keeps; it is not the first process where tests run. Here is what the runner does below them.
 */
#include "support/runner_link.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CROWD = 127, DEADLINE_MS = 4000, LONG_MS = 60000 };

struct fixture {
    struct bench *bench;
    struct link *link;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->bench = bench_new();
    runner_bench_start(fixture->bench);
    fixture->link = link_open(fixture->bench);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    link_close(fixture->link);
    bench_free(fixture->bench);
    free(fixture);
    return 0;
}

/* Each in a session of its own and deaf to TERM: at the deadline all of them end, and until then nobody else
 * waits for them. */
static void ends_a_crowd(void **state)
{
    struct fixture *fixture = *state;
    int64_t until_ms = bench_now_ms() + BENCH_WAIT_MS;

    link_run(fixture->link, fixture->bench, "a", "crowd 6", DEADLINE_MS);
    while (bench_count_lines(fixture->bench, "pids") < CROWD / 2)
        bench_pause(until_ms, "the crowd");
    struct runner_result other = link_complete(fixture->link, fixture->bench, "b", "ok", LONG_MS);
    assert_int_equal(other.exit_status, 0);
    assert_int_equal(link_status(fixture->link, "a"), RUNNER_STATE_RUNNING);
    struct runner_result result = link_wait(fixture->link, "a");
    assert_true(result.timed_out);
    char *pids = bench_read(fixture->bench, "pids");
    size_t count = 0;
    for (char *at = pids; *at != '\0'; count++) {
        pid_t pid = (pid_t)strtol(at, &at, 10);
        assert_true(pid > 1 && *at == '\n');
        bench_wait_for_death(pid);
        at++;
    }
    assert_in_range(count, CROWD / 2, CROWD);
    free(pids);
}

/* As when memory is short: it is a failure that is told, and the runner goes on. */
static void tells_what_the_kernel_killed(void **state)
{
    struct fixture *fixture = *state;
    struct runner_result result = link_complete(fixture->link, fixture->bench, "a", "killed", LONG_MS);

    assert_int_equal(result.signal, SIGKILL);
    assert_false(result.timed_out || result.cancelled);
    result = link_complete(fixture->link, fixture->bench, "b", "ok", LONG_MS);
    assert_int_equal(result.exit_status, 0);
}

/* Between TERM and KILL there is as long as was asked for, not the usual 5 s. */
static void gives_the_grace_that_was_asked_for(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ms = bench_now_ms();
    const struct runner_message message = {.operation = RUNNER_RUN,
                                           .key = "a",
                                           .arguments = {fixture->bench->act, "stubborn"},
                                           .arguments_count = 2,
                                           .environment = {fixture->bench->folder_pair},
                                           .environment_count = 1,
                                           .deadline_ms = 500,
                                           .grace_ms = 1000};
    link_ask(fixture->link, message);
    struct runner_result result = link_wait(fixture->link, "a");
    assert_true(result.timed_out);
    assert_int_equal(result.signal, SIGKILL);
    assert_in_range(bench_now_ms() - start_ms, 1500, 4999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ends_a_crowd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_what_the_kernel_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gives_the_grace_that_was_asked_for, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("runner_hogs", tests, NULL, NULL);
}
