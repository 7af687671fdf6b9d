/* logs.c - GET .../logs: what the actions of a deployment came to, and what its commands printed.
 * SPDX-License-Identifier: MIT */
#include "api/logs_shape.h"
#include "api/parts.h"
#include "io/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

enum { STEP_MAX = 1000 };

/* What was asked for; the query stays as long as the request. */
static bool read_query(struct call *call, struct logs *ret_logs)
{
    const char *step = http_server_query(call->request, "step");
    const char *after = http_server_query(call->request, "after");
    int64_t number = -1;

    *ret_logs = (struct logs){.step = -1};
    if (step != NULL && !text_to_integer(step, 0, STEP_MAX, &number)) {
        problem_answer(call, 400, "invalid", "step: \"%.32s\" is no number of a step (the first is 0)", step);
        return false;
    }
    ret_logs->step = (int)number;
    if (after == NULL || after[0] == '\0' || api_place_parse(after, &ret_logs->after))
        return true;
    problem_answer(call, 400, "invalid", "after: \"%.32s\" is no \"place\" or \"next\" of an answer", after);
    return false;
}

/* Whether it is over is what the journal said before its actions were read: then none is missing. */
static struct logs logs_of(struct call *call, const struct record *record)
{
    const struct record journaled = {.row = record->row, .state = &record->row->state};
    struct logs logs;

    if (!read_query(call, &logs)) /* it was read well before */
        return logs;
    logs.actions = call->reading->actions;
    logs.results = call->reading->audit;
    logs.definition = record->definition;
    logs.is_done = record_is_done(&journaled);
    return logs;
}

/* Where the next question goes on: after the last entry, or where this one did. */
static void add_next(cJSON *answer, const cJSON *entries, const struct call *call)
{
    const char *after = http_server_query(call->request, "after");
    int count = cJSON_GetArraySize(entries);
    const cJSON *last = count == 0 ? NULL : cJSON_GetArrayItem(entries, count - 1);

    cJSON_AddStringToObject(answer, "next",
                            last != NULL    ? json_text_of(last, "place")
                            : after != NULL ? after
                                            : "");
}

static void answer(struct call *call, const struct logs *logs, const struct record *record,
                   const struct err *failure)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *entries = logs_shape(logs);
    char id[RECORD_ID_SIZE];

    (void)snprintf(id, sizeof(id), "dep_%" PRIu64, record->row->id);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddBoolToObject(object, "done", logs->is_done);
    add_next(object, entries, call);
    logs_answer(call, object, logs->is_cut, failure, entries);
}

static void told(void *data, const struct api_output *outputs, size_t count, bool is_cut,
                 const struct err *failure)
{
    struct call *call = data;

    if (call->request != NULL) {
        struct record record = reading_record(call, 0);
        struct logs logs = logs_of(call, &record);
        logs.outputs = outputs;
        logs.output_count = count;
        logs.is_cut = is_cut;
        logs.has_failed = failure != NULL;
        answer(call, &logs, &record, failure);
    }
    call->env_holds--;
    call_settle(call);
}

static void ask(struct call *call)
{
    static_assert(sizeof(uint32_t[READING_REPORT_ROWS_MAX]) <= 16384, "fits the stack");
    uint32_t sequences[READING_REPORT_ROWS_MAX];

    if (reading_failed(call))
        return;
    struct record record = reading_record(call, 0);
    if (!call_allowed(call, TOKEN_READ, record.row->service, record.row->environment))
        return;
    struct logs logs = logs_of(call, &record);
    const char *after = http_server_query(call->request, "after");
    const struct api_outputs_wanted wanted = {.owner = 'd',
                                              .id = record.row->id,
                                              .after = after == NULL || after[0] == '\0' ? NULL : after,
                                              .sequences = sequences,
                                              .count =
                                                  logs_commands(&logs, sequences, ARRAY_LENGTH(sequences))};
    call->env_holds++;
    call->api->env.outputs(call->api->env.data, &wanted, told, call);
}

void logs_show(struct call *call)
{
    struct logs logs;

    if (!read_query(call, &logs))
        return;
    if (call->match.deployment != 0)
        reading_deployment(call, READING_LOGS, call->match.deployment, ask);
    else
        reading_last(call, READING_LOGS, ask);
}
