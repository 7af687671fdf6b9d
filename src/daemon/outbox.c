/* outbox.c - delivers what the journal's outbox holds: at least once, each receiver at its own pace.
 * SPDX-License-Identifier: MIT */
#include "daemon/notices.h"
#include "io/memory.h"
#include "store/journal_outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTBOX_IN_FLIGHT_MAX = 16, OUTBOX_IDLE_MS = 60000, OUTBOX_ENDED_MAX = 4 * OUTBOX_IN_FLIGHT_MAX };

/* Pauses after the first, second, ... failed try. */
static const int64_t pauses_ms[] = {1000, 5000, 30000, 300000, 1800000, 7200000};

struct sending {
    struct outbox *outbox;
    bool is_used;
    char id[JOURNAL_NOTICE_ID_SIZE];
    char *type, *body;
    uint32_t attempts;
};

/* A try that ended. */
struct ended {
    char id[JOURNAL_NOTICE_ID_SIZE];
    uint32_t attempts; /* before it */
};

struct outbox {
    struct daemon *daemon;
    struct loop_timer *timer;
    bool is_asking;
    bool is_wanted; /* asked to look while it was asking */
    struct sending sendings[OUTBOX_IN_FLIGHT_MAX];
    /* The latest that ended: a page that was read just before may still list them. */
    struct ended ended[OUTBOX_ENDED_MAX];
    size_t ended_next;
};

static void timer_fired(void *data)
{
    outbox_look(data);
}

struct outbox *outbox_new(struct daemon *daemon)
{
    struct outbox *outbox = memory_take_array(1, sizeof(*outbox));

    outbox->daemon = daemon;
    outbox->timer = loop_timer_start(daemon->loop, 0, 0, timer_fired, outbox);
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    loop_timer_stop(outbox->timer);
    for (size_t i = 0; i < OUTBOX_IN_FLIGHT_MAX; i++) {
        free(outbox->sendings[i].type);
        free(outbox->sendings[i].body);
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

static void sent(void *data, enum notice_fate fate, int64_t retry_after_ms, const char *why)
{
    struct sending *sending = data;
    struct outbox *outbox = sending->outbox;
    struct err err = {0};
    size_t pause =
        sending->attempts < ARRAY_LENGTH(pauses_ms) ? sending->attempts : ARRAY_LENGTH(pauses_ms) - 1;
    int64_t pause_ms = retry_after_ms > pauses_ms[pause] ? retry_after_ms : pauses_ms[pause];
    bool is_kept = true;

    if (fate == NOTICE_RETRY)
        is_kept = journal_outbox_retry(outbox->daemon->journal, sending->id,
                                       daemon_now_ms(outbox->daemon) + pause_ms, &err);
    else
        is_kept = journal_outbox_done(outbox->daemon->journal, sending->id, fate == NOTICE_DELIVERED, &err);
    if (fate != NOTICE_DELIVERED)
        log_say(&outbox->daemon->log, LOG_LEVEL_WARN, "notice %s: %s", sending->id, why);
    if (!is_kept)
        log_say(&outbox->daemon->log, LOG_LEVEL_WARN, "notice %s: %s", sending->id, err.text);
    struct ended *ended = &outbox->ended[outbox->ended_next];
    memcpy(ended->id, sending->id, sizeof(ended->id));
    ended->attempts = sending->attempts;
    outbox->ended_next = (outbox->ended_next + 1) % OUTBOX_ENDED_MAX;
    free(sending->type);
    free(sending->body);
    memset(sending, 0, sizeof(*sending));
    outbox_look(outbox);
}

static bool is_on_its_way(const struct outbox *outbox, const struct journal_outbox_row *row)
{
    const char *id = row->id;

    for (size_t i = 0; i < OUTBOX_ENDED_MAX; i++)
        if (outbox->ended[i].attempts == row->attempts && strcmp(outbox->ended[i].id, id) == 0)
            return true;
    for (size_t i = 0; i < OUTBOX_IN_FLIGHT_MAX; i++)
        if (outbox->sendings[i].is_used && strcmp(outbox->sendings[i].id, id) == 0)
            return true;
    return false;
}

static struct sending *free_place(struct outbox *outbox)
{
    for (size_t i = 0; i < OUTBOX_IN_FLIGHT_MAX; i++)
        if (!outbox->sendings[i].is_used)
            return &outbox->sendings[i];
    return NULL;
}

static void send(struct outbox *outbox, const struct journal_outbox_row *row)
{
    struct daemon_receiver *receiver = find_receiver(outbox->daemon, row->receiver);
    struct sending *sending = free_place(outbox);
    struct err err = {0};
    char type[64];

    if (sending == NULL || is_on_its_way(outbox, row))
        return;
    if (receiver == NULL) {
        log_say(&outbox->daemon->log, LOG_LEVEL_ERROR, "notice %s: receiver %s is not configured any more",
                row->id, row->receiver);
        (void)!journal_outbox_done(outbox->daemon->journal, row->id, false, &err);
        return;
    }
    (void)snprintf(type, sizeof(type), "verdict.deployment.%s", row->kind);
    memcpy(sending->id, row->id, sizeof(sending->id));
    sending->outbox = outbox;
    sending->is_used = true;
    sending->attempts = row->attempts;
    sending->type = memory_copy_text(type);
    sending->body = memory_copy_text(row->body);
    struct notice notice = {.id = sending->id, .type = sending->type, .body = sending->body};
    receiver->type->send(receiver->notifier, &notice, sent, sending);
}

static void looked(void *data, const struct journal_outbox_page *page)
{
    struct outbox *outbox = data;
    int64_t wait_ms = OUTBOX_IDLE_MS;

    outbox->is_asking = false;
    for (size_t i = 0; i < page->count; i++)
        send(outbox, &page->rows[i]);
    if (page->is_good && page->next_ms != INT64_MAX) {
        int64_t left_ms = page->next_ms - daemon_now_ms(outbox->daemon);
        wait_ms = left_ms < 10 ? 10 : left_ms;
    }
    if (wait_ms > OUTBOX_IDLE_MS)
        wait_ms = OUTBOX_IDLE_MS;
    loop_timer_move(outbox->timer, outbox->is_wanted ? 0 : wait_ms);
    outbox->is_wanted = false;
}

void outbox_look(struct outbox *outbox)
{
    struct err err = {0};

    if (outbox->daemon->is_stopping)
        return;
    outbox->is_wanted = outbox->is_wanted || outbox->is_asking;
    if (outbox->is_asking)
        return;
    outbox->is_asking = journal_outbox_due(outbox->daemon->journal, daemon_now_ms(outbox->daemon),
                                           OUTBOX_IN_FLIGHT_MAX, looked, outbox, &err);
    if (!outbox->is_asking)
        loop_timer_move(outbox->timer, 1000);
}
