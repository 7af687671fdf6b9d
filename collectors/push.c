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

static void put(const struct collector_watch *watch, const struct push_sample *sample)
{
    if (sample->is_count)
        watch->sink.count(watch->sink.data, sample->at_ms, sample->events, sample->total);
    else
        watch->sink.gauge(watch->sink.data, sample->at_ms, sample->value);
}

enum push_answer push_put(struct collector *collector, const struct push_sample *sample)
{
    enum push_answer answer = PUSH_UNWATCHED;
    char name[NAME_SIZE];

    if (!is_good(sample))
        return PUSH_NOT_FINITE;
    if (!make_name(sample, name))
        return PUSH_UNWATCHED;
    for (struct collector_watch *watch = *chain_of(collector, name); watch != NULL; watch = watch->next) {
        if (strcmp(watch->name, name) != 0)
            continue;
        if ((watch->kind == SERIES_COUNT) != sample->is_count)
            return PUSH_WRONG_KIND;
        put(watch, sample);
        answer = PUSH_TAKEN;
    }
    if (answer == PUSH_TAKEN)
        source_tally_hear(collector->tally);
    return answer;
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
