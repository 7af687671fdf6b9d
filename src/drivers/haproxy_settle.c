/* haproxy_settle.c - counted twice; and shut.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_settle.h"

#include "drivers/haproxy_text.h"
#include "io/exchange.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdlib.h>

enum { QUESTION_SIZE = 64, COMPLAINT_SIZE = 128 };

static void count(void *data);

void haproxy_settle_drop(struct haproxy_order *order)
{
    struct haproxy_settling *settling = &order->settling;

    loop_timer_stop(settling->timer);
    settling->timer = NULL;
    for (size_t i = 0; i < HAPROXY_SOCKETS_MAX; i++) {
        exchange_cancel(settling->exchanges[i]);
        settling->exchanges[i] = NULL;
    }
}

static void all_counted(struct haproxy_order *order)
{
    struct haproxy_settling *settling = &order->settling;
    struct err err;

    if (settling->is_second && !settling->is_moving) {
        haproxy_order_settled(order, NULL);
        return;
    }
    if (settling->is_second && loop_now_ms() >= settling->until_ms) {
        (void)err_set(&err, ERR_UNAVAILABLE, "the candidate has no share and still gets requests");
        haproxy_order_settled(order, &err);
        return;
    }
    settling->is_second = true;
    loop_timer_stop(settling->timer);
    settling->timer = loop_timer_start(order->traffic->env.loop, HAPROXY_STILL_MS, 0, count, order);
}

static void take(struct haproxy_leg *leg, const struct exchange_answer *answer)
{
    struct haproxy_order *order = leg->order;
    struct haproxy_settling *settling = &order->settling;
    struct err err = answer->err;
    uint64_t now = 0;

    if (!answer->is_complete || !haproxy_split_requests(&order->split, answer->bytes, &now, &err)) {
        haproxy_settle_drop(order);
        haproxy_order_settled(order, &err);
        return;
    }
    settling->is_moving = settling->is_moving || now != settling->counts[leg->socket];
    settling->counts[leg->socket] = now;
    if (--settling->open_count == 0)
        all_counted(order);
}

static void counted(void *data, const struct exchange_answer *answer)
{
    struct haproxy_leg *leg = data;

    leg->order->settling.exchanges[leg->socket] = NULL;
    take(leg, answer);
}

static void count(void *data)
{
    struct haproxy_order *order = data;
    struct haproxy_settling *settling = &order->settling;
    char memory[QUESTION_SIZE];
    struct text question;

    text_init(&question, memory, sizeof(memory));
    haproxy_split_ask_requests(&order->split, &question);
    settling->is_moving = false;
    settling->open_count = order->traffic->socket_count;
    for (size_t i = 0; i < order->traffic->socket_count; i++)
        settling->exchanges[i] =
            exchange_start(order->traffic->env.loop, order->traffic->sockets[i], memory, question.length,
                           HAPROXY_ANSWER_MAX, HAPROXY_EXCHANGE_MS, counted, &order->legs[i]);
}

void haproxy_settle_start(struct haproxy_order *order)
{
    order->settling.until_ms = loop_now_ms() + HAPROXY_STILL_MAX_MS;
    count(order);
}

static void say_failure(const struct haproxy_lane *lane, const char *why)
{
    log_say(lane->traffic->env.log, LOG_LEVEL_WARN, "haproxy:%s: %s is not drained: %s", lane->traffic->name,
            lane->split.candidate.backend, why);
}

static void shut(void *data, const struct exchange_answer *answer)
{
    struct haproxy_shutting *shutting = data;
    char complaint[COMPLAINT_SIZE] = "";

    shutting->exchange = NULL;
    if (answer->is_complete)
        haproxy_complaint(answer->bytes, complaint, sizeof(complaint));
    if (!answer->is_complete || complaint[0] != '\0')
        say_failure(shutting->lane, answer->is_complete ? complaint : answer->err.text);
}

static void drain(void *data)
{
    struct haproxy_lane *lane = data;
    const struct traffic *traffic = lane->traffic;
    char *memory = memory_take(HAPROXY_COMMAND_MAX);
    struct text command;

    text_init(&command, memory, HAPROXY_COMMAND_MAX);
    haproxy_split_shut(&lane->split, &command);
    for (size_t i = 0; i < traffic->socket_count; i++) {
        lane->shutting[i].lane = lane;
        lane->shutting[i].exchange =
            exchange_start(traffic->env.loop, traffic->sockets[i], memory, command.length, HAPROXY_ANSWER_MAX,
                           HAPROXY_EXCHANGE_MS, shut, &lane->shutting[i]);
    }
    free(memory);
}

void haproxy_drain_start(struct haproxy_lane *lane)
{
    if (lane->split.drain_ms > 0)
        lane->drain = loop_timer_start(lane->traffic->env.loop, lane->split.drain_ms, 0, drain, lane);
}

void haproxy_drain_drop(struct haproxy_lane *lane)
{
    loop_timer_stop(lane->drain);
    lane->drain = NULL;
    for (size_t i = 0; i < HAPROXY_SOCKETS_MAX; i++) {
        exchange_cancel(lane->shutting[i].exchange);
        lane->shutting[i].exchange = NULL;
    }
}
