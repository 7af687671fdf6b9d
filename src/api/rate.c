/* rate.c - token buckets, each kept as the time at which it would be full again.
 * SPDX-License-Identifier: MIT */
#include "api/rate.h"

#include "base/hash.h"
#include "base/text.h"
#include "io/memory.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, SETS = RATE_SOURCES_MAX / WAYS, NETWORK_BYTES = 8, IPV6_BYTES = 16 };

struct bucket {
    char name[RATE_NAME_SIZE]; /* "": free */
    double full_ms;            /* when it is full again */
};

struct rate_table {
    uint64_t seed;
    struct bucket buckets[RATE_SOURCES_MAX];
};

struct rate_table *rate_table_new(uint64_t seed)
{
    struct rate_table *table = memory_take(sizeof(*table));

    table->seed = seed;
    return table;
}

void rate_table_free(struct rate_table *table)
{
    free(table);
}

/* Its own, or the one of its set that is full again first: a free one before all. */
static struct bucket *find(struct rate_table *table, const char *name)
{
    uint64_t hash = hash_text(hash_bytes(HASH_BEGIN, &table->seed, sizeof(table->seed)), name);
    struct bucket *set = &table->buckets[(hash ^ (hash >> 32)) % SETS * WAYS];
    struct bucket *oldest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (strcmp(set[i].name, name) == 0)
            return &set[i];
        if (set[i].full_ms < oldest->full_ms)
            oldest = &set[i];
    }
    (void)snprintf(oldest->name, sizeof(oldest->name), "%s", name);
    oldest->full_ms = 0;
    return oldest;
}

bool rate_take(struct rate_table *table, const char *name, const struct rate_limit *limit, int64_t now_ms,
               int64_t *ret_wait_ms)
{
    char source[RATE_NAME_SIZE];

    if (limit->count == 0)
        return true;
    (void)snprintf(source, sizeof(source), "%.63s", name);
    struct bucket *bucket = find(table, source);
    double now = (double)now_ms;
    double span = (double)limit->span_ms;
    double full = (bucket->full_ms > now ? bucket->full_ms : now) + span / limit->count;
    if (full - now > span) {
        *ret_wait_ms = (int64_t)ceil(full - now - span);
        return false;
    }
    bucket->full_ms = full;
    return true;
}

void rate_name(const char *address, char to[RATE_NAME_SIZE])
{
    unsigned char bytes[IPV6_BYTES];
    unsigned char network[IPV6_BYTES] = {0};

    (void)snprintf(to, RATE_NAME_SIZE, "%.63s", address);
    if (inet_pton(AF_INET6, address, bytes) != 1 || IN6_IS_ADDR_V4MAPPED((struct in6_addr *)bytes))
        return;
    memcpy(network, bytes, NETWORK_BYTES);
    (void)inet_ntop(AF_INET6, network, to, RATE_NAME_SIZE);
}
