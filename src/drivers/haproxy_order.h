/* haproxy_order.h - orders to HAProxy on their way: set, read and rehearse, at all sockets at once.
 * SPDX-License-Identifier: MIT
 *
 * An order has a leg for each socket. A forward set asks all sockets whether the candidate is up before it
 * changes anything at any; a set back to stable asks nothing and goes to those that can be reached (S19).
 * A newer set of the same split ends an older one at once. What the older one may have written already is
 * waited for, socket by socket, so that the newer one always comes last (S6) and a socket that hangs delays
 * no other. */
#ifndef DRIVERS_HAPROXY_ORDER_H
#define DRIVERS_HAPROXY_ORDER_H

#include "drivers/haproxy_split.h"
#include "drivers/traffic.h"

struct exchange;
struct haproxy_order;
struct loop_timer;

enum { HAPROXY_SOCKETS_MAX = 8, HAPROXY_EXCHANGE_MS = 2000, HAPROXY_ANSWER_MAX = 4 * 1024 * 1024 };

enum haproxy_order_kind { HAPROXY_SET, HAPROXY_READ, HAPROXY_REHEARSE };

/* All is back at the map or the weights: the candidate's requests are counted until they stand still. */
struct haproxy_settling {
    struct exchange *exchanges[HAPROXY_SOCKETS_MAX];
    uint64_t counts[HAPROXY_SOCKETS_MAX]; /* of the time before */
    size_t open_count;
    struct loop_timer *timer;
    bool is_second, is_moving;
    int64_t until_ms;
};

struct haproxy_leg {
    struct haproxy_order *order;
    size_t socket;
    struct exchange *exchange; /* NULL: none under way */
    bool is_waiting;           /* for an older order's exchange with this socket */
    unsigned missing;          /* keys that the map did not have: `add map` instead of `set map` */
    bool is_good;              /* what was asked came; of a set: read back as ordered */
};

/* Sets of one split. */
struct haproxy_lane {
    struct haproxy_lane *next;
    struct haproxy_order *newest;                     /* set under way, or NULL */
    uint64_t number;                                  /* of the newest set begun */
    struct haproxy_leg *writers[HAPROXY_SOCKETS_MAX]; /* legs that change a socket's process now */
    bool is_confirmed;                                /* all sockets have `share` of `split` */
    uint16_t share;
    struct haproxy_split split;
    uint64_t processes[HAPROXY_SOCKETS_MAX]; /* that were seen to have it; 0: none was */
    bool is_anew;                            /* the newest reading was of others, that have not */
    bool is_saving, is_saved;                /* what is confirmed is being written, is in the file */
    struct traffic *traffic;
    struct loop_timer *drain; /* until the candidate's servers are shut */
    struct haproxy_shutting {
        struct haproxy_lane *lane;
        struct exchange *exchange;
    } shutting[HAPROXY_SOCKETS_MAX];
};

/* Keeps the file that HAProxy loads after a reload like the process: see haproxy_save.h. */
struct haproxy_saver {
    struct exchange *exchange;
    struct loop_timer *again;
    size_t socket;
    bool is_busy, is_wanted, is_failing;
};

struct traffic {
    struct traffic_env env;
    char *name;
    char *sockets[HAPROXY_SOCKETS_MAX];
    size_t socket_count;
    char *map; /* NULL: weights */
    char *state_file;
    struct haproxy_lane *lanes;
    struct haproxy_order *orders; /* all that are not freed */
    struct haproxy_saver saver;
};

struct haproxy_order {
    struct haproxy_order *next;
    struct traffic *traffic;
    struct haproxy_lane *lane;
    enum haproxy_order_kind kind;
    struct haproxy_split split;
    uint64_t number;
    uint16_t share;    /* SET: wanted; else the highest that was read */
    size_t open_count; /* legs that are to answer yet */
    bool is_writing;   /* SET: past the question whether the candidate is up */
    bool is_overtaken; /* a newer set took its place */
    bool is_told;      /* lives on only while it has exchanges */
    struct err err;    /* the first one; ERR_NONE: none. Given at the start: the order ends with it */
    struct haproxy_leg legs[HAPROXY_SOCKETS_MAX];
    struct haproxy_settling settling;
    traffic_done *done;
    void *data;
};

/* The lane of a key, made where there is none. */
struct haproxy_lane *haproxy_lane(struct traffic *traffic, const char *key);

/* A new order in the instance's list; the caller fills in split, err, share and number. */
struct haproxy_order *haproxy_order_new(struct traffic *traffic, enum haproxy_order_kind kind,
                                        traffic_done *done, void *data);

/* It begins with the loop's next turn, and frees itself. A set takes the place of its lane's newest. */
void haproxy_order_start(struct haproxy_order *order);

/* A way back has been seen through, or not: its end. `failure` may be NULL. */
void haproxy_order_settled(struct haproxy_order *order, const struct err *failure);

/* Ends all orders without telling anybody. */
void haproxy_orders_drop(struct traffic *traffic);

#endif
