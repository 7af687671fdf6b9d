/* push.c - watches by name, waiting for posts.
 * SPDX-License-Identifier: MIT */
#include "collectors/push.h"

#include "base/hash.h"
#include "base/text.h"
#include "io/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 1024, NAME_SIZE = 512 };

struct collector {
    struct source_tally *tally;
    struct collector_watch *chains[CHAINS];
};

struct collector_watch {
    struct collector_watch **chain;
    struct collector_watch *next;
    struct collector_sink sink;
    struct source_tally *tally;
    enum series_kind kind;
    char *name; /* all four parts */
};

static bool make_name(const struct push_sample *sample, char name[NAME_SIZE])
{
    struct text text;

    text_init(&text, name, NAME_SIZE);
    const char *const parts[] = {sample->service, sample->environment, sample->key, sample->metric};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        text_add_text(&text, i == 0 ? "" : "/");
        text_add_text(&text, parts[i]);
    }
    return !text.is_cut;
}

static struct collector_watch **chain_of(struct collector *collector, const char *name)
{
    return &collector->chains[hash_text(HASH_BEGIN, name) % CHAINS];
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

static const struct collector_watch *next_of_name(const struct collector_watch *watch, const char *name)
{
    while (watch != NULL && strcmp(watch->name, name) != 0)
        watch = watch->next;
    return watch;
}

enum push_answer push_find(struct collector *collector, const struct push_sample *sample,
                           const struct collector_watch **ret_watch)
{
    char name[NAME_SIZE];

    *ret_watch = NULL;
    if (!is_good(sample))
        return PUSH_NOT_FINITE;
    if (!make_name(sample, name))
        return PUSH_UNWATCHED;
    const struct collector_watch *first = next_of_name(*chain_of(collector, name), name);
    for (const struct collector_watch *watch = first; watch != NULL; watch = next_of_name(watch->next, name))
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

    while ((next = next_of_name(next->next, watch->name)) != NULL)
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

static bool watch_series(struct collector *collector, const struct collector_series *series,
                         struct collector_watch **ret_watch, struct err *err)
{
    struct push_sample identity = {.service = series->service,
                                   .environment = series->environment,
                                   .key = series->key,
                                   .metric = series->metric};
    char name[NAME_SIZE];

    if (series->kind == SERIES_HISTOGRAM)
        return err_set(err, ERR_INVALID, "metric %s: histograms cannot be posted", series->metric);
    if (series->service == NULL || series->environment == NULL || series->key == NULL ||
        !make_name(&identity, name))
        return err_set(err, ERR_INVALID, "metric %s: it is not said whose it is", series->metric);
    struct collector_watch *watch = memory_take(sizeof(*watch));
    watch->sink = series->sink;
    watch->tally = collector->tally;
    watch->kind = series->kind;
    watch->name = memory_copy_text(name);
    watch->chain = chain_of(collector, name);
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
    free(watch->name);
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
