/* listeners.c - the events in memory, and who has heard how many of them.
 * SPDX-License-Identifier: MIT */
#include "api/listeners.h"

#include "api/parts.h"
#include "io/buffer.h"
#include "io/clock.h"
#include "io/http_stream.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_SIZE = 512, PAST_BYTES_MAX = 256 * 1024 };

struct listener {
    TAILQ_ENTRY(listener) link;
    struct api *api;
    struct http_server_request *request;
    struct principal principal;
    uint64_t deployment; /* 0: all */
    uint64_t at;         /* what is up to here was told, or is none of its business */
    bool is_past;        /* the journal has what follows, memory does not */
    bool wants_beat;
    char *text; /* on its way, malloc'ed; NULL: none */
    size_t length, sent;
};

static uint64_t last_event(const struct api *api)
{
    return journal_health(api->env.journal).last_event;
}

static bool is_heard(const struct listener *listener, const struct event_page_event *event)
{
    const struct principal *principal = &listener->principal;
    bool is_bound = principal->token.service_count > 0 || principal->token.environment_count > 0;

    if (listener->deployment != 0 && listener->deployment != event->deployment)
        return false;
    if (event->is_private)
        return auth_allows(principal, TOKEN_ADMIN, "", "");
    if (event->service[0] == '\0')
        return !is_bound;
    return strcmp(event->service, JOURNAL_FLEET) == 0 ||
           auth_allows(principal, TOKEN_READ, event->service, event->environment);
}

/* ---- what is in memory ---- */

static struct event_page_event *event_at(const struct listeners *all, uint64_t id)
{
    return &all->ring[id % LISTENERS_RING];
}

/* The next one in memory that it hears, or NULL: its place moves past those that it does not. */
static const struct event_page_event *next_heard(struct listener *listener)
{
    const struct listeners *all = &listener->api->listeners;

    while (listener->at < all->tail) {
        const struct event_page_event *event = event_at(all, listener->at + 1);
        if (is_heard(listener, event))
            return event;
        listener->at++;
    }
    return NULL;
}

static void keep(struct listeners *all, struct event_page_event *event)
{
    if (all->tail - all->base == LISTENERS_RING)
        event_page_event_done(event_at(all, ++all->base));
    *event_at(all, event->id) = *event;
    all->tail = event->id;
}

static void forget_all(struct listeners *all)
{
    for (uint64_t id = all->base + 1; all->ring != NULL && id <= all->tail; id++)
        event_page_event_done(event_at(all, id));
    free(all->ring);
    all->ring = NULL;
    all->base = all->tail = 0;
}

/* ---- what one listener is sent ---- */

static void put(struct listener *listener, char *text)
{
    listener->text = text;
    listener->length = strlen(text);
    listener->sent = 0;
}

static void put_beat(struct listener *listener)
{
    char text[HEAD_SIZE];

    (void)snprintf(text, sizeof(text), ": here\nid: %" PRIu64 "\n\n", listener->at);
    put(listener, memory_copy_text(text));
    listener->wants_beat = false;
}

static void tell_past(struct api *api);

static bool take_next(struct listener *listener)
{
    if (listener->is_past) {
        tell_past(listener->api);
        return false;
    }
    const struct event_page_event *event = next_heard(listener);
    if (event != NULL) {
        listener->at = event->id;
        put(listener, memory_copy_text(event->text));
        return true;
    }
    if (listener->wants_beat)
        put_beat(listener);
    return listener->text != NULL;
}

static size_t read_some(void *data, char *to, size_t size)
{
    struct listener *listener = data;

    if (listener->text == NULL && !take_next(listener))
        return 0;
    size_t length = listener->length - listener->sent;
    if (length > size)
        length = size;
    memcpy(to, listener->text + listener->sent, length);
    listener->sent += length;
    if (listener->sent == listener->length) {
        free(listener->text);
        listener->text = NULL;
    }
    return length;
}

/* Nobody is there any more. */
static void end(struct listeners *all)
{
    loop_timer_stop(all->beat);
    all->beat = NULL;
    forget_all(all);
}

static void free_listener(struct listener *listener)
{
    const struct api *api = listener->api;
    struct listeners *all = &listener->api->listeners;

    TAILQ_REMOVE(&all->queue, listener, link);
    all->count--;
    if (all->hearing == listener)
        all->hearing = NULL;
    free(listener->text);
    free(listener);
    if (all->count == 0 && api->env.event == NULL)
        end(all);
}

static void ended(void *data, enum http_stream_end why)
{
    struct listener *listener = data;

    listener->api->listeners.cut += why == HTTP_STREAM_SLOW;
    free_listener(listener);
}

static const struct http_stream_source source = {.read = read_some, .ended = ended};

/* A token that was revoked, or whose time is over, hears no more. */
static void look_at_rights(struct listener *listener)
{
    const char *why = "";

    if (!listener->principal.has_token)
        return;
    if (!auth_find(listener->api->env.journal, listener->request, clock_wall_ms(), &listener->principal,
                   &why))
        http_stream_end(listener->request);
}

static void beat(void *data)
{
    struct api *api = data;
    struct listener *listener = NULL;

    TAILQ_FOREACH(listener, &api->listeners.queue, link)
    {
        look_at_rights(listener);
        listener->wants_beat = true;
        http_stream_wake(listener->request);
    }
    listeners_look(api);
}

/* ---- what was before ---- */

/* Memory has whatever comes next. */
static bool is_present(const struct listener *listener)
{
    return listener->at >= listener->api->listeners.base;
}

static void put_page(struct listener *listener, const struct event_page *page)
{
    struct buffer buffer;

    buffer_init(&buffer, PAST_BYTES_MAX);
    for (size_t i = 0; i < page->count; i++) {
        struct event_page_event event;
        event_page_take(page, i, &event);
        bool fits = !is_heard(listener, &event) || buffer_add(&buffer, event.text, strlen(event.text));
        event_page_event_done(&event);
        if (!fits)
            break;
        listener->at = page->rows[i].event;
    }
    if (buffer.length > 0)
        put(listener, buffer_take(&buffer));
    buffer_done(&buffer);
}

static void hear(struct listener *listener, const struct event_page *page)
{
    struct listeners *all = &listener->api->listeners;

    if (page->err.code != ERR_NONE) {
        log_say(listener->api->env.log, LOG_LEVEL_WARN, "events: %s", page->err.text);
        http_stream_end(listener->request);
        return;
    }
    put_page(listener, page);
    /* Of one deployment a page may be the last one long before the newest event. */
    if (page->count < EVENT_PAGE_ROWS && listener->at < page->reached)
        listener->at = page->reached;
    listener->is_past = !is_present(listener);
    TAILQ_REMOVE(&all->queue, listener, link);
    TAILQ_INSERT_TAIL(&all->queue, listener, link);
    if (listener->text != NULL || !listener->is_past)
        http_stream_wake(listener->request);
}

static void told(void *data)
{
    struct event_page *page = data;
    struct api *api = page->api;
    struct listener *listener = api->listeners.hearing;

    api->listeners.is_telling = false;
    api->listeners.hearing = NULL;
    if (listener != NULL)
        hear(listener, page);
    event_page_free(page);
    if (api->is_closed)
        api_release(api);
    else
        tell_past(api);
}

/* One page at a time, each listener in its turn: the past of many delays nobody else who reads. */
static void tell_past(struct api *api)
{
    struct listeners *all = &api->listeners;
    struct listener *listener = NULL;

    if (all->is_telling)
        return;
    TAILQ_FOREACH(listener, &all->queue, link)
    if (listener->is_past && listener->text == NULL)
        break;
    if (listener == NULL)
        return;
    struct event_page *page = event_page_new(api, listener->deployment, listener->at, true);
    page->reached = all->tail;
    all->is_telling = loop_work(api->env.loop, event_page_read, told, page, &page->err);
    all->hearing = all->is_telling ? listener : NULL;
    if (!all->is_telling)
        event_page_free(page); /* so many are under way: the next beat asks again */
}

/* ---- what is new ---- */

static void offer(struct api *api, bool is_revoking)
{
    struct listener *listener = NULL;

    TAILQ_FOREACH(listener, &api->listeners.queue, link)
    {
        if (is_revoking)
            look_at_rights(listener);
        if (listener->is_past)
            continue;
        if (!is_present(listener))
            http_stream_cut(listener->request);
        else if (next_heard(listener) != NULL)
            http_stream_wake(listener->request);
    }
}

static void take(struct api *api, const struct event_page *page)
{
    struct listeners *all = &api->listeners;
    bool is_revoking = false;

    if (page->err.code != ERR_NONE)
        log_say(api->env.log, LOG_LEVEL_WARN, "events: %s", page->err.text);
    for (size_t i = 0; i < page->count; i++) {
        struct event_page_event event;
        event_page_take(page, i, &event);
        is_revoking = is_revoking || event.is_revoking;
        keep(all, &event);
        if (api->env.event != NULL && !event.is_private)
            api->env.event(api->env.data, &event);
    }
    if (page->count > 0)
        offer(api, is_revoking);
    all->is_wanted = all->is_wanted || page->count == EVENT_PAGE_ROWS;
}

static void came(void *data)
{
    struct event_page *page = data;
    struct api *api = page->api;
    struct listeners *all = &api->listeners;

    all->is_reading = false;
    /* Else all went meanwhile, and perhaps others came. */
    if (all->ring != NULL && page->after == all->tail)
        take(api, page);
    event_page_free(page);
    if (api->is_closed)
        api_release(api);
    else if (all->is_wanted)
        listeners_look(api);
}

void listeners_look(struct api *api)
{
    struct listeners *all = &api->listeners;

    if (all->ring == NULL)
        return;
    all->is_wanted = all->is_reading;
    if (all->is_reading || all->tail == last_event(api))
        return;
    struct event_page *page = event_page_new(api, 0, all->tail, false);
    all->is_reading = loop_work(api->env.loop, event_page_read, came, page, &page->err);
    if (!all->is_reading)
        event_page_free(page); /* the next beat asks again */
}

/* ---- coming and going ---- */

void listeners_start(struct api *api)
{
    struct listeners *all = &api->listeners;

    all->ring = memory_take_array(LISTENERS_RING, sizeof(*all->ring));
    all->base = all->tail = last_event(api);
    int64_t beat_ms = api->env.beat_ms == 0 ? LISTENERS_BEAT_MS : api->env.beat_ms;
    all->beat = loop_timer_start(api->env.loop, beat_ms, beat_ms, beat, api);
}

/* What cannot be told is said to be missing, so that nobody takes what it has for whole. */
static bool is_out_of_reach(const struct listener *listener, uint64_t after, uint64_t last)
{
    return after > last || (listener->deployment == 0 && last - after > LISTENERS_PAST_MAX);
}

static void put_head(struct listener *listener, uint64_t after)
{
    uint64_t last = last_event(listener->api);
    bool is_missing = after != UINT64_MAX && is_out_of_reach(listener, after, last);
    char text[HEAD_SIZE];

    listener->at = after == UINT64_MAX || is_missing ? last : after;
    listener->is_past = !is_present(listener);
    (void)snprintf(text, sizeof(text), "retry: 2000\nid: %" PRIu64 "\n%s\n", listener->at,
                   is_missing
                       ? "event: reset\ndata: {\"what\":\"reset\",\"text\":\"what came before is not told "
                         "again; read what is now\"}\n"
                       : "");
    put(listener, memory_copy_text(text));
}

void listeners_add(struct call *call, uint64_t deployment, uint64_t after)
{
    static const struct http_server_header headers[] = {{"Content-Type", "text/event-stream"},
                                                        {"Cache-Control", "no-store"},
                                                        {"X-Content-Type-Options", "nosniff"},
                                                        {"X-Accel-Buffering", "no"}};
    struct api *api = call->api;
    struct listeners *all = &api->listeners;
    struct listener *listener = memory_take(sizeof(*listener));

    listener->api = api;
    listener->principal = call->principal;
    listener->deployment = deployment;
    listener->request = call->request;
    if (!http_stream_start(call->request, headers, ARRAY_LENGTH(headers), &source, listener)) {
        free(listener);
        problem_answer(call, 503, "limit", "as many listen as may; GET with ?wait= works without a stream");
        return;
    }
    if (all->ring == NULL)
        listeners_start(api);
    TAILQ_INSERT_TAIL(&all->queue, listener, link);
    all->count++;
    put_head(listener, after);
    call->request = NULL;
    api->answered[2]++;
}

void listeners_free(struct api *api)
{
    struct listener *next = NULL;

    for (struct listener *listener = TAILQ_FIRST(&api->listeners.queue); listener != NULL; listener = next) {
        next = TAILQ_NEXT(listener, link);
        free_listener(listener);
    }
    end(&api->listeners);
}

bool listeners_are_busy(const struct api *api)
{
    return api->listeners.is_reading || api->listeners.is_telling;
}
