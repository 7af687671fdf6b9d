/* logs_shape.c - actions and outputs as one list.
 * SPDX-License-Identifier: MIT */
#include "api/logs_shape.h"

#include "api/call.h"

#include "config/hosts.h"
#include "io/json.h"
#include "orchestrator/deployment.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static uint32_t sequence_of(const cJSON *action)
{
    return (uint32_t)json_number_of(action, "sequence");
}

static bool is_command(const cJSON *action)
{
    return strcmp(json_text_of(action, "kind"), action_kind_name(ACTION_COMMAND)) == 0;
}

static bool is_wanted(const struct logs *logs, const cJSON *action)
{
    return sequence_of(action) >= logs->after.sequence &&
           (logs->step < 0 || (int)json_number_of(action, "step") == logs->step);
}

size_t logs_commands(const struct logs *logs, uint32_t *to, size_t max)
{
    const cJSON *action = NULL;
    size_t count = 0;

    cJSON_ArrayForEach(action, logs->actions) if (is_command(action) && is_wanted(logs, action) &&
                                                  count < max) to[count++] = sequence_of(action);
    return count;
}

/* No later try comes, nor another host. What the runner did not tell is wanted once more. */
static bool is_over(const struct logs *logs, const cJSON *action)
{
    const char *result = json_text_of(action, "result");

    if (logs->has_failed && is_command(action))
        return false;
    return logs->is_done || strcmp(result, "done") == 0 || strcmp(result, "failed") == 0;
}

/* The newest one. */
static const char *why_of(const struct logs *logs, uint32_t sequence)
{
    const cJSON *row = NULL;
    const char *why = "";

    cJSON_ArrayForEach(row, logs->results) if ((uint32_t)json_number_of(row, "a") == sequence) why =
        json_text_of(row, "reason");
    return why;
}

static cJSON *shape_entry(const struct logs *logs, const cJSON *action, const struct api_place *place)
{
    cJSON *entry = cJSON_Duplicate(action, true);
    char text[API_PLACE_SIZE];

    api_place_format(place, text);
    cJSON_AddStringToObject(entry, "place", text);
    cJSON_AddBoolToObject(entry, "over", is_over(logs, action));
    cJSON_AddStringToObject(entry, "why", why_of(logs, place->sequence));
    return entry;
}

static void add_host(cJSON *entry, const struct logs *logs, uint16_t host)
{
    char number[16];

    if (host == API_NO_HOST)
        return;
    (void)snprintf(number, sizeof(number), "#%u", host + 1U);
    bool is_known = logs->definition != NULL && host < logs->definition->host_count;
    cJSON_AddStringToObject(entry, "host", is_known ? logs->definition->hosts[host].name : number);
}

static void add_end(cJSON *entry, const struct runner_result *result)
{
    cJSON_AddNumberToObject(entry, "exit_status", result->exit_status);
    cJSON_AddNumberToObject(entry, "signal", result->signal);
    cJSON_AddBoolToObject(entry, "timed_out", result->timed_out);
    cJSON_AddBoolToObject(entry, "cancelled", result->cancelled);
    if (result->error != 0)
        cJSON_AddStringToObject(entry, "error", strerror(result->error));
}

static const char *state_of(const struct api_output *output)
{
    if (output->kind == RUNNER_ENDED)
        return "ended";
    return output->kind == RUNNER_STILL_RUNS ? "running" : "lost";
}

void logs_add_output(cJSON *entry, const struct api_output *output)
{
    cJSON_AddStringToObject(entry, "state", state_of(output));
    if (output->kind == RUNNER_ENDED)
        add_end(entry, &output->result);
    cJSON_AddStringToObject(entry, "output", output->text);
}

static cJSON *shape_output(const struct logs *logs, const cJSON *action, const struct api_output *output)
{
    cJSON *entry = shape_entry(logs, action, &output->place);

    cJSON_AddNumberToObject(entry, "try", output->place.tries + 1);
    add_host(entry, logs, output->place.host);
    logs_add_output(entry, output);
    return entry;
}

static bool add_outputs(cJSON *entries, const struct logs *logs, const cJSON *action, size_t *at)
{
    uint32_t sequence = sequence_of(action);
    size_t first = *at;

    for (; *at < logs->output_count && logs->outputs[*at].place.sequence == sequence; (*at)++)
        cJSON_AddItemToArray(entries, shape_output(logs, action, &logs->outputs[*at]));
    return *at > first;
}

/* Whatever comes after what was cut off has its turn later. */
static bool is_behind(const struct logs *logs, uint32_t sequence)
{
    return logs->is_cut && logs->output_count > 0 &&
           sequence > logs->outputs[logs->output_count - 1].place.sequence;
}

void logs_answer(struct call *call, cJSON *answer, bool is_cut, const struct err *failure, cJSON *entries)
{
    cJSON_AddBoolToObject(answer, "more", is_cut);
    if (failure == NULL)
        cJSON_AddNullToObject(answer, "missing");
    else
        cJSON_AddStringToObject(answer, "missing", failure->text);
    cJSON_AddItemToObject(answer, "entries", entries);
    call_answer_json(call, 200, answer);
}

cJSON *logs_shape(const struct logs *logs)
{
    cJSON *entries = cJSON_CreateArray();
    const cJSON *action = NULL;
    size_t at = 0;

    cJSON_ArrayForEach(action, logs->actions)
    {
        const struct api_place place = {sequence_of(action), API_NO_TRY, API_NO_HOST};
        if (is_behind(logs, place.sequence))
            break;
        if (!is_wanted(logs, action) || add_outputs(entries, logs, action, &at) ||
            place.sequence == logs->after.sequence)
            continue;
        cJSON_AddItemToArray(entries, shape_entry(logs, action, &place));
    }
    return entries;
}
