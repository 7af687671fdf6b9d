/* loop.c - libuv behind handles that can be stopped at any time, and turns that have an end.
 * SPDX-License-Identifier: MIT */
#include "io/loop.h"

#include "io/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct deferred {
    struct deferred *next;
    void (*task)(void *data);
    void *data;
    uint64_t turn;
};

struct hook {
    void (*call)(void *data);
    void *data;
};

/* uv's loop points back here; the `data` of every uv handle is what its close callback frees. */
struct loop {
    uv_loop_t uv;
    uv_prepare_t turn_end;
    uv_idle_t no_wait; /* active: the loop polls without waiting */
    struct deferred *deferred;
    struct deferred **deferred_end;
    size_t deferred_count;
    struct hook hooks[LOOP_TURN_HOOKS_MAX];
    size_t hook_count;
    size_t work_count;
    uint64_t turn;
    const bool *until; /* of loop_run_until, or NULL */
    bool is_turning;
};

struct loop_timer {
    uv_timer_t uv;
    uint64_t repeat_ms;
    void (*fired)(void *data);
    void *data;
};

struct loop_poll {
    uv_poll_t uv;
    void (*ready)(void *data, unsigned events);
    void *data;
};

struct loop_signal {
    uv_signal_t uv;
    void (*came)(void *data, int number);
    void *data;
};

struct loop_wake {
    uv_async_t uv;
    void (*woken)(void *data);
    void *data;
};

struct work {
    uv_work_t uv;
    struct loop *loop;
    void (*work)(void *data);
    void (*done)(void *data);
    void *data;
};

/* What can fail here only for lack of descriptors or memory at the start, or by a mistake of ours. */
static void must(int result)
{
    if (result != 0)
        abort();
}

static void free_owner(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, free_owner);
}

static struct deferred *pop_deferred(struct loop *loop)
{
    struct deferred *first = loop->deferred;

    loop->deferred = first->next;
    if (loop->deferred == NULL)
        loop->deferred_end = &loop->deferred;
    loop->deferred_count--;
    return first;
}

static void run_deferred(struct loop *loop)
{
    while (loop->deferred != NULL && loop->deferred->turn < loop->turn) {
        struct deferred *first = pop_deferred(loop);
        struct deferred copy = *first;
        free(first);
        copy.task(copy.data);
    }
}

static void stay_awake(uv_idle_t *handle)
{
    (void)handle;
}

static void end_turn(uv_prepare_t *handle)
{
    struct loop *loop = handle->loop->data;

    loop->turn++;
    run_deferred(loop);
    for (size_t i = 0; i < loop->hook_count; i++)
        loop->hooks[i].call(loop->hooks[i].data);
    bool may_wait = loop->deferred == NULL && (loop->until == NULL || !*loop->until);
    must(may_wait ? uv_idle_stop(&loop->no_wait) : uv_idle_start(&loop->no_wait, stay_awake));
}

void loop_defer(struct loop *loop, void (*task)(void *data), void *data)
{
    struct deferred *deferred = memory_take(sizeof(*deferred));

    assert(loop->deferred_count < LOOP_DEFER_MAX);
    *deferred = (struct deferred){.task = task, .data = data, .turn = loop->turn};
    *loop->deferred_end = deferred;
    loop->deferred_end = &deferred->next;
    loop->deferred_count++;
}

void loop_defer_cancel(struct loop *loop, void (*task)(void *data), void *data)
{
    struct deferred **at = &loop->deferred;

    while (*at != NULL) {
        struct deferred *entry = *at;
        if (entry->task != task || entry->data != data) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        loop->deferred_count--;
        free(entry);
    }
    loop->deferred_end = at;
}

void loop_on_turn(struct loop *loop, void (*hook)(void *data), void *data)
{
    assert(loop->hook_count < LOOP_TURN_HOOKS_MAX);
    loop->hooks[loop->hook_count++] = (struct hook){.call = hook, .data = data};
}

struct loop *loop_new(void)
{
    struct loop *loop = memory_take(sizeof(*loop));

    must(uv_loop_init(&loop->uv));
    loop->uv.data = loop;
    loop->deferred_end = &loop->deferred;
    must(uv_prepare_init(&loop->uv, &loop->turn_end));
    must(uv_prepare_start(&loop->turn_end, end_turn));
    must(uv_idle_init(&loop->uv, &loop->no_wait));
    return loop;
}

static void close_walked(uv_handle_t *handle, void *unused)
{
    (void)unused;
    close_handle(handle);
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    /* A job's `done` may start handles anew, hence the loop. */
    do {
        uv_walk(&loop->uv, close_walked, NULL);
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    } while (uv_loop_close(&loop->uv) == UV_EBUSY);
    while (loop->deferred != NULL)
        free(pop_deferred(loop));
    free(loop);
}

void loop_run(struct loop *loop)
{
    bool was_turning = loop->is_turning;

    loop->is_turning = true;
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop->is_turning = was_turning;
}

bool loop_is_turning(const struct loop *loop)
{
    return loop->is_turning;
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static void ignore(void *data)
{
    (void)data;
}

bool loop_run_until(struct loop *loop, const bool *flag, int64_t deadline_ms)
{
    int64_t end_ms = loop_now_ms() + deadline_ms;
    struct loop_timer *end = loop_timer_start(loop, deadline_ms, 0, ignore, NULL);

    bool was_turning = loop->is_turning;
    loop->until = flag;
    loop->is_turning = true;
    while (!*flag && loop_now_ms() < end_ms)
        (void)uv_run(&loop->uv, UV_RUN_ONCE);
    loop->is_turning = was_turning;
    loop->until = NULL;
    loop_timer_stop(end);
    return *flag;
}

int64_t loop_now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static void timer_fired(uv_timer_t *handle)
{
    struct loop_timer *timer = handle->data;

    timer->fired(timer->data);
}

struct loop_timer *loop_timer_start(struct loop *loop, int64_t delay_ms, int64_t repeat_ms,
                                    void (*fired)(void *data), void *data)
{
    struct loop_timer *timer = memory_take(sizeof(*timer));

    must(uv_timer_init(&loop->uv, &timer->uv));
    timer->uv.data = timer;
    timer->repeat_ms = repeat_ms > 0 ? (uint64_t)repeat_ms : 0;
    timer->fired = fired;
    timer->data = data;
    loop_timer_move(timer, delay_ms);
    return timer;
}

void loop_timer_move(struct loop_timer *timer, int64_t delay_ms)
{
    /* uv counts from the start of the turn, and a delay of 0 would fire again within this pass over the
     * timers. */
    uv_update_time(timer->uv.loop);
    must(uv_timer_start(&timer->uv, timer_fired, delay_ms > 0 ? (uint64_t)delay_ms : 1, timer->repeat_ms));
}

void loop_timer_pause(struct loop_timer *timer)
{
    must(uv_timer_stop(&timer->uv));
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer != NULL)
        close_handle((uv_handle_t *)&timer->uv);
}

static void run_work(uv_work_t *request)
{
    const struct work *work = request->data;

    work->work(work->data);
}

static void end_work(uv_work_t *request, int status)
{
    struct work *work = request->data;
    struct work copy = *work;

    (void)status; /* nobody cancels */
    free(work);
    copy.loop->work_count--;
    copy.done(copy.data);
}

bool loop_work(struct loop *loop, void (*work)(void *data), void (*done)(void *data), void *data,
               struct err *err)
{
    if (loop->work_count >= LOOP_WORK_MAX)
        return err_set(err, ERR_LIMIT, "%d background jobs are waiting already", LOOP_WORK_MAX);
    struct work *job = memory_take(sizeof(*job));
    job->loop = loop;
    job->work = work;
    job->done = done;
    job->data = data;
    job->uv.data = job;
    loop->work_count++;
    must(uv_queue_work(&loop->uv, &job->uv, run_work, end_work));
    return true;
}

static void signal_came(uv_signal_t *handle, int number)
{
    struct loop_signal *signal = handle->data;

    signal->came(signal->data, number);
}

struct loop_signal *loop_signal_start(struct loop *loop, int number, void (*came)(void *data, int number),
                                      void *data)
{
    struct loop_signal *signal = memory_take(sizeof(*signal));

    must(uv_signal_init(&loop->uv, &signal->uv));
    signal->uv.data = signal;
    signal->came = came;
    signal->data = data;
    must(uv_signal_start(&signal->uv, signal_came, number));
    return signal;
}

void loop_signal_stop(struct loop_signal *signal)
{
    if (signal != NULL)
        close_handle((uv_handle_t *)&signal->uv);
}

static void poll_ready(uv_poll_t *handle, int status, int events)
{
    struct loop_poll *poll = handle->data;
    unsigned seen = 0;

    if (status < 0)
        seen = LOOP_FAILED;
    if ((events & UV_READABLE) != 0)
        seen |= LOOP_READABLE;
    if ((events & UV_WRITABLE) != 0)
        seen |= LOOP_WRITABLE;
    poll->ready(poll->data, seen);
}

static int watch(struct loop_poll *poll, unsigned events)
{
    int wanted =
        ((events & LOOP_READABLE) != 0 ? UV_READABLE : 0) | ((events & LOOP_WRITABLE) != 0 ? UV_WRITABLE : 0);

    return wanted == 0 ? uv_poll_stop(&poll->uv) : uv_poll_start(&poll->uv, wanted, poll_ready);
}

bool loop_poll_start(struct loop *loop, int fd, unsigned events, void (*ready)(void *data, unsigned events),
                     void *data, struct loop_poll **ret_poll, struct err *err)
{
    struct loop_poll *poll = memory_take(sizeof(*poll));
    int result = uv_poll_init(&loop->uv, &poll->uv, fd);

    if (result != 0) {
        free(poll); /* uv knows nothing of a handle whose init failed */
        return err_set(err, ERR_IO, "descriptor %d cannot be watched: %s", fd, uv_strerror(result));
    }
    poll->uv.data = poll;
    poll->ready = ready;
    poll->data = data;
    must(watch(poll, events));
    *ret_poll = poll;
    return true;
}

void loop_poll_change(struct loop_poll *poll, unsigned events)
{
    must(watch(poll, events));
}

void loop_poll_stop(struct loop_poll *poll)
{
    if (poll != NULL)
        close_handle((uv_handle_t *)&poll->uv);
}

static void wake_came(uv_async_t *handle)
{
    struct loop_wake *wake = handle->data;

    wake->woken(wake->data);
}

struct loop_wake *loop_wake_start(struct loop *loop, void (*woken)(void *data), void *data)
{
    struct loop_wake *wake = memory_take(sizeof(*wake));

    must(uv_async_init(&loop->uv, &wake->uv, wake_came));
    wake->uv.data = wake;
    wake->woken = woken;
    wake->data = data;
    return wake;
}

void loop_wake_send(struct loop_wake *wake)
{
    must(uv_async_send(&wake->uv));
}

void loop_wake_stop(struct loop_wake *wake)
{
    if (wake != NULL)
        close_handle((uv_handle_t *)&wake->uv);
}
