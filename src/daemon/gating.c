/* gating.c - the gates of the settings, and what they are asked.
 * SPDX-License-Identifier: MIT */
#include "daemon/gating.h"
#include "daemon/live_log.h"

#include "daemon/secrets.h"

#include "config/gates.h"
#include "daemon/tracing.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_SIZE = 96 };

struct gating_instance {
    const struct gate_type *type;
    const char *name;
    struct gate *gate; /* NULL: could not be opened */
};

struct gating {
    size_t count;
    struct gating_instance instances[SETTINGS_INSTANCES_MAX];
};

bool gating_open(struct daemon *daemon, struct err *err)
{
    const struct settings *settings = daemon->settings;
    struct gate_env env = {.loop = daemon->loop, .http = daemon->http, .secrets = daemon_keeper(daemon)};

    daemon->gating = memory_take_array(1, sizeof(*daemon->gating));
    for (size_t i = 0; i < settings->gate_count; i++) {
        struct gating_instance *instance = &daemon->gating->instances[daemon->gating->count++];
        instance->type = gate_types[settings->gates[i].kind];
        instance->name = settings->gates[i].name;
        if (!instance->type->open(&env, settings->gates[i].options, &instance->gate, err))
            return err_wrap(err, "gate %s:%s", instance->type->name, instance->name);
    }
    return true;
}

void gating_close(struct daemon *daemon)
{
    struct gating *gating = daemon->gating;

    for (size_t i = 0; gating != NULL && i < gating->count; i++)
        if (gating->instances[i].gate != NULL)
            gating->instances[i].type->close(gating->instances[i].gate);
    free(gating);
    daemon->gating = NULL;
}

static struct gating_instance *find(const struct live *live, size_t index)
{
    const struct gate_definition *gate = &live->definition->gates[index];
    struct gating *gating = live->daemon->gating;

    for (size_t i = 0; i < gating->count; i++)
        if (gating->instances[i].type == gate_types[gate->kind] && gating->instances[i].gate != NULL &&
            strcmp(gating->instances[i].name, gate->instance) == 0)
            return &gating->instances[i];
    return NULL;
}

bool gating_has(const struct live *live, size_t gate)
{
    return find(live, gate) != NULL;
}

/* What it said before is no news, neither to people nor to the log. */
static void tell(const struct acting *acting, struct live *live, enum gate_answer answer, const char *why)
{
    const char *name = live->definition->gates[acting->action.reference].name;

    live_say(live, LIVE_ACTION, "%s", why);
    if (acting->state.gate != answer)
        live_log(live, LOG_LEVEL_INFO, "deployment %" PRIu64 ": gate %s %s%s%s", acting->deployment, name,
                 answer == GATE_OPEN     ? "opens"
                 : answer == GATE_CLOSED ? "is closed"
                 : answer == GATE_SILENT ? "does not answer"
                                         : "refuses",
                 why[0] == '\0' ? "" : ": ", why);
}

static void end(struct acting *acting, enum gate_word word, const char *why)
{
    static const struct {
        enum gate_answer answer;
        enum result result;
    } meanings[] = {
        [GATE_WORD_OPEN] = {GATE_OPEN, RESULT_DONE},
        [GATE_WORD_CLOSED] = {GATE_CLOSED, RESULT_AGAIN},
        [GATE_WORD_REFUSED] = {GATE_REFUSED, RESULT_FAILED},
        [GATE_WORD_SILENT] = {GATE_SILENT, RESULT_UNKNOWN},
    };
    struct daemon *daemon = acting->daemon;
    struct live *live = live_find(daemon, acting->deployment);

    if (live != NULL)
        tell(acting, live, meanings[word].answer, why);
    if (!engine_result(daemon->engine, acting->deployment, acting->action.sequence, acting->action.tries,
                       meanings[word].result))
        live_log_of(daemon, acting->deployment, LOG_LEVEL_ERROR,
                    "the engine's queue is full: a gate's answer is lost until its deadline");
    daemon_wants_turn(daemon);
    acting_free(acting);
}

static void answered(void *data, enum gate_word word, const char *why)
{
    struct acting *acting = data;

    acting->ask = NULL;
    end(acting, word, why);
}

static char *question_of(const struct live *live, const struct acting *acting, const char *id)
{
    cJSON *object = cJSON_CreateObject();
    char deployment[ID_SIZE];

    (void)snprintf(deployment, sizeof(deployment), "dep_%" PRIu64, acting->deployment);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddStringToObject(object, "gate", live->definition->gates[acting->action.reference].name);
    cJSON_AddStringToObject(object, "deployment", deployment);
    cJSON_AddStringToObject(object, "service", live->definition->service);
    cJSON_AddStringToObject(object, "environment", live->definition->environment);
    cJSON_AddStringToObject(object, "version", live->version);
    cJSON_AddStringToObject(object, "previous", live->previous);
    cJSON_AddStringToObject(object, "digest", live->digest);
    cJSON_AddStringToObject(object, "strategy", live->definition->strategy);
    cJSON_AddStringToObject(object, "actor", live->actor);
    cJSON_AddNumberToObject(object, "step", acting->state.step);
    cJSON_AddNumberToObject(object, "share", acting->state.confirmed_share / 100.0);
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}

void acting_gate(struct live *live, struct acting *acting)
{
    const struct gating_instance *instance = find(live, acting->action.reference);
    char traceparent[TRACEPARENT_SIZE];
    char id[ID_SIZE];

    if (instance == NULL) {
        acting_defer(acting, RESULT_UNKNOWN, "the gate is not in the settings");
        return;
    }
    (void)snprintf(id, sizeof(id), "dep_%" PRIu64 ".%" PRIu32 ".%u", acting->deployment,
                   acting->action.sequence, acting->action.tries);
    char *body = question_of(live, acting, id);
    tracing_of_action(live, acting, traceparent);
    const struct gate_question question = {
        .id = id,
        .body = body,
        .trace = {traceparent, live->trace_lists.tracestate, live->trace_lists.baggage}};
    acting->gate_type = instance->type;
    acting->ask = instance->type->ask(instance->gate, &question, answered, acting);
    free(body);
}

static bool is_waited_for(const struct acting *acting, const struct deployment_state *state)
{
    return state->flight.kind == ACTION_GATE && state->flight.sequence == acting->action.sequence;
}

void gating_settle(struct daemon *daemon, const struct deployment_state *state)
{
    for (struct acting *acting = daemon->actings, *next; acting != NULL; acting = next) {
        next = acting->next;
        if (acting->deployment != state->id || acting->ask == NULL || is_waited_for(acting, state))
            continue;
        acting->gate_type->cancel(acting->ask);
        acting_free(acting);
    }
}
