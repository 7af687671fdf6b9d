/* rate.h - how many requests each source may make: token buckets in a table of fixed size. Pure, but for its
 * memory.
 * SPDX-License-Identifier: MIT
 *
 * A source may make `count` requests at once, and as many again as fit into the time that has passed: one for
 * each span_ms / count. Of more sources than the table has room for, those that asked longest ago are
 * forgotten, and begin anew: nobody is refused for what others do. */
#ifndef API_RATE_H
#define API_RATE_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_SOURCES_MAX = 1024, RATE_NAME_SIZE = 64 };

struct rate_limit {
    uint32_t count; /* 0: no limit */
    int64_t span_ms;
};

struct rate_table;

/* `seed`: unpredictable, so that nobody can choose who shares a place. */
struct rate_table *rate_table_new(uint64_t seed);
void rate_table_free(struct rate_table *table);

/* One more request of `name` (cut to its size). False: too many; *ret_wait_ms until one is allowed again. */
MUST_CHECK bool rate_take(struct rate_table *table, const char *name, const struct rate_limit *limit,
                          int64_t now_ms, int64_t *ret_wait_ms);

/* Who counts as one source at this numeric address: it, or of IPv6 the network of 64 bits that one host may
 * choose its addresses from. */
void rate_name(const char *address, char to[RATE_NAME_SIZE]);

#endif
