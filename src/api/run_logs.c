/* run_logs.c - GET /v1/runs/{run}/logs: what the tasks of a run came to, and what their commands printed.
 * SPDX-License-Identifier: MIT */
#include "api/logs_shape.h"
#include "api/parts.h"
#include "api/shape.h"
#include "orchestrator/run.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What was asked for, and what there is. The query stays as long as the request. */
struct run_logs {
    const struct reading *reading;
    const char *task;       /* NAME or STAGE/NAME; NULL: of all */
    const char *after_text; /* NULL: from the first one on */
    struct api_place after;
    const struct api_output *outputs;
    size_t output_count;
    bool is_cut;
    bool has_failed; /* the runner told no more */
};

/* False: answered with 400. */
static bool read_query(struct call *call, struct run_logs *ret_logs)
{
    struct run_logs logs = {.reading = call->reading, .task = http_server_query(call->request, "task")};
    const char *after = http_server_query(call->request, "after");

    if (after != NULL && after[0] != '\0') {
        logs.after_text = after;
        if (!api_place_parse(after, &logs.after) || logs.after.host != API_NO_HOST) {
            problem_answer(call, 400, "invalid", "after: \"%.32s\" is no \"place\" or \"next\" of an answer",
                           after);
            return false;
        }
    }
    *ret_logs = logs;
    return true;
}

static const struct run_state *state_of(const struct run_logs *logs)
{
    return &logs->reading->runs[0].state;
}

/* ---- which tasks ---- */

static const char *stage_of(const struct run_definition *definition, uint8_t task)
{
    return definition->stages[run_stage_of(&definition->plan, task)];
}

static bool is_known(const struct run_logs *logs, uint8_t task)
{
    const struct run_definition *definition = logs->reading->run_definition;

    return definition != NULL && task < definition->plan.task_count;
}

static bool is_called(const struct run_logs *logs, uint8_t task)
{
    const struct run_definition *definition = logs->reading->run_definition;

    if (logs->task == NULL || !is_known(logs, task))
        return logs->task == NULL;
    const char *stage = stage_of(definition, task);
    const char *name = definition->tasks[task].name;
    size_t length = strlen(stage);
    return strcmp(logs->task, name) == 0 ||
           (strncmp(logs->task, stage, length) == 0 && logs->task[length] == '/' &&
            strcmp(logs->task + length + 1, name) == 0);
}

static bool is_any_called(const struct run_logs *logs)
{
    for (unsigned i = 0; i < RUN_TASKS_MAX; i++)
        if (is_called(logs, (uint8_t)i))
            return true;
    return false;
}

/* Of what cannot be rebuilt each may be one. */
static bool is_command(const struct run_logs *logs, uint8_t task)
{
    return !is_known(logs, task) || logs->reading->run_definition->plan.tasks[task].kind == RUN_TASK_COMMAND;
}

static bool is_behind(const struct journal_task *row, const struct api_place *place)
{
    return row->task > place->sequence ||
           (row->task == place->sequence && (place->tries == API_NO_TRY || row->tries > place->tries));
}

/* What comes behind an output that was cut off has its turn later. */
static bool is_wanted(const struct run_logs *logs, const struct journal_task *row)
{
    if (!is_called(logs, row->task) || (logs->after_text != NULL && !is_behind(row, &logs->after)))
        return false;
    return !logs->is_cut || logs->output_count == 0 ||
           !is_behind(row, &logs->outputs[logs->output_count - 1].place);
}

/* The runner is asked for these, ascending. */
static size_t find_commands(const struct run_logs *logs, uint32_t to[RUN_TASKS_MAX])
{
    const struct reading *reading = logs->reading;
    size_t count = 0;

    for (size_t i = 0; i < reading->task_count; i++) {
        const struct journal_task *row = &reading->tasks[i];
        bool is_new = count == 0 || to[count - 1] != row->task;
        if (is_new && count < RUN_TASKS_MAX && is_wanted(logs, row) && is_command(logs, row->task))
            to[count++] = row->task;
    }
    return count;
}

/* ---- entries ---- */

static const struct api_output *find_output(const struct run_logs *logs, const struct journal_task *row)
{
    for (size_t i = 0; i < logs->output_count; i++)
        if (logs->outputs[i].place.sequence == row->task && logs->outputs[i].place.tries == row->tries)
            return &logs->outputs[i];
    return NULL;
}

/* A task before it in this stage has not begun. */
static bool is_overtaken(const struct run_logs *logs, uint8_t task)
{
    const struct run_state *state = state_of(logs);

    for (uint8_t i = 0; is_known(logs, task) && i < task; i++)
        if (state->tasks[i].phase == TASK_IDLE &&
            run_stage_of(&logs->reading->run_definition->plan, i) == state->stage)
            return true;
    return false;
}

/* Nothing more comes of this try, nor anything before it. What the runner did not tell is wanted once more.
 */
static bool is_over(const struct run_logs *logs, const struct journal_task *row)
{
    const struct run_task *task = &state_of(logs)->tasks[row->task];

    if (logs->has_failed && is_command(logs, row->task))
        return false;
    return run_phase_is_terminal(state_of(logs)->phase) ||
           ((run_task_is_over(task->phase) || row->tries < task->tries) && !is_overtaken(logs, row->task));
}

static void add_name(cJSON *entry, const struct run_logs *logs, uint8_t task)
{
    static const char *const kinds[] = {
        [RUN_TASK_COMMAND] = "command", [RUN_TASK_AWAIT] = "await", [RUN_TASK_DEPLOY] = "deploy"};
    const struct run_definition *definition = logs->reading->run_definition;
    bool has_name = is_known(logs, task);

    cJSON_AddStringToObject(entry, "stage", has_name ? stage_of(definition, task) : "?");
    cJSON_AddStringToObject(entry, "name", has_name ? definition->tasks[task].name : "?");
    cJSON_AddStringToObject(entry, "kind", has_name ? kinds[definition->plan.tasks[task].kind] : "command");
}

/* What the newest try did not say itself follows from its task. */
static const char *why_of(const struct run_logs *logs, const struct journal_task *row)
{
    const struct run_task *task = &state_of(logs)->tasks[row->task];
    bool is_known_why = row->why[0] != '\0' || row->tries != task->tries || row->phase != TASK_FAILED;

    return is_known_why ? row->why : run_cause_text((enum run_cause)task->cause);
}

/* Of what the runner does not have (any more) the journal knows how it ended. */
static void add_tail(cJSON *entry, const struct journal_task *row)
{
    if (row->output[0] == '\0')
        return;
    cJSON_AddBoolToObject(entry, "tail", true);
    cJSON_AddStringToObject(entry, "output", row->output);
}

static cJSON *shape_entry(const struct run_logs *logs, const struct journal_task *row)
{
    const struct api_place at = {row->task, row->tries, API_NO_HOST};
    const struct api_output *output = find_output(logs, row);
    cJSON *entry = cJSON_CreateObject();
    char place[API_PLACE_SIZE];
    char deployment[32];

    api_place_format(&at, place);
    cJSON_AddStringToObject(entry, "place", place);
    add_name(entry, logs, row->task);
    cJSON_AddNumberToObject(entry, "try", row->tries);
    shape_time(entry, "time", row->began_ms);
    cJSON_AddStringToObject(entry, "result", run_task_phase_name(row->phase));
    cJSON_AddBoolToObject(entry, "over", is_over(logs, row));
    cJSON_AddStringToObject(entry, "why", why_of(logs, row));
    (void)snprintf(deployment, sizeof(deployment), "dep_%" PRIu64, row->deployment);
    if (row->deployment != 0)
        cJSON_AddStringToObject(entry, "deployment", deployment);
    if (output != NULL)
        logs_add_output(entry, output);
    else
        add_tail(entry, row);
    return entry;
}

static void answer(struct call *call, const struct run_logs *logs, const struct err *failure)
{
    const struct reading *reading = logs->reading;
    const struct journal_run *row = &reading->runs[0];
    cJSON *object = cJSON_CreateObject();
    cJSON *entries = cJSON_CreateArray();
    struct api_place last = {0};
    char text[API_PLACE_SIZE];
    char id[32];

    for (size_t i = 0; i < reading->task_count; i++)
        if (is_wanted(logs, &reading->tasks[i])) {
            cJSON_AddItemToArray(entries, shape_entry(logs, &reading->tasks[i]));
            last = (struct api_place){reading->tasks[i].task, reading->tasks[i].tries, API_NO_HOST};
        }
    api_place_format(&last, text);
    (void)snprintf(id, sizeof(id), "run_%" PRIu64, row->id);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddBoolToObject(object, "done", run_phase_is_terminal(row->state.phase) || row->state.is_escalated);
    cJSON_AddStringToObject(object, "next",
                            cJSON_GetArraySize(entries) > 0 ? text
                            : logs->after_text != NULL      ? logs->after_text
                                                            : "");
    logs_answer(call, object, logs->is_cut, failure, entries);
}

/* ---- */

static void told(void *data, const struct api_output *outputs, size_t count, bool is_cut,
                 const struct err *failure)
{
    struct call *call = data;
    struct run_logs logs;

    if (call->request != NULL && read_query(call, &logs)) {
        logs.outputs = outputs;
        logs.output_count = count;
        logs.is_cut = is_cut;
        logs.has_failed = failure != NULL;
        answer(call, &logs, failure);
    }
    call->env_holds--;
    call_settle(call);
}

static void ask(struct call *call)
{
    uint32_t sequences[RUN_TASKS_MAX];
    struct run_logs logs;

    if (runs_failed(call))
        return;
    const struct reading *reading = call->reading;
    const struct journal_run *row = &reading->runs[0];
    if (!runs_allowed(call, TOKEN_READ, row->service, reading->run_definition) || !read_query(call, &logs))
        return;
    if (!is_any_called(&logs)) {
        problem_answer(call, 404, "not-found", "task: run_%" PRIu64 " has no task \"%.64s\"", row->id,
                       logs.task);
        return;
    }
    const struct api_outputs_wanted wanted = {.owner = 'r',
                                              .id = row->id,
                                              .after = logs.after_text,
                                              .sequences = sequences,
                                              .count = find_commands(&logs, sequences),
                                              .run = reading->run_definition};
    call->env_holds++;
    call->api->env.outputs(call->api->env.data, &wanted, told, call);
}

void runs_logs(struct call *call)
{
    struct run_logs logs;

    if (read_query(call, &logs))
        reading_run(call, call->match.run, ask);
}
