/* increase.c - a table of last readings, and arithmetic on buckets.
 * SPDX-License-Identifier: MIT */
#include "collectors/increase.h"

#include "base/hash.h"
#include "io/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 64, SERIES_FIRST = 8 };

struct reading {
    char *labels;
    uint64_t hash;
    uint32_t next; /* in its chain: index + 1, or 0 */
    uint64_t poll; /* when it was there last */
    int64_t at_ms; /* the same, where the watch says when */
    double value;
};

struct increase {
    uint64_t poll;
    bool is_birth_counted;
    int64_t now_ms, since_ms; /* a reading from before `since_ms` is one from before a gap */
    struct reading *readings;
    size_t count;
    size_t size;
    uint32_t chains[CHAINS]; /* index + 1, or 0 */
};

struct increase *increase_new(void)
{
    return memory_take(sizeof(struct increase));
}

void increase_free(struct increase *increase)
{
    if (increase == NULL)
        return;
    for (size_t i = 0; i < increase->count; i++)
        free(increase->readings[i].labels);
    free(increase->readings);
    free(increase);
}

void increase_begin(struct increase *increase, bool is_birth_counted)
{
    increase->poll++;
    increase->is_birth_counted = is_birth_counted;
}

void increase_begin_since(struct increase *increase, bool is_birth_counted, int64_t now_ms, int64_t since_ms)
{
    increase_begin(increase, is_birth_counted);
    increase->now_ms = now_ms;
    increase->since_ms = since_ms;
}

bool increase_is_observed(int64_t read_at_ms, int64_t at_ms)
{
    return read_at_ms != SERIES_NEVER && at_ms - read_at_ms <= INCREASE_GAP_MAX_MS;
}

static struct reading *find(const struct increase *increase, const char *labels, uint64_t hash)
{
    uint32_t place = increase->chains[hash % CHAINS];

    while (place != 0) {
        struct reading *reading = &increase->readings[place - 1];
        if (reading->hash == hash && strcmp(reading->labels, labels) == 0)
            return reading;
        place = reading->next;
    }
    return NULL;
}

static void chain(struct increase *increase, struct reading *reading)
{
    uint32_t *head = &increase->chains[reading->hash % CHAINS];

    reading->next = *head;
    *head = (uint32_t)(reading - increase->readings) + 1;
}

static void unchain(struct increase *increase, const struct reading *reading)
{
    uint32_t *place = &increase->chains[reading->hash % CHAINS];

    while (&increase->readings[*place - 1] != reading)
        place = &increase->readings[*place - 1].next;
    *place = reading->next;
}

static struct reading *append(struct increase *increase)
{
    if (increase->count == increase->size) {
        increase->size = increase->size == 0 ? SERIES_FIRST : 2 * increase->size;
        increase->readings = memory_resize(increase->readings, increase->size * sizeof(*increase->readings));
    }
    return &increase->readings[increase->count++];
}

/* The one that was away for longest, or NULL where all are in this poll. */
static struct reading *longest_absent(struct increase *increase)
{
    struct reading *oldest = &increase->readings[0];

    for (size_t i = 1; i < increase->count; i++) {
        if (increase->readings[i].poll < oldest->poll)
            oldest = &increase->readings[i];
    }
    if (oldest->poll == increase->poll)
        return NULL;
    unchain(increase, oldest);
    free(oldest->labels);
    return oldest;
}

static bool remember(struct increase *increase, const char *labels, uint64_t hash, double value)
{
    struct reading *reading =
        increase->count < INCREASE_SERIES_MAX ? append(increase) : longest_absent(increase);

    if (reading == NULL)
        return false;
    *reading = (struct reading){.labels = memory_copy_text(labels),
                                .hash = hash,
                                .poll = increase->poll,
                                .at_ms = increase->now_ms,
                                .value = value};
    chain(increase, reading);
    return true;
}

bool increase_last(const struct increase *increase, const char *labels, double *ret_reading,
                   int64_t *ret_at_ms)
{
    const struct reading *reading = find(increase, labels, hash_text(HASH_BEGIN, labels));

    if (reading == NULL)
        return false;
    *ret_reading = reading->value;
    *ret_at_ms = reading->at_ms;
    return true;
}

static double rise_of(const struct increase *increase, const struct reading *reading, double value)
{
    if (reading->at_ms < increase->since_ms)
        return 0;
    return value < reading->value ? value : value - reading->value;
}

bool increase_take(struct increase *increase, const char *labels, double value, double *ret_rise)
{
    uint64_t hash = hash_text(HASH_BEGIN, labels);
    struct reading *reading = find(increase, labels, hash);

    if (!isfinite(value) || value < 0 || (reading != NULL && reading->poll == increase->poll)) {
        *ret_rise = 0;
        return true;
    }
    if (reading == NULL) {
        if (!remember(increase, labels, hash, value))
            return false;
        *ret_rise = increase->is_birth_counted ? value : 0;
        return true;
    }
    *ret_rise = rise_of(increase, reading, value);
    reading->value = value;
    reading->poll = increase->poll;
    reading->at_ms = increase->now_ms;
    return true;
}

bool increase_add_bucket(struct increase_buckets *buckets, double bound, double rise)
{
    size_t place = buckets->count;

    if (isnan(bound))
        return false;
    while (place > 0 && buckets->bounds[place - 1] >= bound)
        place--;
    if (place < buckets->count && buckets->bounds[place] == bound) {
        buckets->counts[place] += rise;
        return true;
    }
    if (buckets->count == SERIES_BUCKETS_MAX)
        return false;
    size_t behind = buckets->count++ - place;
    memmove(&buckets->bounds[place + 1], &buckets->bounds[place], behind * sizeof(*buckets->bounds));
    memmove(&buckets->counts[place + 1], &buckets->counts[place], behind * sizeof(*buckets->counts));
    buckets->bounds[place] = bound;
    buckets->counts[place] = rise;
    return true;
}

bool increase_split_buckets(struct increase_buckets *buckets)
{
    double below = 0;

    if (buckets->count == 0 || buckets->bounds[buckets->count - 1] != INFINITY)
        return false;
    for (size_t i = 0; i < buckets->count; i++) {
        double cumulative = fmax(below, buckets->counts[i]);
        buckets->counts[i] = cumulative - below;
        below = cumulative;
    }
    return true;
}
