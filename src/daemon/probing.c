/* probing.c - a smoke test made concrete: every check at every address of a slot, templates filled in.
 * SPDX-License-Identifier: MIT */
#include "collectors/probe.h"
#include "config/hosts.h"
#include "config/smoke.h"
#include "daemon/acting.h"
#include "io/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_TEXT_MAX = 2048, PROBE_VALUE_MAX = 512 };

struct filled_check {
    char name[128];
    char url[PROBE_TEXT_MAX];
    char texts[SMOKE_EXTRACTS_MAX][256];
    char values[PROBE_HEADERS_MAX][PROBE_VALUE_MAX];
    struct http_header headers[PROBE_HEADERS_MAX];
    char body[2 * SMOKE_BODY_MAX];
    char place[PROBE_VALUE_MAX];
    char server_name[PROBE_VALUE_MAX];
    struct smoke_extract extracts[SMOKE_EXTRACTS_MAX];
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
    return check->body == NULL ||
           template_fill(check->body, pairs, pair_count, escape, filled->body, sizeof(filled->body), err);
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

static bool fill_check(const struct smoke_definition *smoke, const struct smoke_check *check,
                       const char *const *pairs, size_t pair_count, const char *address,
                       struct filled_check *filled, struct err *err)
{
    bool is_filled = check->kind == SMOKE_HTTP ? fill_url(smoke, check, pairs, pair_count, filled, err)
                                               : fill_place(check, pairs, pair_count, filled, err);

    (void)snprintf(filled->name, sizeof(filled->name), "%.60s at %.60s", check->name, address);
    return is_filled && fill_extracts(check, pairs, pair_count, filled, err) &&
           fill_request(check, pairs, pair_count, filled, err);
}

/* What the probe is told of a check that was filled in. */
static struct probe_check told(const struct smoke_check *check, const struct filled_check *filled)
{
    static const enum probe_kind kinds[] = {
        [SMOKE_HTTP] = PROBE_HTTP, [SMOKE_TCP] = PROBE_TCP, [SMOKE_TLS] = PROBE_TLS};

    return (struct probe_check){.name = filled->name,
                                .kind = kinds[check->kind],
                                .method = check->method,
                                .url = filled->url,
                                .headers = filled->headers,
                                .header_count = check->header_count,
                                .body = check->body == NULL ? NULL : filled->body,
                                .place = filled->place,
                                .server_name = check->server_name == NULL ? NULL : filled->server_name,
                                .trust = check->trust,
                                .expectation = &check->expectation,
                                .extract_count = check->extract_count,
                                .extracts = filled->extracts};
}

static void probe_ended(void *data, enum verdict verdict, const char *why)
{
    struct acting *acting = data;
    /* Stable that is not well is asked again, for ever; a candidate is not. */
    bool is_stable = acting->action.kind == ACTION_VERIFY || acting->action.is_previous;
    enum result otherwise = is_stable ? RESULT_AGAIN : RESULT_FAILED;

    acting->probe = NULL;
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

static size_t place_pairs(const struct live *live, const struct acting *acting, bool is_candidate,
                          size_t place, const char *pairs[2 * LIVE_PAIRS_MAX])
{
    if (acting->action.batch > 0)
        return live_host_pairs(live, is_candidate, (uint16_t)(acting->action.host + place), pairs);
    return live_pairs(live, &acting->state, is_candidate, place, pairs);
}

static const char *place_address(const struct live *live, const struct acting *acting, bool is_candidate,
                                 size_t place)
{
    if (acting->action.batch > 0)
        return live->definition->hosts[acting->action.host + place].address;
    return live_slot(live, &acting->state, is_candidate)->addresses[place];
}

static bool start(struct live *live, struct acting *acting, const struct smoke_definition *smoke,
                  bool is_candidate, struct err *err)
{
    size_t places = place_count(live, acting, is_candidate);
    size_t most = smoke->check_count * places;
    struct filled_check *filled = memory_take_array(most + 1, sizeof(*filled));
    struct probe_check *checks = memory_take_array(most + 1, sizeof(*checks));
    struct probe_plan plan = {.settle_ms = smoke->settle_ms,
                              .timeout_ms = smoke->timeout_ms,
                              .every_ms = smoke->every_ms,
                              .attempts = smoke->attempts,
                              .checks = checks};
    bool is_good = true;

    for (size_t a = 0; a < places && is_good; a++) {
        const char *pairs[2 * LIVE_PAIRS_MAX];
        size_t pair_count = place_pairs(live, acting, is_candidate, a, pairs);
        const char *address = place_address(live, acting, is_candidate, a);
        for (size_t c = 0; c < smoke->check_count && is_good; c++) {
            struct filled_check *one = &filled[plan.check_count];
            is_good = fill_check(smoke, &smoke->checks[c], pairs, pair_count, address, one, err);
            checks[plan.check_count++] = told(&smoke->checks[c], one);
        }
    }
    if (is_good)
        acting->probe = probe_start(acting->daemon->loop, acting->daemon->http, &plan, probe_ended, acting);
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

void acting_smoke(struct live *live, struct acting *acting, bool is_candidate)
{
    const struct smoke_definition *smoke = &live->definition->smokes[acting->action.reference];
    struct err err = {0};

    if (place_count(live, acting, is_candidate) == 0)
        acting_defer(acting, RESULT_FAILED, "the smoke test has no address to ask: the slot names none");
    else if (!start(live, acting, smoke, is_candidate, &err))
        acting_defer(acting, RESULT_FAILED, err.text);
}
