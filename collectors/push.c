/* push.c - watches by name, waiting for posts.
 * SPDX-License-Identifier: MIT */
#include "collectors/push.h"

#include "base/hash.h"
#include "io/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 4096, NAME_SIZE = 512, PARTS = 4 };

struct collector {
    struct source_tally *tally;
    struct collector_watch *chains[CHAINS];
};

/* Of whom, and what. */
struct name {
    const char *parts[PARTS];
    uint64_t hash;
};

struct collector_watch {
    struct collector_watch **chain;
    struct collector_watch *next;
    struct collector_sink sink;
    struct source_tally *tally;
    enum series_kind kind;
    struct name name;
    char text[]; /* of its parts */
};

static struct name name_of(const char *service, const char *environment, const char *key, const char *metric)
{
    struct name name = {.parts = {service, environment, key, metric}, .hash = HASH_BEGIN};

    for (size_t i = 0; i < PARTS; i++)
        name.hash = hash_text(name.hash, name.parts[i]);
    return name;
}

static bool is_good(const struct push_sample *sample)
{
    if (!sample->is_count)
        return isfinite(sample->value);
    return isfinite(sample->events) && isfinite(sample->total) && sample->events >= 0 && sample->total >= 0;
}

static enum series_answer put(const struct collector_watch *watch, const struct push_sample *sample)
{
    if (sample->is_count)
        return watch->sink.count(watch->sink.data, sample->at_ms, sample->events, sample->total);
    return watch->sink.gauge(watch->sink.data, sample->at_ms, sample->value);
}

static bool is_named(const struct collector_watch *watch, const struct name *name)
{
    bool is_same = watch->name.hash == name->hash;

    for (size_t i = 0; i < PARTS && is_same; i++)
        is_same = strcmp(watch->name.parts[i], name->parts[i]) == 0;
    return is_same;
}

static const struct collector_watch *next_of_name(const struct collector_watch *watch,
                                                  const struct name *name)
{
    while (watch != NULL && !is_named(watch, name))
        watch = watch->next;
    return watch;
}

enum push_answer push_find(struct collector *collector, const struct push_sample *sample,
                           const struct collector_watch **ret_watch)
{
    const struct name name = name_of(sample->service, sample->environment, sample->key, sample->metric);

    *ret_watch = NULL;
    if (!is_good(sample))
        return PUSH_NOT_FINITE;
    const struct collector_watch *first = next_of_name(collector->chains[name.hash % CHAINS], &name);
    for (const struct collector_watch *watch = first; watch != NULL; watch = next_of_name(watch->next, &name))
        if ((watch->kind == SERIES_COUNT) != sample->is_count)
            return PUSH_WRONG_KIND;
    *ret_watch = first;
    return first == NULL ? PUSH_UNWATCHED : PUSH_TAKEN;
}

/* Those of one name measure one thing: what one series says of it, all do. */
enum push_answer push_put(const struct collector_watch *watch, const struct push_sample *sample)
{
    static const enum push_answer answers[] = {[SERIES_TAKEN] = PUSH_TAKEN,
                                               [SERIES_LATE] = PUSH_LATE,
                                               [SERIES_FUTURE] = PUSH_FUTURE,
                                               [SERIES_NO_NUMBER] = PUSH_NOT_FINITE};
    enum series_answer answer = put(watch, sample);
    const struct collector_watch *next = watch;

    while ((next = next_of_name(next->next, &watch->name)) != NULL)
        (void)put(next, sample);
    source_tally_hear(watch->tally);
    return answers[answer];
}

static bool open_collector(const struct collector_env *env, const char *name,
                           const struct option_value *options, struct collector **ret_collector,
                           struct err *err)
{
    (void)name;
    (void)options;
    (void)err;
    *ret_collector = memory_take(sizeof(**ret_collector));
    (*ret_collector)->tally = env->tally;
    return true;
}

static void close_collector(struct collector *collector)
{
    free(collector);
}

/* With their NULs. */
static size_t size_of_parts(const struct name *name)
{
    size_t size = 0;

    for (size_t i = 0; i < PARTS; i++)
        size += strlen(name->parts[i]) + 1;
    return size;
}

static struct collector_watch *new_watch(const struct name *name)
{
    struct collector_watch *watch = memory_take(sizeof(*watch) + size_of_parts(name));
    char *text = watch->text;

    watch->name.hash = name->hash;
    for (size_t i = 0; i < PARTS; i++) {
        size_t size = strlen(name->parts[i]) + 1;
        watch->name.parts[i] = memcpy(text, name->parts[i], size);
        text += size;
    }
    return watch;
}

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    if (series->kind == SERIES_HISTOGRAM)
        return err_set(err, ERR_INVALID, "metric %s: histograms cannot be posted", series->metric);
    if (series->service == NULL || series->environment == NULL || series->key == NULL)
        return err_set(err, ERR_INVALID, "metric %s: it is not said whose it is", series->metric);
    const struct name name = name_of(series->service, series->environment, series->key, series->metric);
    if (size_of_parts(&name) > NAME_SIZE)
        return err_set(err, ERR_INVALID, "metric %.100s: its name is too long", series->metric);
    struct collector_watch *watch = new_watch(&name);
    watch->sink = series->sink;
    watch->tally = collector->tally;
    watch->kind = series->kind;
    watch->chain = &collector->chains[name.hash % CHAINS];
    watch->next = *watch->chain;
    *watch->chain = watch;
    *ret_watch = watch;
    return true;
}

static void unwatch_series(struct collector_watch *watch)
{
    struct collector_watch **place = watch->chain;

    while (*place != watch)
        place = &(*place)->next;
    *place = watch->next;
    free(watch);
}

static const char *trouble_of(const struct collector *collector)
{
    (void)collector;
    return NULL;
}

const struct collector_type push_collector = {
    .name = "push",
    .is_implicit = true,
    .is_posted = true,
    .open = open_collector,
    .close = close_collector,
    .watch = watch_series,
    .unwatch = unwatch_series,
    .trouble = trouble_of,
};
