/* traffic.h - levers that move traffic: absolute shares, read back; one file per kind, one static table of
 * types. SPDX-License-Identifier: MIT
 *
 * Contract of every driver: set() is absolute and idempotent; a set with a lower number than one already
 * begun for the same split is never applied (S6); `done` fires exactly once, from the loop, never inside the
 * call; close() ends what is under way without it. It reports success only after the lever was read back as
 * asked on every target. Then, without delaying `done`, the setting is made to survive the proxy's own
 * reload; has_persisted() says whether it has. Back to stable (share 0) goes to all targets that can be
 * reached and is retried by the caller until all confirm. */
#ifndef DRIVERS_TRAFFIC_H
#define DRIVERS_TRAFFIC_H

#include "base/err.h"
#include "base/option.h"
#include "io/trace_lists.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_client;
struct loop;
struct log;
struct runner_client;
struct secret_keeper;
struct traffic; /* each type's own: an instance ("haproxy:edge") */

enum { TRAFFIC_SLOTS_MAX = 8, TRAFFIC_WHY_MAX = 256 };

struct traffic_env {
    struct loop *loop;
    const struct log *log;
    struct runner_client *runner;
    struct http_client *http;
    const struct secret_keeper *secrets; /* of vault: references; NULL: there is none */
};

/* One split: a service in an environment. */
struct traffic_split {
    const char *service, *environment;
    const struct option_value *options; /* of the environment, [use_option_count] */
    size_t slot_count;
    const char *const *slot_names;
    const char *const *const
        *slot_servers; /* names that the proxy knows; [slot_count][slot_server_counts[i]] */
    const size_t *slot_server_counts;
    uint8_t candidate,
        stable; /* slots; equal where there is only one: then a share means nothing and is confirmed */
    struct trace_given trace; /* of what is asked in its name */
    bool lets_testers;        /* of a set: testers go to the candidate, whatever its share; else to stable */
};

/* `why` is "" on success. `is_final`: trying again will not help (unknown server, permission). */
typedef void traffic_done(void *data, bool is_done, bool is_final, uint16_t share, const char *why);

struct traffic_type {
    const char *name;
    const struct option *instance_options;
    size_t instance_option_count;
    const struct option *use_options;
    size_t use_option_count;
    bool is_all_or_nothing; /* no share but 0 and 100 % can be set */
    MUST_CHECK bool (*open)(const struct traffic_env *env, const char *name,
                            const struct option_value *options, struct traffic **ret_traffic,
                            struct err *err);
    void (*close)(struct traffic *traffic);
    /* Everything that a later set needs: lever reachable and writable, slots known, a way back that leads to
     * something healthy, algorithm fits. Changes nothing. (The candidate may not run yet; set() asks.) */
    void (*rehearse)(struct traffic *traffic, const struct traffic_split *split, traffic_done *done,
                     void *data);
    /* `number` orders the sets of one split. `share`: the candidate's, hundredths of a percent. */
    void (*set)(struct traffic *traffic, const struct traffic_split *split, uint64_t number, uint16_t share,
                traffic_done *done, void *data);
    void (*read)(struct traffic *traffic, const struct traffic_split *split, traffic_done *done, void *data);
    /* Copies a share of the requests to the candidate, whose answers nobody gets; ordered with the sets, and
     * like them absolute and read back. Every set ends the copies: whoever has users is not tried on copies
     * beside. NULL: this kind cannot. */
    void (*mirror)(struct traffic *traffic, const struct traffic_split *split, uint64_t number,
                   uint16_t share, traffic_done *done, void *data);
    bool (*has_persisted)(const struct traffic *traffic, const struct traffic_split *split);
    /* The newest reading was of a process that began after the share was confirmed. NULL: this kind cannot
     * tell. */
    bool (*has_begun_anew)(const struct traffic *traffic, const struct traffic_split *split);
};

/* All types, in traffic_types.c; ends with NULL. */
extern const struct traffic_type *const traffic_types[];

#endif
