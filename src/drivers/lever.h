/* lever.h - orders to a lever that takes several steps: who may begin, who is overtaken, what an order waits
 * for, and how it ends. Levers other than HAProxy's are built on it.
 * SPDX-License-Identifier: MIT
 *
 * A type's `struct traffic` begins with a struct lever, its orders begin with a struct lever_order. An order
 * that changes something is exclusive: it waits for another exclusive one of the same split (or of the whole
 * instance, as the type says). A newer set or mirror overtakes the exclusive orders of its split at once:
 * they are told so, and what they wait for is forgotten, unless they say that it must be awaited; then the
 * newer one begins when that has ended, so that it always comes last (S6). Back to stable goes before all
 * others that wait. */
#ifndef DRIVERS_LEVER_H
#define DRIVERS_LEVER_H

#include "drivers/traffic.h"
#include "io/http_client.h"
#include "io/runner_client.h"
#include "io/trace_lists.h"

enum { LEVER_SHARE_MAX = 10000, LEVER_KEY_SIZE = 160, LEVER_ORDERS_MAX = 256 };

enum lever_kind { LEVER_SET, LEVER_MIRROR, LEVER_READ, LEVER_REHEARSE };

struct lever_order;

/* What is known of one split. */
struct lever_lane {
    struct lever_lane *next;
    uint64_t number; /* of the newest set or mirror begun */
    bool is_confirmed;
    uint16_t share; /* confirmed, or last read */
    char key[LEVER_KEY_SIZE];
};

/* What a kind of lever adds to its orders. */
struct lever_type {
    size_t size; /* of an order: zeroed behind its head */
    /* Kind, number and share are given; the split is looked at, not kept. What cannot be is the order's err.
     */
    void (*prepare)(struct lever_order *order, const struct traffic_split *split);
    void (*begin)(struct lever_order *order);
    void (*drop)(struct lever_order *order); /* before it is freed: what only the kind knows of; or NULL */
};

struct lever {
    struct traffic_env env;
    char *name;               /* "nginx:edge", for keys and sentences */
    bool is_one_at_a_time;    /* exclusive in the whole instance */
    uint64_t command_count;   /* makes keys of commands differ */
    struct lever_lane *lanes; /* freed with the lever */
    struct lever_order *orders;
    const struct lever_type *type;
};

struct lever_order {
    struct lever_order *next; /* older first */
    struct lever *lever;
    struct lever_lane *lane;
    enum lever_kind kind;
    uint64_t number;
    uint16_t share;       /* SET, MIRROR: wanted; else what was read */
    bool is_single;       /* one slot: nothing to move, what is asked is confirmed */
    bool is_exclusive;    /* given at the start */
    bool must_be_awaited; /* what is under way changes something, and cannot be called back */
    bool is_fleeting;     /* given at the end of a set: what is confirmed is not what a restart would bring */
    bool is_begun, is_told, is_over;
    struct err err;         /* ERR_NONE: none yet. Given at the start: the order ends with it */
    struct http_call *call; /* what it waits for; the runner's calls have the order as their data */
    struct loop_timer *timer;
    char *trace[TRACE_HEADERS_MAX]; /* VERDICT_TRACEPARENT=... and so on, for its commands and requests */
    char command[RUNNER_KEY_MAX];   /* the latest one's key; cancelled where it must be awaited */
    traffic_done *done;
    void *data;
};

/* `lever` is zeroed; env and name are copied. */
void lever_init(struct lever *lever, const struct traffic_env *env, const char *kind, const char *name,
                const struct lever_type *type);
/* Ends everything without telling anybody. */
void lever_done(struct lever *lever);

/* Of struct traffic_type, for every type whose `struct traffic` begins with its lever. */
void lever_set(struct traffic *traffic, const struct traffic_split *split, uint64_t number, uint16_t share,
               traffic_done *done, void *data);
void lever_mirror(struct traffic *traffic, const struct traffic_split *split, uint64_t number, uint16_t share,
                  traffic_done *done, void *data);
void lever_read(struct traffic *traffic, const struct traffic_split *split, traffic_done *done, void *data);
void lever_rehearse(struct traffic *traffic, const struct traffic_split *split, traffic_done *done,
                    void *data);
/* What was confirmed lasts: where the lever is all there is, as a file or a router's own configuration. */
bool lever_has_persisted(const struct traffic *traffic, const struct traffic_split *split);

static inline const struct traffic *lever_traffic(const struct lever_order *order)
{
    return (const struct traffic *)order->lever;
}

/* The end, with the share and the error that stand in it; frees it. A set that ended well is confirmed. */
void lever_order_end(struct lever_order *order);
void lever_order_fail(struct lever_order *order, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* What an order may wait for. Where it cannot even be asked, the order has failed when these return false. */
MUST_CHECK bool lever_run(struct lever_order *order, const char *const *argv, const char *const *environment,
                          int64_t deadline_ms, runner_done *done);
MUST_CHECK bool lever_write(struct lever_order *order, const char *path, const char *content, size_t length,
                            runner_written *written);
void lever_ask(struct lever_order *order, const struct http_request *request,
               void (*answered)(void *data, const struct http_answer *answer));
void lever_wait(struct lever_order *order, int64_t delay_ms, void (*fired)(void *data));

/* A command ended well; else an error: ERR_UNAVAILABLE where it may be tried again (exit 75, no place, no
 * runner, not known), ERR_FORBIDDEN or ERR_INVALID where not. The sentence ends with what the command said.
 */
MUST_CHECK bool lever_check_end(const struct runner_outcome *outcome, const char *what, struct err *err);

/* "cookie:NAME" of an option `sticky`; ERR_INVALID where it is anything else. */
MUST_CHECK bool lever_cookie(const struct option_value *sticky, const char **ret_cookie, struct err *err);

/* The service and the environment of a split, as the key of a lane. */
void lever_split_key(const struct traffic_split *split, char key[LEVER_KEY_SIZE]);

/* A list of texts that ends with NULL, and its end. */
char **lever_copy_list(const struct option_value *value);
void lever_free_list(char **list);

#endif
