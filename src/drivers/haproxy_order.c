/* haproxy_order.c - an order to HAProxy: health where it matters, set and read back in one connection, socket
 * by socket.
 * SPDX-License-Identifier: MIT */
#include "drivers/haproxy_order.h"

#include "drivers/haproxy_text.h"
#include "io/exchange.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/runner_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_MAX = 8192, ANSWER_MAX = 4 * 1024 * 1024, EXCHANGE_MS = 2000, MAP_FILE_MAX = 256 * 1024 };

void haproxy_drop(struct traffic *traffic)
{
    while (traffic->lanes != NULL) {
        struct haproxy_lane *lane = traffic->lanes;
        traffic->lanes = lane->next;
        free(lane);
    }
    for (size_t i = 0; i < traffic->socket_count; i++)
        free(traffic->sockets[i]);
    free(traffic->name);
    free(traffic->map);
    free(traffic->state_file);
    free(traffic);
}

static void fail(struct haproxy_order *order, bool is_final, const char *format, ...) PRINTF_LIKE(3, 4);

static void fail(struct haproxy_order *order, bool is_final, const char *format, ...)
{
    va_list arguments;

    order->is_failed = true;
    order->is_final = order->is_final || is_final;
    va_start(arguments, format);
    (void)vsnprintf(order->why, sizeof(order->why), format, arguments);
    va_end(arguments);
}

static void end(struct haproxy_order *order)
{
    struct traffic *traffic = order->traffic;
    struct haproxy_lane *lane = order->lane;
    bool is_done = !order->is_failed;

    if (lane->running == order)
        lane->running = NULL;
    if (!traffic->is_closed)
        order->done(order->data, is_done, order->is_final, order->share, is_done ? "" : order->why);
    free(order);
    if (--traffic->pending == 0 && traffic->is_closed) {
        haproxy_drop(traffic);
        return;
    }
    if (lane->running == NULL && lane->waiting != NULL) {
        lane->running = lane->waiting;
        lane->waiting = NULL;
        loop_defer(traffic->env.loop, haproxy_order_begin, lane->running);
    }
}

void haproxy_order_end_overtaken(void *data)
{
    struct haproxy_order *order = data;

    fail(order, false, "overtaken by a newer order");
    end(order);
}

static uint16_t map_share(const struct haproxy_order *order, int64_t value)
{
    return (uint16_t)(order->is_first_slot ? HAPROXY_SHARE_MAX - value : value);
}

static void add_weights(const struct haproxy_order *order, struct text *command)
{
    unsigned candidate = 0;
    unsigned stable = 0;

    haproxy_weights(order->share, order->candidate_count, order->stable_count, &candidate, &stable);
    for (size_t i = 0; i < order->candidate_count; i++)
        text_add(command, "set weight %s/%s %u;", order->lane->backend, order->candidate_servers[i],
                 candidate);
    for (size_t i = 0; i < order->stable_count; i++)
        text_add(command, "set weight %s/%s %u;", order->lane->backend, order->stable_servers[i], stable);
}

/* Forward needs a living target (else users get 503), a rollback asks nothing (S19). */
static bool asks_health(const struct haproxy_order *order)
{
    return order->kind == HAPROXY_REHEARSE || (order->kind == HAPROXY_SET && order->share > 0);
}

static void make_command(const struct haproxy_order *order, struct text *command)
{
    const struct traffic *traffic = order->traffic;

    if (order->kind == HAPROXY_REHEARSE)
        text_add(command, "show cli level;");
    if (order->kind == HAPROXY_SET && traffic->map != NULL)
        text_add(command, "%s map %s %s %u;", order->was_added ? "add" : "set", traffic->map,
                 order->lane->backend, map_share(order, order->share));
    if (order->kind == HAPROXY_SET && traffic->map == NULL)
        add_weights(order, command);
    if (traffic->map != NULL)
        text_add(command, "show map %s\n", traffic->map);
    else
        text_add(command, "show servers state %s\n", order->lane->backend);
}

/* Sum of the weights of some servers; false: one is not there. */
static bool sum_weights(struct haproxy_order *order, const char *dump, char servers[][HAPROXY_NAME_SIZE],
                        size_t count, unsigned *ret_sum)
{
    *ret_sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t weight = 0;
        if (!haproxy_server_weight(dump, servers[i], &weight)) {
            fail(order, true, "backend %s has no server %s", order->lane->backend, servers[i]);
            return false;
        }
        *ret_sum += (unsigned)weight;
    }
    return true;
}

static bool read_weights(struct haproxy_order *order, const char *dump, uint16_t *ret_share)
{
    unsigned candidate = 0;
    unsigned stable = 0;

    if (!sum_weights(order, dump, order->candidate_servers, order->candidate_count, &candidate) ||
        !sum_weights(order, dump, order->stable_servers, order->stable_count, &stable))
        return false;
    *ret_share = haproxy_share(candidate, 1, stable, 1);
    return true;
}

static bool read_share(struct haproxy_order *order, const char *dump, uint16_t *ret_share)
{
    int64_t value = 0;

    if (order->traffic->map == NULL)
        return read_weights(order, dump, ret_share);
    if (!haproxy_map_value(dump, order->lane->backend, &value)) {
        if (order->kind == HAPROXY_SET && !order->was_added)
            return false;
        if (strstr(dump, "0x") == NULL && strstr(dump, "nknown map") != NULL)
            fail(order, true, "HAProxy knows no map %s", order->traffic->map);
        /* A key that is missing counts as the map's default, 0: everything to the first slot. */
        value = 0;
    }
    *ret_share = map_share(order, value);
    return !order->is_failed;
}

static void written(void *data, const struct err *failure)
{
    struct haproxy_lane *lane = data;

    lane->has_persisted = failure == NULL;
}

/* Survives HAProxy's reload: the file says what the process has. */
static void persist(struct haproxy_order *order, const char *dump)
{
    struct traffic *traffic = order->traffic;
    const char *path = traffic->map != NULL ? traffic->map : traffic->state_file;
    struct err err = {0};
    struct text text;

    order->lane->has_persisted = false;
    if (path == NULL || traffic->env.runner == NULL)
        return;
    char *content = memory_take(MAP_FILE_MAX);
    text_init(&text, content, MAP_FILE_MAX);
    if (traffic->map != NULL)
        haproxy_map_file(dump, &text);
    else
        text_add_bytes(&text, dump, strlen(dump));
    if (text.is_cut ||
        !runner_write_file(traffic->env.runner, path, 0644, content, text.length, written, order->lane, &err))
        log_say(traffic->env.log, LOG_LEVEL_WARN, "haproxy:%s: %s is not written: %s", traffic->name, path,
                text.is_cut ? "too large" : err.text);
    free(content);
}

static void next_socket(struct haproxy_order *order);

/* A share set by weights is met within their rounding. */
static bool is_met(const struct haproxy_order *order, uint16_t read)
{
    int difference = (int)read - (int)order->share;

    if (order->traffic->map != NULL || order->share == 0 || order->share == HAPROXY_SHARE_MAX)
        return difference == 0;
    return difference >= -50 && difference <= 50;
}

static void take_set(struct haproxy_order *order, const char *dump)
{
    uint16_t read = 0;

    if (!read_share(order, dump, &read)) {
        if (!order->is_failed && !order->was_added) {
            order->was_added = true;
            haproxy_order_begin(order);
            return;
        }
    } else if (!is_met(order, read)) {
        fail(order, false, "%s: asked for %.2f %%, read back %.2f %%", order->traffic->sockets[order->socket],
             order->share / 100.0, read / 100.0);
    } else if (order->socket == 0) {
        persist(order, dump);
    }
    next_socket(order);
}

static void take_read(struct haproxy_order *order, const char *dump)
{
    uint16_t read = 0;

    if (read_share(order, dump, &read) && (order->socket == 0 || read > order->share))
        order->share = read;
    if (order->kind == HAPROXY_REHEARSE && strstr(dump, "admin") == NULL)
        fail(order, true, "%s: the runtime socket needs `level admin`",
             order->traffic->sockets[order->socket]);
    next_socket(order);
}

static void exchanged(void *data, const struct exchange_answer *answer)
{
    struct haproxy_order *order = data;

    order->exchange = NULL;
    if (order->traffic->is_closed) {
        end(order);
        return;
    }
    if (!answer->is_complete) {
        fail(order, false, "%s: %s", order->traffic->sockets[order->socket], answer->err.text);
        next_socket(order);
    } else if (order->kind == HAPROXY_SET) {
        take_set(order, answer->bytes);
    } else {
        take_read(order, answer->bytes);
    }
}

static void ask(struct haproxy_order *order, const char *command,
                void (*done)(void *, const struct exchange_answer *))
{
    order->exchange = exchange_start(order->traffic->env.loop, order->traffic->sockets[order->socket],
                                     command, strlen(command), ANSWER_MAX, EXCHANGE_MS, done, order);
}

static void send_order(struct haproxy_order *order)
{
    char memory[COMMAND_MAX];
    struct text command;

    text_init(&command, memory, sizeof(memory));
    make_command(order, &command);
    ask(order, memory, exchanged);
}

/* At least one server of a side takes traffic. */
static bool is_up(const struct haproxy_order *order, const char *dump, bool is_candidate, size_t *ret_count)
{
    const char *backend = is_candidate ? order->candidate : order->stable;
    size_t up = 0;

    if (order->traffic->map != NULL) {
        haproxy_servers_up(dump, backend, NULL, ret_count, &up);
        return up > 0;
    }
    size_t servers = is_candidate ? order->candidate_count : order->stable_count;
    size_t up_count = 0;
    *ret_count = 0;
    for (size_t i = 0; i < servers; i++) {
        size_t count = 0;
        haproxy_servers_up(dump, order->lane->backend,
                           is_candidate ? order->candidate_servers[i] : order->stable_servers[i], &count,
                           &up);
        *ret_count += count;
        up_count += up;
    }
    return up_count > 0;
}

static void check_health(struct haproxy_order *order, const char *dump)
{
    bool is_rehearsal = order->kind == HAPROXY_REHEARSE;
    char algorithm[HAPROXY_NAME_SIZE];
    size_t count = 0;

    /* A way back must lead somewhere; the candidate may not be there before its deploy command ran. */
    bool up = is_up(order, dump, !is_rehearsal, &count);
    if (count == 0)
        fail(order, true, "HAProxy has no servers of %s", is_rehearsal ? order->stable : order->candidate);
    else if (!up)
        fail(order, false, "no server of %s is up", is_rehearsal ? order->stable : order->candidate);
    haproxy_algorithm(dump, order->lane->backend, algorithm, sizeof(algorithm));
    if (order->traffic->map == NULL && algorithm[0] != '\0' && strcmp(algorithm, "roundrobin") != 0)
        fail(order, true, "backend %s balances by %s: weights split exactly under roundrobin only",
             order->lane->backend, algorithm);
}

static void health_came(void *data, const struct exchange_answer *answer)
{
    struct haproxy_order *order = data;

    order->exchange = NULL;
    if (order->traffic->is_closed) {
        end(order);
        return;
    }
    if (!answer->is_complete)
        fail(order, false, "%s: %s", order->traffic->sockets[order->socket], answer->err.text);
    else
        check_health(order, answer->bytes);
    if (order->is_failed)
        next_socket(order);
    else
        send_order(order);
}

void haproxy_order_begin(void *data)
{
    struct haproxy_order *order = data;

    if (order->is_single || order->traffic->is_closed)
        end(order);
    else if (asks_health(order) && !order->was_added)
        ask(order, "show stat\n", health_came);
    else
        send_order(order);
}

/* Back to stable goes to every process that can be reached; forward stops at the first that cannot. */
static void next_socket(struct haproxy_order *order)
{
    bool goes_on = !order->is_failed || (order->kind == HAPROXY_SET && order->share == 0);
    bool is_overtaken = order->lane->waiting != NULL && order->kind == HAPROXY_SET;

    if (is_overtaken) {
        haproxy_order_end_overtaken(order);
    } else if (goes_on && order->socket + 1 < order->traffic->socket_count) {
        order->socket++;
        order->was_added = false;
        haproxy_order_begin(order);
    } else {
        end(order);
    }
}
