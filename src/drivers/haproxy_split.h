/* haproxy_split.h - one split as HAProxy knows it: its names, the commands that move it, what the answers
 * mean. Pure.
 * SPDX-License-Identifier: MIT
 *
 * Two forms. Map: the map's key holds the share of the second slot, the slots are the backends KEY_SLOT; what
 * the map says is the share. Weights: both slots' servers stand in one backend under round robin and have one
 * weight a side. Checks fail with ERR_INVALID, ERR_NOT_FOUND or ERR_FORBIDDEN where trying again cannot help,
 * else with ERR_UNAVAILABLE. */
#ifndef DRIVERS_HAPROXY_SPLIT_H
#define DRIVERS_HAPROXY_SPLIT_H

#include "base/err.h"
#include "base/text.h"
#include "drivers/traffic.h"

enum {
    HAPROXY_SERVERS_MAX = 32, /* of one slot */
    HAPROXY_NAME_SIZE = 128,
    HAPROXY_COMMAND_MAX = 24 * 1024, /* HAProxy 2.6 was seen to take 35 KiB in a line */
    HAPROXY_SHARE_NONE = UINT16_MAX
};

struct haproxy_side {
    char backend[HAPROXY_NAME_SIZE];
    char servers[HAPROXY_SERVERS_MAX][HAPROXY_NAME_SIZE]; /* weights, and what is drained */
    size_t server_count;
};

struct haproxy_split {
    const char *map;             /* the map's file as HAProxy names it, the instance's; NULL: weights */
    char key[HAPROXY_NAME_SIZE]; /* of the map */
    bool is_single;              /* one slot: nothing to move */
    int64_t drain_ms;            /* 0: nothing is drained */
    bool is_first_slot;          /* the candidate is the first slot, the map holds the second one's share */
    bool has_testers;            /* a key of their own, KEY.testers, says where they go */
    bool lets_testers;           /* to the candidate; else to stable */
    struct haproxy_side candidate, stable;
};

/* A word that HAProxy's command line takes as it is. */
bool haproxy_is_word(const char *text);

/* ERR_INVALID: names that HAProxy cannot have or that are too long, more than two slots, too many servers,
 * none. Then the split only names its key. */
MUST_CHECK bool haproxy_split_init(struct haproxy_split *split, const char *map, const char *backend,
                                   const struct traffic_split *from, struct err *err);

/* The candidate's servers are to be shut so long after a way back. ERR_INVALID: they have no names; then they
 * are not. */
MUST_CHECK bool haproxy_split_drain(struct haproxy_split *split, const struct traffic_split *from,
                                    int64_t drain_ms, struct err *err);

/* By map: testers are told apart, and go where `from` says. */
void haproxy_split_testers(struct haproxy_split *split, const struct traffic_split *from, bool has_testers);

/* One line: the candidate's servers take no more and their sessions end; `show stat` for
 * haproxy_split_requests(). */
void haproxy_split_shut(const struct haproxy_split *split, struct text *command);
void haproxy_split_ask_requests(const struct haproxy_split *split, struct text *command);

/* How many requests the candidate has got. */
MUST_CHECK bool haproxy_split_requests(const struct haproxy_split *split, const char *answer,
                                       uint64_t *ret_count, struct err *err);

/* The commands, each one line. Setting and reading answer with the dump that haproxy_split_read() takes. */
void haproxy_split_ask_rehearsal(const struct haproxy_split *split, struct text *command);
void haproxy_split_ask_forward(const struct haproxy_split *split, struct text *command);
void haproxy_split_ask_share(const struct haproxy_split *split, struct text *command);
/* And, behind the dump, which process answers: haproxy_process(). So ends an order of a share above 0, too.
 */
void haproxy_split_ask_reading(const struct haproxy_split *split, struct text *command);
/* `missing`: of haproxy_split_missing(). Who gets more comes first, so that somebody serves at any time. */
void haproxy_split_order(const struct haproxy_split *split, uint16_t share, unsigned missing,
                         struct text *command);

/* Level admin; both sides known; stable's is up, so that there is a way back; round robin or the map known.
 */
MUST_CHECK bool haproxy_split_check_rehearsal(const struct haproxy_split *split, const char *answer,
                                              struct err *err);
/* The candidate is up (else users would get 503). */
MUST_CHECK bool haproxy_split_check_forward(const struct haproxy_split *split, const char *answer,
                                            struct err *err);

/* The share that a dump tells. `expected` (or HAPROXY_SHARE_NONE) is what rounding to weights may hide: it is
 * answered where the weights are its own. */
MUST_CHECK bool haproxy_split_read(const struct haproxy_split *split, const char *answer, uint16_t expected,
                                   uint16_t *ret_share, struct err *err);

/* An order was answered with the map's ignorance of keys: which, to be added by the next one; 0: of none. */
unsigned haproxy_split_missing(const struct haproxy_split *split, const char *answer);

/* Testers are where they are to be, or nobody tells them apart. */
bool haproxy_split_testers_fit(const struct haproxy_split *split, const char *answer);

/* ERR_INVALID where no weights come near to the share. Asked before an order. */
MUST_CHECK bool haproxy_split_check_share(const struct haproxy_split *split, uint16_t share, struct err *err);

/* The share was read back as ordered. */
MUST_CHECK bool haproxy_split_check_order(const struct haproxy_split *split, uint16_t share,
                                          const char *answer, struct err *err);

#endif
