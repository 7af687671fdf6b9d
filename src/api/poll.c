/* poll.c - GET ?wait=: a request sleeps until its deployment changes, ends, or its time is up.
 * SPDX-License-Identifier: MIT */
#include "api/etag.h"
#include "api/parts.h"
#include "base/duration.h"
#include "io/loop.h"

enum { POLL_MAX_MS = 60000 };

static void come_again(void *data)
{
    struct call *call = data;

    call->poll.is_late = true;
    poll_wake(call);
}

bool poll_begin(struct call *call)
{
    const char *wait = http_server_query(call->request, "wait");
    int64_t wait_ms = 0;

    call->poll.known = http_server_header(call->request, "If-None-Match");
    if (wait == NULL)
        return true;
    if (!duration_parse(wait, &wait_ms)) {
        problem_answer(call, 400, "invalid", "wait: \"%.32s\" is no duration (write it as \"60s\")", wait);
        return false;
    }
    if (wait_ms > POLL_MAX_MS)
        wait_ms = POLL_MAX_MS;
    /* Past the server's limit for sleepers the answer is what is known now: the client asks again. */
    if (wait_ms == 0 || !http_server_begin_long_poll(call->request))
        return true;
    call->poll.is_on = true;
    call->poll.timer = loop_timer_start(call->api->env.loop, wait_ms, 0, come_again, call);
    return true;
}

void poll_end(struct call *call)
{
    loop_timer_stop(call->poll.timer);
    call->poll.timer = NULL;
    call->poll.is_on = false;
}

static void read_again(struct call *call)
{
    call->poll.is_sleeping = false;
    call->poll.is_changed = false;
    if (call->poll.is_run)
        reading_run(call, call->poll.deployment, call->poll.done);
    else
        reading_deployment(call, READING_DEPLOYMENT, call->poll.deployment, call->poll.done);
}

void poll_wake(struct call *call)
{
    if (call->request == NULL)
        return;
    if (!call->poll.is_sleeping) {
        call->poll.is_changed = true;
        return;
    }
    read_again(call);
    call_settle(call);
}

static bool has_news(const struct call *call, bool is_done, const char *etag)
{
    if (is_done || call->poll.is_late)
        return true;
    return call->poll.known != NULL && !etag_is_listed(call->poll.known, etag, ETAG_WEAK);
}

static bool sleeps(struct call *call, uint64_t id, bool is_done, const char *etag)
{
    if (!call->poll.is_on || has_news(call, is_done, etag))
        return false;
    call->poll.deployment = id;
    if (call->poll.is_changed) {
        read_again(call);
        return true;
    }
    reading_free(call->reading);
    call->reading = NULL;
    call->poll.is_sleeping = true;
    return true;
}

bool poll_sleeps(struct call *call, const struct record *record, const char *etag)
{
    return sleeps(call, record->row->id, record_is_done(record), etag);
}

bool poll_sleeps_run(struct call *call, uint64_t run, bool is_done, const char *etag)
{
    return sleeps(call, run, is_done, etag);
}
