/* loop.h - the event loop (libuv): time, timers, file descriptors, signals, worker threads, ends of turns.
 * SPDX-License-Identifier: MIT
 *
 * All calls belong to the loop's thread, but loop_wake_send. Callbacks run on that thread, one at a time,
 * never inside the call that started them. A handle (timer, poll, signal, wake) lives until its stop
 * function, also after it fired; after stop its callback never runs. Stop takes NULL, and may be called from
 * any callback.
 *
 * A turn: due timers, then (end of turn) what was deferred, then the turn hooks, then the loop waits for file
 * descriptors and their callbacks run. What callbacks after the wait caused is seen by the hooks before the
 * next wait. Nothing here fails but loop_work and loop_poll_start: without an epoll descriptor there is no
 * daemon. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOOP_WORK_MAX = 256,    /* jobs running or waiting */
    LOOP_DEFER_MAX = 65536, /* passing it is a mistake of ours and aborts */
    LOOP_TURN_HOOKS_MAX = 8
};

enum loop_events {
    LOOP_READABLE = 1,
    LOOP_WRITABLE = 2,
    LOOP_FAILED = 4 /* reported only: an error is pending (SO_ERROR); watching has stopped until changed */
};

struct loop;
struct loop_timer;
struct loop_poll;
struct loop_signal;
struct loop_wake;

struct loop *loop_new(void);
/* Waits for worker jobs that run (their `done` is called), drops what is deferred, frees handles that are
 * left. */
void loop_free(struct loop *loop);

void loop_run(struct loop *loop); /* until loop_stop */
void loop_stop(struct loop *loop);

/* Within one of the two: callbacks may stand below the caller. */
bool loop_is_turning(const struct loop *loop);

/* Runs until *flag is true or the deadline has passed; true if the flag was set (tests, start-up). */
MUST_CHECK bool loop_run_until(struct loop *loop, const bool *flag, int64_t deadline_ms);

/* CLOCK_MONOTONIC in milliseconds, read at every call. */
int64_t loop_now_ms(void);

/* First after `delay_ms` (at least 1), then every `repeat_ms` (0: once). */
struct loop_timer *loop_timer_start(struct loop *loop, int64_t delay_ms, int64_t repeat_ms,
                                    void (*fired)(void *data), void *data);
void loop_timer_move(struct loop_timer *timer, int64_t delay_ms); /* counted from now; keeps the repetition */
void loop_timer_pause(struct loop_timer *timer);                  /* until it is moved */
void loop_timer_stop(struct loop_timer *timer);

/* Runs `task` once at the end of this turn; what a deferred task defers runs a turn later, without waiting.
 */
void loop_defer(struct loop *loop, void (*task)(void *data), void *data);
void loop_defer_cancel(struct loop *loop, void (*task)(void *data), void *data); /* all of this pair */

/* Called at the end of every turn, before the loop may wait; in the order of their registration, for good. */
void loop_on_turn(struct loop *loop, void (*hook)(void *data), void *data);

/* `work` on a worker thread, then `done` on the loop, always. ERR_LIMIT: neither is called. Work that blocks
 * needs its own deadline. There is no cancelling: `data` must live until `done`. */
MUST_CHECK bool loop_work(struct loop *loop, void (*work)(void *data), void (*done)(void *data), void *data,
                          struct err *err);

struct loop_signal *loop_signal_start(struct loop *loop, int number, void (*came)(void *data, int number),
                                      void *data);
void loop_signal_stop(struct loop_signal *signal);

/* Level-triggered; makes the descriptor non-blocking. `events` is a set of enum loop_events; 0 watches
 * nothing until changed. The descriptor is the caller's: close it after the stop, never before. One poll per
 * descriptor. ERR_IO: it cannot be polled.
 */
MUST_CHECK bool loop_poll_start(struct loop *loop, int fd, unsigned events,
                                void (*ready)(void *data, unsigned events), void *data,
                                struct loop_poll **ret_poll, struct err *err);
void loop_poll_change(struct loop_poll *poll, unsigned events);
void loop_poll_stop(struct loop_poll *poll);

/* Lets another thread call the loop; several sends before the loop looks are one call. */
struct loop_wake *loop_wake_start(struct loop *loop, void (*woken)(void *data), void *data);
void loop_wake_send(struct loop_wake *wake); /* from any thread */
void loop_wake_stop(struct loop_wake *wake);

#endif
