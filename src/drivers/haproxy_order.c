/* haproxy_order.c - orders to HAProxy: one connection for each question, as a kept one would go on talking to
 * the process before a reload.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_order.h"

#include "drivers/haproxy_save.h"
#include "drivers/haproxy_settle.h"
#include "drivers/haproxy_text.h"
#include "io/exchange.h"
#include "io/loop.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

static void begin(void *data);
static void tell(void *data);

struct haproxy_lane *haproxy_lane(struct traffic *traffic, const char *key)
{
    struct haproxy_lane *lane = traffic->lanes;

    while (lane != NULL && strcmp(lane->split.key, key) != 0)
        lane = lane->next;
    if (lane != NULL)
        return lane;
    lane = memory_take(sizeof(*lane));
    (void)!text_copy(lane->split.key, sizeof(lane->split.key), key);
    lane->traffic = traffic;
    lane->next = traffic->lanes;
    traffic->lanes = lane;
    return lane;
}

struct haproxy_order *haproxy_order_new(struct traffic *traffic, enum haproxy_order_kind kind,
                                        traffic_done *done, void *data)
{
    struct haproxy_order *order = memory_take(sizeof(*order));

    order->traffic = traffic;
    order->kind = kind;
    order->done = done;
    order->data = data;
    for (size_t i = 0; i < traffic->socket_count; i++)
        order->legs[i] = (struct haproxy_leg){.order = order, .socket = i};
    order->next = traffic->orders;
    traffic->orders = order;
    return order;
}

static void drop(struct haproxy_order *order)
{
    struct traffic *traffic = order->traffic;

    for (struct haproxy_order **at = &traffic->orders; *at != NULL; at = &(*at)->next)
        if (*at == order) {
            *at = order->next;
            break;
        }
    for (size_t i = 0; i < traffic->socket_count; i++)
        exchange_cancel(order->legs[i].exchange);
    haproxy_settle_drop(order);
    loop_defer_cancel(traffic->env.loop, begin, order);
    loop_defer_cancel(traffic->env.loop, tell, order);
    free(order);
}

void haproxy_orders_drop(struct traffic *traffic)
{
    while (traffic->orders != NULL)
        drop(traffic->orders);
}

/* Of what was said about one socket; the first complaint is the one that is told. */
static void fail(struct haproxy_order *order, const char *socket, const struct err *err)
{
    if (order->err.code != ERR_NONE)
        return;
    order->err = *err;
    if (socket != NULL && order->traffic->socket_count > 1 && strstr(err->text, socket) == NULL)
        (void)err_wrap(&order->err, "%s", socket);
}

static bool is_final(const struct err *err)
{
    return err->code == ERR_INVALID || err->code == ERR_NOT_FOUND || err->code == ERR_FORBIDDEN;
}

static bool is_talking(const struct haproxy_order *order)
{
    for (size_t i = 0; i < order->traffic->socket_count; i++)
        if (order->legs[i].exchange != NULL)
            return true;
    return false;
}

static void release(struct haproxy_order *order)
{
    if (order->is_told && !is_talking(order))
        drop(order);
}

/* What `done` does may start orders or close the instance, so it comes last. */
static void tell(void *data)
{
    struct haproxy_order *order = data;
    traffic_done *done = order->done;
    void *their_data = order->data;
    struct err err = order->err;
    uint16_t share = order->share;
    char why[TRAFFIC_WHY_MAX];
    struct text text;

    text_init(&text, why, sizeof(why));
    text_add(&text, "%s", err.code == ERR_NONE ? "" : err.text);
    order->is_told = true;
    release(order);
    done(their_data, err.code == ERR_NONE, is_final(&err), share, why);
}

/* A set that all confirmed counts; it is written to the file, back to stable also where only some did. */
static void close_set(struct haproxy_order *order)
{
    struct haproxy_lane *lane = order->lane;
    size_t good = 0;

    while (good < order->traffic->socket_count && !order->legs[good].is_good)
        good++;
    if (good == order->traffic->socket_count)
        return;
    if (order->err.code == ERR_NONE) {
        lane->is_confirmed = true;
        lane->share = order->share;
        lane->split = order->split;
    }
    if (order->err.code == ERR_NONE || order->share == 0)
        haproxy_save(order->traffic, good);
}

void haproxy_order_settled(struct haproxy_order *order, const struct err *failure)
{
    if (failure != NULL)
        fail(order, NULL, failure);
    else
        haproxy_drain_start(order->lane);
    order->lane->newest = NULL;
    tell(order);
}

/* With testers alone nobody else is sent to the candidate; but that is no way back. */
static bool is_back(const struct haproxy_order *order)
{
    return order->kind == HAPROXY_SET && order->share == 0 && !order->split.lets_testers;
}

/* A way back is over when nobody is sent to the candidate any more. */
static void end(struct haproxy_order *order)
{
    bool is_newest = order->kind == HAPROXY_SET && order->lane->newest == order;

    if (is_newest)
        close_set(order);
    if (is_newest && order->err.code == ERR_NONE && is_back(order)) {
        haproxy_settle_start(order);
        return;
    }
    if (is_newest)
        order->lane->newest = NULL;
    tell(order);
}

static void answered(void *data, const struct exchange_answer *answer);

static void ask(struct haproxy_leg *leg)
{
    struct haproxy_order *order = leg->order;
    char *memory = memory_take(HAPROXY_COMMAND_MAX);
    struct text command;

    text_init(&command, memory, HAPROXY_COMMAND_MAX);
    if (order->is_writing)
        haproxy_split_order(&order->split, order->share, leg->missing, &command);
    else if (order->kind == HAPROXY_SET)
        haproxy_split_ask_forward(&order->split, &command);
    else if (order->kind == HAPROXY_REHEARSE)
        haproxy_split_ask_rehearsal(&order->split, &command);
    else
        haproxy_split_ask_reading(&order->split, &command);
    leg->exchange = exchange_start(order->traffic->env.loop, order->traffic->sockets[leg->socket], memory,
                                   command.length, HAPROXY_ANSWER_MAX, HAPROXY_EXCHANGE_MS, answered, leg);
    free(memory);
}

/* Waits where an older order has written to this socket and is not answered yet. */
static void write_leg(struct haproxy_leg *leg)
{
    struct haproxy_lane *lane = leg->order->lane;

    leg->is_waiting = lane->writers[leg->socket] != NULL;
    if (leg->is_waiting)
        return;
    lane->writers[leg->socket] = leg;
    ask(leg);
}

static void start_legs(struct haproxy_order *order)
{
    order->open_count = order->traffic->socket_count;
    for (size_t i = 0; i < order->traffic->socket_count; i++) {
        order->legs[i].is_good = false;
        if (order->is_writing)
            write_leg(&order->legs[i]);
        else
            ask(&order->legs[i]);
    }
}

static void leg_is_over(struct haproxy_leg *leg, const struct err *err)
{
    struct haproxy_order *order = leg->order;

    leg->is_good = err->code == ERR_NONE;
    if (!leg->is_good)
        fail(order, order->traffic->sockets[leg->socket], err);
    if (--order->open_count > 0)
        return;
    if (order->kind != HAPROXY_SET || order->is_writing || order->err.code != ERR_NONE) {
        end(order);
        return;
    }
    order->is_writing = true;
    start_legs(order);
}

/* A process that has what was confirmed is known from now on; another one that has it not began anew. */
static void note_process(const struct haproxy_leg *leg, uint16_t share, uint64_t process)
{
    struct haproxy_lane *lane = leg->order->lane;
    uint64_t *known = &lane->processes[leg->socket];

    if (!lane->is_confirmed)
        return;
    if (share == lane->share)
        *known = process;
    lane->is_anew = lane->is_anew || (*known != 0 && *known != process);
}

static void take_reading(struct haproxy_leg *leg, const char *answer, struct err *err)
{
    struct haproxy_order *order = leg->order;
    const struct haproxy_lane *lane = order->lane;
    uint16_t share = 0;

    if (!haproxy_split_read(&order->split, answer, lane->is_confirmed ? lane->share : HAPROXY_SHARE_NONE,
                            &share, err))
        return;
    note_process(leg, share, haproxy_process(answer));
    if (share > order->share)
        order->share = share;
}

static void take_asked(struct haproxy_leg *leg, const char *answer)
{
    struct haproxy_order *order = leg->order;
    struct err err = {0};

    if (order->kind == HAPROXY_SET)
        (void)!haproxy_split_check_forward(&order->split, answer, &err);
    else if (order->kind == HAPROXY_REHEARSE)
        (void)!haproxy_split_check_rehearsal(&order->split, answer, &err);
    else
        take_reading(leg, answer, &err);
    leg_is_over(leg, &err);
}

static void take_written(struct haproxy_leg *leg, const struct exchange_answer *answer)
{
    struct haproxy_order *order = leg->order;
    struct err err = answer->err;

    if (answer->is_complete && leg->missing == 0) {
        leg->missing = haproxy_split_missing(&order->split, answer->bytes);
        if (leg->missing != 0) {
            write_leg(leg);
            return;
        }
    }
    if (answer->is_complete)
        (void)!haproxy_split_check_order(&order->split, order->share, answer->bytes, &err);
    if (err.code == ERR_NONE)
        order->lane->processes[leg->socket] = haproxy_process(answer->bytes);
    leg_is_over(leg, &err);
}

/* The newest order may write now. */
static void hand_over(struct haproxy_lane *lane, size_t socket)
{
    if (lane->newest != NULL && lane->newest->legs[socket].is_waiting)
        write_leg(&lane->newest->legs[socket]);
}

static void answered(void *data, const struct exchange_answer *answer)
{
    struct haproxy_leg *leg = data;
    struct haproxy_order *order = leg->order;
    struct haproxy_lane *lane = order->lane;
    size_t socket = leg->socket;

    leg->exchange = NULL;
    if (order->is_writing)
        lane->writers[socket] = NULL;
    if (order->is_overtaken) {
        release(order);
        hand_over(lane, socket);
    } else if (order->is_writing) {
        take_written(leg, answer);
    } else if (answer->is_complete) {
        take_asked(leg, answer->bytes);
    } else {
        leg_is_over(leg, &answer->err);
    }
}

static void begin(void *data)
{
    struct haproxy_order *order = data;

    if (order->err.code == ERR_NONE && order->kind == HAPROXY_SET && !order->split.is_single)
        (void)!haproxy_split_check_share(&order->split, order->share, &order->err);
    if (order->err.code != ERR_NONE || order->split.is_single) {
        end(order);
        return;
    }
    order->is_writing = is_back(order);
    if (order->kind == HAPROXY_READ)
        order->lane->is_anew = false;
    start_legs(order);
}

/* What it only asked is dropped, what it has written is waited for. */
static void overtake(struct haproxy_order *order)
{
    struct loop *loop = order->traffic->env.loop;

    order->lane->newest = NULL;
    order->is_overtaken = true;
    (void)err_set(&order->err, ERR_CONFLICT, "overtaken by a newer order");
    haproxy_settle_drop(order);
    for (size_t i = 0; i < order->traffic->socket_count; i++) {
        order->legs[i].is_waiting = false;
        if (order->is_writing)
            continue;
        exchange_cancel(order->legs[i].exchange);
        order->legs[i].exchange = NULL;
    }
    loop_defer_cancel(loop, begin, order);
    loop_defer(loop, tell, order);
}

static void take_place(struct haproxy_order *order)
{
    struct haproxy_lane *lane = order->lane;

    if (order->number < lane->number) {
        (void)err_set(&order->err, ERR_CONFLICT, "overtaken by a newer order");
        return;
    }
    if (lane->newest != NULL)
        overtake(lane->newest);
    haproxy_drain_drop(lane);
    lane->newest = order;
    lane->number = order->number;
    lane->is_confirmed = lane->is_saving = lane->is_saved = lane->is_anew = false;
    memset(lane->processes, 0, sizeof(lane->processes));
}

void haproxy_order_start(struct haproxy_order *order)
{
    order->lane = haproxy_lane(order->traffic, order->split.key);
    if (order->kind == HAPROXY_SET && order->err.code == ERR_NONE && !order->split.is_single)
        take_place(order);
    loop_defer(order->traffic->env.loop, begin, order);
}
