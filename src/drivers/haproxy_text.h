/* haproxy_text.h - HAProxy's runtime answers as text, and shares as weights: pure, so that they are tested
 * without a proxy.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_HAPROXY_TEXT_H
#define DRIVERS_HAPROXY_TEXT_H

#include "base/text.h"

enum { HAPROXY_WEIGHT_MAX = 256, HAPROXY_SHARE_MAX = 10000 };

/* Weights of one server of each side so that the candidate's servers together come nearest to `share`
 * (hundredths of a percent) under round robin. A side that is to serve has at least 1. Counts are above 0. */
void haproxy_weights(uint16_t share, size_t candidate_count, size_t stable_count, unsigned *ret_candidate,
                     unsigned *ret_stable);

/* The share that such weights give: the round one (whole percents, then tenths) that has just these weights,
 * else the computed one; 0 where nobody serves. */
uint16_t haproxy_share(unsigned candidate, size_t candidate_count, unsigned stable, size_t stable_count);

/* Value of `key` in a `show map` dump (lines "0xADDRESS key value"), kept within 0..HAPROXY_SHARE_MAX as the
 * split treats it; false: no such key, or no number. */
MUST_CHECK bool haproxy_map_value(const char *dump, const char *key, uint16_t *ret_value);

/* A `show map` dump as the map's file: "key value" lines. False: it is no such dump. */
MUST_CHECK bool haproxy_map_file(const char *dump, struct text *to);

/* A `show servers state` dump as the state file that HAProxy loads. False: it is no such dump. */
MUST_CHECK bool haproxy_state_file(const char *dump, struct text *to);

struct haproxy_server {
    unsigned weight; /* 0..HAPROXY_WEIGHT_MAX */
    bool is_up;      /* it runs (or is not checked) and is neither drained nor in maintenance */
};

/* A server in a `show servers state` dump; false: no such server. */
MUST_CHECK bool haproxy_server(const char *dump, const char *backend, const char *server,
                               struct haproxy_server *ret_server);

/* How many servers of a backend a `show servers state` dump has, and how many are up. */
void haproxy_servers_up(const char *dump, const char *backend, size_t *ret_count, size_t *ret_up);

/* The balance algorithm of a backend in a `show stat` dump, "" where it does not tell. */
void haproxy_algorithm(const char *dump, const char *backend, char *to, size_t size);

/* How many requests a server of a backend (NULL: the backend as a whole) has got, in a `show stat` dump;
 * false where it does not tell. */
MUST_CHECK bool haproxy_requests(const char *dump, const char *backend, const char *server,
                                 uint64_t *ret_count);

/* Number of the process that answered, in what `show info` says; 0 where it does not tell. */
uint64_t haproxy_process(const char *answer);

/* The answer has its end: every command's ends with an empty line. An old process that goes away may cut it.
 */
bool haproxy_is_complete(const char *answer);

/* What HAProxy says before its dump: a command that succeeds says nothing, so this is the first one's
 * complaint (or the answer of `show cli level`); "" where it says nothing. */
void haproxy_complaint(const char *answer, char *to, size_t size);

#endif
