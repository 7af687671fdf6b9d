/* traffic_haproxy.c - HAProxy's runtime socket: a map of shares, or server weights under round robin.
 * SPDX-License-Identifier: MIT
 *
 * What counts is what is read back: see haproxy_order.h for how orders go, haproxy_save.h for what survives a
 * reload of HAProxy, README.md for what it needs of HAProxy's configuration. */
#include "drivers/haproxy_order.h"
#include "drivers/haproxy_save.h"
#include "drivers/haproxy_settle.h"
#include "drivers/lever.h"
#include "drivers/traffic.h"
#include "io/memory.h"

#include <stdlib.h>
#include <string.h>

enum option_index { OPTION_SOCKETS, OPTION_SPLIT, OPTION_STATE_FILE, OPTION_INSTANCE_COUNT };
enum use_index { USE_BACKEND, USE_STICKY, USE_DRAIN_FOR, USE_MEASURED, USE_TESTERS, USE_COUNT };
enum { MAP_PATH_MAX = 1024, DRAIN_MAX_MS = 24 * 3600 * 1000 };

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
    [USE_STICKY] = {.name = "sticky",
                    .type = OPTION_TEXT,
                    .help = "\"cookie:NAME\": HAProxy's configuration draws by it (map only)"},
    [USE_DRAIN_FOR] = {.name = "drain_for",
                       .type = OPTION_DURATION,
                       .min = 100,
                       .max = DRAIN_MAX_MS,
                       .help = "after it the candidate's servers are shut when all is back at stable"},
    [USE_MEASURED] = {.name = "measured",
                      .type = OPTION_BOOL,
                      .fallback = "false",
                      .help = "no step passes before HAProxy's counters show the share that was set"},
    [USE_TESTERS] = {.name = "testers",
                     .type = OPTION_BOOL,
                     .fallback = "false",
                     .help = "the map's key BACKEND.testers says where testers go (map only)"},
};

/* What only matters on the way forward is refused by the rehearsal, never on the way back. */
static bool check_use(const struct traffic *traffic, const struct traffic_split *split,
                      struct haproxy_split *made, struct err *err)
{
    const char *cookie = NULL;

    haproxy_split_testers(made, split, split->options[USE_TESTERS].flag);
    if (!haproxy_split_drain(made, split, split->options[USE_DRAIN_FOR].duration_ms, err) ||
        !lever_cookie(&split->options[USE_STICKY], &cookie, err))
        return false;
    if (traffic->map != NULL)
        return true;
    if (cookie != NULL)
        return err_set(err, ERR_INVALID, "sticky: weights keep nobody on a side, a map can");
    return !split->options[USE_TESTERS].flag ||
           err_set(err, ERR_INVALID, "testers: weights know nobody, a map can");
}

static struct haproxy_order *new_order(struct traffic *traffic, const struct traffic_split *split,
                                       enum haproxy_order_kind kind, traffic_done *done, void *data)
{
    struct haproxy_order *order = haproxy_order_new(traffic, kind, done, data);
    struct err err = {0};

    if (haproxy_split_init(&order->split, traffic->map, split->options[USE_BACKEND].text, split,
                           &order->err) &&
        !check_use(traffic, split, &order->split, &err) && kind == HAPROXY_REHEARSE)
        order->err = err;
    return order;
}

static void set(struct traffic *traffic, const struct traffic_split *split, uint64_t number, uint16_t share,
                traffic_done *done, void *data)
{
    struct haproxy_order *order = new_order(traffic, split, HAPROXY_SET, done, data);

    order->number = number;
    order->share = share;
    haproxy_order_start(order);
}

static void read_traffic(struct traffic *traffic, const struct traffic_split *split, traffic_done *done,
                         void *data)
{
    haproxy_order_start(new_order(traffic, split, HAPROXY_READ, done, data));
}

static void rehearse(struct traffic *traffic, const struct traffic_split *split, traffic_done *done,
                     void *data)
{
    haproxy_order_start(new_order(traffic, split, HAPROXY_REHEARSE, done, data));
}

static const struct haproxy_lane *find_lane(const struct traffic *traffic, const struct traffic_split *split)
{
    const struct haproxy_lane *lane = traffic->lanes;

    while (lane != NULL && strcmp(lane->split.key, split->options[USE_BACKEND].text) != 0)
        lane = lane->next;
    return lane;
}

/* With one slot there is nothing that a reload could change. */
static bool has_persisted(const struct traffic *traffic, const struct traffic_split *split)
{
    if (split->slot_count < 2 || split->candidate == split->stable)
        return true;
    const struct haproxy_lane *lane = find_lane(traffic, split);
    return lane != NULL && lane->is_saved;
}

static bool has_begun_anew(const struct traffic *traffic, const struct traffic_split *split)
{
    const struct haproxy_lane *lane = find_lane(traffic, split);

    return lane != NULL && lane->is_anew;
}

static bool open_traffic(const struct traffic_env *env, const char *name, const struct option_value *options,
                         struct traffic **ret_traffic, struct err *err)
{
    const char *split = options[OPTION_SPLIT].text;
    bool is_map = strncmp(split, "map:", 4) == 0;

    if (!is_map && strcmp(split, "weights") != 0)
        return err_set(err, ERR_INVALID, "split: '%s' is neither \"map:FILE\" nor \"weights\"", split);
    if (is_map && (!haproxy_is_word(split + 4) || strlen(split) > MAP_PATH_MAX))
        return err_set(err, ERR_INVALID,
                       "split: '%s': the map's path has at most %d bytes and none of space \\ \" ' ;", split,
                       MAP_PATH_MAX);
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
    haproxy_orders_drop(traffic);
    haproxy_save_drop(traffic);
    while (traffic->lanes != NULL) {
        struct haproxy_lane *lane = traffic->lanes;
        traffic->lanes = lane->next;
        haproxy_drain_drop(lane);
        free(lane);
    }
    for (size_t i = 0; i < traffic->socket_count; i++)
        free(traffic->sockets[i]);
    free(traffic->name);
    free(traffic->map);
    free(traffic->state_file);
    free(traffic);
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
    .has_begun_anew = has_begun_anew,
};
