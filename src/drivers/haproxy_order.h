/* haproxy_order.h - one order to HAProxy on its way: set, read or rehearse, over every socket in turn.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_HAPROXY_ORDER_H
#define DRIVERS_HAPROXY_ORDER_H

#include "drivers/traffic.h"

struct exchange;

enum { HAPROXY_SOCKETS_MAX = 8, HAPROXY_SERVERS_MAX = 32, HAPROXY_NAME_SIZE = 128 };

enum haproxy_order_kind { HAPROXY_SET, HAPROXY_READ, HAPROXY_REHEARSE };

struct haproxy_order;

/* Orders of one split, one at a time. */
struct haproxy_lane {
    struct haproxy_lane *next;
    char backend[HAPROXY_NAME_SIZE];
    struct haproxy_order *running, *waiting;
    uint64_t number; /* newest set begun */
    bool has_persisted;
};

struct traffic {
    struct traffic_env env;
    char *name;
    char *sockets[HAPROXY_SOCKETS_MAX];
    size_t socket_count;
    char *map; /* NULL: weights */
    char *state_file;
    struct haproxy_lane *lanes;
    bool is_closed;
    size_t pending; /* orders alive; the last one frees after close */
};

struct haproxy_order {
    struct traffic *traffic;
    struct haproxy_lane *lane;
    enum haproxy_order_kind kind;
    uint64_t number;
    uint16_t share;     /* SET: wanted; else what was read */
    bool is_first_slot; /* map: the candidate is the first slot, the map holds the second one's share */
    bool is_single;     /* one slot: nothing to move */
    bool was_added;     /* the map's key was missing and `add map` was tried */
    char candidate[HAPROXY_NAME_SIZE], stable[HAPROXY_NAME_SIZE]; /* backends (map) */
    char candidate_servers[HAPROXY_SERVERS_MAX][HAPROXY_NAME_SIZE],
        stable_servers[HAPROXY_SERVERS_MAX][HAPROXY_NAME_SIZE];
    size_t candidate_count, stable_count;
    size_t socket;
    bool is_failed, is_final;
    char why[TRAFFIC_WHY_MAX];
    struct exchange *exchange;
    traffic_done *done;
    void *data;
};

/* Starts the order at its present socket; it ends by itself. Signature of a deferred task. */
void haproxy_order_begin(void *order);
/* Ends an order that a newer one made pointless. */
void haproxy_order_end_overtaken(void *order);
/* Frees an instance without orders. */
void haproxy_drop(struct traffic *traffic);

#endif
