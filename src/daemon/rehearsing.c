/* rehearsing.c - the rehearsal of an admission for a person who asks: nothing is started, nothing journaled.
 * SPDX-License-Identifier: MIT */
#include "config/hosts_from.h"
#include "daemon/hosts_asking.h"
#include "daemon/rehearsal.h"
#include "daemon/settling.h"
#include "daemon/starting.h"
#include "daemon/trying.h"
#include "io/json.h"
#include "io/memory.h"
#include "io/redaction.h"
#include "io/vault.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REHEARSINGS_MAX = 8 };

struct rehearsing {
    struct rehearsing *next;
    struct settling *settling; /* until Vault has answered; NULL: nothing is waited for */
    struct daemon *daemon;
    struct live *live;
    struct rehearsal *rehearsal; /* NULL: over */
    struct trying *trying;       /* NULL: over, or the sources are not asked */
    bool asks_sources;
    cJSON *checks;
    bool is_refused; /* by more than the rehearsal */
    api_told *done;
    void *done_data;
};

static void free_one(struct rehearsing *rehearsing)
{
    struct rehearsing **at = &rehearsing->daemon->rehearsings;

    while (*at != rehearsing)
        at = &(*at)->next;
    *at = rehearsing->next;
    settling_stop(rehearsing->settling);
    rehearsal_drop(rehearsing->rehearsal);
    trying_drop(rehearsing->trying);
    cJSON_Delete(rehearsing->checks);
    if (rehearsing->live != NULL)
        live_free(rehearsing->live);
    free(rehearsing);
}

void rehearsing_drop(struct daemon *daemon)
{
    while (daemon->rehearsings != NULL) {
        daemon->rehearsings->live = NULL; /* it went with all others in memory */
        free_one(daemon->rehearsings);
    }
}

static void add_check(struct rehearsing *rehearsing, const char *what, const char *host, const char *why)
{
    cJSON *check = cJSON_CreateObject();
    char text[DAEMON_WHY_MAX];

    (void)snprintf(text, sizeof(text), "%s", why == NULL ? "" : why);
    redaction_apply(rehearsing->daemon->log.redaction, text);
    cJSON_AddStringToObject(check, "check", what);
    if (host != NULL)
        cJSON_AddStringToObject(check, "host", host);
    cJSON_AddBoolToObject(check, "ok", why == NULL);
    cJSON_AddStringToObject(check, "why", text);
    cJSON_AddItemToArray(rehearsing->checks, check);
}

static void told(void *data, const struct rehearsal_finding *finding)
{
    add_check(data, finding->what, finding->host, finding->why);
}

static void tried(void *data, const char *what, const char *why)
{
    add_check(data, what, NULL, why);
}

static void part_over(struct rehearsing *rehearsing, bool is_good)
{
    rehearsing->is_refused = rehearsing->is_refused || !is_good;
    if (rehearsing->rehearsal != NULL || rehearsing->trying != NULL)
        return;
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "service", rehearsing->live->definition->service);
    cJSON_AddStringToObject(answer, "environment", rehearsing->live->definition->environment);
    cJSON_AddStringToObject(answer, "strategy", rehearsing->live->definition->strategy);
    cJSON_AddStringToObject(answer, "version", rehearsing->live->version);
    cJSON_AddBoolToObject(answer, "ok", !rehearsing->is_refused);
    cJSON_AddItemToObject(answer, "checks", rehearsing->checks);
    rehearsing->checks = NULL;
    char *text = json_print(answer);
    cJSON_Delete(answer);
    rehearsing->done(rehearsing->done_data, text, NULL);
    free(text);
    free_one(rehearsing);
}

static void over(void *data, bool is_good, const char *reasons)
{
    struct rehearsing *rehearsing = data;

    (void)reasons;
    rehearsing->rehearsal = NULL;
    part_over(rehearsing, is_good);
}

static void tried_all(void *data, bool is_good)
{
    struct rehearsing *rehearsing = data;

    rehearsing->trying = NULL;
    part_over(rehearsing, is_good);
}

void rehearsing_leave_sources(struct daemon *daemon)
{
    for (struct rehearsing *one = daemon->rehearsings; one != NULL; one = one->next) {
        trying_drop(one->trying);
        one->trying = NULL;
    }
}

static bool has_room(const struct daemon *daemon, struct err *err)
{
    size_t count = 0;

    for (const struct rehearsing *one = daemon->rehearsings; one != NULL; one = one->next)
        count++;
    return count < REHEARSINGS_MAX || err_set(err, ERR_LIMIT, "%zu rehearsals are under way already", count);
}

/* What somebody else's rule files say of this service. */
static struct live *unseal(struct daemon *daemon, const struct api_rehearsal *asked, struct err *err)
{
    struct definition *definition = config_unseal(asked->sealed, &daemon->schemas, err);

    if (definition == NULL)
        return NULL;
    if (strcmp(definition->service, asked->service) == 0 &&
        strcmp(definition->environment, asked->environment) == 0)
        return live_new(daemon, definition, memory_copy_text(asked->sealed));
    (void)err_set(err, ERR_INVALID, "the text is of %s/%s", definition->service, definition->environment);
    definition_free(definition);
    return NULL;
}

static struct live *resolve(struct daemon *daemon, const struct api_rehearsal *asked, struct err *err)
{
    const char *strategy = asked->strategy[0] == '\0' ? NULL : asked->strategy;
    bool is_record = daemon->settings->is_record;
    if (asked->sealed != NULL)
        return unseal(daemon, asked, err);
    struct definition *definition =
        config_resolve(daemon->config, asked->service, asked->environment, strategy, is_record, err);

    if (definition == NULL || !hosts_from_is_open(definition))
        return definition == NULL ? NULL : live_new(daemon, definition, memory_copy_text(""));
    char *sealed = config_seal(daemon->config, asked->service, asked->environment, strategy, is_record, err);
    if (sealed != NULL)
        return live_new(daemon, definition, sealed);
    definition_free(definition);
    return NULL;
}

/* The slots as they would be if its turn came now. */
static struct deployment_state state_of(const struct live *live, const struct target_state *target)
{
    struct deployment_state state = {.phase = PHASE_ADMITTING};
    size_t slots = live->definition->slot_count;

    if (target != NULL && target->has_stable)
        state.stable_slot = target->stable_slot;
    if (slots > 1)
        state.slot = (uint8_t)((state.stable_slot + 1U) % slots);
    return state;
}

/* As the door would say before anything is asked. */
static void check_stable(struct rehearsing *rehearsing, const struct target_state *target)
{
    const struct plan *plan = rehearsing->live->definition->plan;

    if ((!plan->has_traffic && plan->host_count == 0) || (target != NULL && target->has_stable))
        return;
    rehearsing->is_refused = true;
    add_check(rehearsing, "stable", NULL,
              "nobody said what serves now, so there is no way back: `verdict adopt` does");
}

static void rehearse(struct rehearsing *rehearsing)
{
    const struct rehearsal_ear ear = {.told = told, .over = over, .data = rehearsing};
    const struct target_state *target =
        rehearsing->live->target == 0 ? NULL
                                      : engine_target(rehearsing->daemon->engine, rehearsing->live->target);
    struct deployment_state state = state_of(rehearsing->live, target);
    const struct trying_ear sources = {.told = tried, .over = tried_all, .data = rehearsing};

    if (rehearsing->asks_sources)
        rehearsing->trying = trying_start(rehearsing->live, &state, &sources);
    rehearsing->rehearsal = rehearsal_start(rehearsing->live, &state, &ear);
}

static void settled(void *data)
{
    struct rehearsing *rehearsing = data;

    rehearsing->settling = NULL;
    rehearse(rehearsing);
}

/* What the definition names may be new to Vault's table. */
static void rehearse_settled(struct rehearsing *rehearsing)
{
    struct daemon *daemon = rehearsing->daemon;

    if (daemon->vault == NULL || vault_is_settled(daemon->vault))
        rehearse(rehearsing);
    else
        rehearsing->settling = settling_start(daemon, settled, rehearsing);
}

static void hosts_known(void *data, char *sealed, const struct err *err)
{
    struct rehearsing *rehearsing = data;
    struct err failure = *err;
    struct live *live = sealed == NULL ? NULL : hosts_take(rehearsing->live, sealed, &failure);
    char what[64];

    if (live == NULL) {
        add_check(rehearsing, "hosts_from", NULL, failure.text);
        over(rehearsing, false, failure.text);
        return;
    }
    rehearsing->live = live;
    (void)snprintf(what, sizeof(what), "hosts_from (%zu hosts)", live->definition->host_count);
    add_check(rehearsing, what, NULL, NULL);
    rehearse_settled(rehearsing);
}

void rehearsing_start(void *data, const struct api_rehearsal *asked, api_told *done, void *done_data)
{
    struct daemon *daemon = data;
    struct err err = {0};
    struct live *live = has_room(daemon, &err) ? resolve(daemon, asked, &err) : NULL;

    if (live == NULL) {
        done(done_data, NULL, &err);
        return;
    }
    uint32_t number = journal_target(daemon->journal, asked->service, asked->environment);
    const struct target_state *target = number == 0 ? NULL : engine_target(daemon->engine, number);
    starting_set_previous(live, target);
    if (!text_copy(live->version, sizeof(live->version),
                   asked->version[0] == '\0' ? live->previous : asked->version))
        live->version[0] = '\0';
    struct rehearsing *rehearsing = memory_take_array(1, sizeof(*rehearsing));
    *rehearsing = (struct rehearsing){.next = daemon->rehearsings,
                                      .daemon = daemon,
                                      .live = live,
                                      .checks = cJSON_CreateArray(),
                                      .asks_sources = asked->asks_sources,
                                      .done = done,
                                      .done_data = done_data};
    daemon->rehearsings = rehearsing;
    live->target = number;
    check_stable(rehearsing, target);
    if (!hosts_from_is_open(live->definition)) {
        rehearse_settled(rehearsing);
    } else if (!hosts_ask(live, live->sealed, hosts_known, rehearsing, &err)) {
        done(done_data, NULL, &err);
        free_one(rehearsing);
    }
}
