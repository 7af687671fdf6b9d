/* test_loop.c - time, turns, deferred work, threads, signals and descriptors on the real libuv.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, TRACE_SIZE = 64 };

struct fixture {
    struct loop *loop;
    char trace[TRACE_SIZE]; /* a letter per callback */
    size_t length;
    size_t hook_count;
    bool is_done;
    struct loop_timer *timer;
    struct loop_poll *poll;
    struct loop_wake *wake;
    int64_t fired_ms;
    int signal_number;
    pthread_t thread;
    int ends[2];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->loop = loop_new();
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void note(struct fixture *fixture, char letter)
{
    assert_true(fixture->length + 1 < TRACE_SIZE);
    fixture->trace[fixture->length++] = letter;
}

static void finish(void *data)
{
    struct fixture *fixture = data;

    fixture->is_done = true;
    fixture->fired_ms = loop_now_ms();
}

static void note_again(void *data)
{
    note(data, 'b');
}

static void note_and_defer(void *data)
{
    struct fixture *fixture = data;

    note(fixture, 'a');
    loop_defer(fixture->loop, note_again, fixture);
}

static void note_turn(void *data)
{
    struct fixture *fixture = data;

    note(fixture, '|');
    if (fixture->trace[fixture->length - 2] == 'b')
        fixture->is_done = true;
}

static void test_turns_end(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ms = loop_now_ms();

    loop_on_turn(fixture->loop, note_turn, fixture);
    note(fixture, '^');
    loop_defer(fixture->loop, note_and_defer, fixture);
    loop_defer(fixture->loop, note_again, fixture);
    loop_defer(fixture->loop, finish, fixture);
    loop_defer_cancel(fixture->loop, note_again, fixture);
    loop_defer_cancel(fixture->loop, finish, fixture);
    assert_string_equal(fixture->trace, "^");
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    /* What a deferred task defers waits for the next turn, but that turn comes at once. */
    assert_string_equal(fixture->trace, "^a|b|");
    assert_true(loop_now_ms() - start_ms < PATIENCE_MS / 2);
}

static void test_what_a_turn_ends_with_is_noticed_at_once(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ms = loop_now_ms();

    loop_defer(fixture->loop, finish, fixture);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_true(loop_now_ms() - start_ms < PATIENCE_MS / 2);
}

static void defer_from_timer(void *data)
{
    struct fixture *fixture = data;

    note(fixture, 't');
    loop_defer(fixture->loop, note_again, fixture);
}

/* A value that comes by a callback is seen by the hook of the same turn, before the loop waits. */
static void test_hooks_run_before_waiting(void **state)
{
    struct fixture *fixture = *state;

    loop_on_turn(fixture->loop, note_turn, fixture);
    note(fixture, '^');
    fixture->timer = loop_timer_start(fixture->loop, 5, 0, defer_from_timer, fixture);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_non_null(strstr(fixture->trace, "tb|"));
    loop_timer_stop(fixture->timer);
}

static void test_timers_fire_in_time(void **state)
{
    struct fixture *fixture = *state;
    int64_t start_ms = loop_now_ms();

    fixture->timer = loop_timer_start(fixture->loop, PATIENCE_MS * 10, 0, finish, fixture);
    loop_timer_move(fixture->timer, 40);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_true(fixture->fired_ms - start_ms >= 40);
    fixture->is_done = false;
    loop_timer_move(fixture->timer, 0);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    fixture->is_done = false;
    loop_timer_move(fixture->timer, 1);
    loop_timer_pause(fixture->timer);
    assert_false(loop_run_until(fixture->loop, &fixture->is_done, 30));
    loop_timer_stop(fixture->timer);
    loop_timer_stop(NULL);
}

static void count_to_three(void *data)
{
    struct fixture *fixture = data;

    note(fixture, 'r');
    if (fixture->length < 3)
        return;
    loop_timer_stop(fixture->timer); /* from its own callback */
    loop_stop(fixture->loop);
}

static void test_timers_repeat_until_stopped(void **state)
{
    struct fixture *fixture = *state;

    fixture->timer = loop_timer_start(fixture->loop, 1, 2, count_to_three, fixture);
    loop_run(fixture->loop);
    assert_string_equal(fixture->trace, "rrr");
    assert_false(loop_run_until(fixture->loop, &fixture->is_done, 20));
    assert_string_equal(fixture->trace, "rrr");
}

static void restart_forever(void *data)
{
    struct fixture *fixture = data;

    loop_timer_move(fixture->timer, 0);
}

/* A timer that always asks for "at once" must not keep turns from ending. */
static void test_eager_timers_starve_nobody(void **state)
{
    struct fixture *fixture = *state;

    fixture->timer = loop_timer_start(fixture->loop, 0, 0, restart_forever, fixture);
    loop_defer(fixture->loop, finish, fixture);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    loop_timer_stop(fixture->timer);
}

static void work_elsewhere(void *data)
{
    struct fixture *fixture = data;

    fixture->thread = pthread_self();
}

static void test_work_runs_on_another_thread(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};

    assert_true(loop_work(fixture->loop, work_elsewhere, finish, fixture, &err));
    assert_false(fixture->is_done);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_false(pthread_equal(fixture->thread, pthread_self()));
}

struct gate {
    pthread_mutex_t mutex;
    size_t done_count;
};

static void pass_gate(void *data)
{
    struct gate *gate = data;

    (void)pthread_mutex_lock(&gate->mutex);
    (void)pthread_mutex_unlock(&gate->mutex);
}

static void count_done(void *data)
{
    ((struct gate *)data)->done_count++;
}

static void test_work_is_bounded_and_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct err err = {0};

    assert_int_equal(pthread_mutex_lock(&gate.mutex), 0);
    for (size_t i = 0; i < LOOP_WORK_MAX; i++)
        assert_true(loop_work(fixture->loop, pass_gate, count_done, &gate, &err));
    assert_false(loop_work(fixture->loop, pass_gate, count_done, &gate, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(pthread_mutex_unlock(&gate.mutex), 0);
    loop_free(fixture->loop);
    assert_int_equal(gate.done_count, LOOP_WORK_MAX);
    fixture->loop = loop_new();
}

static void signal_came(void *data, int number)
{
    struct fixture *fixture = data;

    fixture->signal_number = number;
    fixture->is_done = true;
}

static void test_signals(void **state)
{
    struct fixture *fixture = *state;
    struct loop_signal *signal = loop_signal_start(fixture->loop, SIGUSR1, signal_came, fixture);

    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(fixture->signal_number, SIGUSR1);
    loop_signal_stop(signal);
}

static void pipe_ready(void *data, unsigned events)
{
    struct fixture *fixture = data;
    char byte = 0;

    assert_int_equal(events, LOOP_READABLE);
    assert_int_equal(read(fixture->ends[0], &byte, 1), 1);
    note(fixture, byte);
    fixture->is_done = true;
}

static void test_polls_descriptors(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};

    assert_int_equal(pipe2(fixture->ends, O_CLOEXEC), 0);
    assert_true(
        loop_poll_start(fixture->loop, fixture->ends[0], 0, pipe_ready, fixture, &fixture->poll, &err));
    assert_int_equal(write(fixture->ends[1], "xy", 2), 2);
    assert_false(loop_run_until(fixture->loop, &fixture->is_done, 20));
    loop_poll_change(fixture->poll, LOOP_READABLE);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    fixture->is_done = false;
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_string_equal(fixture->trace, "xy");
    loop_poll_stop(fixture->poll);
    (void)close(fixture->ends[0]);
    (void)close(fixture->ends[1]);
}

static void test_refuses_what_cannot_be_polled(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    char path[] = "/tmp/test_loop.XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_false(
        loop_poll_start(fixture->loop, fd, LOOP_READABLE, pipe_ready, fixture, &fixture->poll, &err));
    assert_int_equal(err.code, ERR_IO);
    (void)close(fd);
    (void)unlink(path);
}

static void *wake_from_thread(void *data)
{
    struct fixture *fixture = data;

    loop_wake_send(fixture->wake);
    return NULL;
}

static void test_other_threads_wake_the_loop(void **state)
{
    struct fixture *fixture = *state;

    fixture->wake = loop_wake_start(fixture->loop, finish, fixture);
    assert_int_equal(pthread_create(&fixture->thread, NULL, wake_from_thread, fixture), 0);
    assert_true(loop_run_until(fixture->loop, &fixture->is_done, PATIENCE_MS));
    assert_int_equal(pthread_join(fixture->thread, NULL), 0);
    loop_wake_stop(fixture->wake);
}

static void test_free_takes_what_is_left(void **state)
{
    struct fixture *fixture = *state;

    fixture->timer = loop_timer_start(fixture->loop, 1, 1, finish, fixture);
    fixture->wake = loop_wake_start(fixture->loop, finish, fixture);
    loop_defer(fixture->loop, finish, fixture);
    loop_stop(fixture->loop);
    loop_free(fixture->loop);
    loop_free(NULL);
    assert_false(fixture->is_done);
    fixture->loop = loop_new();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turns_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_turn_ends_with_is_noticed_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hooks_run_before_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timers_fire_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timers_repeat_until_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_eager_timers_starve_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_work_runs_on_another_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_work_is_bounded_and_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_polls_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_be_polled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_threads_wake_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_free_takes_what_is_left, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
