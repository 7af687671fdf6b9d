/* trying.c - a watch for each metric, until all have said something or the time is up.
 * SPDX-License-Identifier: MIT */
#include "daemon/trying.h"

#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tried {
    struct trying *trying;
    const struct metric_definition *metric;
    const struct collector_type *type;
    struct collector_watch *watch; /* NULL: it could not be watched, or need not be */
    bool is_answered;
    char why[DAEMON_WHY_MAX]; /* "": all is well */
};

struct trying {
    struct live *live;
    struct trying_ear ear;
    struct loop_timer *timer; /* first the deadline, then the end */
    size_t open_count;
    size_t count;
    struct tried *tried; /* [count] */
};

/* A watch must not be ended by what it says itself. */
static void note(struct tried *tried, const char *why)
{
    struct trying *trying = tried->trying;

    (void)snprintf(tried->why, sizeof(tried->why), "%.250s", why);
    if (tried->is_answered)
        return;
    tried->is_answered = true;
    if (--trying->open_count == 0)
        loop_timer_move(trying->timer, 0);
}

static enum series_answer take_gauge(void *data, int64_t at_ms, double value)
{
    (void)at_ms;
    (void)value;
    note(data, "");
    return SERIES_TAKEN;
}

static enum series_answer take_count(void *data, int64_t at_ms, double events, double total)
{
    (void)at_ms;
    (void)events;
    (void)total;
    note(data, "");
    return SERIES_TAKEN;
}

static enum series_answer take_histogram(void *data, int64_t at_ms, const double *bounds,
                                         const double *counts, size_t bucket_count)
{
    (void)at_ms;
    (void)bounds;
    (void)counts;
    (void)bucket_count;
    note(data, "");
    return SERIES_TAKEN;
}

static void take_trouble(void *data, enum series_trouble trouble, const char *why)
{
    if (trouble != SERIES_LOADING && trouble != SERIES_FINE)
        note(data, why);
}

static bool is_read_twice(const struct tried *tried)
{
    return tried->metric->kind != SERIES_GAUGE && tried->type->is_cheap;
}

/* Stable's series; of a metric that has none, the one there is. */
static bool side_of(const struct tried *tried, const struct deployment_state *state, struct side *ret_side,
                    char key[SIDE_KEY_MAX])
{
    const struct live *live = tried->trying->live;

    *ret_side = live_side(live, state, live->previous[0] == '\0');
    if (side_key(ret_side, tried->metric, tried->type->metric_option_count, key))
        return true;
    *ret_side = live_side(live, state, true);
    return side_key(ret_side, tried->metric, tried->type->metric_option_count, key);
}

static void begin(struct tried *tried, const struct deployment_state *state)
{
    int64_t every_ms = tried->metric->every_ms;
    char key[SIDE_KEY_MAX];
    struct side side;
    struct err err = {0};

    tried->type = collector_types[tried->metric->collector];
    if (is_read_twice(tried) && every_ms > TRYING_EVERY_MS)
        every_ms = TRYING_EVERY_MS;
    if (!side_of(tried, state, &side, key)) {
        note(tried, "neither what serves nor what comes has such a series");
        return;
    }
    struct collector_series series = {.key = key,
                                      .every_ms = every_ms,
                                      .sink = {.data = tried,
                                               .gauge = take_gauge,
                                               .count = take_count,
                                               .histogram = take_histogram,
                                               .trouble = take_trouble}};
    if (!live_open_watch(tried->trying->live, tried->metric, &side, &series, &tried->watch, NULL, &err))
        note(tried, err.text);
}

static void end_watches(struct trying *trying)
{
    for (size_t i = 0; i < trying->count; i++)
        live_close_watch(trying->live, trying->tried[i].metric, trying->tried[i].watch);
}

void trying_drop(struct trying *trying)
{
    if (trying == NULL)
        return;
    end_watches(trying);
    loop_timer_stop(trying->timer);
    free(trying->tried);
    free(trying);
}

/* A counter whose second reading comes later than that; what was wrong with the first was said. */
static bool may_be_silent(const struct tried *tried)
{
    return tried->watch != NULL && tried->metric->kind != SERIES_GAUGE && !is_read_twice(tried) &&
           2 * tried->metric->every_ms > TRYING_LIMIT_MS;
}

static bool tell(struct trying *trying, struct tried *tried)
{
    char what[NAME_MAX_LENGTH + METRIC_MAX_LENGTH + 16];
    char why[DAEMON_WHY_MAX];

    if (!tried->is_answered && !may_be_silent(tried))
        (void)snprintf(tried->why, sizeof(tried->why), "nothing came within %d s", TRYING_LIMIT_MS / 1000);
    (void)snprintf(what, sizeof(what), "metric %s", tried->metric->name);
    (void)snprintf(why, sizeof(why), "%s:%.63s: %.180s", tried->type->name, tried->metric->source,
                   tried->why);
    trying->ear.told(trying->ear.data, what, tried->why[0] == '\0' ? NULL : why);
    return tried->why[0] == '\0';
}

static void end(void *data)
{
    struct trying *trying = data;
    struct trying_ear ear = trying->ear;
    bool is_good = true;

    for (size_t i = 0; i < trying->count; i++)
        is_good = tell(trying, &trying->tried[i]) && is_good;
    trying_drop(trying);
    ear.over(ear.data, is_good);
}

struct trying *trying_start(struct live *live, const struct deployment_state *state,
                            const struct trying_ear *ear)
{
    const struct definition *definition = live->definition;
    struct trying *trying = memory_take(sizeof(*trying));

    trying->live = live;
    trying->ear = *ear;
    trying->tried = memory_take_array(definition->metric_count + 1, sizeof(*trying->tried));
    for (size_t i = 0; i < definition->metric_count; i++)
        if (!collector_types[definition->metrics[i].collector]->is_posted)
            trying->tried[trying->count++] =
                (struct tried){.trying = trying, .metric = &definition->metrics[i]};
    trying->open_count = trying->count + 1;
    trying->timer = loop_timer_start(live->daemon->loop, TRYING_LIMIT_MS, 0, end, trying);
    for (size_t i = 0; i < trying->count; i++)
        begin(&trying->tried[i], state);
    if (--trying->open_count == 0)
        loop_timer_move(trying->timer, 0);
    return trying;
}
