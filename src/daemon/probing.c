/* probing.c - a smoke test made concrete: every check at every address of a slot, templates filled in.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe.h"
#include "collectors/probe_command.h"
#include "config/hosts.h"
#include "config/smoke.h"
#include "daemon/command_texts.h"
#include "daemon/secrets.h"
#include "daemon/tracing.h"
#include "io/memory.h"
#include "io/trace_lists.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PROBE_TEXT_MAX = 2048, PROBE_VALUE_MAX = 512 };

static_assert((int)SMOKE_RUNNER_MS >= (int)SMOKE_RUNNER_START_MS + (int)RUNNER_END_SLACK_MS,
              "the machine waits as long as the runner may take");

struct filled_check {
    char name[128];
    char url[PROBE_TEXT_MAX];
    char texts[SMOKE_EXTRACTS_MAX][256];
    char values[PROBE_HEADERS_MAX][PROBE_VALUE_MAX];
    struct http_header headers[PROBE_HEADERS_MAX];
    size_t header_count;
    char traceparent[TRACEPARENT_SIZE];
    char body[2 * SMOKE_BODY_MAX];
    char place[PROBE_VALUE_MAX];
    char server_name[PROBE_VALUE_MAX];
    struct smoke_extract extracts[SMOKE_EXTRACTS_MAX];
    struct command_texts *command; /* of EXEC */
    struct probe_order order;      /* of these */
};

/* One place of a side that is asked. */
struct place {
    size_t index;
    const char *pairs[2 * LIVE_PAIRS_MAX];
    size_t pair_count;
    struct command_about about; /* its address always set */
};

struct asking {
    struct live *live;
    const struct acting *acting;
    const struct smoke_definition *smoke;
    bool is_candidate;
    int64_t now_ms;
};

static bool fill_extracts(const struct smoke_check *check, const char *const *pairs, size_t pair_count,
                          struct filled_check *filled, struct err *err)
{
    for (uint8_t i = 0; i < check->extract_count; i++) {
        filled->extracts[i] = check->extracts[i];
        if (check->extracts[i].text == NULL)
            continue;
        if (!template_fill(check->extracts[i].text, pairs, pair_count, TEMPLATE_PLAIN, filled->texts[i],
                           sizeof(filled->texts[i]), err))
            return false;
        filled->extracts[i].text = filled->texts[i];
    }
    return true;
}

/* Headers, and a body: a JSON one has what is filled in escaped for JSON. */
static bool fill_request(const struct smoke_check *check, const char *const *pairs, size_t pair_count,
                         struct filled_check *filled, struct err *err)
{
    enum template_escape escape =
        check->body != NULL && check->body[0] == '{' ? TEMPLATE_JSON : TEMPLATE_PLAIN;

    for (size_t i = 0; i < check->header_count; i++) {
        if (!template_fill(check->headers[2 * i + 1], pairs, pair_count, TEMPLATE_PLAIN, filled->values[i],
                           sizeof(filled->values[i]), err))
            return false;
        filled->headers[i] = (struct http_header){check->headers[2 * i], filled->values[i]};
    }
    filled->header_count = check->header_count;
    return check->body == NULL ||
           template_fill(check->body, pairs, pair_count, escape, filled->body, sizeof(filled->body), err);
}

/* Unless the check says it itself. */
static void add_trace(const struct asking *asking, struct filled_check *filled)
{
    const struct trace_lists *lists = &asking->live->trace_lists;
    const struct trace_given trace = {filled->traceparent, lists->tracestate, lists->baggage};

    tracing_of_action(asking->live, asking->acting, filled->traceparent);
    for (size_t i = 0; i < filled->header_count; i++)
        if (strcasecmp(filled->headers[i].name, "traceparent") == 0)
            return;
    if (filled->header_count + TRACE_HEADERS_MAX <= PROBE_HEADERS_MAX)
        filled->header_count += trace_lists_headers(&trace, filled->headers + filled->header_count);
}

static bool fill_url(const struct smoke_definition *smoke, const struct smoke_check *check,
                     const char *const *pairs, size_t pair_count, struct filled_check *filled,
                     struct err *err)
{
    char base[PROBE_TEXT_MAX / 2];
    char path[PROBE_TEXT_MAX / 2 - 1];

    if (!template_fill(smoke->base_url, pairs, pair_count, TEMPLATE_PLAIN, base, sizeof(base), err) ||
        !template_fill(check->path, pairs, pair_count, TEMPLATE_URL, path, sizeof(path), err))
        return false;
    (void)snprintf(filled->url, sizeof(filled->url), "%s%s", base, path);
    return true;
}

static bool fill_place(const struct smoke_check *check, const char *const *pairs, size_t pair_count,
                       struct filled_check *filled, struct err *err)
{
    return template_fill(check->place, pairs, pair_count, TEMPLATE_PLAIN, filled->place,
                         sizeof(filled->place), err) &&
           (check->server_name == NULL ||
            template_fill(check->server_name, pairs, pair_count, TEMPLATE_PLAIN, filled->server_name,
                          sizeof(filled->server_name), err));
}

/* Each run of a smoke test has keys of its own: what a run before a restart of ours began is none of this
 * one.
 */
static bool fill_command(const struct asking *asking, const struct smoke_check *check,
                         const struct place *place, struct filled_check *filled, struct err *err)
{
    const struct action *action = &asking->acting->action;
    struct command_about about = place->about;
    char key[COMMAND_KEY_MAX];

    filled->command = memory_take(sizeof(*filled->command));
    acting_key(key, asking->acting->deployment, action->sequence, action->tries, ACTING_NO_HOST);
    (void)snprintf(filled->command->key, sizeof(filled->command->key), "%s%.40s-%zu.%zu-%llx",
                   RUNNER_PASSING_PREFIX, key, place->index, (size_t)(check - asking->smoke->checks),
                   (unsigned long long)asking->now_ms);
    about.name = check->name;
    command_texts_tell(asking->live, &about, filled->command);
    filled->order = (struct probe_order){.key = filled->command->key,
                                         .argv = filled->command->argv,
                                         .environment = filled->command->envp,
                                         .start_within_ms = SMOKE_RUNNER_START_MS};
    return command_texts_fill(check->arguments, check->argument_count, place->pairs, place->pair_count,
                              filled->command, err);
}

static bool fill_check(const struct asking *asking, const struct smoke_check *check,
                       const struct place *place, struct filled_check *filled, struct err *err)
{
    const char *const *pairs = place->pairs;
    bool is_filled = false;

    (void)snprintf(filled->name, sizeof(filled->name), "%.60s at %.60s", check->name, place->about.address);
    switch (check->kind) {
    case SMOKE_HTTP:
        is_filled = fill_url(asking->smoke, check, pairs, place->pair_count, filled, err);
        break;
    case SMOKE_TCP:
    case SMOKE_TLS:
        is_filled = fill_place(check, pairs, place->pair_count, filled, err);
        break;
    case SMOKE_EXEC:
        is_filled = fill_command(asking, check, place, filled, err);
        break;
    }
    if (!is_filled || !fill_extracts(check, pairs, place->pair_count, filled, err) ||
        !fill_request(check, pairs, place->pair_count, filled, err))
        return false;
    add_trace(asking, filled);
    return true;
}

/* What the probe is told of a check that was filled in. */
static struct probe_check told(const struct smoke_check *check, const struct filled_check *filled)
{
    static const enum probe_kind kinds[] = {[SMOKE_HTTP] = PROBE_HTTP,
                                            [SMOKE_TCP] = PROBE_TCP,
                                            [SMOKE_TLS] = PROBE_TLS,
                                            [SMOKE_EXEC] = PROBE_EXEC};

    return (struct probe_check){.name = filled->name,
                                .kind = kinds[check->kind],
                                .method = check->method,
                                .url = filled->url,
                                .headers = filled->headers,
                                .header_count = filled->header_count,
                                .body = check->body == NULL ? NULL : filled->body,
                                .place = filled->place,
                                .server_name = check->server_name == NULL ? NULL : filled->server_name,
                                .trust = check->trust,
                                .order = &filled->order,
                                .expectation = &check->expectation,
                                .extract_count = check->extract_count,
                                .extracts = filled->extracts};
}

static void probe_ended(void *data, enum verdict verdict, const char *why)
{
    struct acting *acting = data;
    /* A host of the version before is asked again, as stable is where nobody can say; a candidate is not. */
    bool is_again =
        acting->action.is_previous || (acting->action.kind == ACTION_VERIFY && verdict != VERDICT_FAIL);
    enum result failed = verdict == VERDICT_INCONCLUSIVE ? RESULT_UNKNOWN : RESULT_FAILED;
    enum result otherwise = is_again ? RESULT_AGAIN : failed;

    acting->probe = NULL;
    /* A command may have printed one that was exchanged since. */
    if (verdict != VERDICT_PASS)
        daemon_learn_secrets(acting->daemon);
    acting_end(acting, verdict == VERDICT_PASS ? RESULT_DONE : otherwise, why);
}

/* Where it asks: every address of a slot, or the hosts of a batch. */
static size_t place_count(const struct live *live, const struct acting *acting, bool is_candidate)
{
    const struct slot_definition *slot = live_slot(live, &acting->state, is_candidate);

    if (acting->action.batch > 0)
        return acting->action.batch;
    return slot == NULL ? 0 : slot->address_count;
}

static struct place place_of(const struct live *live, const struct acting *acting, bool is_candidate,
                             size_t index)
{
    struct place place = {.index = index,
                          .about = {.host = ACTING_NO_HOST,
                                    .acting = acting,
                                    .slot = live_slot(live, &acting->state, is_candidate),
                                    .version = is_candidate ? live->version : live->previous}};

    if (acting->action.batch > 0) {
        place.about.host = (uint16_t)(acting->action.host + index);
        place.about.address = live->definition->hosts[place.about.host].address;
        place.pair_count = live_host_pairs(live, is_candidate, place.about.host, place.pairs);
    } else {
        place.about.address = place.about.slot->addresses[index];
        place.pair_count = live_pairs(live, &acting->state, is_candidate, index, place.pairs);
    }
    return place;
}

static bool fill_all(const struct asking *asking, struct filled_check *filled, struct err *err)
{
    const struct smoke_definition *smoke = asking->smoke;
    size_t places = place_count(asking->live, asking->acting, asking->is_candidate);

    for (size_t a = 0; a < places; a++) {
        struct place place = place_of(asking->live, asking->acting, asking->is_candidate, a);
        for (size_t c = 0; c < smoke->check_count; c++)
            if (!fill_check(asking, &smoke->checks[c], &place, &filled[a * smoke->check_count + c], err))
                return false;
    }
    return true;
}

static bool start(struct live *live, struct acting *acting, const struct smoke_definition *smoke,
                  bool is_candidate, struct err *err)
{
    size_t count = smoke->check_count * place_count(live, acting, is_candidate);
    struct filled_check *filled = memory_take_array(count + 1, sizeof(*filled));
    struct probe_check *checks = memory_take_array(count + 1, sizeof(*checks));
    struct probe_plan plan = {.settle_ms = smoke->settle_ms,
                              .timeout_ms = smoke->timeout_ms,
                              .every_ms = smoke->every_ms,
                              .attempts = smoke->attempts,
                              .check_count = count,
                              .checks = checks,
                              .runner = acting->daemon->runner};
    const struct asking asking = {live, acting, smoke, is_candidate, daemon_now_ms(acting->daemon)};
    bool is_good = fill_all(&asking, filled, err);

    for (size_t i = 0; i < count; i++)
        checks[i] = told(&smoke->checks[i % smoke->check_count], &filled[i]);
    if (is_good)
        acting->probe = probe_start(acting->daemon->loop, acting->daemon->http, &plan, probe_ended, acting);
    for (size_t i = 0; i < count; i++)
        free(filled[i].command);
    free(filled);
    free(checks);
    return is_good;
}

void acting_drop_probe(struct acting *acting)
{
    if (acting->probe != NULL)
        probe_cancel(acting->probe);
    acting->probe = NULL;
}

void actions_drop_probes(struct daemon *daemon)
{
    for (struct acting *acting = daemon->actings; acting != NULL; acting = acting->next)
        acting_drop_probe(acting);
}

void acting_smoke(struct live *live, struct acting *acting, bool is_candidate)
{
    const struct smoke_definition *smoke = &live->definition->smokes[acting->action.reference];
    struct err err = {0};

    if (place_count(live, acting, is_candidate) == 0)
        acting_defer(acting, RESULT_FAILED, "the smoke test has no address to ask: the slot names none");
    else if (!start(live, acting, smoke, is_candidate, &err))
        acting_defer(acting, RESULT_FAILED, err.text);
}
