/* haproxy_text.h - HAProxy's runtime commands and answers as text: pure, so that they are tested without a
 * proxy.
 * SPDX-License-Identifier: MIT */
#ifndef DRIVERS_HAPROXY_TEXT_H
#define DRIVERS_HAPROXY_TEXT_H

#include "base/text.h"
#include "drivers/traffic.h"

enum { HAPROXY_WEIGHT_MAX = 256, HAPROXY_SHARE_MAX = 10000 };

/* Weights of one server of each side so that the candidate's servers together get `share` (round robin): the
 * larger one is HAPROXY_WEIGHT_MAX, so the error stays below 0.2 points. */
void haproxy_weights(uint16_t share, size_t candidate_count, size_t stable_count, unsigned *ret_candidate,
                     unsigned *ret_stable);

/* The share that such weights give. */
uint16_t haproxy_share(unsigned candidate, size_t candidate_count, unsigned stable, size_t stable_count);

/* Value of `key` in a `show map` dump (lines "0xADDRESS key value"); false: it has none. */
MUST_CHECK bool haproxy_map_value(const char *dump, const char *key, int64_t *ret_value);

/* A dump as the map's file: "key value" lines. */
void haproxy_map_file(const char *dump, struct text *to);

/* Weight of BACKEND's server in a `show servers state` dump; false: no such server. */
MUST_CHECK bool haproxy_server_weight(const char *dump, const char *server, int64_t *ret_weight);

/* In a `show stat` dump: how many servers of a backend are there, and how many take traffic ("UP", "no
 * check"). A `server` of NULL counts all. */
void haproxy_servers_up(const char *dump, const char *backend, const char *server, size_t *ret_count,
                        size_t *ret_up);

/* The balance algorithm of a backend in a `show stat` dump, "" where it does not tell. */
void haproxy_algorithm(const char *dump, const char *backend, char *to, size_t size);

#endif
