/* watching.c - from a definition's metrics to series and watches: which key a side has, what its query says.
 * SPDX-License-Identifier: MIT */
#include "collectors/haproxy.h"
#include "daemon/before.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_KEPT = 60 }; /* blocks that Mann-Whitney looks at */

static bool names(const struct metric_definition *metric, size_t option_count, const char *word)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option_value *value = &metric->options[i];
        if (value->text != NULL && strstr(value->text, word) != NULL)
            return true;
        for (size_t k = 0; k < value->list_length; k++)
            if (strstr(value->list[k], word) != NULL)
                return true;
    }
    return false;
}

/* A series is keyed by slot or by version, as its source measures. */
static bool side_key(const struct live *live, const struct deployment_state *state,
                     const struct metric_definition *metric, size_t option_count, bool is_candidate,
                     char key[LIVE_KEY_MAX])
{
    const struct slot_definition *slot = live_slot(live, state, is_candidate);
    const char *version = is_candidate ? live->version : live->previous;

    if (names(metric, option_count, "{{version}}")) {
        (void)snprintf(key, LIVE_KEY_MAX, "version.%s", version);
        return version[0] != '\0';
    }
    if (slot != NULL && metric->scope == SCOPE_SIDE) {
        (void)snprintf(key, LIVE_KEY_MAX, "slot.%s", slot->name);
        return is_candidate || state->slot != state->stable_slot;
    }
    (void)snprintf(key, LIVE_KEY_MAX, "service");
    return is_candidate;
}

/* A value came: what was said of its source before is over. */
static void came(struct live_series *series)
{
    if (series->has_trouble)
        series->live->trouble[0] = '\0';
    series->has_trouble = false;
    daemon_wants_turn(series->live->daemon);
}

static void put_gauge(void *data, int64_t at_ms, double value)
{
    struct live_series *series = data;

    series_put_gauge(series->series, at_ms, daemon_now_ms(series->live->daemon), value);
    came(series);
}

static void put_count(void *data, int64_t at_ms, double events, double total)
{
    struct live_series *series = data;

    series_put_count(series->series, at_ms, daemon_now_ms(series->live->daemon), events, total);
    came(series);
}

static void put_histogram(void *data, int64_t at_ms, const double *bounds, const double *counts,
                          size_t bucket_count)
{
    struct live_series *series = data;

    series_put_histogram(series->series, at_ms, daemon_now_ms(series->live->daemon), bounds, counts,
                         bucket_count);
    came(series);
}

static void put_trouble(void *data, enum series_trouble trouble, const char *why)
{
    struct live_series *series = data;
    struct live *live = series->live;

    if (trouble == SERIES_ERROR || trouble == SERIES_AMBIGUOUS || trouble == SERIES_NOT_FINITE) {
        series->has_trouble = true;
        (void)snprintf(live->trouble, sizeof(live->trouble), "%.60s: %.180s",
                       series_name_of(series->series)->metric, why);
        redaction_apply(live->daemon->log.redaction, live->trouble);
    }
    series_set_trouble(series->series, trouble);
    daemon_wants_turn(live->daemon);
}

static struct daemon_source *find_source(struct daemon *daemon, const struct metric_definition *metric)
{
    for (size_t i = 0; i < daemon->source_count; i++)
        if (daemon->sources[i].type == collector_types[metric->collector] &&
            (daemon->sources[i].type->is_implicit || strcmp(daemon->sources[i].name, metric->source) == 0))
            return &daemon->sources[i];
    return NULL;
}

/* Options with their templates filled in; texts come from one block that the caller frees. */
static bool fill_options(const struct metric_definition *metric, const struct collector_type *type,
                         const char *const *pairs, size_t pair_count, struct option_value *values,
                         char *texts, struct err *err)
{
    enum template_escape escape = strcmp(type->name, "prometheus") == 0 ? TEMPLATE_PROMQL : TEMPLATE_PLAIN;

    for (size_t i = 0; i < type->metric_option_count; i++) {
        values[i] = metric->options[i];
        if (values[i].text == NULL)
            continue;
        char *text = texts + i * LIVE_TEXT_MAX;
        if (!template_fill(values[i].text, pairs, pair_count, escape, text, LIVE_TEXT_MAX, err))
            return err_wrap(err, "metric %s, %s", metric->name, type->metric_options[i].name);
        values[i].text = text;
    }
    return true;
}

/* What a slot is made of, the target says, not the metric. */
static void fill_servers(const struct live_series *series, const struct slot_definition *slot,
                         struct option_value *values)
{
    if (series->type != &haproxy_collector || slot == NULL || !values[HAPROXY_SLOT].is_set ||
        values[HAPROXY_SERVERS].is_set)
        return;
    values[HAPROXY_SERVERS] =
        (struct option_value){.is_set = true, .list = slot->servers, .list_length = slot->server_count};
}

/* FNV-1a over the texts that are asked for. */
static uint64_t hash_options(const struct option_value *values, size_t count)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < count; i++) {
        const char *text = values[i].text == NULL ? "" : values[i].text;
        for (size_t k = 0; k <= strlen(text); k++)
            hash = (hash ^ (unsigned char)text[k]) * UINT64_C(1099511628211);
        for (size_t k = 0; k < values[i].list_length; k++)
            for (const char *c = values[i].list[k]; *c != '\0'; c++)
                hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    return hash;
}

static bool start_watch(struct live_series *series, const struct metric_definition *metric,
                        const struct slot_definition *slot, const char *const *pairs, size_t pair_count,
                        struct err *err)
{
    struct daemon_source *source = find_source(series->live->daemon, metric);

    if (source == NULL || source->collector == NULL)
        return err_set(err, ERR_UNAVAILABLE, "source %s:%s is not there",
                       collector_types[metric->collector]->name, metric->source);
    struct option_value *values = memory_take_array(source->type->metric_option_count + 1, sizeof(*values));
    char *texts = memory_take_array(source->type->metric_option_count + 1, LIVE_TEXT_MAX);
    struct collector_series what = {
        .metric = metric->name,
        .service = series->live->definition->service,
        .environment = series->live->definition->environment,
        .key = series_name_of(series->series)->key,
        .kind = metric->kind,
        .every_ms = metric->every_ms,
        .options = values,
        .sink = {.data = series,
                 .gauge = put_gauge,
                 .count = put_count,
                 .histogram = put_histogram,
                 .trouble = put_trouble},
    };
    series->type = source->type;
    bool is_done = fill_options(metric, source->type, pairs, pair_count, values, texts, err);
    fill_servers(series, slot, values);
    if (is_done && !source->type->is_implicit) /* what is pushed is told apart by its key */
        series->asked = hash_options(values, source->type->metric_option_count);
    is_done = is_done && source->type->watch(source->collector, &what, &series->watch, err);
    free(values);
    free(texts);
    return is_done;
}

/* What a rule reads at once: its longest span; a comparison a block, and one more that waits for late values;
 * Mann-Whitney many blocks together. */
static int64_t longest_span(const struct rule *rule, int64_t age_max_ms)
{
    int64_t blocks = rule->comparison.test == COMPARISON_MANN_WHITNEY ? LEVELS_KEPT : 2;
    int64_t span_ms = rule->kind == RULE_COMPARISON ? blocks * rule->comparison.block_ms + age_max_ms : 0;

    for (uint8_t n = 0; n < rule->condition.count; n++)
        if (rule->condition.nodes[n].op != EXPRESSION_FOR && rule->condition.nodes[n].span_ms > span_ms)
            span_ms = rule->condition.nodes[n].span_ms;
    return span_ms;
}

/* Steps of the metric's window, or of the longest span that a rule reads. */
static uint32_t capacity_of(const struct live *live, size_t metric)
{
    const struct metric_definition *definition = &live->definition->metrics[metric];
    int64_t span_ms = definition->window_ms;

    for (size_t r = 0; r < live->definition->rule_count; r++) {
        int64_t needed_ms = longest_span(&live->definition->rules[r].rule, definition->age_max_ms);
        span_ms = needed_ms > span_ms ? needed_ms : span_ms;
    }
    int64_t steps = span_ms / definition->step_ms + 2;
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
    const char *pairs[2 * LIVE_PAIRS_MAX];
    char key[LIVE_KEY_MAX];

    if (!side_key(live, state, definition, type->metric_option_count, is_candidate, key))
        return true;
    struct series_name name = {live->definition->service, live->definition->environment, key,
                               definition->name};
    if (!series_open(live->daemon->book, &name, &shape, &series->series, err) ||
        !read_by_rules(live, metric, series->series, err))
        return false;
    series->live = live;
    size_t count = live_pairs(live, state, is_candidate, SIZE_MAX, pairs);
    char resolution[32];
    (void)snprintf(resolution, sizeof(resolution), "%llds", (long long)(definition->step_ms / 1000));
    pairs[2 * count] = "resolution";
    pairs[2 * count + 1] = resolution;
    if (start_watch(series, definition, live_slot(live, state, is_candidate), pairs, count + 1, err))
        return true;
    series_set_trouble(series->series, SERIES_ERROR);
    return false;
}

void live_watch(struct live *live, const struct deployment_state *state)
{
    struct err err = {0};

    if (live->is_watched)
        return;
    live->is_watched = true;
    for (size_t m = 0; m < live->definition->metric_count; m++)
        for (int is_candidate = 0; is_candidate < 2; is_candidate++)
            if (!watch_side(live, state, m, is_candidate != 0, &err)) {
                live_say(live, "%s", err.text);
                log_say(&live->daemon->log, LOG_LEVEL_ERROR, "deployment %llu: %s",
                        (unsigned long long)live->id, err.text);
            }
}

void live_unwatch(struct live *live)
{
    if (!live->is_watched)
        return;
    live->is_watched = false;
    before_free(live);
    for (size_t m = 0; m < live->definition->metric_count; m++)
        for (size_t side = 0; side < LIVE_SIDES; side++) {
            struct live_series *series = &live->series[m][side];
            if (series->watch != NULL)
                series->type->unwatch(series->watch);
            if (series->series != NULL) {
                series_forget(series->series, live->id);
                series_close(series->series);
            }
            *series = (struct live_series){0};
        }
}
