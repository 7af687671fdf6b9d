/* outbox.c - delivers what the journal's outbox holds: at least once, each receiver at its own pace; one that
 * is gone is left alone, whatever waits for it, and asked with one notice from time to time (breaker.h).
 * SPDX-License-Identifier: MIT */
#include "daemon/exporting.h"
#include "daemon/live_log.h"
#include "drivers/breaker.h"
#include "drivers/repeating.h"
#include "io/memory.h"
#include "store/journal_outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTBOX_IDLE_MS = 60000, OUTBOX_AGAIN_MS = 1000, RECEIVER_SIZE = 2 * NAME_MAX_LENGTH };
enum { REPEAT_LOOK_MS = 1000 };

/* Pauses after the first, second, ... failed try. Short ones: later notices about the deployment wait behind
 * it. */
static const int64_t pauses_ms[] = {1000, 2000, 5000, 15000, 60000, 300000};

/* What is under way to a receiver: one notice at a time, so that they come in the order of what happened. */
struct lane {
    struct outbox *outbox;
    bool is_sending, was_asked; /* was_asked: the try got to the receiver's driver */
    struct breaker breaker;
    struct repeating repeating;
    char id[JOURNAL_NOTICE_ID_SIZE]; /* of the last one, also when its try has ended */
    uint64_t deployment;             /* 0: it is about none */
    uint32_t attempts;               /* before that try */
    char *body;
    struct export_reading *reading; /* of a trace: its body is being made */
    const struct daemon_receiver *receiver;
    char said[ERR_TEXT_MAX]; /* of a trace: why the last try went wrong; "": it went well */
    uint64_t fates[NOTICE_REFUSED + 1];
    enum notice_fate fate;
    int64_t due_ms; /* NOTICE_RETRY: the next try */
};

struct outbox {
    struct daemon *daemon;
    struct loop_timer *timer, *repeat_timer;
    bool is_asking;
    bool is_wanted;    /* asked to look while it was asking */
    uint64_t given_up; /* since too many waited for their receiver */
    uint64_t depth;    /* all that waited at the last look */
    int64_t opens_ms;  /* the soonest that a receiver that was left alone, and has something due, is asked */
    bool is_stale;     /* a try ended while it was asking: the page may not know */
    struct lane lanes[SETTINGS_INSTANCES_MAX]; /* as daemon->receivers */
};

static void timer_fired(void *data)
{
    outbox_look(data);
}

static void repeat_due(void *data);

struct outbox *outbox_new(struct daemon *daemon)
{
    struct outbox *outbox = memory_take_array(1, sizeof(*outbox));

    outbox->daemon = daemon;
    for (size_t i = 0; i < ARRAY_LENGTH(outbox->lanes); i++)
        outbox->lanes[i].outbox = outbox;
    outbox->timer = loop_timer_start(daemon->loop, 0, 0, timer_fired, outbox);
    outbox->repeat_timer = loop_timer_start(daemon->loop, REPEAT_LOOK_MS, REPEAT_LOOK_MS, repeat_due, outbox);
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    loop_timer_stop(outbox->timer);
    loop_timer_stop(outbox->repeat_timer);
    for (size_t i = 0; i < ARRAY_LENGTH(outbox->lanes); i++) {
        exporting_forget(outbox->lanes[i].reading);
        free(outbox->lanes[i].body);
        repeating_done(&outbox->lanes[i].repeating);
    }
    free(outbox);
}

static struct daemon_receiver *find_receiver(struct daemon *daemon, const char *name)
{
    const char *colon = strchr(name, ':');

    for (size_t i = 0; colon != NULL && i < daemon->receiver_count; i++) {
        struct daemon_receiver *receiver = &daemon->receivers[i];
        if (receiver->notifier != NULL && strlen(receiver->type->name) == (size_t)(colon - name) &&
            strncmp(receiver->type->name, name, (size_t)(colon - name)) == 0 &&
            strcmp(receiver->name, colon + 1) == 0)
            return receiver;
    }
    return NULL;
}

static void keep_end(const struct lane *lane)
{
    struct daemon *daemon = lane->outbox->daemon;
    struct err err = {0};
    bool is_kept = lane->fate == NOTICE_RETRY
                       ? journal_outbox_retry(daemon->journal, lane->id, lane->due_ms, &err)
                       : journal_outbox_done(daemon->journal, lane->id, lane->fate == NOTICE_DELIVERED, &err);

    if (!is_kept)
        live_log_of(daemon, lane->deployment, LOG_LEVEL_WARN, "notice %s: %s", lane->id, err.text);
}

/* Traces may fail by the hundred, for one reason. */
static void log_end(struct lane *lane, const char *why)
{
    bool is_said = lane->receiver->type->takes_traces && strcmp(lane->said, why) == 0;

    if (lane->fate == NOTICE_DELIVERED)
        why = "";
    else if (!is_said)
        live_log_of(lane->outbox->daemon, lane->deployment, LOG_LEVEL_WARN, "notice %s: %s", lane->id, why);
    (void)snprintf(lane->said, sizeof(lane->said), "%s", why);
}

/* What waits is due at once where the receiver is there again. */
static void close_breaker(const struct lane *lane)
{
    struct daemon *daemon = lane->outbox->daemon;
    char name[RECEIVER_SIZE];
    struct err err = {0};

    (void)snprintf(name, sizeof(name), "%s:%s", lane->receiver->type->name, lane->receiver->name);
    log_say(&daemon->log, LOG_LEVEL_INFO, "%s answers again: all that waits for it goes", name);
    if (!journal_outbox_wake(daemon->journal, name, daemon_now_ms(daemon), &err))
        log_say(&daemon->log, LOG_LEVEL_WARN, "%s: %s", name, err.text);
}

/* Of a try that never got there nothing is known. */
static void note_try(struct lane *lane, int64_t retry_after_ms)
{
    struct daemon *daemon = lane->outbox->daemon;
    int64_t now_ms = daemon_now_ms(daemon);
    bool was_open = lane->breaker.state != BREAKER_CLOSED;

    if (!lane->was_asked ||
        !breaker_tried(&lane->breaker, lane->fate != NOTICE_RETRY, retry_after_ms, now_ms))
        return;
    if (lane->breaker.state == BREAKER_CLOSED)
        close_breaker(lane);
    else
        log_say(&daemon->log, was_open ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
                "%s:%s is left alone after %u tries in vain; the next one in %lld s",
                lane->receiver->type->name, lane->receiver->name, lane->breaker.failures,
                (long long)(lane->breaker.open_until_ms - now_ms) / 1000);
}

static void sent(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    struct lane *lane = data;
    struct outbox *outbox = lane->outbox;
    size_t pause = lane->attempts < ARRAY_LENGTH(pauses_ms) ? lane->attempts : ARRAY_LENGTH(pauses_ms) - 1;
    int64_t pause_ms = retry_after_ms > pauses_ms[pause] ? retry_after_ms : pauses_ms[pause];

    lane->is_sending = false;
    lane->fate = fate;
    lane->due_ms = daemon_now_ms(outbox->daemon) + pause_ms;
    if (fate == NOTICE_DELIVERED && lane->receiver->type->repeat_ms != NULL)
        repeating_note(&lane->repeating, lane->id, lane->body);
    free(lane->body);
    lane->body = NULL;
    lane->fates[fate]++;
    log_end(lane, why);
    keep_end(lane);
    note_try(lane, retry_after_ms);
    outbox->is_stale = outbox->is_asking;
    outbox_look(outbox);
}

static void send_body(struct lane *lane)
{
    const struct notice notice = {.id = lane->id, .body = lane->body};

    lane->was_asked = true;
    lane->receiver->type->send(lane->receiver->notifier, &notice, sent, lane);
}

static void trace_read(void *data, char *json, const struct err *err)
{
    struct lane *lane = data;
    bool is_lost = err->code == ERR_NOT_FOUND || err->code == ERR_INVALID || err->code == ERR_LIMIT;

    lane->reading = NULL;
    if (err->code != ERR_NONE) {
        sent(lane, is_lost ? NOTICE_REFUSED : NOTICE_RETRY, 0, err->text);
    } else if (json == NULL) {
        sent(lane, NOTICE_DELIVERED, 0, "nobody records it");
    } else {
        free(lane->body);
        lane->body = json;
        send_body(lane);
    }
}

static void start(struct lane *lane, const struct daemon_receiver *receiver,
                  const struct journal_outbox_row *row)
{
    memcpy(lane->id, row->id, sizeof(lane->id));
    lane->is_sending = true;
    lane->was_asked = false;
    lane->deployment = row->deployment;
    lane->attempts = row->attempts;
    lane->body = memory_copy_text(row->body);
    lane->receiver = receiver;
    if (receiver->type->takes_traces)
        lane->reading = exporting_read(lane->outbox->daemon, row->body, trace_read, lane);
    else
        send_body(lane);
}

/* Sends it, if nothing is on its way there. False: look again soon. */
static bool send(struct outbox *outbox, const struct journal_outbox_row *row)
{
    struct daemon *daemon = outbox->daemon;
    struct daemon_receiver *receiver = find_receiver(daemon, row->receiver);
    struct err err = {0};

    if (receiver == NULL) {
        live_log_of(daemon, row->deployment, LOG_LEVEL_ERROR,
                    "notice %s: receiver %s is not configured any more", row->id, row->receiver);
        (void)!journal_outbox_done(daemon->journal, row->id, false, &err);
        return false;
    }
    struct lane *lane = &outbox->lanes[receiver - daemon->receivers];
    if (lane->is_sending)
        return true;
    /* The journal did not take how this try ended: it is told again, the receiver is not. */
    if (strcmp(lane->id, row->id) == 0 && lane->attempts == row->attempts) {
        keep_end(lane);
        return false;
    }
    if (breaker_lets(&lane->breaker, daemon_now_ms(daemon)))
        start(lane, receiver, row);
    else if (lane->breaker.open_until_ms < outbox->opens_ms)
        outbox->opens_ms = lane->breaker.open_until_ms;
    return true;
}

static void looked(void *data, const struct journal_outbox_page *page)
{
    struct outbox *outbox = data;
    int64_t wait_ms = OUTBOX_IDLE_MS;

    outbox->is_asking = false;
    outbox->opens_ms = INT64_MAX;
    outbox->given_up = page->given_up;
    if (page->is_good)
        outbox->depth = page->depth;
    if (outbox->is_stale) {
        outbox->is_wanted = false;
        outbox_look(outbox);
        return;
    }
    if (page->is_good && page->next_ms != INT64_MAX)
        wait_ms = page->next_ms - daemon_now_ms(outbox->daemon);
    for (size_t i = 0; i < page->count; i++)
        if (!send(outbox, &page->rows[i]) && wait_ms > OUTBOX_AGAIN_MS)
            wait_ms = OUTBOX_AGAIN_MS;
    if (outbox->opens_ms != INT64_MAX && outbox->opens_ms - daemon_now_ms(outbox->daemon) < wait_ms)
        wait_ms = outbox->opens_ms - daemon_now_ms(outbox->daemon);
    if (!page->is_good)
        wait_ms = OUTBOX_AGAIN_MS;
    wait_ms = wait_ms < OUTBOX_IDLE_MS ? wait_ms : OUTBOX_IDLE_MS;
    loop_timer_move(outbox->timer, outbox->is_wanted || wait_ms < 0 ? 0 : wait_ms);
    outbox->is_wanted = false;
}

void outbox_add_metrics(const struct outbox *outbox, FILE *to)
{
    static const char *const outcomes[] = {
        [NOTICE_DELIVERED] = "delivered", [NOTICE_RETRY] = "failed", [NOTICE_REFUSED] = "refused"};
    const struct daemon *daemon = outbox->daemon;

    for (size_t i = 0; i < daemon->receiver_count; i++) {
        const struct daemon_receiver *receiver = &daemon->receivers[i];
        for (size_t k = 0; k < ARRAY_LENGTH(outcomes); k++)
            (void)fprintf(to, "verdict_notifications_total{notifier=\"%s:%s\",outcome=\"%s\"} %llu\n",
                          receiver->type->name, receiver->name, outcomes[k],
                          (unsigned long long)outbox->lanes[i].fates[k]);
        (void)fprintf(to, "verdict_notifier_breaker{notifier=\"%s:%s\"} %d\n", receiver->type->name,
                      receiver->name, outbox->lanes[i].breaker.state);
    }
    (void)fprintf(to, "verdict_outbox_depth %llu\n", (unsigned long long)outbox->depth);
    (void)fprintf(to, "verdict_notifications_lost_total %llu\n", (unsigned long long)outbox->given_up);
}

void outbox_look(struct outbox *outbox)
{
    struct err err = {0};

    if (outbox->daemon->is_stopping)
        return;
    outbox->is_wanted = outbox->is_wanted || outbox->is_asking;
    if (outbox->is_asking)
        return;
    outbox->is_stale = false;
    outbox->is_asking = journal_outbox_due(outbox->daemon->journal, daemon_now_ms(outbox->daemon),
                                           OUTBOX_PAGE_MAX, looked, outbox, &err);
    if (!outbox->is_asking)
        loop_timer_move(outbox->timer, OUTBOX_AGAIN_MS);
}

/* ---- what is open is told again ---- */

static void note_delivered(void *data, const char *id, const char *body)
{
    repeating_note(data, id, body);
}

bool outbox_recover(struct outbox *outbox, struct err *err)
{
    const struct daemon *daemon = outbox->daemon;
    char name[RECEIVER_SIZE];

    for (size_t i = 0; i < daemon->receiver_count; i++) {
        const struct daemon_receiver *receiver = &daemon->receivers[i];
        if (receiver->type->repeat_ms == NULL || receiver->notifier == NULL)
            continue;
        (void)snprintf(name, sizeof(name), "%s:%s", receiver->type->name, receiver->name);
        if (!journal_outbox_delivered(daemon->journal, name, note_delivered, &outbox->lanes[i].repeating,
                                      err))
            return false;
    }
    return true;
}

static void repeat_next(struct lane *lane);

/* One that fails ends the round: the next one is soon enough, and news goes first. */
static void repeated(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    struct lane *lane = data;
    struct daemon *daemon = lane->outbox->daemon;

    lane->is_sending = false;
    lane->fate = fate;
    if (fate == NOTICE_RETRY) {
        lane->repeating.next = lane->repeating.count;
        log_say(&daemon->log, LOG_LEVEL_DEBUG, "%s:%s: what is open could not be told again: %s",
                lane->receiver->type->name, lane->receiver->name, why);
    }
    note_try(lane, retry_after_ms);
    repeat_next(lane);
    if (!lane->is_sending)
        outbox_look(lane->outbox);
}

/* In the lane as all else: no end overtakes what it ends. */
static void repeat_next(struct lane *lane)
{
    struct repeating *repeating = &lane->repeating;

    if (lane->is_sending || repeating->next >= repeating->count || lane->breaker.state != BREAKER_CLOSED)
        return;
    const struct repeat *repeat = &repeating->all[repeating->next++];
    const struct notice notice = {.id = repeat->id, .body = repeat->body};
    lane->is_sending = lane->was_asked = true;
    lane->receiver->type->send(lane->receiver->notifier, &notice, repeated, lane);
}

static void repeat_due(void *data)
{
    struct outbox *outbox = data;
    const struct daemon *daemon = outbox->daemon;
    int64_t now_ms = daemon_now_ms(outbox->daemon);

    for (size_t i = 0; i < daemon->receiver_count && !daemon->is_stopping; i++) {
        struct lane *lane = &outbox->lanes[i];
        if (lane->repeating.count == 0 || lane->is_sending || now_ms < lane->repeating.due_ms)
            continue;
        lane->receiver = &daemon->receivers[i];
        lane->repeating.next = 0;
        lane->repeating.due_ms = now_ms + lane->receiver->type->repeat_ms(lane->receiver->notifier);
        repeat_next(lane);
    }
}
