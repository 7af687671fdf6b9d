/* live.c - live deployments: memory, texts of the sides, views for the engine.
 * SPDX-License-Identifier: MIT */
#include "daemon/before.h"
#include "daemon/secrets.h"
#include "daemon/window.h"

#include "base/text.h"
#include "config/hosts.h"
#include "config/sharing.h"
#include "io/memory.h"
#include "io/redaction.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void live_name_secrets(const struct live *live)
{
    const struct definition *definition = live->definition;

    for (size_t i = 0; i < definition->command_count; i++)
        daemon_name_secrets(live->daemon, definition->commands[i].secrets,
                            definition->commands[i].secret_count);
}

struct live *live_new(struct daemon *daemon, struct definition *definition, char *sealed)
{
    struct live *live = memory_take_array(1, sizeof(*live));

    live->daemon = daemon;
    if (sealed[0] != '\0') /* what was resolved without it is soon over */
        definition = definition_share(daemon->definitions, definition, sealed);
    live->definition = definition;
    live->sealed = sealed;
    live->rules = memory_take_array(definition->rule_count, sizeof(void *));
    for (size_t i = 0; i < definition->rule_count; i++)
        live->rules[i] = &definition->rules[i].rule;
    live->rule_states = memory_take_array(definition->rule_count, sizeof(*live->rule_states));
    live->series = memory_take_array(definition->metric_count, sizeof(*live->series));
    live->next = daemon->lives;
    if (live->next != NULL)
        live->next->former = live;
    daemon->lives = live;
    window_open(live);
    live_name_secrets(live);
    return live;
}

static struct live **chain_of(struct daemon *daemon, uint64_t id)
{
    return &daemon->live_chains[id & (DAEMON_LIVE_CHAINS - 1)];
}

static void leave_chain(struct live *live)
{
    struct live **at = chain_of(live->daemon, live->id);

    while (*at != live)
        at = &(*at)->next_of_chain;
    *at = live->next_of_chain;
}

void live_set_id(struct live *live, uint64_t id)
{
    struct live **chain = chain_of(live->daemon, id);

    if (live->id != 0)
        leave_chain(live);
    live->id = id;
    if (id == 0)
        return;
    live->next_of_chain = *chain;
    *chain = live;
}

void live_free(struct live *live)
{
    live_unwatch(live);
    live_set_id(live, 0);
    if (live->next != NULL)
        live->next->former = live->former;
    if (live->former != NULL)
        live->former->next = live->next;
    else
        live->daemon->lives = live->next;
    window_close(live);
    definition_free(live->definition);
    free(live->sealed);
    free(live->rules);
    free(live->rule_states);
    free(live->series);
    free(live->said);
    free(live->back);
    free(live->run_url);
    trace_lists_done(&live->trace_lists);
    free(live);
}

struct live *live_find(struct daemon *daemon, uint64_t deployment)
{
    struct live *live = *chain_of(daemon, deployment);

    while (live != NULL && live->id != deployment)
        live = live->next_of_chain;
    return live;
}

const struct slot_definition *live_slot(const struct live *live, const struct deployment_state *state,
                                        bool is_candidate)
{
    size_t index = is_candidate ? state->slot : state->stable_slot;

    return index < live->definition->slot_count ? &live->definition->slots[index] : NULL;
}

static size_t add_pair(const char **pairs, size_t count, const char *name, const char *text)
{
    pairs[2 * count] = name;
    pairs[2 * count + 1] = text;
    return count + 1;
}

struct side live_side(const struct live *live, const struct deployment_state *state, bool is_candidate)
{
    return (struct side){.definition = live->definition,
                         .is_candidate = is_candidate,
                         .version = is_candidate ? live->version : live->previous,
                         .previous = live->previous,
                         .slot = is_candidate ? state->slot : state->stable_slot,
                         .shares_slot = state->slot == state->stable_slot};
}

size_t live_pairs(const struct live *live, const struct deployment_state *state, bool is_candidate,
                  size_t address, const char *pairs[2 * LIVE_PAIRS_MAX])
{
    struct side side = live_side(live, state, is_candidate);

    return side_pairs(&side, address, pairs);
}

size_t live_host_pairs(const struct live *live, bool is_candidate, uint16_t host,
                       const char *pairs[2 * LIVE_PAIRS_MAX])
{
    size_t count = 0;

    count = add_pair(pairs, count, "service", live->definition->service);
    count = add_pair(pairs, count, "environment", live->definition->environment);
    count = add_pair(pairs, count, "version", is_candidate ? live->version : live->previous);
    count = add_pair(pairs, count, "previous", live->previous);
    count = add_pair(pairs, count, "host", live->definition->hosts[host].name);
    return add_pair(pairs, count, "address", live->definition->hosts[host].address);
}

const char *live_host_name(const struct live *live, uint16_t host)
{
    return host < live->definition->host_count ? live->definition->hosts[host].name : "?";
}

static void fill_views(const struct live *live, size_t metric, struct metric_views *views)
{
    const struct live_series *series = live->series[metric];

    for (size_t side = 0; side < LIVE_SIDES; side++)
        views->side[side] = series[side].series == NULL ? NULL : series_view_of(series[side].series);
    views->side[SIDE_BEFORE] = before_view(live, metric, 0);
    views->is_same_series =
        series[SIDE_CANDIDATE].asked != 0 && series[SIDE_CANDIDATE].asked == series[SIDE_STABLE].asked;
}

static void fill_days(const struct live *live, const struct rule_definition *rule, struct metric_views *views)
{
    const struct comparison *comparison = &rule->rule.comparison;

    for (uint8_t i = 0; i < comparison->against_count; i++)
        if (comparison->against[i].kind == BASELINE_DAYS)
            views->ago[i] = before_view(live, rule->metrics[0], comparison->against[i].days);
}

bool live_views(void *data, uint64_t deployment, uint8_t rule, struct metric_views *ret_views)
{
    const struct live *live = live_find(data, deployment);

    memset(ret_views, 0, RULE_METRICS_MAX * sizeof(*ret_views));
    if (live == NULL || !live->is_watched)
        return false;
    const struct rule_definition *definition = &live->definition->rules[rule];
    for (uint8_t i = 0; i < definition->rule.metric_count; i++)
        fill_views(live, definition->metrics[i], &ret_views[i]);
    fill_days(live, definition, &ret_views[0]);
    return true;
}

static const char *why_of_metric(const struct live *live, size_t metric)
{
    for (size_t side = 0; side < LIVE_SIDES; side++)
        if (live->series[metric][side].why != NULL)
            return live->series[metric][side].why;
    return NULL;
}

/* Of those that make a rule inconclusive; or else of any. NULL: none. */
static const char *why_of_sources(const struct live *live)
{
    const char *why = NULL;

    for (size_t r = 0; r < live->definition->rule_count && why == NULL; r++) {
        const struct rule_definition *rule = &live->definition->rules[r];
        bool is_open = live->rule_states[r].last.verdict == VERDICT_INCONCLUSIVE;
        for (uint8_t i = 0; is_open && i < rule->rule.metric_count && why == NULL; i++)
            why = why_of_metric(live, rule->metrics[i]);
    }
    for (size_t m = 0; m < live->definition->metric_count && why == NULL; m++)
        why = why_of_metric(live, m);
    return why;
}

const char *live_why(const struct live *live)
{
    for (size_t i = 0; live->said != NULL && i < LIVE_VOICE_COUNT; i++)
        if (live->said[i][0] != '\0')
            return live->said[i];
    const char *why = why_of_sources(live);
    return why == NULL ? "" : why;
}

void live_keep_source(struct live *live)
{
    const char *why = why_of_sources(live);

    live_say(live, LIVE_SOURCE, "%s", why == NULL ? "" : why);
}

void live_say(struct live *live, enum live_voice voice, const char *format, ...)
{
    char text[DAEMON_WHY_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (live->said == NULL && text[0] == '\0')
        return;
    if (live->said == NULL)
        live->said = memory_take_array(LIVE_VOICE_COUNT, sizeof(*live->said));
    redaction_apply(live->daemon->log.redaction, text);
    memcpy(live->said[voice], text, strlen(text) + 1);
}
