/* watching.c - from a definition's metrics to series and watches, and their values into the windows.
 * SPDX-License-Identifier: MIT */
#include "collectors/haproxy.h"
#include "daemon/before.h"
#include "daemon/live_log.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHOSE_MAX = 60 }; /* of a metric's name before what its source said */

static void set_why(struct live_series *series, const char *why)
{
    free(series->why);
    series->why = why == NULL ? NULL : memory_copy_text(why);
}

/* A value came: what was said of its source before is over. */
static enum series_answer came(struct live_series *series, enum series_answer answer)
{
    if (series->why != NULL)
        set_why(series, NULL);
    daemon_wants_turn(series->live->daemon);
    return answer;
}

static enum series_answer put_gauge(void *data, int64_t at_ms, double value)
{
    struct live_series *series = data;

    return came(series, series_put_gauge(series->series, at_ms, daemon_now_ms(series->live->daemon), value));
}

static enum series_answer put_kept(void *data, int64_t at_ms, double value)
{
    struct live_series *series = data;

    return came(series, series_put_kept(series->series, at_ms, daemon_now_ms(series->live->daemon), value));
}

static enum series_answer put_count(void *data, int64_t at_ms, double events, double total)
{
    struct live_series *series = data;

    return came(series,
                series_put_count(series->series, at_ms, daemon_now_ms(series->live->daemon), events, total));
}

static enum series_answer put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                                        size_t bucket_count)
{
    struct live_series *series = data;

    return came(series, series_put_histogram(series->series, at_ms, daemon_now_ms(series->live->daemon),
                                             bounds, counts, bucket_count));
}

/* Whose it is, then what is wrong. */
static void say_why(struct live_series *series, struct daemon *daemon, const char *metric, const char *why)
{
    char text[DAEMON_WHY_MAX];

    (void)snprintf(text, sizeof(text), "%.*s: %.180s", WHOSE_MAX, metric, why);
    redaction_apply(daemon->log.redaction, text);
    set_why(series, text);
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    struct live_series *series = data;
    struct daemon *daemon = series->live->daemon;

    if (trouble == SERIES_NO_DATA)
        set_why(series, NULL);
    if (trouble == SERIES_ERROR || trouble == SERIES_AMBIGUOUS || trouble == SERIES_NOT_FINITE)
        say_why(series, daemon, series_name_of(series->series)->metric, why);
    series_set_trouble(series->series, trouble);
    daemon_wants_turn(daemon);
}

static bool is_about(const struct metric_definition *metric, const char *why)
{
    size_t length = strnlen(metric->name, WHOSE_MAX);

    return strncmp(why, metric->name, length) == 0 && strncmp(why + length, ": ", 2) == 0;
}

bool live_is_of_source(const struct live *live, const char *why)
{
    size_t m = 0;

    while (m < live->definition->metric_count && !is_about(&live->definition->metrics[m], why))
        m++;
    return m < live->definition->metric_count;
}

void live_restore_source(struct live *live, const char *why)
{
    for (size_t m = 0; m < live->definition->metric_count; m++)
        for (size_t side = 0; side < LIVE_SIDES; side++)
            if (live->series[m][side].watch != NULL && is_about(&live->definition->metrics[m], why))
                set_why(&live->series[m][side], why);
}

static struct daemon_source *find_source(struct daemon *daemon, const struct metric_definition *metric)
{
    for (size_t i = 0; i < daemon->source_count; i++)
        if (daemon->sources[i].type == collector_types[metric->collector] &&
            (daemon->sources[i].type->is_implicit || strcmp(daemon->sources[i].name, metric->source) == 0))
            return &daemon->sources[i];
    return NULL;
}

/* One source must not take the room of all. NULL: there is none, or no such source. */
static struct daemon_source *find_room(struct daemon *daemon, const struct metric_definition *metric,
                                       struct err *err)
{
    struct daemon_source *source = find_source(daemon, metric);

    if (source == NULL || source->collector == NULL) {
        (void)err_set(err, ERR_UNAVAILABLE, "source %s:%s is not there",
                      collector_types[metric->collector]->name, metric->source);
        return NULL;
    }
    if (source->watch_count < source->series_max)
        return source;
    source->refused_count++;
    (void)err_set(err, ERR_LIMIT, "source %s:%s watches %zu series already (its series_max)",
                  source->type->name, source->name, source->watch_count);
    return NULL;
}

/* What a slot is made of, the target says, not the metric. */
static void fill_servers(const struct collector_type *type, const struct slot_definition *slot,
                         struct option_value *values)
{
    if (type != &haproxy_collector || slot == NULL || !values[HAPROXY_SLOT].is_set ||
        values[HAPROXY_SERVERS].is_set)
        return;
    values[HAPROXY_SERVERS] =
        (struct option_value){.is_set = true, .list = slot->servers, .list_length = slot->server_count};
}

bool live_open_watch(struct live *live, const struct metric_definition *metric, const struct side *side,
                     struct collector_series *series, struct collector_watch **ret_watch, uint64_t *ret_asked,
                     struct err *err)
{
    struct daemon_source *source = find_room(live->daemon, metric, err);

    if (source == NULL)
        return false;
    struct option_value *values = memory_take_array(source->type->metric_option_count + 1, sizeof(*values));
    char *texts = memory_take_array(source->type->metric_option_count + 1, SIDE_TEXT_MAX);
    series->metric = metric->name;
    series->service = live->definition->service;
    series->environment = live->definition->environment;
    series->kind = metric->kind;
    series->silence_max_ms = metric->holds_ms > 0 ? metric->holds_ms : metric->age_max_ms;
    series->options = values;
    struct option_schema schema = {.name = source->type->name,
                                   .use = source->type->metric_options,
                                   .use_count = source->type->metric_option_count};
    bool is_done = side_fill(side, metric, &schema, values, texts, err);
    fill_servers(source->type, side_slot(side), values);
    if (is_done && ret_asked != NULL &&
        source->type->metric_option_count > 0) /* else it is pushed, and told apart by its key */
        *ret_asked = side_hash(values, source->type->metric_option_count);
    is_done = is_done && source->type->watch(source->collector, series, ret_watch, err);
    source->watch_count += is_done;
    free(values);
    free(texts);
    return is_done;
}

void live_close_watch(struct live *live, const struct metric_definition *metric,
                      struct collector_watch *watch)
{
    struct daemon_source *source = watch == NULL ? NULL : find_source(live->daemon, metric);

    if (source == NULL)
        return;
    source->type->unwatch(watch);
    source->watch_count--;
}

static bool start_watch(struct live_series *series, const struct metric_definition *metric,
                        const struct side *side, struct err *err)
{
    struct collector_series what = {.key = series_name_of(series->series)->key,
                                    .every_ms = metric->every_ms,
                                    .sink = {.data = series,
                                             .gauge = put_gauge,
                                             .kept = put_kept,
                                             .count = put_count,
                                             .histogram = put_histogram,
                                             .trouble = put_trouble}};

    return live_open_watch(series->live, metric, side, &what, &series->watch, &series->asked, err);
}

/* Steps of the metric's window. */
static uint32_t capacity_of(const struct live *live, size_t metric)
{
    int64_t steps = side_window(live->definition, metric);

    return steps > SERIES_CAPACITY_MAX ? SERIES_CAPACITY_MAX : (uint32_t)steps;
}

static bool read_by_rules(struct live *live, size_t metric, struct series *series, struct err *err)
{
    for (size_t r = 0; r < live->definition->rule_count; r++) {
        const struct rule_definition *rule = &live->definition->rules[r];
        for (uint8_t i = 0; i < rule->rule.metric_count; i++)
            if (rule->metrics[i] == metric && !series_read_by(series, live->id, (uint8_t)r, err))
                return false;
    }
    return true;
}

static bool watch_side(struct live *live, const struct deployment_state *state, size_t metric,
                       bool is_candidate, struct err *err)
{
    const struct metric_definition *definition = &live->definition->metrics[metric];
    const struct collector_type *type = collector_types[definition->collector];
    struct live_series *series = &live->series[metric][is_candidate ? SIDE_CANDIDATE : SIDE_STABLE];
    struct series_shape shape = {.kind = definition->kind,
                                 .step_ms = (uint32_t)definition->step_ms,
                                 .capacity = capacity_of(live, metric),
                                 .holds_ms = definition->holds_ms};
    struct side side = live_side(live, state, is_candidate);
    char key[SIDE_KEY_MAX];

    if (!side_key(&side, definition, type->metric_option_count, key))
        return true;
    struct series_name name = {live->definition->service, live->definition->environment, key,
                               definition->name};
    if (find_room(live->daemon, definition, err) == NULL || /* it takes none of the book either */
        !series_open(live->daemon->book, &name, &shape, &series->series, err) ||
        (!live->is_standing && !read_by_rules(live, metric, series->series, err)))
        return false;
    series->live = live;
    if (start_watch(series, definition, &side, err))
        return true;
    series_set_trouble(series->series, SERIES_ERROR);
    return false;
}

static struct live **chain_of(struct daemon *daemon, uint32_t target)
{
    return &daemon->watched_chains[target & (DAEMON_LIVE_CHAINS - 1)];
}

static void set_watched(struct live *live)
{
    struct live **chain = chain_of(live->daemon, live->target);

    live->is_watched = true;
    live->next_of_watched = *chain;
    *chain = live;
}

static void set_unwatched(struct live *live)
{
    struct live **at = chain_of(live->daemon, live->target);

    while (*at != live)
        at = &(*at)->next_of_watched;
    *at = live->next_of_watched;
    live->is_watched = false;
}

struct live *live_find_watched(struct daemon *daemon, uint32_t target, bool is_standing)
{
    struct live *live = *chain_of(daemon, target);

    while (live != NULL && (live->target != target || live->is_standing != is_standing))
        live = live->next_of_watched;
    return live;
}

void live_watch(struct live *live, const struct deployment_state *state)
{
    struct err err = {0};

    if (live->is_watched)
        return;
    set_watched(live);
    live_say(live, LIVE_SOURCE, "%s", "");
    for (size_t m = 0; m < live->definition->metric_count; m++)
        for (int is_candidate = 0; is_candidate < 2; is_candidate++)
            if (!watch_side(live, state, m, is_candidate != 0, &err)) {
                struct live_series *series = &live->series[m][is_candidate ? SIDE_CANDIDATE : SIDE_STABLE];
                say_why(series, live->daemon, live->definition->metrics[m].name, err.text);
                live_log(live, LOG_LEVEL_ERROR, "deployment %llu: %s", (unsigned long long)live->id,
                         series->why);
            }
}

void live_unwatch(struct live *live)
{
    if (!live->is_watched)
        return;
    set_unwatched(live);
    live_keep_source(live);
    before_free(live);
    for (size_t m = 0; m < live->definition->metric_count; m++)
        for (size_t side = 0; side < LIVE_SIDES; side++) {
            struct live_series *series = &live->series[m][side];
            live_close_watch(live, &live->definition->metrics[m], series->watch);
            if (series->series != NULL) {
                series_forget(series->series, live->id);
                series_close(series->series);
            }
            free(series->why);
            *series = (struct live_series){0};
        }
}
