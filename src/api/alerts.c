/* alerts.c - POST /v1/hooks/alertmanager: what Alertmanager's webhook tells becomes signals.
 * SPDX-License-Identifier: MIT */
#include "api/alert_signals.h"
#include "api/parts.h"
#include "io/clock.h"
#include "io/memory.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

/* All or nothing: who may not speak of one of them is told so before any is taken. */
static bool are_allowed(struct call *call, const struct alert_signals *signals)
{
    for (size_t i = 0; i < signals->count; i++)
        if (!call_allowed(call, call->route->right, signals->of[i].service, signals->of[i].environment))
            return false;
    return true;
}

static void take(struct call *call, const struct alert_signals *signals)
{
    const struct api_env *env = &call->api->env;
    cJSON *answer = cJSON_CreateObject();
    size_t taken = 0;

    for (size_t i = 0; i < signals->count; i++) {
        const struct alert_signal *signal = &signals->of[i];
        struct api_sample sample = {.service = signal->service,
                                    .environment = signal->environment,
                                    .key = "service",
                                    .metric = signal->metric,
                                    .wall_ms = clock_wall_ms(),
                                    .value = signal->is_firing ? 1 : 0};
        (void)env->sample_find(env->data, &sample);
        env->samples(env->data, &sample, 1);
        taken += sample.answer == API_SAMPLE_TAKEN ? 1 : 0;
    }
    cJSON_AddNumberToObject(answer, "taken", (double)taken);
    cJSON_AddNumberToObject(answer, "unwatched", (double)(signals->count - taken));
    cJSON_AddNumberToObject(answer, "elsewhere", (double)signals->elsewhere);
    call_answer_json(call, 202, answer);
}

void alerts_take(struct call *call)
{
    const struct alert_place place = {.service = http_server_query(call->request, "service"),
                                      .environment = http_server_query(call->request, "environment")};
    struct alert_signals *signals = memory_take(sizeof(*signals));
    struct err err = {0};

    if (!alert_signals_read(call->text, call->text_length, &place, signals, &err))
        problem_answer(call, err.code == ERR_LIMIT ? 413 : 400, err.code == ERR_LIMIT ? "limit" : "invalid",
                       "%s", err.text);
    else if (are_allowed(call, signals))
        take(call, signals);
    alert_signals_done(signals);
    free(signals);
}
