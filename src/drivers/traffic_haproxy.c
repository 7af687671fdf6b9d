/* traffic_haproxy.c - HAProxy's runtime socket: a map of shares, or server weights under round robin.
 * SPDX-License-Identifier: MIT
 *
 * Each order is one connection per socket that sets and reads back in one go; an empty answer to the set is
 * success, and what counts is the read-back. Orders of one split never overlap: the newest waits for the
 * exchange under way and then takes over (S6). A reload of HAProxy falls back to its files, so the map's file
 * is rewritten after each set. */
#include "drivers/haproxy_order.h"
#include "drivers/traffic.h"
#include "io/loop.h"
#include "io/memory.h"
#include "io/runner_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_index { OPTION_SOCKETS, OPTION_SPLIT, OPTION_STATE_FILE, OPTION_INSTANCE_COUNT };
enum use_index { USE_BACKEND, USE_STICKY, USE_COUNT };

static const struct option instance_options[OPTION_INSTANCE_COUNT] = {
    [OPTION_SOCKETS] = {.name = "sockets",
                        .type = OPTION_LIST,
                        .is_required = true,
                        .min = 1,
                        .max = HAPROXY_SOCKETS_MAX,
                        .help = "paths of the runtime sockets (level admin), one per process"},
    [OPTION_SPLIT] = {.name = "split",
                      .type = OPTION_TEXT,
                      .is_required = true,
                      .help = "\"map:FILE\" (the map's file, as HAProxy names it) or \"weights\""},
    [OPTION_STATE_FILE] = {.name = "state_file",
                           .type = OPTION_TEXT,
                           .help = "weights: the server state file that HAProxy loads after a reload"},
};

static const struct option use_options[USE_COUNT] = {
    [USE_BACKEND] = {.name = "backend",
                     .type = OPTION_TEXT,
                     .is_required = true,
                     .help = "map: the map's key; slots are the backends BACKEND_SLOT; weights: the backend"},
    [USE_STICKY] = {.name = "sticky", .type = OPTION_TEXT, .help = "cookie that keeps a user on one side"},
};

static struct haproxy_lane *find_lane(struct traffic *traffic, const char *backend)
{
    struct haproxy_lane *lane = traffic->lanes;

    while (lane != NULL && strcmp(lane->backend, backend) != 0)
        lane = lane->next;
    if (lane != NULL)
        return lane;
    lane = memory_take(sizeof(*lane));
    (void)snprintf(lane->backend, sizeof(lane->backend), "%s", backend);
    lane->next = traffic->lanes;
    traffic->lanes = lane;
    return lane;
}

static size_t copy_servers(const struct traffic_split *split, uint8_t slot, char to[][HAPROXY_NAME_SIZE])
{
    size_t count = split->slot_server_counts[slot] < HAPROXY_SERVERS_MAX ? split->slot_server_counts[slot]
                                                                         : HAPROXY_SERVERS_MAX;

    for (size_t i = 0; i < count; i++)
        (void)snprintf(to[i], HAPROXY_NAME_SIZE, "%s", split->slot_servers[slot][i]);
    return count;
}

static struct haproxy_order *new_order(struct traffic *traffic, const struct traffic_split *split,
                                       enum haproxy_order_kind kind, traffic_done *done, void *data)
{
    const char *backend = split->options[USE_BACKEND].text;
    struct haproxy_order *order = memory_take(sizeof(*order));

    order->traffic = traffic;
    order->lane = find_lane(traffic, backend);
    order->kind = kind;
    order->done = done;
    order->data = data;
    order->is_single = split->slot_count < 2 || split->candidate == split->stable;
    order->is_first_slot = split->candidate == 0;
    traffic->pending++;
    if (order->is_single)
        return order;
    (void)snprintf(order->candidate, HAPROXY_NAME_SIZE, "%.60s_%.60s", backend,
                   split->slot_names[split->candidate]);
    (void)snprintf(order->stable, HAPROXY_NAME_SIZE, "%.60s_%.60s", backend,
                   split->slot_names[split->stable]);
    order->candidate_count = copy_servers(split, split->candidate, order->candidate_servers);
    order->stable_count = copy_servers(split, split->stable, order->stable_servers);
    return order;
}

static void set(struct traffic *traffic, const struct traffic_split *split, uint64_t number, uint16_t share,
                traffic_done *done, void *data)
{
    struct haproxy_order *order = new_order(traffic, split, HAPROXY_SET, done, data);
    struct haproxy_lane *lane = order->lane;

    order->number = number;
    order->share = share;
    if (number < lane->number) {
        loop_defer(traffic->env.loop, haproxy_order_end_overtaken, order);
        return;
    }
    lane->number = number;
    if (lane->running == NULL) {
        lane->running = order;
        loop_defer(traffic->env.loop, haproxy_order_begin, order);
        return;
    }
    if (lane->waiting != NULL)
        loop_defer(traffic->env.loop, haproxy_order_end_overtaken, lane->waiting);
    lane->waiting = order;
}

static void read_traffic(struct traffic *traffic, const struct traffic_split *split, traffic_done *done,
                         void *data)
{
    loop_defer(traffic->env.loop, haproxy_order_begin, new_order(traffic, split, HAPROXY_READ, done, data));
}

static void rehearse(struct traffic *traffic, const struct traffic_split *split, traffic_done *done,
                     void *data)
{
    loop_defer(traffic->env.loop, haproxy_order_begin,
               new_order(traffic, split, HAPROXY_REHEARSE, done, data));
}

static bool has_persisted(const struct traffic *traffic, const struct traffic_split *split)
{
    for (const struct haproxy_lane *lane = traffic->lanes; lane != NULL; lane = lane->next)
        if (strcmp(lane->backend, split->options[USE_BACKEND].text) == 0)
            return lane->has_persisted;
    return false;
}

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    const char *split = options[OPTION_SPLIT].text;
    bool is_map = strncmp(split, "map:", 4) == 0;

    if (!is_map && strcmp(split, "weights") != 0)
        return err_set(err, ERR_INVALID, "split: '%s' is neither \"map:FILE\" nor \"weights\"", split);
    struct traffic *traffic = memory_take(sizeof(*traffic));
    traffic->env = *env;
    traffic->name = memory_copy_text(name);
    traffic->map = is_map ? memory_copy_text(split + 4) : NULL;
    traffic->state_file = memory_copy_text(options[OPTION_STATE_FILE].text);
    for (size_t i = 0; i < options[OPTION_SOCKETS].list_length && i < HAPROXY_SOCKETS_MAX; i++)
        traffic->sockets[traffic->socket_count++] = memory_copy_text(options[OPTION_SOCKETS].list[i]);
    *ret_traffic = traffic;
    return true;
}

static void close_traffic(struct traffic *traffic)
{
    traffic->is_closed = true;
    for (struct haproxy_lane *lane = traffic->lanes; lane != NULL; lane = lane->next)
        runner_forget(traffic->env.runner, lane);
    if (traffic->pending == 0)
        haproxy_drop(traffic);
}

const struct traffic_type traffic_haproxy = {
    .name = "haproxy",
    .instance_options = instance_options,
    .instance_option_count = OPTION_INSTANCE_COUNT,
    .use_options = use_options,
    .use_option_count = USE_COUNT,
    .open = open_traffic,
    .close = close_traffic,
    .rehearse = rehearse,
    .set = set,
    .read = read_traffic,
    .has_persisted = has_persisted,
};
